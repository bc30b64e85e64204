package import OceanAddresses
package import OceanPlan

/// Everything that compiling needs to know about the world, gathered beforehand.
///
/// The same config and the same facts give the same plan on any machine.
package struct Facts: Sendable, Hashable, Codable {
  /// The host's own name, in lower case.
  package var hostname: String
  /// Whether the server would be started by root.
  package var isRoot: Bool
  /// Whether the host can open IPv6 sockets.
  package var hasIPv6: Bool
  /// The addresses of the host's interfaces.
  package var localAddresses: [IPAddress]
  package var hosts: [String: HostAnswer]
  package var users: [String: UserState]
  /// Users that missing ones may stand for: with that number, or a similar name.
  package var suggestedUsers: [String: String]?
  package var directories: [String: DirectoryState]
  package var accountFiles: [String: AccountFile]
  /// The facts about certificates, by the certificate's name.
  package var certificates: [String: CertificateFacts]
  package var listFiles: [String: ListFile]
  /// The protocol versions that the linked libssl really offers under each profile, the lowest first: `TLS
  /// 1.2`.
  package var protocols: [String: [String]]
  /// Accounts that `{user}` alone does not tell apart; nil if the config does not ask.
  package var namesakes: Namesakes?
  /// The Maildirs of accounts; nil if they were not looked for.
  package var mailboxes: Mailboxes?
  /// The permissions of users of this host, by name. Only root, and for itself that user, can find out.
  package var permissions: [String: Permissions]?
  /// The permissions of the user that runs this, for what the server needs; nil in facts of an ocean that did
  /// not look.
  package var own: Permissions?
  /// The owner and mode of paths that other facts name as an obstacle, or as open to everybody.
  package var places: [String: Place]?
  /// The file or directories through which everybody on this host can change a path, by the path that the
  /// config names.
  package var writable: [String: [String]]?
  /// The kind of each file that the server writes; nil in facts of an ocean that did not look.
  package var writtenFiles: [String: FileKind]?
  /// Whether setfacl(1) is installed; nil in facts of an ocean that did not look.
  package var hasSetfacl: Bool?
  /// The lowest port that the user that runs this may bind, 0 for all; nil in facts of an ocean that did not
  /// look.
  package var lowestPort: Int?
  /// Account files that everybody on the host can read, and state directories that everybody can write to;
  /// sorted.
  package var exposed: [String]?
  /// How many files a process may have open here (the hard limit of RLIMIT_NOFILE); nil means no limit.
  package var fileLimit: Int?
  /// The time, in seconds since 1970.
  package var now: Int64

  package init(
    hostname: String, isRoot: Bool, hasIPv6: Bool, localAddresses: [IPAddress],
    hosts: [String: HostAnswer] = [:], users: [String: UserState] = [:],
    suggestedUsers: [String: String] = [:], directories: [String: DirectoryState] = [:],
    accountFiles: [String: AccountFile] = [:],
    certificates: [String: CertificateFacts] = [:], listFiles: [String: ListFile] = [:],
    protocols: [String: [String]] = [:], namesakes: Namesakes? = nil,
    mailboxes: Mailboxes? = nil,
    permissions: [String: Permissions] = [:], own: Permissions? = nil,
    places: [String: Place]? = nil, writable: [String: [String]]? = nil,
    writtenFiles: [String: FileKind]? = nil, hasSetfacl: Bool? = nil,
    lowestPort: Int? = nil, exposed: [String] = [], fileLimit: Int? = nil, now: Int64 = 0
  ) {
    self.hostname = hostname
    self.isRoot = isRoot
    self.hasIPv6 = hasIPv6
    self.localAddresses = localAddresses
    self.hosts = hosts
    self.users = users
    self.suggestedUsers = suggestedUsers
    self.directories = directories
    self.accountFiles = accountFiles
    self.certificates = certificates
    self.listFiles = listFiles
    self.protocols = protocols
    self.namesakes = namesakes
    self.mailboxes = mailboxes
    self.permissions = permissions
    self.own = own
    self.places = places
    self.writable = writable
    self.writtenFiles = writtenFiles
    self.hasSetfacl = hasSetfacl
    self.lowestPort = lowestPort
    self.exposed = exposed
    self.fileLimit = fileLimit
    self.now = now
  }

  private enum CodingKeys: String, CodingKey {
    case hostname, isRoot, localAddresses, hosts, users, suggestedUsers, directories, accountFiles,
      certificates, listFiles
    case protocols, namesakes, mailboxes, permissions, own, places, writable, writtenFiles, hasSetfacl,
      lowestPort, exposed, fileLimit, now
    // The name that decoding makes of has_ipv6.
    case hasIPv6 = "hasIpv6"
  }

  /// The resolver's answer about a host name.
  package enum HostAnswer: Sendable, Hashable {
    /// The host's addresses, sorted, without repetition.
    case addresses([IPAddress])
    case failed(String)
    /// The resolver was not asked (`--offline`).
    case notAsked
  }

  package enum UserState: String, Sendable, Hashable, Codable {
    case exists
    /// The user has the id 0, whatever its name.
    case isRoot = "root"
    case missing
  }

  package enum DirectoryState: String, Sendable, Hashable, Codable {
    case exists
    case missing
    case notADirectory = "not_a_directory"
    case notPermitted = "not_permitted"
  }

  /// The kind of file that a name stands for; for a symbolic link the link itself, not its target.
  package enum FileKind: String, Sendable, Hashable, Codable {
    case regular
    case directory
    case symbolicLink = "symbolic_link"
    case fifo
    case socket
    case device
    case missing
    case notPermitted = "not_permitted"
  }

  package enum AccountFile: Sendable, Hashable {
    case read(AccountSummary)
    case missing
    /// The user that runs this may not read it, which says nothing about the user that runs the server.
    case notPermitted
    case unreadable(String)
  }

  package enum ListFile: Sendable, Hashable {
    /// The entries it may contribute to a list, and the hash of the whole file.
    case read(AddressListFile, Digest)
    case missing
    /// The user that runs this may not read it, which says nothing about the user that runs the server.
    case notPermitted
    case unreadable(String)
  }

  /// Active accounts with one user name and several domains, without a Maildir of their own.
  package struct Namesakes: Sendable, Hashable, Codable {
    /// The most pairs that are reported.
    package static let limit = 10

    /// How many accounts have the user name of an earlier account.
    package var count = 0
    /// The first of these accounts, each with the account that had the name first.
    package var pairs: [Pair] = []

    package init() {}

    package struct Pair: Sendable, Hashable, Codable {
      package var first: Place
      package var second: Place

      package init(first: Place, second: Place) {
        self.first = first
        self.second = second
      }
    }

    package struct Place: Sendable, Hashable, Codable {
      package var account: String
      package var file: String
      /// The line, counted from 1.
      package var line: Int

      package init(account: String, file: String, line: Int) {
        self.account = account
        self.file = file
        self.line = line
      }
    }
  }

  /// How many accounts have a Maildir in the place that the config names.
  package struct Mailboxes: Sendable, Hashable, Codable {
    /// The most accounts that are looked at.
    package static let limit = 2000

    /// How many accounts can log in.
    package var accounts = 0
    package var looked = 0
    /// How many of those that were looked at exist.
    package var existing = 0
    /// How many of those that were looked at are in a place where the user that looked may not look.
    package var unknown = 0
    /// How many accounts' Maildirs are on a file system that did not answer. They are not counted as looked
    /// at.
    package var unanswered: Int?
    /// The first Maildir that got no answer.
    package var silent: String?
    /// The missing part of the way to the first Maildir that does not exist.
    package var missing: String?
    /// Whether the plan that was confirmed last has the same location; nil if that did not matter, or is not
    /// known.
    package var isConfirmed: Bool?
    /// How many of the first 200 that exist the server's user may not use; nil if this could not be found
    /// out.
    package var closed: Closed?
    /// Domains with several accounts and no Maildir, with the number of accounts; the first ten.
    package var emptyDomains: [EmptyDomain]?

    package init() {}

    package struct EmptyDomain: Sendable, Hashable, Codable {
      package var name: String
      package var accounts: Int

      package init(name: String, accounts: Int) {
        self.name = name
        self.accounts = accounts
      }
    }

    package struct Closed: Sendable, Hashable, Codable {
      package var count: Int
      package var looked: Int
      /// The first of these Maildirs, and the obstacles on the way there.
      package var first: String?
      package var obstacles: [String]
      /// The owner of that Maildir.
      package var owner: String?

      package init(
        count: Int = 0, looked: Int = 0, first: String? = nil, obstacles: [String] = [], owner: String? = nil
      ) {
        (self.count, self.looked, self.first, self.obstacles, self.owner) =
          (count, looked, first, obstacles, owner)
      }
    }
  }

  /// The permissions of one user of the host for the files its server needs.
  package struct Permissions: Sendable, Hashable, Codable {
    /// The name of its group; nil if the group has no name.
    package var group: String?
    /// The permissions by path, for paths that exist.
    package var paths: [String: Permission]

    package init(group: String?, paths: [String: Permission]) {
      self.group = group
      self.paths = paths
    }
  }

  package enum Permission: Sendable, Hashable {
    case granted
    /// Denied by the permissions of these paths: the path itself, and directories that lead there. Never
    /// empty.
    case denied(by: [String])
    /// Nobody may write there: the path named here is on a file system that is mounted read-only.
    case readOnly(at: String)
  }

  /// The owner and mode of something that is in the server's way, or that others can reach.
  package struct Place: Sendable, Hashable, Codable {
    /// The name of the owner; a number if it has no name.
    package var owner: String
    package var group: String
    /// The permissions, as for chmod(2).
    package var mode: Int
    package var isDirectory: Bool

    package init(owner: String, group: String, mode: Int, isDirectory: Bool) {
      self.owner = owner
      self.group = group
      self.mode = mode
      self.isDirectory = isDirectory
    }
  }

  /// The contents of a passwd-file, without any of its names and hashes.
  package struct AccountSummary: Sendable, Hashable, Codable {
    package var active: Int
    package var disabled: Int
    /// How many active accounts have nothing that `{home}` could stand for.
    package var homeless: Int
    /// How many active accounts have nothing that `{domain}` could stand for.
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
      /// The line, counted from 1; nil if it is about several lines.
      package var line: Int?
      package var message: String
      package var help: String?

      package init(line: Int?, message: String, help: String? = nil) {
        self.line = line
        self.message = message
        self.help = help
      }
    }
  }
}

