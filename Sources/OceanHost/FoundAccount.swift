import OceanAccess
import OceanAddresses
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
  private let plan: Plan

  init(_ login: String, in directory: AccountDirectory, of plan: Plan) {
    self.plan = plan
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
  var mailbox: Result<(maildir: String, state: Maildir), MailTemplate.ExpansionError> {
    Result { () throws(MailTemplate.ExpansionError) in
      let template = plan.mail.maildir
      let maildir = MaildirPath.normalized(
        try template.maildir(of: identity ?? Identity(user: name, domain: "")))
      return (maildir, Maildir.state(at: maildir))
    }
  }
}

extension AccountDirectory {
  /// The accounts of a service of a plan.
  convenience init(of service: Plan.Service, in plan: Plan) {
    self.init(plan.accountSources(of: service), defaultDomain: plan.server.defaultDomain) { 0 }
  }
}
