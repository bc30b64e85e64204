import OceanBase
package import OceanPlan

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
  /// The accounts that the config names, each with the files where it may be.
  package var logins: Set<Login> = []
  /// Whether a mailbox is found by the user's name alone.
  package var wantsNamesakes = false
  /// The mail location, below which accounts have their Maildirs.
  package var maildir: MailTemplate?
  /// The directory in which the directory of shared locks is; nil if locks are not shared.
  package var lockBase: String?
  /// The certificates, by name.
  package var certificates: [String: Certificate] = [:]
  package var listFiles: Set<String> = []
  /// The place of the monitor's token.
  package var monitorToken: Plan.SecretSource?
  /// The place of the secret of session tickets.
  package var ticketSecret: Plan.SecretSource?
  /// The place of the password for the shared state.
  package var sharedStatePassword: Plan.SecretSource?
  /// The place of the password for Sentinels.
  package var sentinelPassword: Plan.SecretSource?
  package var profiles: Set<Plan.Service.TLS.Profile> = []
  /// The databases with accounts, by the names of their sources.
  package var databases: [String: Plan.SQL] = [:]
  /// The directories with accounts, by the names of their sources.
  package var ldapServers: [String: Plan.LDAP] = [:]
  /// The sockets that account sources ask.
  package var sockets: Set<Facts.Socket.Question> = []

  package enum Use: Sendable, Hashable {
    case read
    /// The server connects to a socket.
    case connect
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

  package struct Login: Sendable, Hashable, Codable {
    package var user: String
    /// Absolute paths, in the order in which they are asked. What is not a path is a source that is not a file, which
    /// nobody asks for facts.
    package var files: [String]
    /// The service at which it would log in; nil in facts of an ocean that did not ask for it.
    package var service: String?

    package init(user: String, files: [String], service: String) {
      self.user = user
      self.files = files
      self.service = service
    }
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
    for state in request.stateDirectories {
      request.writtenFiles.formUnion(StateFile.all.map { $0.path(in: state) })
    }
    if let log = log?.value.access {
      request.directories.insert(Path.directory(of: log.value))
      request.writtenFiles.insert(log.value)
    }
    for source in accounts?.value ?? [] {
      if let file = source.value.passwdFile { request.accountFiles.insert(file.value) }
      if let sql = source.value.sql?.value.settings { request.databases[source.name] = sql }
      if let ldap = source.value.ldap?.value.settings { request.ldapServers[source.name] = ldap }
      request.sockets.formUnion(source.value.sockets.map(\.question.value))
    }
    request.logins = logins
    if let maildir = mail?.value.maildir?.value {
      request.maildir = maildir
      request.wantsNamesakes = !maildir.needsDomain && !maildir.needsHome && !request.accountFiles.isEmpty
    }
    if let base = mail?.value.lockBase {
      request.lockBase = base
      request.writtenFiles.insert(LockDirectory.path(in: base))
    }
    for certificate in certificates?.value ?? [] {
      guard let chain = certificate.value.chain, let key = certificate.value.key else { continue }
      request.certificates[certificate.name] = FactRequest.Certificate(
        chain: chain.value, key: key.value, passphrase: certificate.value.passphrase?.value)
    }
    request.listFiles = addressFiles
    request.monitorToken = monitor?.value.token?.value
    request.ticketSecret = server?.value.ticketSecret?.value
    request.sharedStatePassword = server?.value.sharedState?.value.password?.value
    request.sentinelPassword = server?.value.sharedState?.value.sentinel?.value.password?.value
    if !request.certificates.isEmpty {
      request.profiles = Set(services.compactMap { $0.tls?.value.profile?.value } + [Defaults.profile])
    }
    request.readFiles = readFiles(in: request)
    request.uses = uses(in: request)
    request.trusted = Set(request.uses.filter { $0.value != .keep && $0.value != .connect }.keys)
    // Everybody may write to a socket, but not put another one in its place.
    request.trusted.formUnion(request.sockets.map { Path.directory(of: $0.path) })
    if let base = mail?.value.maildir?.value.base { request.trusted.insert(base) }
    return request
  }

  /// The paths that a server may find from an earlier one.
  static func kept(in state: String) -> [String] {
    ["blocks", "index", "logins", "plans"].map { "\(state)/\($0)" }
  }

  /// The accounts that expectations name, in the sources of each service.
  private var logins: Set<FactRequest.Login> {
    let users = Set((expect?.value ?? []).compactMap(\.value.user?.value))
    guard !users.isEmpty else { return [] }
    let sources = (accounts?.value ?? []).sorted { $0.name < $1.name }
    let files = Dictionary(sources.map { ($0.name, $0.value.place) }, uniquingKeysWith: { $1 })
    let lists = (services?.value ?? []).map { service in
      let names = (service.value.accounts ?? serviceDefaults?.value.accounts)?.value.map(\.value)
      return (service.name, (names ?? sources.map(\.name)).compactMap { files[$0] ?? nil })
    }
    return Set(
      users.flatMap { user in lists.map { FactRequest.Login(user: user, files: $1, service: $0) } })
  }

  private func readFiles(in request: FactRequest) -> Set<String> {
    let certificates = request.certificates.values.flatMap { certificate in
      var files = [certificate.chain, certificate.key]
      if case .file(let path) = certificate.passphrase { files.append(path) }
      return files
    }
    let databases = request.databases.values.flatMap { [$0.ca, $0.url?.path].compactMap(\.self) }
    return request.accountFiles.union(certificates).union(request.listFiles).union(databases)
      .union(request.ldapServers.values.compactMap(\.ca))
      .union([server?.value.sharedState?.value.ca?.value].compactMap(\.self)).union(request.secretFiles)
  }

  private func uses(in request: FactRequest) -> [String: FactRequest.Use] {
    var uses = Dictionary(
      request.readFiles.map { ($0, FactRequest.Use.read) }, uniquingKeysWith: { $1 })
    for socket in request.sockets { uses[socket.path] = .connect }
    let state = server?.value.state?.value ?? Defaults.state
    uses[state] = .fill
    for path in Self.kept(in: state) { uses[path] = .keep }
    if let log = log?.value.access { uses[log.value] = .write }
    if let base = request.lockBase {
      uses[base] = .change
      uses[LockDirectory.path(in: base)] = .change
    }
    return uses
  }

  /// Every list file that is named anywhere.
  private var addressFiles: Set<String> {
    Set(
      Settings.root.lists(in: self).joined().compactMap { entry in
        if case .file(let file) = entry.value { file.path } else { nil }
      })
  }
}

extension FactRequest {
  /// The files of the secrets that the server reads when a plan is applied.
  package var secretFiles: Set<String> {
    let sources = databases.values.map(\.password) + ldapServers.values.map(\.password)
    return Set(
      ([monitorToken, ticketSecret, sharedStatePassword, sentinelPassword] + sources).compactMap { $0?.path })
  }
}

extension Plan.SecretSource {
  /// The absolute path of its file; nil if it is elsewhere.
  package var path: String? { if case .file(let path) = self { path } else { nil } }
}
