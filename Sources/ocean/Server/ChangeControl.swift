import Glibc
import Logging
import OceanCompiler
import OceanEngine
import OceanPlan

/// Everything that changes the plan of a running server goes through here: apply, reload, renewal, rollback, and the
/// return of the plan before when nobody confirms a new one.
actor ChangeControl: PlanControl {
  /// A plan that runs and is taken back unless it is confirmed.
  private struct Pending {
    let digest: Digest
    let mark: PlanStore.Mark
    let previous: Digest
    /// On a clock that nobody sets.
    let deadline: ContinuousClock.Instant
    let timer: Task<Void, Never>
  }

  private let engine: Engine
  private let store: PlanStore
  private let logger: Logger
  private var runningSource: String
  private var pending: Pending?
  /// Others may be asked while a change is being applied.
  private var isChanging = false
  /// Digests of plans that ran before and differed from what runs by renewed certificates alone.
  private var equivalents: Set<Digest> = []

  /// - Parameter source: what the plan that is about to run was made from.
  init(engine: Engine, state: String, source: String, logger: Logger) {
    self.engine = engine
    store = PlanStore(state: state)
    self.logger = logger
    runningSource = source
  }

  // MARK: - Start

  /// Runs the first plan. It counts as confirmed: nothing ran that could come back.
  func start(_ runnable: Runnable) async throws {
    _ = try await engine.apply(runnable.file, identities: try runnable.completed().identities, expecting: nil)
    keep(runnable.file)
  }

  // MARK: - Changes

  /// Applies what the config compiles to now, for SIGHUP.
  func reload(_ runnable: Runnable, source: String) async throws -> ApplyResult {
    try begin()
    defer { isChanging = false }
    let digest = runnable.file.digest
    if let pending, digest != pending.digest { throw waiting(pending) }
    if pending == nil, store.pending?.means(runnable.file) == true {
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
    if let pending { throw waiting(pending) }
    guard let running = await engine.runningFile else {
      throw PlanControlError(.failed, "no plan is running")
    }
    guard request.expecting == running.digest || equivalents.contains(request.expecting) else {
      throw PlanControlError(
        .stale,
        "the running plan is \(running.digest.short), and this one was made for \(request.expecting.short): "
          + "look at 'ocean plan' again")
    }
    let runnable = try runnable(file, running, await engine.runningIdentities)
    let digest = runnable.file.digest
    let marked = store.pending
    if request.confirmSeconds != nil {
      try failing { () throws(CommandError) in
        // What comes back must be there, and a server that starts again must know.
        try store.confirm(running, source: runningSource, at: Timestamp.text(Int64(time(nil))))
        try store.setPending(PlanStore.Mark(runnable.file))
      }
    }
    let result: ApplyResult
    do {
      result = try await engine.apply(
        runnable.file, identities: runnable.identities, expecting: running.digest, sessions: request.sessions)
    } catch {
      if request.confirmSeconds != nil { try? store.setPending(marked) }
      if case ApplyError.stale = error { throw PlanControlError(.stale, "\(error)") }
      throw PlanControlError(.failed, "\(error)")
    }
    log("applied", result, digest)
    runningSource = request.source
    guard let seconds = request.confirmSeconds, digest != running.digest else {
      changed(to: runnable.file, source: request.source)
      return ApplyReport(from: running.digest, to: digest, changes: result.changes, sessions: result.sessions)
    }
    equivalents = []
    wait(for: runnable.file, after: running.digest, seconds: seconds)
    return ApplyReport(
      from: running.digest, to: digest, changes: result.changes, sessions: result.sessions,
      revertsAt: Timestamp.text(Int64(time(nil)) + Int64(seconds)))
  }

  /// The plan with its certificates. One that was renewed since the plan was made is taken as the server has it.
  private func runnable(
    _ file: PlanFile, _ running: PlanFile, _ identities: Identities
  ) throws(PlanControlError) -> Runnable {
    var file = file
    for (index, certificate) in file.plan.certificates.enumerated() {
      guard let current = running.plan.certificates.first(where: { $0.name == certificate.name }),
        current.chain == certificate.chain, current.key == certificate.key,
        current.leaf.names == certificate.leaf.names
      else { continue }
      file.plan.certificates[index].leaf = current.leaf
    }
    do {
      file.digest = try file.plan.digest
      return try Runnable(file).completed(from: running.plan, identities)
    } catch {
      throw PlanControlError(.failed, (error as? CommandError)?.message ?? "\(error)")
    }
  }

  // MARK: - Confirmation

  private func wait(for file: PlanFile, after previous: Digest, seconds: Int) {
    let digest = file.digest
    let deadline = ContinuousClock.now + .seconds(seconds)
    let timer = Task {
      do { try await Task.sleep(until: deadline, clock: .continuous) } catch { return }
      await self.expire(digest)
    }
    pending = Pending(
      digest: digest, mark: PlanStore.Mark(file), previous: previous, deadline: deadline, timer: timer)
    logger.notice(
      "waiting for 'ocean confirm'", metadata: ["plan": "\(digest.short)", "seconds": "\(seconds)"])
  }

  func confirm(_ request: ConfirmRequest) async throws -> ApplyReport {
    try begin()
    defer { isChanging = false }
    guard let pending, let running = await engine.runningFile else {
      throw PlanControlError(.failed, "no plan waits to be confirmed")
    }
    guard request.plan.count >= 6,
      [pending.digest, running.digest].contains(where: {
        $0.description == request.plan || $0.description.dropFirst(7).hasPrefix(request.plan)
      })
    else {
      throw PlanControlError(
        .failed, "the plan that waits to be confirmed is \(pending.digest.short)")
    }
    try failing { () throws(CommandError) in
      try store.confirm(running, source: runningSource, at: Timestamp.text(Int64(time(nil))))
    }
    store.clearPending()
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
        _ = try await goBack(to: 0)
        return
      } catch {
        logger.error("cannot go back to the plan before: \(error)")
      }
      do { try await Task.sleep(for: .seconds(1)) } catch { return }
    }
  }

  func rollback(_ request: RollbackRequest) async throws -> ApplyReport {
    guard (1...1000).contains(request.steps) else {
      throw PlanControlError(.failed, "the number of plans to go back must be 1 or more")
    }
    // The plan that waits to be confirmed is not among those that were.
    return try await goBack(to: pending == nil ? request.steps : request.steps - 1)
  }

  /// Applies a confirmed plan with today's certificates and address lists. The plan that runs is not run again by a
  /// restart, though the config may still compile to it.
  private func goBack(to steps: Int) async throws -> ApplyReport {
    try begin()
    defer { isChanging = false }
    guard let running = await engine.runningFile else {
      throw PlanControlError(.failed, "no plan is running")
    }
    let identities = await engine.runningIdentities
    let (runnable, source) = try failing { () throws(CommandError) in
      let (file, source) = try store.confirmed(steps)
      return (
        try file.refreshed { logger.warning("\($0)") }.completed(from: running.plan, identities), source
      )
    }
    let digest = runnable.file.digest
    if digest != running.digest {
      let rejected = pending?.mark ?? PlanStore.Mark(running)
      try failing { () throws(CommandError) in try store.setPending(rejected) }
    }
    let result: ApplyResult
    do {
      result = try await engine.apply(
        runnable.file, identities: runnable.identities, expecting: running.digest)
    } catch {
      throw PlanControlError(.failed, "\(error)")
    }
    pending?.timer.cancel()
    pending = nil
    equivalents = []
    runningSource = source
    log("rolled back", result, digest)
    keep(runnable.file)
    return ApplyReport(from: running.digest, to: digest, changes: result.changes, sessions: result.sessions)
  }

  // MARK: - What is known

  func history() -> PlanHistory { store.history }

  func source() -> String { runningSource }

  func unconfirmed() -> ServerStatus.Unconfirmed? {
    guard let pending else { return nil }
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
    store.clearPending()
    keep(file)
  }

  private func keep(_ file: PlanFile) {
    do throws(CommandError) {
      try store.confirm(file, source: runningSource, at: Timestamp.text(Int64(time(nil))))
    } catch {
      logger.warning("'ocean rollback' will not know this plan: \(error.message)")
    }
  }

  private func waiting(_ pending: Pending) -> PlanControlError {
    PlanControlError(
      .failed, "plan \(pending.digest.short) waits to be confirmed: 'ocean confirm' or 'ocean rollback' first"
    )
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
