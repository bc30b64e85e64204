import OceanControlAPI
import OceanHost

/// Changes of the running plan as a state machine: events go in, actions come out. It reads no file, asks no
/// clock and waits for nothing; `ChangeControl` carries out its actions.
///
/// One change is under way at a time. The others wait for their turn, in the order in which they were asked
/// for:
///
///     idle ─▶ reading ─▶ preparing ─▶ writing ─▶ applying ─▶ finishing ─▶ the next one, or idle
///                │           │           │           ├─▶ restoring ─▶ (refused)
///                └───────────┴───────────┴───────────┴─▶ (refused)
///
/// What a restart must know is written before the plan runs, and what it may know after it.
struct ChangeMachine: Sendable {
  private enum Turn {
    case idle
    case reading(ChangeOrder)
    case preparing(ChangeOrder, ChangeRules, ChangePreparation)
    /// The first of the steps before the plan runs is being written.
    case writing(ChangeOrder, ChangeSteps)
    case applying(ChangeOrder, ChangeSteps)
    /// The first of the steps after the plan runs is being written.
    case finishing(ChangeOrder, ChangeSteps, ApplyReport)
    /// The change failed, and the note is written again as it was before.
    case restoring(ChangeOrder, any Error)
  }

  /// Nobody has more clients that apply plans at the same time.
  static let maxClients = 16
  /// A minute of attempts: another file system, or another program on a port, may be back by then.
  static let maxFailures = 60

  private(set) var state: ChangeState
  private var turn = Turn.idle
  private var orders: [ChangeOrder] = []
  private var timers = 0

  /// - Parameter source: what the plan that is about to run was made from.
  init(source: String) { state = ChangeState(origin: PlanOrigin(source: source)) }

  /// Takes an event. An event that nothing waits for changes nothing.
  mutating func handle(_ event: ChangeEvent) -> [ChangeAction] {
    switch (event, turn) {
    case (.asked(let order), .idle): return begin(order)
    case (.asked(let order), _): return line(up: order)
    case (.read(let reading), .reading(let order)): return judge(order, reading)
    case (.prepared(let prepared), .preparing(let order, let rules, let preparation)):
      do throws(ChangeRefusal) {
        let steps = try rules.steps(preparation, prepared)
        if case .preview = order.request { return show(order, rules.shown(preparation, prepared)) }
        return prepared.warnings.map { .log(.list($0)) } + proceed(order, steps)
      } catch {
        return refuse(order, error)
      }
    case (.notPrepared(let error), .preparing(let order, _, _)): return refuse(order, error)
    case (_, .writing(let order, let steps)): return wrote(event, order, steps)
    case (.applied(let result), .applying(let order, let steps)): return run(order, steps, result)
    case (.notApplied(let error), .applying(let order, let steps)):
      guard let restored = steps.restored else { return refuse(order, error) }
      turn = .restoring(order, error)
      return [.write(.note(restored))]
    case (_, .finishing(let order, let steps, let report)): return wrote(event, order, steps, report)
    case (.noted, .restoring(let order, let error)): return refuse(order, error)
    case (.notWritten(let reason), .restoring(let order, let error)):
      return [.log(.notNoted(reason))] + refuse(order, error)
    default: return []
    }
  }

  // MARK: - Turns

  private mutating func line(up order: ChangeOrder) -> [ChangeAction] {
    guard order.isFromClient, orders.count(where: \.isFromClient) >= Self.maxClients else {
      orders.append(order)
      return []
    }
    return order.answer.map { [.refuse($0, ChangeRefusal.busy)] } ?? []
  }

  private mutating func begin(_ order: ChangeOrder) -> [ChangeAction] {
    var actions: [ChangeAction] = []
    if case .expire(let timer) = order.request {
      // The plan may have been confirmed, or given more time, while this waited for its turn.
      guard let waiting = state.waiting, waiting.timer == timer else { return next() }
      if waiting.failures == 0 { actions = [.log(.expired(waiting.digest))] }
    }
    turn = .reading(order)
    return actions + [.read]
  }

  private mutating func next() -> [ChangeAction] {
    turn = .idle
    return orders.isEmpty ? [] : begin(orders.removeFirst())
  }

  private mutating func refuse(_ order: ChangeOrder, _ error: any Error) -> [ChangeAction] {
    var actions: [ChangeAction] = []
    if case .expire = order.request {
      actions.append(.log(.cannotGoBack("\(error)")))
      if let failures = state.waiting?.failures, failures + 1 < Self.maxFailures {
        timers += 1
        state.waiting?.failures += 1
        state.waiting?.timer = timers
        actions.append(.tryAgain(timer: timers))
      }
    }
    if let answer = order.answer { actions.append(.refuse(answer, error)) }
    return actions + next()
  }

