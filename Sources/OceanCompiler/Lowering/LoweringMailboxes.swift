import OceanPlan
import OceanSyntax

extension Lowering {
  /// Reports a mail location where nobody has a Maildir: it shows everybody an empty mailbox, and looks like
  /// a server that works.
  mutating func checkMailboxes() {
    if let count = facts.mailboxes?.unanswered, let first = facts.mailboxes?.silent {
      reportNotChecked(
        "whether \(counted(count, "account")) \(count == 1 ? "has" : "have") a Maildir (the file system of \(first) does not answer)"
      )
    }
    checkDomainsHaveMailboxes()
    guard let maildir = config.mail?.value.maildir, let found = facts.mailboxes, found.looked > 0,
      found.existing == 0
    else { return }
    guard found.unknown == 0 else {
      reportNotChecked("the Maildirs of \(counted(found.unknown, "account")) (this user may not look there)")
      return
    }
    // A reboot must not become an outage. A location that runs already must not stand in the way of other
    // changes. And what is acknowledged is known.
    let isKnown =
      !purpose.isChecking || found.isConfirmed == true || isAcknowledged(.noMailboxes)
    let sample = found.looked < found.accounts ? ", of \(found.accounts) in all" : ""
    report(
      .noMailboxes, maildir.span,
      "0 of \(counted(found.looked, "account")) \(found.looked == 1 ? "has" : "have") a Maildir there\(sample)",
      label: found.missing.map { "there is no \($0)" },
      help: "correct the path; where no mail was delivered yet:\n"
        + "acknowledge: [{ code: \(DiagnosticCode.noMailboxes.id), reason: \"no mail yet\" }]",
      severity: isKnown ? .warning : .error)
  }

  /// Reports domains without Maildirs: a path that is right for one domain may be wrong for another.
  private mutating func checkDomainsHaveMailboxes() {
    guard let maildir = config.mail?.value.maildir, let found = facts.mailboxes, found.existing > 0 else {
      return
    }
    for domain in found.emptyDomains ?? [] {
      report(
        .noMailboxes, maildir.span,
        "0 of \(counted(domain.accounts, "account")) of '\(domain.name)' \(domain.accounts == 1 ? "has" : "have") a Maildir there",
        help: "correct the path, or where their mail is delivered; where none was yet:\n"
          + "acknowledge: [{ code: \(DiagnosticCode.noMailboxes.id), reason: \"no mail yet\" }]")
    }
  }

  private func isAcknowledged(_ code: DiagnosticCode) -> Bool {
    config.acknowledge?.value.contains { $0.value.code?.value == code.id && $0.value.reason != nil } ?? false
  }
}
