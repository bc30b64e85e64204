import OceanControlAPI
import OceanHost
import OceanPlan

/// Everything that one change does, in order: writes, the plan that runs, writes, the answer.
struct ChangeSteps: Sendable {
  /// The writes before the plan runs.
  var before: [ChangeWrite] = []
  /// Whether nothing is done if one of these writes fails.
  var areRequired = true
  /// The plan that will run; nil if the running one stays.
  var plan: KnownPlan?
  var sessions = SessionTreatment.keep
  /// The note as it was, which is written again if the plan cannot run.
  var restored: WithheldPlans?
  /// The state once the plan runs.
  var outcome: ChangeState
  /// The writes once the plan runs. If one fails, its contents are missing and nothing else.
  var after: [ChangeWrite] = []
  /// The message in the log.
  var message: (@Sendable (ApplyReport) -> ChangeMessage)?
  /// The plan that ran before the change.
  var from: Digest
  /// The decision of the plan, for a change that can be undone.
  var undoneDecision: Digest?
  /// The digest to go back to.
  var undo: Digest?
  /// The time at which a plan that waits would have been reverted, if it is given another time. RFC 3339, UTC.
  var revertTimeBefore: String?
  /// Whether the answer says which list files differ on disk.
  var isComparingLists = false
}

extension ChangeRules {
  /// The steps of a change whose plan is ready.
  func steps(_ preparation: ChangePreparation, _ prepared: PreparedChange) throws(ChangeRefusal)
    -> ChangeSteps
  {
    let next = prepared.plan
    guard let running = state.running else {
      guard case .first = preparation else { throw .nothingRuns }
      return start(next)
    }
    switch preparation {
    case .first: throw .failed("a plan is running already")
    case .reloaded(_, let source): return try reload(next, source, over: running)
    case .renewed:
      var steps = steps(next, over: running)
      steps.outcome.equivalents.insert(running.digest)
      steps.message = { .renewed($0) }
      return steps
    case .ended:
      var steps = steps(next, over: running)
      steps.outcome.equivalents.insert(running.digest)
      steps.message = { .ended($0) }
      // The plan that waits is kept once it is confirmed.
      if state.waiting == nil {
        steps.outcome.origin.author = author
        steps.after = [keep(next, steps.outcome.origin, .outside)]
      }
      return steps
    case .reviewed(_, let request):
      if let waiting = state.waiting { return extend(waiting, next, request, over: running) }
      return try apply(next, request, over: running)
    case .previous(let waiting): return revert(waiting, next, over: running)
    case .kept(let entry, let seconds, _):
      return try goBack(to: entry, prepared, confirmSeconds: seconds, over: running)
    }
  }

  /// The steps of a change that only runs a plan.
  private func steps(_ next: KnownPlan, over running: KnownPlan) -> ChangeSteps {
    var steps = ChangeSteps(plan: next, outcome: state, from: running.digest)
    steps.outcome.running = next
    return steps
  }

  private func start(_ next: KnownPlan) -> ChangeSteps {
    var steps = steps(next, over: next)
    if let waiting = reading.withheld.waiting {
      steps.after = note { withheld in
        if waiting.mark.plan == next.digest {
          // It was confirmed, and the process ended before that was noted: nothing else brings it back.
          withheld.waiting = nil
          withheld.bringBack(next.mark)
          withheld.settle()
        } else {
          let origin = PlanOrigin(source: waiting.source, author: waiting.by)
          var taken = takenBack(waiting.mark, from: origin, isConfirmed: false)
          taken.policy = waiting.policy
          withheld.takeBack(taken)
        }
      }
    }
    steps.outcome.origin.author = author
    steps.after.append(keep(next, steps.outcome.origin, .outside))
    return steps
  }

  private func reload(
    _ next: KnownPlan, _ source: String, over running: KnownPlan
  ) throws(ChangeRefusal) -> ChangeSteps {
    var steps = steps(next, over: running)
    steps.message = { [author] in .applied($0, by: author) }
    guard state.waiting == nil else { return steps }
    steps.outcome.origin = PlanOrigin(source: source, author: author)
    steps.outcome.equivalents = []
    steps.after = [keep(next, steps.outcome.origin, .outside)]
    if state.kept?.mark.plan != next.digest, state.kept?.decision != (try next.decision) {
      steps.after += note { $0.settle() }
    }
    return steps
  }

  private func apply(
    _ next: KnownPlan, _ request: ApplyRequest, over running: KnownPlan
  ) throws(ChangeRefusal) -> ChangeSteps {
    var steps = steps(next, over: running)
    steps.sessions = request.sessions
    let origin = PlanOrigin(source: request.source, author: author)
    steps.outcome.origin = origin
    steps.message = { [author] in .applied($0, by: author) }
    guard next.digest != running.digest else {
      // A plan without any effect leaves nothing to confirm.
      steps.after = note { $0.bringBack(next.mark) } + [keep(next, origin, .again)]
      return steps
    }
    steps.outcome.equivalents = []
    steps.undoneDecision = try next.decision
    let change = try next.brought(over: running)
    let occasion = PlanStore.Occasion.applied(lists: change.lists.map(\.path))
    if let seconds = request.confirmSeconds {
      wait(&steps, change, occasion, nil, seconds, over: running)
      return steps
    }
    steps.after =
      note {
        $0.bringBack(next.mark)
        $0.settle()
      } + [keep(next, origin, occasion)]
    return steps
  }

