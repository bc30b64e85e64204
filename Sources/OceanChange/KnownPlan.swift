import OceanPlan

/// A plan that can run, and what tells it from others.
struct KnownPlan: Sendable {
  let runnable: Runnable
  let mark: PlanMark

  var file: PlanFile { runnable.file }
  var digest: Digest { mark.plan }

  init(_ runnable: Runnable) {
    self.runnable = runnable
    mark = PlanMark(runnable.file)
  }

  /// What it brings that another plan does not have: this is withheld once it is taken back.
  func brought(over other: KnownPlan) throws(ChangeRefusal) -> PlanMark {
    mark.changes(from: other.mark, isSameDecision: try decision == other.decision)
  }

  /// Names what was decided, without today's lists and certificates. It reads the whole plan each time.
  var decision: Digest {
    get throws(ChangeRefusal) {
      do { return try file.decision } catch { throw .failed("\(error)") }
    }
  }
}

/// A plan that runs and is taken back unless it is confirmed.
struct WaitingPlan: Sendable {
  /// The plan as it was applied. A renewed certificate may have changed its digest since.
  var mark: PlanMark
  /// The plan, and what it brought: this is withheld if it is taken back.
  let change: PlanMark
  /// What ran before, and comes back as it ran.
  let previous: KnownPlan
  /// What that was made from.
  let previousSource: String
  /// How it is kept once it is confirmed.
  let occasion: PlanStore.Occasion
  /// What is taken back once a rollback is confirmed.
  var replaced: TakenBackPlan?
  /// How long it may wait.
  var seconds: Int
  /// The number of the timer whose end takes it back. More time is another timer, so that the end of the one before is void.
  var timer: Int
  /// How often it was to be taken back and could not be.
  var failures = 0

  var digest: Digest { mark.plan }
}
