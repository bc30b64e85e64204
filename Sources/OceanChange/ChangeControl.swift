import Glibc
package import Logging
import OceanBase
package import OceanEngine
import OceanHost
import OceanMonitor
package import OceanControlAPI
package import OceanPlan
import OceanReport
import Synchronization

/// Everything that changes the plan of a running server goes through here. `ChangeMachine` decides what is
/// done and in which order; this actor carries it out.
package actor ChangeControl: PlanControl {
  /// The facts that the status reports, without waiting for a change that is under way.
  private struct Known {
    var source: String
    var waiting: (previous: Digest, deadline: Deadline)?
    var heldLists: [ServerStatus.HeldList] = []
    /// Those of the file that is named as the source.
    var inputs: PlanInputs?
    var running: PlanFile?
  }

  /// What was found out for the monitor.
  private struct Looked {
    var config: MonitorSnapshot.ConfigState?
    var lastReloadSucceeded = true
  }

  /// Somebody who waits for an answer.
  private enum Caller {
    case change(CheckedContinuation<ApplyReport, any Error>)
    case preview(CheckedContinuation<RollbackPreview, any Error>)
  }

  private let queue = OwnQueue("changes")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

  private let known: Mutex<Known>
  private let looked = Mutex(Looked())
  /// The policy of a plan, once somebody has asked.
  private let policies = Mutex<(plan: Digest, policy: Digest)?>(nil)
  private let engine: Engine
  private let store: PlanStore
  private let logger: Logger
  private var machine: ChangeMachine
  /// The callers by the number of their answer.
  private var callers: [Int: Caller] = [:]
  private var lastAnswer = 0
  private var timer: Task<Void, Never>?
  private var deadline: Deadline?

  /// - Parameters:
  ///   - store: has read the plans that are kept: the status names those that were damaged then.
  ///   - source: what the plan that is about to run was made from.
  package init(engine: Engine, store: PlanStore, source: String, logger: Logger) {
    self.engine = engine
    self.store = store
    self.logger = logger
    machine = ChangeMachine(source: source)
    known = Mutex(Known(source: source))
  }

  // MARK: - Changes

  /// Runs the first plan.
  package func start(_ runnable: PreparedPlan) async throws { _ = try await ask(.start(runnable)) }

  /// Applies what the config compiles to now.
  ///
  /// - Parameter source: what the plan was made from.
  package func reload(_ runnable: PreparedPlan, source: String) async throws -> ApplyReport {
    try await ask(.reload(runnable, source: source))
  }

  /// Applies the running plan with renewed certificates.
  ///
  /// - Parameter expecting: the plan that was renewed. If a different plan runs by then, nothing is done.
  package func renew(_ runnable: PreparedPlan, expecting: Digest) async throws {
    _ = try await ask(.renew(runnable, expecting: expecting))
  }

  /// Applies the running plan without rules whose end has come.
  ///
  /// - Parameter expecting: the plan that had them. If a different plan runs by then, nothing is done.
  package func end(_ runnable: PreparedPlan, expecting: Digest) async throws {
    _ = try await ask(.end(runnable, expecting: expecting))
  }

  package func apply(_ file: PlanFile, _ request: ApplyRequest, by user: UInt32) async throws -> ApplyReport {
    try await answer(.apply(file, request), to: user)
  }

  package func confirm(_ request: ConfirmRequest, by user: UInt32) async throws -> ApplyReport {
    try await answer(.confirm(request), to: user)
  }

  package func rollback(_ request: RollbackRequest, by user: UInt32) async throws -> ApplyReport {
    try await answer(.rollback(request), to: user)
  }

  package func preview(_ request: RollbackRequest) async throws -> RollbackPreview {
    do {
      return try await withCheckedThrowingContinuation { line(up: .preview(request), caller: .preview($0)) }
    } catch {
      throw PlanControlError(error, words(error))
    }
  }

  /// An error in words, with commands that find this server.
  nonisolated func words(_ error: any Error) -> String {
    guard let refusal = error as? ChangeRefusal else { return "\(error)" }
    return refusal.text(for: ServerName(socket: nil, config: source()))
  }

  /// Asks for a change, and throws the errors that the control API knows.
  private func answer(
    _ request: ChangeRequest, to user: UInt32
  ) async throws(PlanControlError) -> ApplyReport {
    do {
      return try await ask(request, await ChangeClient(uid: user))
    } catch {
      throw PlanControlError(error, words(error))
    }
  }

  private func ask(_ request: ChangeRequest, _ client: ChangeClient? = nil) async throws -> ApplyReport {
    try await withCheckedThrowingContinuation { line(up: request, client, caller: .change($0)) }
  }

  private func line(up request: ChangeRequest, _ client: ChangeClient? = nil, caller: Caller) {
    lastAnswer += 1
    let number = lastAnswer
    callers[number] = caller
    Task { await handle(.asked(ChangeOrder(request: request, client: client, answer: number))) }
  }

  // MARK: - The machine

  private func handle(_ event: ChangeEvent) async {
    var next: ChangeEvent? = event
    while let event = next {
      next = nil
      let actions = machine.handle(event)
      for action in actions { next = await carryOut(action) ?? next }
      publish()
    }
  }

  /// - Returns: the outcome of an action that is answered.
  private func carryOut(_ action: ChangeAction) async -> ChangeEvent? {
    switch action {
    case .read: return .read(reading)
    case .prepare(let preparation, let running):
      do {
        return .prepared(try preparation.prepared(over: running))
      } catch {
        return .notPrepared(error)
      }
    case .write(let write): return store.carryOut(write)
    case .apply(let plan, let expecting, let sessions):
      do {
        return .applied(
          try await engine.apply(
            plan.file, identities: plan.runnable.identities,
            monitorToken: plan.runnable.monitorToken, secrets: plan.runnable.secrets, expecting: expecting,
            sessions: sessions))
      } catch {
        return .notApplied(error)
      }
    case .startTimer(let number, let seconds):
      let deadline = Deadline(in: seconds)
      self.deadline = deadline
      startTimer(number, until: deadline.instant)
    case .tryAgain(let number): startTimer(number, until: .now + .seconds(1))
    case .stopTimer:
      timer?.cancel()
      (timer, deadline) = (nil, nil)
    case .answer(let number, var report, let isWaiting, let compared):
      if isWaiting { report.revertsAt = deadline?.time }
      report.otherLists = compared?.file.otherLists
      publish()
      if case .change(let caller) = callers.removeValue(forKey: number) { caller.resume(returning: report) }
    case .show(let number, let rollback):
      let preview = RollbackPreview(rollback)
      if case .preview(let caller) = callers.removeValue(forKey: number) { caller.resume(returning: preview) }
    case .refuse(let number, let error):
      switch callers.removeValue(forKey: number) {
      case .change(let caller): caller.resume(throwing: error)
      case .preview(let caller): caller.resume(throwing: error)
      case nil: break
      }
    case .log(let message): message.log(to: logger)
    case .logLists(let plan):
      for path in plan.file.otherLists { logger.warning("\(ListNote.text(path))") }
    }
    return nil
  }

  private var reading: ChangeReading {
    ChangeReading(
      withheld: store.withheld, kept: store.kept(), time: Timestamp.text(SystemClock.wall.seconds),
      revertTime: deadline?.time ?? "")
  }

  private func startTimer(_ number: Int, until end: ContinuousClock.Instant) {
    timer?.cancel()
    timer = Task {
      do { try await Task.sleep(until: end, clock: .continuous) } catch { return }
      await handle(.asked(ChangeOrder(request: .expire(timer: number))))
    }
  }

  // MARK: - Status

  private func publish() {
    let waiting = machine.state.waiting.flatMap { waiting in
      deadline.map { (waiting.previous.digest, $0) }
    }
    // Two plans of one digest may be decided differently.
    policies.withLock { $0 = nil }
    known.withLock {
      $0 = Known(
        source: machine.state.origin.source, waiting: waiting,
        heldLists: machine.state.running?.runnable.heldLists ?? [],
        inputs: machine.state.running?.runnable.inputs.flatMap { inputs in
          inputs.path == machine.state.origin.source ? inputs : nil
        }, running: machine.state.running?.file)
    }
  }

  package func history() -> PlanHistory {
    let waiting = machine.state.waiting.map {
      PlanHistory.Waiting(
        digest: $0.digest, source: machine.state.origin.source, by: machine.state.origin.author,
        revertsAt: deadline?.time ?? "")
    }
    let (kept, withheld) = (store.kept(isThorough: true), store.withheld)
    return RollbackHistory(kept, knowing: machine.state.kept).history(
      waiting: waiting, takenBack: withheld.takenBack,
      damaged: kept.damaged.map(\.file) + [withheld.trouble].compactMap(\.self))
  }

  package nonisolated func takenBack() -> [RevertedPlan] { store.knownTakenBack.filter { !$0.isReturned } }

  package nonisolated func damagedFiles() -> [DamagedFile] { store.knownDamaged }

  package nonisolated func heldLists() -> [ServerStatus.HeldList] { known.withLock { $0.heldLists } }

  package nonisolated func policy() -> Digest? {
    guard let running = known.withLock({ $0.running }) else { return nil }
    if let known = policies.withLock({ $0 }), known.plan == running.digest { return known.policy }
    guard let policy = try? running.policy else { return nil }
    policies.withLock { $0 = (running.digest, policy) }
    return policy
  }

  package nonisolated func isFileUnchanged() -> Bool { known.withLock { $0.inputs }?.areCurrent ?? false }

  /// Notes what the file is now.
  nonisolated func configLooked(_ state: MonitorSnapshot.ConfigState) {
    looked.withLock { $0.config = state }
  }

  /// Notes how a reload ended.
  nonisolated func reloaded(isOK: Bool) { looked.withLock { $0.lastReloadSucceeded = isOK } }

  package func monitored() -> MonitoredPlan {
    let looked = looked.withLock { $0 }
    let policy = policies.withLock { $0 }
    let running = machine.state.running?.file.digest
    let waiting = unconfirmed().map { waiting in
      MonitorSnapshot.RunningPlan.Waiting(
        revertsAt: SystemClock.wall.seconds + Int64(waiting.secondsLeft), previous: waiting.previous.short)
    }
    var config = looked.config
    config?.lastReloadSucceeded = looked.lastReloadSucceeded
    return MonitoredPlan(
      file: source(), policy: policy.flatMap { $0.plan == running ? $0.policy.short : nil }, waiting: waiting,
      config: config)
  }

  package nonisolated func source() -> String { known.withLock { $0.source } }

  package nonisolated func unconfirmed() -> UnconfirmedPlan? {
    guard let (previous, deadline) = known.withLock({ $0.waiting }) else { return nil }
    return UnconfirmedPlan(
      previous: previous, secondsLeft: max(0, Int(deadline.timeLeft.components.seconds)))
  }
}

/// The time at which a plan is reverted, on a clock that nobody sets.
private struct Deadline: Sendable {
  let instant: ContinuousClock.Instant

  /// - Parameter seconds: counted from now.
  init(in seconds: Int) { instant = .now + .seconds(seconds) }

  var timeLeft: Duration { ContinuousClock.now.duration(to: instant) }

  /// RFC 3339, UTC.
  var time: String {
    // The fractions are added before rounding. Otherwise the time would differ each time it is asked for.
    let left = Int64(max(0, timeLeft / .nanoseconds(1)).rounded())
    return Timestamp.text((SystemClock.wall.now + left + 500_000_000) / 1_000_000_000)
  }
}

extension PlanControlError {
  /// What the control API knows of an error.
  fileprivate init(_ error: any Error, _ words: String) {
    switch error {
    case ApplyError.stale, ChangeRefusal.stale: self.init(.stale, words)
    default: self.init(.failed, words)
    }
  }
}
