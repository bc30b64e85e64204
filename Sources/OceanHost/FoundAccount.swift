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
  /// The sources that cannot be read, if there is no account in the others.
  let unread: [String]
  private let identity: Identity?

  init(_ login: String, in directory: AccountDirectory) {
    let unread = directory.health().filter { $0.counts == nil }.map(\.name)
    guard let entry = directory.entry(for: login) else {
      name = login
      clients = AddressSet()
      refusal = unread.isEmpty ? "no account of that name" : "cannot read \(unread.joined(separator: ", "))"
      place = nil
      self.unread = unread
      identity = nil
      return
    }
    let account = entry.account
    name = entry.identity.name
    identity = entry.identity
    place = Provenance.Origin(file: entry.source, line: account.line, column: 1)
    self.unread = []
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
      let sources = login.files.map { Plan.AccountSource(name: $0, passwdFile: $0) }
      let account = FoundAccount(
        login.user, in: AccountDirectory(sources, defaultDomain: defaultDomain) { 0 })
      return Login(
        login, clients: account.clients, refusal: account.refusal, file: account.place?.file,
        line: account.place?.line, isUnknown: !account.unread.isEmpty)
    }
  }
}

extension AccountDirectory {
  /// The accounts of a service of a plan.
  convenience init(of service: Plan.Service, in plan: Plan) {
    self.init(plan.accountSources(of: service), defaultDomain: plan.server.defaultDomain) { 0 }
  }
}