/// The questions of a config, which `Facts` answer.
package struct FactRequest: Sendable, Hashable {
  package var hosts: Set<String> = []
  package var users: Set<String> = []
  /// Files that the server reads and never writes. Those of the config are among them if it was loaded from
  /// files.
  package var readFiles: Set<String> = []
  /// The uses that the server's user makes of files and directories, by path.
  package var uses: [String: Use] = [:]
  /// Paths that must be directories.
  package var directories: Set<String> = []
  package var stateDirectories: Set<String> = []
  /// Files and directories that decide what the server does, including the config itself.
  package var trusted: Set<String> = []
  /// Files that the server writes, and makes if they are missing.
  package var writtenFiles: Set<String> = []
  package var accountFiles: Set<String> = []
  /// Whether a mailbox is found by the user's name alone.
  package var wantsNamesakes = false
  /// The mail location, below which accounts have their Maildirs.
  package var maildir: MailTemplate?
  /// The certificates, by name.
  package var certificates: [String: Certificate] = [:]
  package var listFiles: Set<String> = []
  package var profiles: Set<Plan.Service.TLS.Profile> = []

  package enum Use: Sendable, Hashable {
    case read
    /// The server reads, adds, renames and removes files in a directory that exists.
    case change
    /// The server writes to a file, which is made if it is missing.
    case write
    /// The server keeps in its state directory what it has to keep.
    case fill
    /// The server writes to what is kept there: a file, or a directory and its contents. Without it a server
    /// runs, but forgets.
    case keep
  }

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
    request.stateDirectories = [server?.value.state?.value ?? Defaults.state]
    request.directories = request.stateDirectories
    if let log = log?.value.access {
      request.directories.insert(Path.directory(of: log.value))
      request.writtenFiles.insert(log.value)
    }
    for source in accounts?.value ?? [] {
      if let file = source.value.passwdFile { request.accountFiles.insert(file.value) }
    }
    if let maildir = mail?.value.maildir?.value {
      request.maildir = maildir
      request.wantsNamesakes = !maildir.needsDomain && !maildir.needsHome && !request.accountFiles.isEmpty
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
    request.readFiles = readFiles(in: request)
    request.uses = uses(in: request)
    request.trusted = Set(request.uses.filter { $0.value != .keep }.keys)
    if let base = mail?.value.maildir?.value.base { request.trusted.insert(base) }
    return request
  }

  /// The paths that a server may find from an earlier one.
  static func kept(in state: String) -> [String] { ["blocks", "index", "plans"].map { "\(state)/\($0)" } }

  private func readFiles(in request: FactRequest) -> Set<String> {
    let certificates = request.certificates.values.flatMap { certificate in
      var files = [certificate.chain, certificate.key]
      if case .file(let path) = certificate.passphrase { files.append(path) }
      return files
    }
    return request.accountFiles.union(certificates).union(request.listFiles)
  }

  private func uses(in request: FactRequest) -> [String: FactRequest.Use] {
    var uses = Dictionary(
      request.readFiles.map { ($0, FactRequest.Use.read) }, uniquingKeysWith: { $1 })
    let state = server?.value.state?.value ?? Defaults.state
    uses[state] = .fill
    for path in Self.kept(in: state) { uses[path] = .keep }
    if let log = log?.value.access { uses[log.value] = .write }
    return uses
  }

  /// Every list file that is named anywhere.
  private var addressFiles: Set<String> {
    Set(
      Settings.root.lists(in: self).joined().compactMap { entry in
        if case .file(let path, _) = entry.value { path } else { nil }
      })
  }
}
