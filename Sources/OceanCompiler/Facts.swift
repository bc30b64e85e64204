package import OceanPlan

/// Everything that compiling needs to know of the world, gathered beforehand.
///
/// With the same config and the same facts, the same plan comes out on any machine.
package struct Facts: Sendable, Hashable, Codable {
  /// The host's own name, in lower case.
  package var hostname: String
  /// Whether the server would be started by root.
  package var isRoot: Bool
  /// Whether the host can open IPv6 sockets.
  package var hasIPv6: Bool
  /// Addresses of the host's interfaces.
  package var localAddresses: [IPAddress]
  package var hosts: [String: HostAnswer]
  package var users: [String: UserState]
  package var directories: [String: DirectoryState]
  package var accountFiles: [String: AccountFile]
  /// By the certificate's name.
  package var certificates: [String: CertificateFacts]
  package var listFiles: [String: ListFile]
  /// The protocol versions that the linked libssl really does under each profile, the lowest first: `TLS 1.2`.
  package var protocols: [String: [String]]
  /// Seconds since 1970.
  package var now: Int64

  package init(
    hostname: String, isRoot: Bool, hasIPv6: Bool, localAddresses: [IPAddress],
    hosts: [String: HostAnswer] = [:], users: [String: UserState] = [:],
    directories: [String: DirectoryState] = [:], accountFiles: [String: AccountFile] = [:],
    certificates: [String: CertificateFacts] = [:], listFiles: [String: ListFile] = [:],
    protocols: [String: [String]] = [:], now: Int64 = 0
  ) {
    self.hostname = hostname
    self.isRoot = isRoot
    self.hasIPv6 = hasIPv6
    self.localAddresses = localAddresses
    self.hosts = hosts
    self.users = users
    self.directories = directories
    self.accountFiles = accountFiles
    self.certificates = certificates
    self.listFiles = listFiles
    self.protocols = protocols
    self.now = now
  }

  private enum CodingKeys: String, CodingKey {
    case hostname, isRoot, localAddresses, hosts, users, directories, accountFiles, certificates, listFiles
    case protocols, now
    // What becomes of has_ipv6 in reading.
    case hasIPv6 = "hasIpv6"
  }

  /// What the resolver said of a host name.
  package enum HostAnswer: Sendable, Hashable {
    /// Sorted, without repetition.
    case addresses([IPAddress])
    case failed(String)
    /// Nobody asked (`--offline`).
    case notAsked
  }

  package enum UserState: String, Sendable, Hashable, Codable {
    case exists
    /// It has the user id 0, whatever its name.
    case isRoot = "root"
    case missing
  }

  package enum DirectoryState: String, Sendable, Hashable, Codable {
    case exists
    case missing
    case notADirectory = "not_a_directory"
    case notPermitted = "not_permitted"
  }

  package enum AccountFile: Sendable, Hashable {
    case read(AccountSummary)
    case missing
    /// The user who runs this may not read it, which says nothing of the one who runs the server.
    case notPermitted
    case unreadable(String)
  }

  package enum ListFile: Sendable, Hashable {
    /// The text, bytes that are no UTF-8 replaced, and the hash of the bytes.
    case read(String, Digest)
    case missing
    /// The user who runs this may not read it, which says nothing of the one who runs the server.
    case notPermitted
    case unreadable(String)
  }

  /// What a passwd-file holds, without any of its names and hashes.
  package struct AccountSummary: Sendable, Hashable, Codable {
    package var active: Int
    package var disabled: Int
    /// Active accounts for which `{home}` stands for nothing.
    package var homeless: Int
    /// Active accounts for which `{domain}` stands for nothing.
    package var domainless: Int
    package var issues: [Issue]

    package init(active: Int, disabled: Int, homeless: Int, domainless: Int, issues: [Issue]) {
      self.active = active
      self.disabled = disabled
      self.homeless = homeless
      self.domainless = domainless
      self.issues = issues
    }

    package struct Issue: Sendable, Hashable, Codable {
      /// From 1; nil for what concerns several lines.
      package var line: Int?
      package var message: String

      package init(line: Int?, message: String) {
        self.line = line
        self.message = message
      }
    }
  }
}

/// What a config needs to know: the questions to which `Facts` are the answers.
package struct FactRequest: Sendable, Hashable {
  package var hosts: Set<String> = []
  package var users: Set<String> = []
  package var directories: Set<String> = []
  package var accountFiles: Set<String> = []
  /// By name.
  package var certificates: [String: Certificate] = [:]
  package var listFiles: Set<String> = []
  package var profiles: Set<Plan.Service.TLS.Profile> = []

  package struct Certificate: Sendable, Hashable, Codable {
    package var chain: String
    package var key: String
    package var passphrase: Plan.SecretSource?

    package init(chain: String, key: String, passphrase: Plan.SecretSource? = nil) {
      self.chain = chain
      self.key = key
      self.passphrase = passphrase
    }
  }
}

extension Config {
  /// `server.default_domain`.
  package var defaultDomain: String? { server?.value.defaultDomain?.value }

  package var factRequest: FactRequest {
    var request = FactRequest()
    let services = (self.services?.value ?? []).map(\.value) + [serviceDefaults?.value].compactMap(\.self)
    for bind in services.map(\.bind?.value) + [server?.value.bind?.value] {
      guard case .list(let targets) = bind else { continue }
      for target in targets {
        if case .host(let name) = target.value { request.hosts.insert(name) }
      }
    }
    if let user = server?.value.user { request.users.insert(user.value) }
    request.directories.insert(server?.value.state?.value ?? Defaults.state)
    if let log = log?.value.access { request.directories.insert(Path.directory(of: log.value)) }
    for source in accounts?.value ?? [] {
      if let file = source.value.passwdFile { request.accountFiles.insert(file.value) }
    }
    for certificate in certificates?.value ?? [] {
      guard let chain = certificate.value.chain, let key = certificate.value.key else { continue }
      request.certificates[certificate.name] = FactRequest.Certificate(
        chain: chain.value, key: key.value, passphrase: certificate.value.passphrase?.value)
    }
    request.listFiles = addressFiles
    if !request.certificates.isEmpty {
      request.profiles = Set(services.compactMap { $0.tls?.value.profile?.value } + [Defaults.profile])
    }
    return request
  }

  /// Every list file that is named anywhere.
  private var addressFiles: Set<String> {
    let services = (self.services?.value ?? []).map(\.value) + [serviceDefaults?.value].compactMap(\.self)
    var lists: [AddressEntries?] = services.flatMap { service -> [AddressEntries?] in
      let control = service.ipControl?.value
      var lists = [
        control?.blackList?.value.entries?.value, control?.whiteList?.value.entries?.value,
        service.proxyFrom?.value,
      ]
      if case .networks(let entries) = service.plaintextLogin?.value { lists.append(entries) }
      return lists
    }
    lists += (addressLists?.value ?? []).map(\.value)
    lists += (server?.value.limits?.value.except?.value ?? []).map(\.value.from?.value)
    lists += [server?.value.antiHammering?.value.neverBlock?.value, server?.value.protect?.value]
    lists += (expect?.value ?? []).map(\.value.from?.value)
    return Set(
      lists.compactMap(\.self).joined().compactMap { entry in
        if case .file(let path, _) = entry.value { path } else { nil }
      })
  }
}
