import OceanPlan
import OceanSyntax

/// What several hosts have together.
extension Lowering {
  mutating func checkTicketSecret(_ secret: Located<Plan.SecretSource>) {
    let what = secret.value.description
    guard let found = facts.ticketSecret else {
      return reportNotChecked("the secret of session tickets, \(what) (not among the facts)")
    }
    if found.state == .read, !found.isUsable {
      report(
        .unusableTicketSecret, secret.span, "\(what) has fewer than 32 octets: it can be guessed",
        help: "make one for all hosts: \(Self.making(secret.value))")
    }
    reportUnread(
      what, secret.span, found.state, as: .unusableTicketSecret,
      help: "make one for all hosts: \(Self.making(secret.value))")
    reportExposed(
      secret, as: .ticketSecretExposed, "secret of session tickets", advice: "make a new one for all hosts")
  }

  /// The engine that servers ask; blank if it is not known which.
  mutating func lowerSharedState(_ located: Located<Config.SharedState>) -> Plan.SharedState {
    let given = located.value
    let path = Plan.SharedState.path
    var shared = Plan.SharedState.blank
    shared.url = take(given.url, Plan.SharedState.url.path(in: path))
    shared.user = take(given.user, Plan.SharedState.user.path(in: path))
    shared.password = take(given.password, Plan.SharedState.password.path(in: path))
    shared.prefix = take(given.prefix, Plan.SharedState.prefix.path(in: path)) ?? shared.prefix
    shared.tls =
      take(given.tls, Plan.SharedState.tls.path(in: path)) ?? (shared.url?.isLocal != false ? .off : .verify)
    shared.ca = take(given.ca, Plan.SharedState.ca.path(in: path))
    if let user = given.user, given.password == nil, !given.isMistaken("password") {
      report(
        .sharedStatePassword, user.span, "'user' has no password",
        help: "say where it is: password: { file: valkey.password }")
      shared.user = nil
    }
    if let password = given.password { checkSharedStatePassword(password) }
    checkTransport(given, shared)
    return shared.url == nil ? .blank : shared
  }

  private mutating func checkTransport(_ given: Config.SharedState, _ shared: Plan.SharedState) {
    if let tls = given.tls, tls.value == .off, let url = shared.url, !url.isLocal {
      report(
        .uncertainSharedState, tls.span,
        "addresses of clients\(given.password == nil ? "" : ", and the password,") go to \(url.host) in the clear",
        help: "write tls: verify")
    }
    guard let ca = given.ca else { return }
    if shared.tls != .verify {
      report(
        .uncertainSharedState, ca.span, "without 'tls: verify' no certificate is checked: this has no effect",
        help: "write tls: verify, or remove it")
    }
  }

  private mutating func checkSharedStatePassword(_ password: Located<Plan.SecretSource>) {
    guard let found = facts.sharedStatePassword else {
      return reportNotChecked("the password of the shared state, \(password.value) (not among the facts)")
    }
    checkPassword(password, found.state, as: .sharedStatePassword, of: "shared state")
  }

  /// The command that makes a secret which others cannot read.
  private static func making(_ source: Plan.SecretSource) -> String {
    let command = "head -c 32 /dev/urandom | base64"
    guard case .file(let path) = source else { return command }
    return "(umask 077; \(command) > \(shellWord(path)))"
  }
}
