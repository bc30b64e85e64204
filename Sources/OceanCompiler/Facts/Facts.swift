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
  /// For users that are missing, whom they may mean: of that number, or of a similar name.
  package var suggestedUsers: [String: String]?
  package var directories: [String: DirectoryState]
  package var accountFiles: [String: AccountFile]
  /// By the certificate's name.
  package var certificates: [String: CertificateFacts]
  package var listFiles: [String: ListFile]
  /// The protocol versions that the linked libssl really does under each profile, the lowest first: `TLS 1.2`.
  package var protocols: [String: [String]]
  /// Accounts that `{user}` alone does not tell apart; nil if nobody asked.
  package var namesakes: Namesakes?
  /// The Maildirs of accounts; nil if nobody looked.
  package var mailboxes: Mailboxes?
  /// What users of this host may do, by name. Only root, and for itself that user, can find out.
  package var permissions: [String: Permissions]?
  /// What whoever runs this may do with what the server needs; nil in facts of an ocean that did not look.
  package var own: Permissions?
  /// What is to be known of paths that other facts name as an obstacle, or as open to everybody.
  package var places: [String: Place]?
  /// By the path that the config names: the file or directories through which everybody on this host can change it.
  package var writable: [String: [String]]?
  /// What is at the path of each file that the server writes; nil in facts of an ocean that did not look.
  package var writtenFiles: [String: FileKind]?
  /// Whether there is a setfacl(1); nil in facts of an ocean that did not look.
  package var hasSetfacl: Bool?
  /// The lowest port that whoever runs this may bind, 0 for all; nil in facts of an ocean that did not look.
  package var lowestPort: Int?
  /// Account files that everybody on the host can read, and state directories that everybody can write to; sorted.
  package var exposed: [String]?
  /// How many files a process may have open here (the hard limit of RLIMIT_NOFILE); nil: as many as it likes.
  package var fileLimit: Int?
  /// Seconds since 1970.
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
    // What becomes of has_ipv6 in reading.
    case hasIPv6 = "hasIpv6"
  }

  /// What the resolver said of a host name.
  package enum HostAnswer: Sendable, Hashable {
    /// The host's addresses, sorted, without repetition.
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

  /// What a name stands for; of a symbolic link itself, not of what it leads to.
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
    /// The user who runs this may not read it, which says nothing of the one who runs the server.
    case notPermitted
    case unreadable(String)
  }

  package enum ListFile: Sendable, Hashable {
    /// What of it may be part of a list, and the hash of the whole.
    case read(AddressListFile, Digest)
    case missing
    /// The user who runs this may not read it, which says nothing of the one who runs the server.
    case notPermitted
    case unreadable(String)
  }

  /// Active accounts of one user name and several domains, without a Maildir of their own.
  package struct Namesakes: Sendable, Hashable, Codable {
    /// The most pairs that are told.
    package static let limit = 10

    /// How many accounts there are with the user name of one before them.
    package var count = 0
    /// The first of these, each with the account that had the name first.
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
      /// From 1.
      package var line: Int

      package init(account: String, file: String, line: Int) {
        self.account = account
        self.file = file
        self.line = line
      }
    }
  }

  /// How many accounts have a Maildir where the config has it.
  package struct Mailboxes: Sendable, Hashable, Codable {
    /// The most accounts that are looked at.
    package static let limit = 2000

    /// Accounts that can log in.
    package var accounts = 0
    package var looked = 0
    /// Of those that were looked at.
    package var existing = 0
    /// Of those: where the user who looked may not.
    package var unknown = 0
    /// Accounts of which the file system of the Maildir did not answer, which are not among those that were looked at.
    package var unanswered: Int?
    /// The first of their Maildirs.
    package var silent: String?
    /// What is not there on the way to the first Maildir that does not exist.
    package var missing: String?
    /// Whether the plan that was confirmed last has the same location; nil if that did not matter, or is not known.
    package var isConfirmed: Bool?
    /// How many of the first 200 that exist the server's user may not use; nil if nobody could tell.
    package var closed: Closed?
    /// Domains with several accounts of which none has a Maildir, and how many those are; the first ten.
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
      /// The first of them, and what is in the way there.
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

  /// What one user of the host may do with what its server needs.
  package struct Permissions: Sendable, Hashable, Codable {
    /// The name of its group; nil if that has none.
    package var group: String?
    /// By path, of those that exist.
    package var paths: [String: Permission]

    package init(group: String?, paths: [String: Permission]) {
      self.group = group
      self.paths = paths
    }
  }

  package enum Permission: Sendable, Hashable {
    case granted
    /// By the permissions of these, which are the path itself and directories that lead there; never empty.
    case denied(by: [String])
    /// Nobody may write there: that path is on a file system that is mounted read-only.
    case readOnly(at: String)
  }

  /// Whose something is that is in the server's way, or that others get at.
  package struct Place: Sendable, Hashable, Codable {
    /// Names, or numbers of those that have none.
    package var owner: String
    package var group: String
    /// The permissions, as chmod(2) has them.
    package var mode: Int
    package var isDirectory: Bool

    package init(owner: String, group: String, mode: Int, isDirectory: Bool) {
      self.owner = owner
      self.group = group
      self.mode = mode
      self.isDirectory = isDirectory
    }
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
      package var help: String?

      package init(line: Int?, message: String, help: String? = nil) {
        self.line = line
        self.message = message
        self.help = help
      }
    }
  }
}

/// What a config needs to know: the questions to which `Facts` are the answers.
package struct FactRequest: Sendable, Hashable {
  package var hosts: Set<String> = []
  package var users: Set<String> = []
  /// Files that the server reads and never writes, those of the config among them if that was loaded from files.
  package var readFiles: Set<String> = []
  /// What the server's user needs of files and directories, by path.
  package var uses: [String: Use] = [:]
  /// Paths of which it matters whether they are directories.
  package var directories: Set<String> = []
  package var stateDirectories: Set<String> = []
  /// Files and directories that decide what the server does, the config itself among them.
  package var trusted: Set<String> = []
  /// Files that the server writes, and makes if there are none.
  package var writtenFiles: Set<String> = []
  package var accountFiles: Set<String> = []
  /// Whether a mailbox is found by the user's name alone.
  package var wantsNamesakes = false
  /// Where accounts have their Maildirs.
  package var maildir: MailTemplate?
  /// By name.
  package var certificates: [String: Certificate] = [:]
  package var listFiles: Set<String> = []
  package var profiles: Set<Plan.Service.TLS.Profile> = []

  package enum Use: Sendable, Hashable {
    case read
    /// Reading, adding, renaming and removing files in a directory that is there.
    case change
    /// Writing to a file, which is made if there is none.
    case write
    /// Keeping what a server has to keep in its state directory.
    case fill
    /// Writing to what is kept there, without which a server runs, but forgets: a file, or a directory and what is in it.
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

  /// What a server finds of one before it.
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
