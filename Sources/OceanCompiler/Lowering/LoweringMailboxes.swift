import OceanPlan
import OceanSyntax

extension Lowering {
  /// A mail location where nobody has a Maildir shows everybody an empty mailbox, and looks like a server that works.
  mutating func checkMailboxes() {
    guard let maildir = config.mail?.value.maildir, let found = facts.mailboxes, found.looked > 0,
      found.existing == 0
    else { return }
    guard found.unknown == 0 else {
      reportNotChecked("the Maildirs of \(counted(found.unknown, "account")) (this user may not look there)")
      return
    }
    // A reboot must not become an outage, nor a location that runs already stand in the way of other changes; and what is
    // acknowledged is known.
    let isKnown =
      purpose == .starting || purpose == .reloading || found.isConfirmed == true
      || isAcknowledged(.noMailboxes)
    let sample = found.looked < found.accounts ? ", of \(found.accounts) in all" : ""
    report(
      .noMailboxes, maildir.span, "0 of \(counted(found.looked, "account")) have a Maildir there\(sample)",
      label: found.missing.map { "there is no \($0)" },
      help: "correct the path; where no mail was delivered yet:\n"
        + "acknowledge: [{ code: \(DiagnosticCode.noMailboxes.id), reason: \"no mail yet\" }]",
      severity: isKnown ? .warning : .error)
  }

  private func isAcknowledged(_ code: DiagnosticCode) -> Bool {
    config.acknowledge?.value.contains { $0.value.code?.value == code.id && $0.value.reason != nil } ?? false
  }
}
