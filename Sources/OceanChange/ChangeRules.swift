import OceanControlAPI
import OceanHost
import OceanPlan

/// Decides whether a change is allowed, by what runs and by what is on disk when its turn comes.
struct ChangeRules: Sendable {
  enum Judgement {
    /// A plan must be made ready first.
    case prepare(ChangePreparation)
    case carryOut(ChangeSteps)
  }

  let state: ChangeState
  let reading: ChangeReading
  /// The author of the change that is asked for.
  let author: ChangeAuthor
  /// The number of the timer, if one is started.
  let timer: Int

  func judge(_ request: ChangeRequest) throws(ChangeRefusal) -> Judgement {
    switch request {
    case .start(let runnable):
      return .prepare(.first(runnable))
    case .reload(let runnable, let source):
      if let waiting = state.waiting {
        guard runnable.file.digest == waiting.digest else { throw .waiting(waiting.digest) }
      } else {
        try requireNotTakenBack(PlanIdentity(runnable.file))
      }
      return .prepare(.reloaded(runnable, source: source))
    case .renew(let runnable, let expected):
      try requireRunning(expected)
      return .prepare(.renewed(runnable))
    case .end(let runnable, let expected):
      try requireRunning(expected)
      return .prepare(.ended(runnable))
    case .apply(let file, let request):
      try requireExpected(file.digest, request)
      return .prepare(.reviewed(file, request))
    case .confirm(let request):
      return .carryOut(try confirmation(request))
    case .rollback(let request), .preview(let request):
      return .prepare(try target(of: request))
    case .expire:
      guard let waiting = state.waiting else { throw .nothingWaits }
      return .prepare(.previous(waiting))
    }
  }

  private func requireRunning(_ expected: Digest) throws(ChangeRefusal) {
    guard let running = state.running else { throw .nothingRuns }
    guard running.digest == expected else { throw .stale(running: running.digest, expected: expected) }
  }

  private func requireNotTakenBack(_ plan: PlanIdentity) throws(ChangeRefusal) {
    if let trouble = reading.withheld.trouble { throw .unknownTakenBack(reason: trouble) }
    guard let taken = reading.withheld.reason(against: plan) else { return }
    throw .takenBack(list: taken.mark.config == plan.config ? nil : taken.mark.list(in: plan)?.path)
  }

  private func requireExpected(_ digest: Digest, _ request: ApplyRequest) throws(ChangeRefusal) {
    guard let running = state.running else { throw .nothingRuns }
    if let waiting = state.waiting, ![waiting.digest, running.digest].contains(digest) {
      throw .waiting(waiting.digest)
    }
    // A client that sent a plan, and got no answer, may send it again.
    guard
      [running.digest, state.waiting?.previous.digest].contains(request.expecting)
        || state.isRenewed(from: request.expecting)
    else { throw .stale(running: running.digest, expected: request.expecting) }
    if let waiting = state.waiting, request.confirmSeconds == nil {
      throw .waitingItself(waiting.digest, until: reading.revertTime)
    }
  }

  private func target(of request: RollbackRequest) throws(ChangeRefusal) -> ChangePreparation {
    if let seconds = request.confirmSeconds {
      guard (1...86_400).contains(seconds) else { throw .confirmSeconds }
      if let waiting = state.waiting { throw .waiting(waiting.digest) }
    }
    let line = RollbackHistory(reading.kept, knowing: state.kept)
    guard let entry = try entry(request, line) else {
      guard let waiting = state.waiting else { throw .nothingWaits }
      return .previous(waiting)
    }
    guard state.running != nil else { throw .nothingRuns }
    let sources = line.lists(undoing: state.waiting?.change.lists.map(\.path) ?? [], to: entry)
    return .kept(
      entry, confirmSeconds: request.confirmSeconds,
      lists: .init(sources: sources, withheld: reading.withheld.lists))
  }

  /// - Returns: the plan to go back to; nil means the one that ran before the plan that waits.
  private func entry(_ request: RollbackRequest, _ line: RollbackHistory) throws(ChangeRefusal) -> PlanStore
    .Entry?
  {
    switch (request.steps, request.plan) {
    case (.some, .some): throw .stepsAndPlan
    case (let steps?, nil):
      guard (1...1000).contains(steps) else { throw .steps }
      // The plan that waits to be confirmed is not among the confirmed ones.
      if state.waiting == nil { return try line.plan(steps) }
      return steps == 1 ? nil : try line.plan(steps - 1)
    case (nil, let plan?):
      if state.waiting?.previous.digest.begins(with: plan) == true { return nil }
      // A renewed plan has a digest of its own, and is kept as it was before.
      if line.entries.named(plan).isEmpty,
        [state.running?.digest, state.waiting?.digest].contains(where: { $0?.begins(with: plan) == true })
      {
        if let waiting = state.waiting { throw .waitingItself(waiting.digest, until: reading.revertTime) }
        if let kept = state.kept { return kept }
      }
      let entry = try line.plan(plan)
      return state.waiting != nil && entry.number == line.entries.first?.number ? nil : entry
    case (nil, nil):
      if state.waiting != nil { return nil }
      // Somebody who rolls back twice what was done once wants to be sure, or did not know that its time had
      // run out.
      if let taken = reading.withheld.last, let running = line.entries.first {
        var isLast = false
        do throws(ChangeRefusal) { _ = try line.plan(1) } catch .unknownSteps {
          // There may be one; 'rollback 1' says why that is not known.
        } catch {
          isLast = true
        }
        throw .alreadyTakenBack(taken, running: running.mark.plan, isLast: isLast)
      }
      return try line.plan(1)
    }
  }
}