  /// Adds what is written before a plan runs that must be confirmed: the plan that may come back must be
  /// there, and a server that starts again must know.
  private func wait(
    _ steps: inout ChangeSteps, _ change: PlanIdentity, _ occasion: PlanStore.Occasion,
    _ replaced: RevertedPlan?, _ seconds: Int, over running: KnownPlan
  ) {
    let origin = steps.outcome.origin
    let policy = try? steps.plan?.file.policy
    steps.before =
      [keep(running, state.origin, .outside)]
      + note { $0.waiting = .init(mark: change, policy: policy, source: origin.source, by: origin.author) }
    steps.restored = reading.withheld
    steps.outcome.waiting = WaitingPlan(
      mark: steps.plan?.mark ?? change, change: change, previous: running, previousOrigin: state.origin,
      occasion: occasion, replaced: replaced, seconds: seconds, timer: timer)
  }

  /// Gives the plan that waits another time, because it was applied again.
  private func extend(
    _ waiting: WaitingPlan, _ next: KnownPlan, _ request: ApplyRequest, over running: KnownPlan
  ) -> ChangeSteps {
    var steps = steps(next, over: running)
    steps.sessions = request.sessions
    steps.outcome.waiting?.mark = next.mark
    steps.outcome.waiting?.seconds = request.confirmSeconds ?? waiting.seconds
    steps.outcome.waiting?.timer = timer
    steps.outcome.waiting?.failures = 0
    steps.revertTimeBefore = reading.revertTime
    steps.outcome.origin.author = author
    steps.after = note { $0.waiting?.by = author }
    return steps
  }

  func confirmation(_ request: ConfirmRequest) throws(ChangeRefusal) -> ChangeSteps {
    guard let waiting = state.waiting, let running = state.running else { throw .nothingWaits }
    guard [waiting.digest, running.digest].contains(where: { $0.begins(with: request.plan) }) else {
      throw .notThatOne(waiting: waiting.digest)
    }
    var steps = ChangeSteps(outcome: state, from: waiting.previous.digest)
    steps.outcome.waiting = nil
    steps.before = [keep(running, state.origin, waiting.occasion)]
    steps.after = note { withheld in
      if let replaced = waiting.replaced { withheld.takeBack(replaced) } else { withheld.settle() }
      withheld.waiting = nil
      withheld.bringBack(waiting.mark)
    }
    steps.message = { [author] in .confirmed($0.to, by: author) }
    return steps
  }

  private func revert(_ waiting: WaitingPlan, _ next: KnownPlan, over running: KnownPlan) -> ChangeSteps {
    var steps = steps(next, over: running)
    // It is withheld already while it waits: going back must not fail because of a disk.
    steps.before = note { $0.takeBack(takenBack(waiting.change, from: state.origin, isConfirmed: false)) }
    steps.areRequired = false
    steps.restored = reading.withheld
    steps.outcome.origin = waiting.previousOrigin
    steps.outcome.waiting = nil
    steps.outcome.equivalents = []
    steps.after = [keep(next, waiting.previousOrigin, .outside)]
    steps.message = { [author] in .rolledBack($0, by: author) }
    steps.isComparingLists = true
    return steps
  }

  /// Runs a confirmed plan again. Lists that are a part of what is reverted become what they were. A restart
  /// does not run the reverted plan again, though the config may still compile to it.
  private func goBack(
    to entry: PlanStore.Entry, _ prepared: PreparedChange, confirmSeconds: Int?, over running: KnownPlan
  ) throws(ChangeRefusal) -> ChangeSteps {
    let next = prepared.plan
    var steps = steps(next, over: running)
    steps.message = { [author] in .rolledBack($0, by: author) }
    steps.isComparingLists = true
    let hasEffect = next.digest != running.digest
    guard state.waiting != nil || hasEffect else { return steps }
    steps.outcome.origin = PlanOrigin(source: entry.source, author: author)
    steps.outcome.equivalents = []
    steps.outcome.waiting = nil
    if state.waiting == nil { steps.undoneDecision = try next.decision }
    var taken = try running.brought(over: next)
    // A list that merely differs today is not reverted.
    taken.lists.removeAll { !prepared.keptLists.contains($0.path) }
    let replaced = takenBack(
      taken, from: state.origin, isConfirmed: state.waiting == nil, to: entry)
    if let confirmSeconds {
      wait(
        &steps, try next.brought(over: running), .returned(to: entry), replaced, confirmSeconds, over: running
      )
      return steps
    }
    steps.before = note {
      $0.takeBack(replaced)
      $0.bringBack(next.mark)
    }
    steps.restored = reading.withheld
    steps.after = [keep(next, steps.outcome.origin, .returned(to: entry))]
    return steps
  }

  // MARK: -

  private func takenBack(
    _ mark: PlanIdentity, from origin: PlanOrigin, isConfirmed: Bool, to entry: PlanStore.Entry? = nil
  ) -> RevertedPlan {
    // After a restart only the plan that is kept tells who applied it.
    let applied = isConfirmed ? state.kept?.by ?? origin.author : origin.author
    return RevertedPlan(
      mark: mark, policy: try? state.running?.file.policy, at: reading.time, after: reading.kept.lastNumber,
      returnedTo: entry?.place,
      source: origin.source, by: applied, revertedBy: author, isConfirmed: isConfirmed)
  }

  private func keep(_ plan: KnownPlan, _ origin: PlanOrigin, _ occasion: PlanStore.Occasion) -> ChangeWrite {
    .keep(plan, from: origin, at: reading.time, occasion)
  }

  /// - Returns: empty if the note says that already.
  private func note(_ change: (inout WithheldPlans) -> Void) -> [ChangeWrite] {
    var withheld = reading.withheld
    change(&withheld)
    // A decision replaces a note that cannot be read.
    withheld.trouble = nil
    return withheld == reading.withheld ? [] : [.note(withheld)]
  }
}
