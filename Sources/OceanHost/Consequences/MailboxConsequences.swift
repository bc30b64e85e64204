import OceanCompiler
package import OceanPlan

extension PlanDiff {
  /// The same difference, with how many accounts have a mailbox at the old and at the new mail location, if
  /// it changes.
  package func withMailboxes() -> PlanDiff {
    guard let old = old?.plan, old.mail.maildir != new.plan.mail.maildir else { return self }
    let files = new.plan.accounts.compactMap(\.passwdFile)
    func count(_ plan: Plan) -> (existing: Int, looked: Int)? {
      Facts.Mailboxes.count(files, in: plan.mail.maildir, defaultDomain: plan.server.defaultDomain)
    }
    guard let before = count(old), let after = count(new.plan), before.looked > 0 else { return self }
    var diff = self
    diff.supplement.mailboxes = MailboxDifference(
      accounts: max(before.looked, after.looked), before: before.existing, after: after.existing)
    return diff
  }
}
