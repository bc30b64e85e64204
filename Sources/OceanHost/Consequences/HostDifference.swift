import OceanBase
package import OceanPlan

extension PlanDiff {
  /// What changes on this host, now, with what that means for TLS clients and for the accounts' mailboxes.
  package static func onThisHost(from old: PlanVersion, to new: PlanVersion) -> PlanDiff {
    PlanDiff(from: old, to: new, at: SystemClock.wall.seconds).withTLS().withMailboxes()
  }
}
