import OceanAccess
import OceanAddresses
import OceanBase
import OceanCompiler
import OceanPlan
import OceanStore

/// The account that a login name stands for at a service, from its source as it is now.
struct FoundAccount {
  /// The account's own name; the login, if there is no account.
  let name: String
  /// The clients that may log in with it.
  let clients: AddressSet
  /// Why others may not.
  let refusal: String
  let place: Provenance.Origin?
  /// The source that has it as a row; nil if it is in a file, or nowhere.
  let source: String?
  /// Its app passwords, each with why it may not be used at the service; nil if it may, at least from somewhere.
  let appPasswords: [(password: AppPassword, obstacle: LoginConditions.Obstacle?)]
  /// Whether the account's own password is switched off.
  let isMainPasswordOff: Bool
  /// The sources that cannot be read, if there is no account in the others.
  let unread: [String]
  private let identity: Identity?

  /// - Parameters:
  ///   - service: the service at which somebody logs in.
  ///   - peer: the client; nil for any, which a query may not be able to tell apart.
  ///   - time: when it would log in, in seconds since 1970.
  init(
    _ login: String, at service: String, from peer: IPAddress? = nil, in directory: AccountDirectory,
    time: Int64
  ) {
    self.init(
      login, directory.find(login, service: service, peer: peer ?? .loopback(.v4)), at: service, time: time)
  }

  /// - Parameter finding: what the sources say about the login.
  init(_ login: String, _ finding: AccountDirectory.Finding, at service: String, time: Int64) {
    switch finding {
    case .entry(let entry): self.init(entry, at: service, time: time)
    case .nobody: self.init(missing: login, "no account of that name", unread: [])
    case .unavailable(let source, let reason):
      self.init(
        missing: login,
        source.hasPrefix("/") ? "cannot read \(source)" : "cannot tell: \(source): \(reason)",
        unread: [source])
    }
  }

  private init(_ entry: AccountDirectory.Entry, at service: String, time: Int64) {
    let account = entry.account
    name = entry.identity.name
    identity = entry.identity
    place = account.line > 0 ? Provenance.Origin(file: entry.source, line: account.line, column: 1) : nil
    source = account.line > 0 ? nil : entry.source
    unread = []
    let appPasswords = account.appPasswords.map {
      (password: $0, obstacle: $0.conditions.obstacle(at: service, time: time))
    }
    self.appPasswords = appPasswords
    isMainPasswordOff = account.status == .active && !account.hasMainPassword
    switch account.status {
    case .active:
      if let obstacle = account.conditions.obstacle(at: service, time: time) {
        clients = AddressSet()
        refusal = "\(obstacle)"
        break
      }
      let networks =
        (account.hasMainPassword ? [AddressSet.all] : [])
        + appPasswords.filter { $0.obstacle == nil }.map { AddressSet(of: $0.password.conditions) }
      clients = AddressSet(of: account.conditions).intersection(
        networks.reduce(AddressSet()) { $0.union($1) })
      let obstacles = appPasswords.map { "\($0.password.label) \($0.obstacle.map { "\($0)" } ?? "")" }
      refusal =
        networks.isEmpty
        ? "its own password is off, and none of its app passwords may be used: \(obstacles.joined(separator: ", "))"
        : "\(LoginConditions.Obstacle.network)"
    case .disabled:
      clients = AddressSet()
      refusal = "disabled"
    case .refused:
      clients = AddressSet()
      refusal = entry.refusal ?? "refused because of its line"
    }
  }

  private init(missing login: String, _ refusal: String, unread: [String]) {
    name = login
    clients = AddressSet()
    self.refusal = refusal
    place = nil
    source = nil
    self.unread = unread
    identity = nil
    appPasswords = []
    isMainPasswordOff = false
  }

  /// Where its mail is, and whether it is there. Asks the file system.
  func mailbox(in template: MailTemplate) -> Result<
    (maildir: String, state: Maildir), MailTemplate.ExpansionError
  > {
    Result { () throws(MailTemplate.ExpansionError) in
      let maildir = MaildirPath.normalized(
        try template.maildir(of: identity ?? Identity(user: name, domain: "")))
      return (maildir, Maildir.state(at: maildir))
    }
  }
}

extension Facts {
  /// What the accounts' files say about accounts.
  ///
  /// - Parameter time: in seconds since 1970.
  static func logins(
    _ logins: Set<FactRequest.Login>, defaultDomain: String?, at time: Int64
  ) -> [Login] {
    // Kept until all are answered: so each file is read once.
    var directories: [[String]: AccountDirectory] = [:]
    return logins.sorted {
      ($0.user, $0.files.joined(separator: "\n"), $0.service ?? "")
        < ($1.user, $1.files.joined(separator: "\n"), $1.service ?? "")
    }
    .map { login in
      let directory =
        directories[login.files] ?? AccountDirectory(files: login.files, defaultDomain: defaultDomain)
      directories[login.files] = directory
      let account = FoundAccount(login.user, at: login.service ?? "", in: directory, time: time)
      return Login(
        login, clients: account.clients, refusal: account.refusal, file: account.place?.file,
        line: account.place?.line, isUnknown: !account.unread.isEmpty)
    }
  }
}

extension AccountDirectory {
  /// The accounts of a service of a plan. Asks what the plan names, with the passwords that can be read now.
  convenience init(of service: Plan.Service, in plan: Plan) {
    self.init(
      plan.accountSources(of: service), defaultDomain: plan.server.defaultDomain,
      secrets: plan.readAccountSecrets()
    ) { SystemClock.wall.now }
  }

  /// The accounts of some files. Among them are names of sources that are not files: those are not asked.
  fileprivate convenience init(files: [String], defaultDomain: String?) {
    var made = AccountSources(defaultDomain: defaultDomain, now: { SystemClock.wall.now })
    self.init(
      files.map { name -> any AccountSource in
        name.hasPrefix("/")
          ? made.source(Plan.AccountSource(name: name, passwdFile: name)) : UnaskedSource(name: name)
      }, defaultDomain: defaultDomain
    ) { SystemClock.wall.now }
  }
}

extension AddressSet {
  /// The clients that conditions allow, whatever else they say.
  fileprivate init(of conditions: LoginConditions) {
    self = conditions.networks.map { AddressSet($0.map { AddressPattern($0) }) } ?? .all
  }
}

/// A source that is not asked now.
private struct UnaskedSource: AccountSource {
  let name: String

  func lookup(_ question: AccountQuestion) -> SourceAnswer { SourceAnswer(.unavailable, reason: "not asked") }
  func health() -> SourceHealth { lastHealth }
  var lastHealth: SourceHealth { SourceHealth(name: name, counts: nil, problem: .away("not asked")) }
}
