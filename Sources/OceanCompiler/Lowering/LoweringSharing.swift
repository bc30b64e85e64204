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

  /// The command that makes a secret which others cannot read.
  private static func making(_ source: Plan.SecretSource) -> String {
    let command = "head -c 32 /dev/urandom | base64"
    guard case .file(let path) = source else { return command }
    return "(umask 077; \(command) > \(shellWord(path)))"
  }
}
