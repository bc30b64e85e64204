import OceanPlan
import OceanSyntax

extension Config.Saslauthd {
  /// The settings as a plan has them, with defaults; nil without a socket.
  var settings: Plan.Saslauthd? {
    guard let socket = socket?.value else { return nil }
    var settings = Plan.Saslauthd(socket: socket, realm: realm?.value)
    settings.service = service?.value ?? settings.service
    return settings
  }
}

extension Config.Dovecot {
  /// The settings as a plan has them, with defaults; nil without a socket.
  var settings: Plan.Dovecot? { auth.map { Plan.Dovecot(auth: $0.value, users: users?.value) } }
}

/// A socket that a config names.
struct NamedSocket {
  let question: Located<Facts.Socket.Question>

  init?(_ path: Located<String>?, _ use: Facts.Socket.Use) {
    guard let path else { return nil }
    question = Located(Facts.Socket.Question(path.value, use), path.span)
  }

  /// What gives the server's user the permission to open it. It must outlive a restart of the program behind the socket,
  /// which makes the socket again.
  ///
  /// - Parameters:
  ///   - group: the user's group; nil if it has no name.
  ///   - places: what is in the way.
  func remedy(for user: String, group: String?, _ places: [String], _ facts: Facts) -> String {
    let name = question.value.path.split(separator: "/").last.map(String.init) ?? ""
    switch question.value.use {
    case .saslauthd:
      let owner = places.first.flatMap { facts.places?[$0]?.group }.flatMap { $0 == "root" ? nil : $0 }
      return "usermod -aG \(shellWord(owner ?? "sasl")) \(user), then restart the server"
    case .dovecotAuth, .dovecotUsers:
      return "in Dovecot's configuration, then restart Dovecot:\nservice auth {\n  unix_listener \(name) {\n"
        + "    mode = 0660\n    group = \(group ?? user)\n  }\n}"
    }
  }
}

extension Config.Accounts {
  /// The sockets that the source asks.
  var sockets: [NamedSocket] {
    [
      NamedSocket(saslauthd?.value.socket, .saslauthd), NamedSocket(dovecot?.value.auth, .dovecotAuth),
      NamedSocket(dovecot?.value.users, .dovecotUsers),
    ].compactMap(\.self)
  }
}

/// Account sources that are asked over sockets of this host, and check passwords themselves.
extension Lowering {
  mutating func lowerSaslauthd(
    _ given: Located<Config.Saslauthd>, _ name: String
  ) -> Plan.AccountSource? {
    guard var settings = given.value.settings else { return nil }
    let path = Plan.Saslauthd.path(of: name)
    if let span = given.value.socket?.span { note(span, Plan.Saslauthd.socket.path(in: path)) }
    if let span = given.value.service?.span { note(span, Plan.Saslauthd.service.path(in: path)) }
    if let span = given.value.realm?.span { note(span, Plan.Saslauthd.realm.path(in: path)) }
    Settings.saslauthd.lower(given.value, into: &settings, at: path, &self)
    if let socket = NamedSocket(given.value.socket, .saslauthd) { check(socket.question) }
    checkHomes(given.key ?? given.span, "saslauthd does not say where homes are")
    return Plan.AccountSource(name: name, saslauthd: settings)
  }

  mutating func lowerDovecot(_ given: Located<Config.Dovecot>, _ name: String) -> Plan.AccountSource? {
    guard var settings = given.value.settings else { return nil }
    let path = Plan.Dovecot.path(of: name)
    if let span = given.value.auth?.span { note(span, Plan.Dovecot.auth.path(in: path)) }
    if let span = given.value.users?.span { note(span, Plan.Dovecot.users.path(in: path)) }
    Settings.dovecot.lower(given.value, into: &settings, at: path, &self)
    if let socket = NamedSocket(given.value.auth, .dovecotAuth) { check(socket.question) }
    if let socket = NamedSocket(given.value.users, .dovecotUsers) {
      check(socket.question)
    } else {
      checkHomes(given.key ?? given.span, "without 'users' Dovecot does not say where homes are")
    }
    return Plan.AccountSource(name: name, dovecot: settings)
  }

  /// Reports a source without homes where the mail is below them.
  private mutating func checkHomes(_ span: Span, _ reason: String) {
    guard let maildir = config.mail?.value.maildir, maildir.value.needsHome else { return }
    report(
      .sourceWithoutHomes, span, "\(reason): its accounts have no mailbox",
      related: [Diagnostic.Related("needed here", at: maildir.span)],
      help: "name the mail without {home}, such as \"/var/mail/{user}/Maildir\"")
  }

  private mutating func check(_ asked: Located<Facts.Socket.Question>) {
    let (path, span) = (asked.value.path, asked.span)
    let program = asked.value.use == .saslauthd ? "saslauthd" : "Dovecot"
    guard let found = facts.sockets?.first(where: { $0.question == asked.value }) else {
      return reportNotChecked("\(path) (not among the facts)")
    }
    let severity = purpose.isChecking ? nil as Severity? : .warning
    switch found.state {
    case .answering: break
    case .notAsked: reportNotChecked("\(path) (not asked: \(found.reason ?? "offline"))")
    case .notPermitted: reportNotChecked("\(path) (this user may not open it)")
    case .away: reportNotChecked("\(path) (\(found.reason ?? "away"))")
    case .missing:
      report(
        .noSocket, span, "there is no socket \(path)", help: Self.start(asked.value), severity: severity)
    case .otherFile:
      report(
        .noSocket, span, "\(path) is not a socket", help: "name the socket of \(program)", severity: severity)
    case .unsuitable:
      report(
        .unsuitableSocket, span, "\(path): \(found.reason ?? "it does not greet as \(program) does")",
        severity: severity)
    }
  }

  private static func start(_ socket: Facts.Socket.Question) -> String {
    switch socket.use {
    case .saslauthd:
      "is it running? apt-get install sasl2-bin; systemctl enable --now saslauthd"
    case .dovecotAuth, .dovecotUsers:
      "is it running, and is this one of its sockets? doveconf service/auth/unix_listener"
    }
  }
}
