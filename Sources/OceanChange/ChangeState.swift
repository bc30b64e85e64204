import OceanPlan

/// The running plan, and what is known of it.
struct ChangeState: Sendable {
  var running: KnownPlan?
  /// Where the running plan comes from.
  var origin: PlanOrigin
  /// The confirmed plan on disk that is the running one except for its certificates; nil if it could not be
  /// kept.
  var kept: PlanStore.Entry?
  /// Digests of plans that ran before and differed from the running one by renewed certificates alone.
  var equivalents: Set<Digest> = []

  /// Whether a plan that was made for this one may replace the running one: nobody who looked at it saw
  /// anything else.
  func isRenewed(from digest: Digest) -> Bool {
    equivalents.contains(digest) || kept?.renewedFrom.contains(digest) == true
  }

  /// The running plan, if it waits to be confirmed.
  var waiting: WaitingPlan?
}
