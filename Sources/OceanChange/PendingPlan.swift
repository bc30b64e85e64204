import Glibc
import OceanEngine
import OceanPlan

/// A plan that runs and is taken back unless it is confirmed.
struct PendingPlan: Sendable {
  /// What ran before, and comes back.
  struct Previous: Sendable {
    let file: PlanFile
    let identities: Identities
    /// What it was made from.
    let source: String
  }

  let mark: PlanMark
  /// The plan, and what it brought: what is withheld if it is taken back.
  let change: PlanMark
  let previous: Previous
  /// How it is kept once it is confirmed.
  let occasion: PlanStore.Occasion
  /// What is taken back once a rollback is confirmed.
  let replaced: TakenBackPlan?
  let seconds: Int
  /// On a clock that nobody sets.
  let deadline: ContinuousClock.Instant
  var timer: Task<Void, Never>?

  var digest: Digest { mark.plan }

  /// - Parameter seconds: from now on.
  init(
    mark: PlanMark, change: PlanMark, previous: Previous, _ occasion: PlanStore.Occasion,
    replaced: TakenBackPlan? = nil, seconds: Int
  ) {
    self.mark = mark
    self.change = change
    self.previous = previous
    self.occasion = occasion
    self.replaced = replaced
    self.seconds = seconds
    deadline = .now + .seconds(seconds)
  }

  /// The same, with more time.
  ///
  /// - Parameter mark: of the plan as it runs by now, perhaps with renewed certificates.
  func waiting(_ mark: PlanMark, seconds: Int) -> PendingPlan {
    PendingPlan(
      mark: mark, change: change, previous: previous, occasion, replaced: replaced, seconds: seconds)
  }

  var timeLeft: Duration { ContinuousClock.now.duration(to: deadline) }

  /// RFC 3339, UTC.
  var revertTime: String {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    // Not whole seconds, or it would be another each time it is asked for.
    return Timestamp.text(
      Int64(now.tv_sec) + Int64((Double(now.tv_nsec) / 1e9 + max(0, timeLeft / .seconds(1))).rounded()))
  }
}
