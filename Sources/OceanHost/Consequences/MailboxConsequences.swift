import OceanCompiler
package import OceanPlan

extension PlanDiff {
  /// The same with how many accounts have a mailbox at the old and at the new mail location, if it changes.
  package func withMailboxes() -> PlanDiff {
    guard let old = old?.plan, old.mail.maildir != new.plan.mail.maildir else { return self }
    let files = new.plan.accounts.map(\.passwdFile)
    func look(_ plan: Plan) -> Facts.Mailboxes {
      Facts.Mailboxes.look(files, in: plan.mail.maildir, defaultDomain: plan.server.defaultDomain)
    }
    let (before, after) = (look(old), look(new.plan))
    guard before.unknown == 0, after.unknown == 0, before.looked > 0 else { return self }
    var diff = self
    diff.supplement.mailboxes = MailboxDifference(
      accounts: max(before.looked, after.looked), before: before.existing, after: after.existing)
    return diff
  }
}
