import Glibc
import Logging
import OceanCompiler
import OceanEngine
import OceanPlan
import Synchronization

/// Everything that changes the plan of a running server goes through here: apply, reload, renewal, rollback, and the
/// return of the plan before when nobody confirms a new one.
actor ChangeControl: PlanControl {
  /// A plan that runs and is taken back unless it is confirmed.
  private struct Pending {
    let mark: PlanMark
    let previous: Digest
    /// Of the plan that it brought back, if it was a rollback.
    let place: Int?
    /// What is taken back once a rollback is confirmed.
    let replaced: TakenBackPlan?
    /// On a clock that nobody sets.
    let deadline: ContinuousClock.Instant
    let timer: Task<Void, Never>

    var digest: Digest { mark.plan }
  }

  /// What the status tells of it, without waiting for a change that is under way.
  private struct Known {
    var source: String
    var pending: (previous: Digest, deadline: ContinuousClock.Instant)?
  }

  private let queue = OwnQueue("changes")
  nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

  private let known: Mutex<Known>
  private let engine: Engine
  private let store: PlanStore
  private let logger: Logger
  private var runningSource: String { didSet { known.withLock { $0.source = runningSource } } }
  private var pending: Pending? {
    didSet { known.withLock { $0.pending = pending.map { ($0.previous, $0.deadline) } } }
  }
  /// Others may be asked while a change is being applied.
  private var isChanging = false
  /// Digests of plans that ran before and differed from what runs by renewed certificates alone.
  private var equivalents: Set<Digest> = []
  /// What the store has in the place of the plan that runs; nil if it could not be kept.
  private var kept: PlanStore.Entry?

  /// - Parameter source: what the plan that is about to run was made from.
  init(engine: Engine, state: String, source: String, logger: Logger) {
    self.engine = engine
    store = PlanStore(state: state)
    self.logger = logger
    runningSource = source
    known = Mutex(Known(source: source))
  }

  // MARK: - Start

  /// Runs the first plan. It counts as confirmed: nothing ran that could come back.
  func start(_ runnable: Runnable) async throws {
    _ = try await engine.apply(runnable.file, identities: try runnable.completed().identities, expecting: nil)
    let now = Self.now
    var withheld = store.withheld
    if let waiting = withheld.waiting {
      withheld.takeBack(TakenBackPlan(mark: waiting.mark, at: now, source: waiting.source))
      note(withheld)
    }
    keep(runnable.file, at: now)
  }

  // MARK: - Changes

  /// Applies what the config compiles to now, for SIGHUP.
  func reload(_ runnable: Runnable, source: String) async throws -> ApplyResult {
    try begin()
    defer { isChanging = false }
    let digest = runnable.file.digest
    if let pending, digest != pending.digest { throw waiting(pending) }
    if pending == nil, store.withheld.contains(PlanMark(runnable.file)) {
      throw PlanControlError(.failed, "this config was taken back; 'ocean apply' applies it all the same")
    }
    let complete = try runnable.completed(from: await engine.runningPlan, await engine.runningIdentities)
    let result = try await engine.apply(
      runnable.file, identities: complete.identities, expecting: await engine.runningDigest)
    guard pending == nil else { return result }
    changed(to: runnable.file, source: source)
    return result
  }

  /// Applies the running plan with renewed certificates: for whoever reviewed a plan, nothing has changed.
  func renew(_ runnable: Runnable, expecting: Digest) async throws -> ApplyResult {
    let result = try await engine.apply(
      runnable.file, identities: runnable.identities, expecting: expecting)
    equivalents.insert(expecting)
    return result
  }

  func apply(_ file: PlanFile, _ request: ApplyRequest) async throws -> ApplyReport {
    try begin()
    defer { isChanging = false }
    guard let running = await engine.runningFile else {
      throw PlanControlError(.failed, "no plan is running")
    }
    if let pending, ![pending.digest, running.digest].contains(file.digest) { throw waiting(pending) }
    // Who has sent a plan, and got no answer, may send it again.
    guard
      [running.digest, pending?.previous].contains(request.expecting)
        || equivalents.contains(request.expecting)
    else {
      throw PlanControlError(
        .stale,
        "the running plan is \(running.digest.short), and this one was made for \(request.expecting.short): "
          + "look at 'ocean plan' again")
    }
    let runnable = try runnable(file, running, await engine.runningIdentities)
    let digest = runnable.file.digest
    if let pending { return try await extend(pending, runnable, request, running.digest) }
    let before = store.withheld
    if request.confirmSeconds != nil { try prepare(PlanMark(runnable.file), request.source, after: running) }
    let undo = try kept.flatMap { try $0.decision == runnable.file.decision ? nil : $0.mark.plan }
    let result: ApplyResult
    do {
      result = try await engine.apply(
        runnable.file, identities: runnable.identities, expecting: running.digest, sessions: request.sessions)
    } catch {
      if request.confirmSeconds != nil { note(before) }
      if case ApplyError.stale = error { throw PlanControlError(.stale, "\(error)") }
      throw PlanControlError(.failed, "\(error)")
    }
    log("applied", result, digest)
    runningSource = request.source
    var report = ApplyReport(
      from: running.digest, to: digest, changes: result.changes, sessions: result.sessions)
    guard digest != running.digest else {
      changed(to: runnable.file, source: request.source)
      return report
    }
    report.undo = undo
    guard let seconds = request.confirmSeconds else {
      changed(to: runnable.file, source: request.source)
      return report
    }
    equivalents = []
    report.revertsAt = wait(for: runnable.file, after: running.digest, seconds: seconds)
    return report
  }

  /// The plan that waits is applied again: that gives it more time, if it is asked for.
  private func extend(
    _ pending: Pending, _ runnable: Runnable, _ request: ApplyRequest, _ running: Digest
  ) async throws -> ApplyReport {
    guard let seconds = request.confirmSeconds else {
      throw PlanControlError(
        .failed,
        "plan \(pending.digest.short) runs already, and waits to be confirmed until "
          + "\(Timestamp.text(revertTime(of: pending))): 'ocean confirm \(pending.digest.short)' keeps it")
    }
    let digest = runnable.file.digest
    let result: ApplyResult
    do {
      result = try await engine.apply(
        runnable.file, identities: runnable.identities, expecting: running, sessions: request.sessions)
    } catch {
      throw PlanControlError(.failed, "\(error)")
    }
    guard self.pending?.digest == pending.digest else {
      throw PlanControlError(.failed, "the plan was taken back meanwhile")
    }
    pending.timer.cancel()
    let time = wait(
      for: runnable.file, after: pending.previous, seconds: seconds, place: pending.place,
      replaced: pending.replaced)
    return ApplyReport(
      from: running, to: digest, changes: result.changes, sessions: result.sessions, revertsAt: time)
  }

  /// Before a plan runs that is to be confirmed: what comes back must be there, and a server that starts again must know.
  private func prepare(
    _ mark: PlanMark, _ source: String, after running: PlanFile
  ) throws(PlanControlError) {
    try failing { () throws(CommandError) in
      kept = try store.confirm(running, source: runningSource, at: Self.now)
      var withheld = store.withheld
      withheld.waiting = .init(mark: mark, source: source)
      try store.withhold(withheld)
    }
  }

  /// The plan with its certificates. Of one that was renewed since the plan was made the new one is taken, whether or
  /// not the server has noticed it.
  private func runnable(
    _ file: PlanFile, _ running: PlanFile, _ identities: Identities
  ) throws(PlanControlError) -> Runnable {
    try failing { () throws(CommandError) in
      let runnable = try Runnable(renewing: file, from: running.plan)
      try runnable.requireRenewals(of: file)
      return try runnable.completed(from: running.plan, identities)
    }
  }

  // MARK: - Confirmation

  /// - Returns: when it is taken back; RFC 3339, UTC.
  private func wait(
    for file: PlanFile, after previous: Digest, seconds: Int, place: Int? = nil,
    replaced: TakenBackPlan? = nil
  ) -> String {
    let digest = file.digest
    let deadline = ContinuousClock.now + .seconds(seconds)
    let timer = Task {
      do { try await Task.sleep(until: deadline, clock: .continuous) } catch { return }
      await self.expire(digest)
    }
    let pending = Pending(
      mark: PlanMark(file), previous: previous, place: place, replaced: replaced, deadline: deadline,
      timer: timer)
    self.pending = pending
    logger.notice(
      "waiting for 'ocean confirm'", metadata: ["plan": "\(digest.short)", "seconds": "\(seconds)"])
    return Timestamp.text(revertTime(of: pending))
  }

  /// In seconds since 1970.
  private func revertTime(of pending: Pending) -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let left = ContinuousClock.now.duration(to: pending.deadline) / .seconds(1)
    // Not whole seconds, or it would be another each time it is asked for.
    return Int64(now.tv_sec) + Int64((Double(now.tv_nsec) / 1e9 + max(0, left)).rounded())
  }

  func confirm(_ request: ConfirmRequest) async throws -> ApplyReport {
    try begin()
    defer { isChanging = false }
    guard let pending, let running = await engine.runningFile else {
      throw PlanControlError(.failed, "no plan waits to be confirmed")
    }
    guard [pending.digest, running.digest].contains(where: { $0.begins(with: request.plan) }) else {
      throw PlanControlError(
        .failed, "the plan that waits to be confirmed is \(pending.digest.short)")
    }
    try failing { () throws(CommandError) in
      kept = try store.confirm(running, source: runningSource, at: Self.now, place: pending.place)
    }
    if let replaced = pending.replaced {
      var withheld = store.withheld
      withheld.takeBack(replaced)
      withheld.bringBack(pending.mark)
      note(withheld)
    } else {
      store.release()
    }
    pending.timer.cancel()
    self.pending = nil
    logger.notice("confirmed", metadata: ["plan": "\(running.digest.short)"])
    return ApplyReport(
      from: pending.previous, to: running.digest, changes: [], sessions: .init(kept: 0, ended: 0))
  }

  /// Nobody confirmed.
  private func expire(_ digest: Digest) async {
    guard pending?.digest == digest else { return }
    logger.warning("not confirmed in time, the plan before comes back", metadata: ["plan": "\(digest.short)"])
    // Another change that is under way ends soon.
    for _ in 0..<60 {
      do {
        _ = try await goBack { () throws(CommandError) in try PlanLine(store.entries).plan(0) }
        return
      } catch {
        logger.error("cannot go back to the plan before: \(error)")
      }
      do { try await Task.sleep(for: .seconds(1)) } catch { return }
    }
  }

  func rollback(_ request: RollbackRequest) async throws -> ApplyReport {
    if let seconds = request.confirmSeconds {
      guard (1...86_400).contains(seconds) else {
        throw PlanControlError(.failed, "confirm_seconds must be a number from 1 to 86400")
      }
      if let pending { throw waiting(pending) }
    }
    return try await goBack(confirmSeconds: request.confirmSeconds) { () throws(CommandError) in
      try target(of: request)
    }
  }

  private func target(of request: RollbackRequest) throws(CommandError) -> PlanStore.Entry {
    let line = PlanLine(store.entries)
    switch (request.steps, request.plan) {
    case (.some, .some): throw CommandError("either steps or a plan can be given, not both")
    case (let steps?, nil):
      guard (1...1000).contains(steps) else {
        throw CommandError("the number of plans to go back must be from 1 to 1000")
      }
      // The plan that waits to be confirmed is not among those that were.
      return try line.plan(pending == nil ? steps : steps - 1)
    case (nil, let plan?): return try line.plan(plan)
    case (nil, nil):
      if pending != nil { return try line.plan(0) }
      // Who takes back twice what was done once wants to be sure, or did not know that its time had run out.
      if let taken = store.withheld.takenBack.first, let last = line.entries.first,
        taken.at >= last.confirmed
      {
        throw CommandError(
          "\(taken.mark.plan.short) was taken back already, at \(taken.at), and \(last.mark.plan.short) runs: "
            + "'ocean rollback 1' goes further back")
      }
      return try line.plan(1)
    }
  }

  /// Applies a confirmed plan with today's certificates and address lists. The plan that runs is not run again by a
  /// restart, though the config may still compile to it.
  private func goBack(
    confirmSeconds: Int? = nil, _ find: () throws(CommandError) -> PlanStore.Entry
  ) async throws -> ApplyReport {
    try begin()
    defer { isChanging = false }
    guard let running = await engine.runningFile else {
      throw PlanControlError(.failed, "no plan is running")
    }
    let identities = await engine.runningIdentities
    let now = Self.now
    let (entry, runnable) = try failing { () throws(CommandError) in
      let entry = try find()
      let file = try store.file(of: entry)
      let fresh = try file.refreshed(from: running.plan) { logger.warning("\($0)") }
      return (entry, try fresh.completed(from: running.plan, identities))
    }
    let digest = runnable.file.digest
    let target = PlanMark(runnable.file)
    let replaced = TakenBackPlan(
      mark: pending?.mark ?? PlanMark(running), at: now, source: runningSource)
    let before = store.withheld
    if confirmSeconds != nil, digest != running.digest {
      try prepare(target, entry.source, after: running)
    } else if pending != nil || digest != running.digest {
      var withheld = before
      withheld.takeBack(replaced)
      withheld.bringBack(target)
      try failing { () throws(CommandError) in try store.withhold(withheld) }
    }
    let undo = pending == nil && digest != running.digest ? kept?.mark.plan : nil
    let result: ApplyResult
    do {
      result = try await engine.apply(
        runnable.file, identities: runnable.identities, expecting: running.digest)
    } catch {
      note(before)
      throw PlanControlError(.failed, "\(error)")
    }
    var report = ApplyReport(
      from: running.digest, to: digest, changes: result.changes, sessions: result.sessions, undo: undo)
    guard pending != nil || digest != running.digest else { return report }
    equivalents = []
    runningSource = entry.source
    log("rolled back", result, digest)
    if let confirmSeconds {
      report.revertsAt = wait(
        for: runnable.file, after: running.digest, seconds: confirmSeconds, place: entry.place,
        replaced: replaced)
      return report
    }
    pending?.timer.cancel()
    pending = nil
    keep(runnable.file, at: now, place: entry.place)
    return report
  }

  // MARK: - What is known

  func history() -> PlanHistory {
    let waiting = pending.map {
      PlanHistory.Waiting(
        digest: $0.digest, source: runningSource, revertsAt: Timestamp.text(revertTime(of: $0)))
    }
    return PlanLine(store.entries).history(waiting: waiting, takenBack: takenBack())
  }

  nonisolated func takenBack() -> [TakenBackPlan] { store.knownTakenBack }

  nonisolated func source() -> String { known.withLock { $0.source } }

  nonisolated func unconfirmed() -> ServerStatus.Unconfirmed? {
    guard let pending = known.withLock({ $0.pending }) else { return nil }
    let left = ContinuousClock.now.duration(to: pending.deadline).components.seconds
    return ServerStatus.Unconfirmed(previous: pending.previous, secondsLeft: max(0, Int(left)))
  }

  // MARK: -

  private func begin() throws(PlanControlError) {
    guard !isChanging else { throw PlanControlError(.failed, "another change is being applied") }
    isChanging = true
  }

  /// A plan runs that needs no confirmation.
  private func changed(to file: PlanFile, source: String) {
    runningSource = source
    equivalents = []
    store.release()
    keep(file, at: Self.now)
  }

  private func keep(_ file: PlanFile, at time: String, place: Int? = nil) {
    do throws(CommandError) {
      kept = try store.confirm(file, source: runningSource, at: time, place: place)
    } catch {
      kept = nil
      logger.warning("'ocean rollback' will not know this plan: \(error.message)")
    }
  }

  private func note(_ withheld: PlanStore.Withheld) {
    do throws(CommandError) { try store.withhold(withheld) } catch { logger.warning("\(error.message)") }
  }

  private static var now: String { Timestamp.text(Int64(time(nil))) }

  private func waiting(_ pending: Pending) -> PlanControlError {
    PlanControlError(
      .failed,
      "plan \(pending.digest.short) waits to be confirmed: "
        + "'ocean confirm \(pending.digest.short)' or 'ocean rollback' first")
  }

  private func failing<Result>(_ body: () throws(CommandError) -> Result) throws(PlanControlError) -> Result {
    do {
      return try body()
    } catch {
      throw PlanControlError(.failed, error.message)
    }
  }

  private func log(_ what: Logger.Message, _ result: ApplyResult, _ digest: Digest) {
    for change in result.changes {
      logger.notice(what, metadata: ["change": "\(change)", "plan": "\(digest.short)"])
    }
    if result.sessions.ended > 0 {
      logger.notice("sessions ended", metadata: ["count": "\(result.sessions.ended)"])
    }
  }
}