  private mutating func show(_ order: ChangeOrder, _ rollback: ShownRollback?) -> [ChangeAction] {
    guard let rollback else { return refuse(order, ChangeRefusal.nothingRuns) }
    return (order.answer.map { [.show($0, rollback)] } ?? []) + next()
  }

  // MARK: - Steps

  private mutating func judge(_ order: ChangeOrder, _ reading: ChangeReading) -> [ChangeAction] {
    let rules = ChangeRules(
      state: state, reading: reading, author: order.author, timer: timers + 1)
    do throws(ChangeRefusal) {
      switch try rules.judge(order.request) {
      case .prepare(let preparation):
        turn = .preparing(order, rules, preparation)
        return [.prepare(preparation, over: state.running)]
      case .carryOut(let steps):
        return proceed(order, steps)
      }
    } catch {
      return refuse(order, error)
    }
  }

  /// Writes what is still to be written before the plan runs, and runs it.
  private mutating func proceed(_ order: ChangeOrder, _ steps: ChangeSteps) -> [ChangeAction] {
    if let write = steps.before.first {
      turn = .writing(order, steps)
      return [.write(write)]
    }
    guard let plan = steps.plan else {
      return run(order, steps, ApplyResult(changes: [], sessions: .init(kept: 0, ended: 0)))
    }
    var steps = steps
    if let decision = steps.undoneDecision, let kept = state.kept, !kept.isSame(plan.mark, decision) {
      steps.undo = kept.mark.plan
    }
    turn = .applying(order, steps)
    return [.apply(plan, expecting: state.running?.digest, steps.sessions)]
  }

  private mutating func wrote(
    _ event: ChangeEvent, _ order: ChangeOrder, _ steps: ChangeSteps
  ) -> [ChangeAction] {
    var (steps, actions) = (steps, [ChangeAction]())
    switch (event, steps.before.first) {
    case (.kept(let entry), .keep): state.kept = entry
    case (.noted, .note): break
    case (.notWritten(let reason), _):
      if steps.areRequired { return refuse(order, ChangeRefusal.failed(reason)) }
      actions = [.log(.notNoted(reason))]
    default: return []
    }
    steps.before.removeFirst()
    return actions + proceed(order, steps)
  }

  /// Goes on once the plan runs.
  private mutating func run(
    _ order: ChangeOrder, _ steps: ChangeSteps, _ result: ApplyResult
  ) -> [ChangeAction] {
    let (before, kept) = (state, state.kept)
    state = steps.outcome
    state.kept = kept
    var actions: [ChangeAction] = []
    if let waiting = state.waiting, waiting.timer != before.waiting?.timer {
      timers = waiting.timer
      actions = [
        .startTimer(waiting.timer, seconds: waiting.seconds),
        .log(.waiting(waiting.digest, seconds: waiting.seconds)),
      ]
    } else if state.waiting == nil, before.waiting != nil {
      actions = [.stopTimer]
    }
    var report = ApplyReport(
      from: steps.from, to: state.running?.digest ?? steps.from, changes: result.changes,
      sessions: result.sessions, undo: steps.undo)
    report.revertsAtBefore = steps.revertTimeBefore
    return actions + finish(order, steps, report)
  }

  /// Writes what is still to be written, and answers.
  private mutating func finish(
    _ order: ChangeOrder, _ steps: ChangeSteps, _ report: ApplyReport
  ) -> [ChangeAction] {
    if let write = steps.after.first {
      turn = .finishing(order, steps, report)
      return [.write(write)]
    }
    var actions: [ChangeAction] = []
    if let message = steps.message { actions.append(.log(message(report))) }
    let compared = steps.isComparingLists ? state.running : nil
    if let answer = order.answer {
      actions.append(.answer(answer, report, isWaiting: state.waiting != nil, comparing: compared))
    } else if let compared {
      actions.append(.logLists(compared))
    }
    return actions + next()
  }

  private mutating func wrote(
    _ event: ChangeEvent, _ order: ChangeOrder, _ steps: ChangeSteps, _ report: ApplyReport
  ) -> [ChangeAction] {
    var (steps, actions) = (steps, [ChangeAction]())
    switch (event, steps.after.first) {
    case (.kept(let entry), .keep): state.kept = entry
    case (.noted, .note): break
    case (.notWritten(let reason), .keep):
      state.kept = nil
      actions = [.log(.notKept(reason))]
    case (.notWritten(let reason), _): actions = [.log(.notNoted(reason))]
    default: return []
    }
    steps.after.removeFirst()
    return actions + finish(order, steps, report)
  }
}
