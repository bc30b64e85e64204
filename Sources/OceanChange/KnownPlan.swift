import OceanControlAPI
import OceanPlan

/// A plan that can run, and the mark that tells it from others.
struct KnownPlan: Sendable {
  let runnable: PreparedPlan
  let mark: PlanIdentity

  var file: PlanFile { runnable.file }
  var digest: Digest { mark.plan }

  init(_ runnable: PreparedPlan) {
    self.runnable = runnable
    mark = PlanIdentity(runnable.file)
  }

  /// The parts of this plan that another plan does not have. They are withheld once the plan is reverted.
  func brought(over other: KnownPlan) throws(ChangeRefusal) -> PlanIdentity {
    mark.changes(from: other.mark, isSameDecision: try decision == other.decision)
  }

  /// Names what was decided, without today's lists and certificates. It reads the whole plan each time.
  var decision: Digest {
    get throws(ChangeRefusal) {
      do { return try file.decision } catch { throw .failed("\(error)") }
    }
  }
}

/// Where a plan comes from.
struct PlanOrigin: Sendable, Equatable {
  /// What it was made from: a path.
  var source: String
  /// The author of the decision that it runs; nil if that is not known.
  var author: ChangeAuthor?
}

/// A plan that runs, and is reverted unless it is confirmed.
struct WaitingPlan: Sendable {
  /// The plan as it was applied. A renewed certificate may have changed its digest since.
  var mark: PlanIdentity
  /// The plan, and what it brought: this is withheld if it is reverted.
  let change: PlanIdentity
  /// The plan that ran before, and comes back as it ran.
  let previous: KnownPlan
  let previousOrigin: PlanOrigin
  /// How the plan is kept once it is confirmed.
  let occasion: PlanStore.Occasion
  /// The plan that is reverted once a rollback is confirmed.
  var replaced: RevertedPlan?
  /// How long the plan may wait.
  var seconds: Int
  /// The number of the timer whose end reverts the plan. More time is another timer, so that the end of the
  /// earlier one is void.
  var timer: Int
  /// How often reverting the plan has failed.
  var failures = 0

  var digest: Digest { mark.plan }
}
