import OceanAccess
import OceanAddresses
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
  /// The sources that cannot be read, if there is no account in the others.
  let unread: [String]
  private let identity: Identity?

  /// - Parameters:
  ///   - service: the service at which somebody logs in.
  ///   - peer: the client; nil for any, which a query may not be able to tell apart.
  init(_ login: String, in directory: AccountDirectory, service: String = "", peer: IPAddress? = nil) {
    switch directory.find(login, service: service, peer: peer ?? .loopback(.v4)) {
    case .entry(let entry): self.init(entry)
    case .nobody: self.init(missing: login, "no account of that name", unread: [])
    case .unavailable(let source, let reason):
      self.init(
        missing: login,
        source.hasPrefix("/") ? "cannot read \(source)" : "cannot tell: \(source): \(reason)", unread: [source])
    }
  }

  private init(_ entry: AccountDirectory.Entry) {
    let account = entry.account
    name = entry.identity.name
    identity = entry.identity
    place = account.line > 0 ? Provenance.Origin(file: entry.source, line: account.line, column: 1) : nil
    source = account.line > 0 ? nil : entry.source
    unread = []
    switch account.status {
    case .active:
      clients = account.allowedNetworks.map { AddressSet($0.map { AddressPattern($0) }) } ?? .all
      refusal = "not from this address (allow_nets)"
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
  static func logins(_ logins: Set<FactRequest.Login>, defaultDomain: String?) -> [Login] {
    logins.sorted {
      ($0.user, $0.files.joined(separator: "\n")) < ($1.user, $1.files.joined(separator: "\n"))
    }
    .map { login in
      let account = FoundAccount(
        login.user, in: AccountDirectory(files: login.files, defaultDomain: defaultDomain))
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
    ) { 0 }
  }

  /// The accounts of some files. Among them are names of sources that are not files: those are not asked.
  fileprivate convenience init(files: [String], defaultDomain: String?) {
    var made = AccountSources(defaultDomain: defaultDomain, now: { 0 })
    self.init(
      files.map { name -> any AccountSource in
        name.hasPrefix("/")
          ? made.source(Plan.AccountSource(name: name, passwdFile: name)) : UnaskedSource(name: name)
      }, defaultDomain: defaultDomain)
  }
}

/// A source that is not asked now.
private struct UnaskedSource: AccountSource {
  let name: String

  func lookup(_ question: AccountQuestion) -> SourceAnswer { SourceAnswer(.unavailable, reason: "not asked") }
  func health() -> SourceHealth { lastHealth }
  var lastHealth: SourceHealth { SourceHealth(name: name, counts: nil, problem: .away("not asked")) }
}
