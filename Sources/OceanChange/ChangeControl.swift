import Glibc
package import Logging
import OceanCompiler
package import OceanEngine
import OceanHost
package import OceanPlan
import OceanReport
import Synchronization

/// Everything that changes the plan of a running server goes through here: apply, reload, renewal, rollback, and the
/// return of the plan before when nobody confirms a new one.
package actor ChangeControl: PlanControl {
  /// What the status tells of it, without waiting for a change that is under way.
  private struct Known {
    var source: String
    var pending: (previous: Digest, deadline: ContinuousClock.Instant)?
  }

  private let queue = OwnQueue("changes")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

  private let known: Mutex<Known>
  private let engine: Engine
  private let store: PlanStore
  private let logger: Logger
  private var runningSource: String { didSet { known.withLock { $0.source = runningSource } } }
  private var pending: PendingPlan? {
    didSet { known.withLock { $0.pending = pending.map { ($0.previous.file.digest, $0.deadline) } } }
  }
  /// Others may be asked while a change is being applied.
  private var isChanging = false
  /// Digests of plans that ran before and differed from what runs by renewed certificates alone.
  private var equivalents: Set<Digest> = []
  /// What the store has in the place of the plan that runs; nil if it could not be kept.
  private var kept: PlanStore.Entry?

  /// - Parameter source: what the plan that is about to run was made from.
  package init(engine: Engine, state: String, source: String, logger: Logger) {
    self.engine = engine
    store = PlanStore(state: state)
    self.logger = logger
    runningSource = source
    known = Mutex(Known(source: source))
  }

  // MARK: - Start

  /// Runs the first plan. It counts as confirmed: nothing ran that could come back.
  package func start(_ runnable: Runnable) async throws {
    _ = try await engine.apply(runnable.file, identities: try runnable.completed().identities, expecting: nil)
    let now = Self.now
    var withheld = store.withheld
    if let waiting = withheld.waiting {
      withheld.takeBack(
        TakenBackPlan(
          mark: waiting.mark, at: now, after: store.lastNumber, source: waiting.source, isConfirmed: false))
      note(withheld)
    }
    keep(runnable.file, at: now, .outside)
  }

  // MARK: - Changes

  /// Applies what the config compiles to now, for SIGHUP.
  package func reload(_ runnable: Runnable, source: String) async throws -> ApplyResult {
    try begin()
    defer { isChanging = false }
    let digest = runnable.file.digest
    if let pending {
      guard digest == pending.digest else { throw waiting(pending) }
    } else {
      try requireNotTakenBack(PlanMark(runnable.file))
    }
    let complete = try runnable.completed(from: await engine.runningPlan, await engine.runningIdentities)
    let result = try await engine.apply(
      runnable.file, identities: complete.identities, expecting: await engine.runningDigest)
    guard pending == nil else { return result }
    runningSource = source
    equivalents = []
    let before = kept
    keep(runnable.file, at: Self.now, .outside)
    if before?.decision != kept?.decision { note { $0.settle() } }
    return result
  }

  private func requireNotTakenBack(_ plan: PlanMark) throws(PlanControlError) {
    let withheld = store.withheld
    if let trouble = withheld.trouble {
      throw PlanControlError(
        .failed,
        "it is not known which plans were taken back, as \(trouble); 'ocean apply' applies this config all the same"
      )
    }
    guard let taken = withheld.reason(against: plan) else { return }
    let list = taken.mark.config == plan.config ? nil : taken.mark.list(in: plan)?.path
    throw PlanControlError(
      .failed,
      (list.map { "the address list \($0)" } ?? "this config")
        + " was taken back\(list == nil ? "" : " as it is on disk"); 'ocean apply' applies it all the same")
  }

  /// Applies the running plan with renewed certificates: for whoever reviewed a plan, nothing has changed.
  func renew(_ runnable: Runnable, expecting: Digest) async throws -> ApplyResult {
    let result = try await engine.apply(
      runnable.file, identities: runnable.identities, expecting: expecting)
    equivalents.insert(expecting)
    return result
  }

  package func apply(_ file: PlanFile, _ request: ApplyRequest) async throws -> ApplyReport {
    try begin()
    defer { isChanging = false }
    guard let running = await engine.runningFile else {
      throw PlanControlError(.failed, "no plan is running")
    }
    if let pending, ![pending.digest, running.digest].contains(file.digest) { throw waiting(pending) }
    // Who has sent a plan, and got no answer, may send it again.
    guard
      [running.digest, pending?.previous.file.digest].contains(request.expecting)
        || equivalents.contains(request.expecting)
    else {
      throw PlanControlError(
        .stale,
        "the running plan is \(running.digest.short), and this one was made for \(request.expecting.short): "
          + "look at 'ocean plan' again")
    }
    let identities = await engine.runningIdentities
    let runnable = try runnable(file, running, identities)
    let digest = runnable.file.digest
    if let pending { return try await extend(pending, runnable, request, running.digest) }
    let mark = PlanMark(runnable.file)
    let change = try brought(by: runnable.file, mark, over: running)
    let before = store.withheld
    // Without any effect there is nothing to confirm.
    let seconds = digest == running.digest ? nil : request.confirmSeconds
    if seconds != nil { try prepare(change, request.source, after: running) }
    let undo = try kept.flatMap { $0.isSame(mark, try runnable.file.decision) ? nil : $0.mark.plan }
    let result: ApplyResult
    do {
      result = try await engine.apply(
        runnable.file, identities: runnable.identities, expecting: running.digest, sessions: request.sessions)
    } catch {
      if seconds != nil { note(before) }
      if case ApplyError.stale = error { throw PlanControlError(.stale, "\(error)") }
      throw PlanControlError(.failed, "\(error)")
    }
    log("applied", result, digest)
    var report = ApplyReport(
      from: running.digest, to: digest, changes: result.changes, sessions: result.sessions)
    let source = runningSource
    runningSource = request.source
    guard digest != running.digest else {
      note { $0.bringBack(mark) }
      keep(runnable.file, at: Self.now, .outside)
      return report
    }
    report.undo = undo
    equivalents = []
    let lists = change.lists.map(\.path)
    if let seconds {
      let previous = PendingPlan.Previous(file: running, identities: identities, source: source)
      report.revertsAt = wait(
        PendingPlan(mark: mark, change: change, previous: previous, .applied(lists: lists), seconds: seconds))
      return report
    }
    note {
      $0.bringBack(mark)
      $0.settle()
    }
    keep(runnable.file, at: Self.now, .applied(lists: lists))
    return report
  }

  /// What a plan brings that another has not: what is withheld once it is taken back.
  private func brought(
    by file: PlanFile, _ mark: PlanMark, over other: PlanFile
  ) throws -> PlanMark {
    mark.changes(from: PlanMark(other), isSameDecision: try file.decision == other.decision)
  }

  /// The plan that waits is applied again: that gives it more time, if it is asked for.
  private func extend(
    _ pending: PendingPlan, _ runnable: Runnable, _ request: ApplyRequest, _ running: Digest
  ) async throws -> ApplyReport {
    guard let seconds = request.confirmSeconds else {
      throw PlanControlError(
        .failed,
        "plan \(pending.digest.short) runs already, and waits to be confirmed until "
          + "\(pending.revertTime): 'ocean confirm \(pending.digest.short)' keeps it")
    }
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
    pending.timer?.cancel()
    let time = wait(pending.waiting(PlanMark(runnable.file), seconds: seconds))
    return ApplyReport(
      from: running, to: runnable.file.digest, changes: result.changes, sessions: result.sessions,
      revertsAt: time)
  }

  /// Before a plan runs that is to be confirmed: what comes back must be there, and a server that starts again must know.
  ///
  /// - Parameter change: the plan, and what it brings.
  private func prepare(
    _ change: PlanMark, _ source: String, after running: PlanFile
  ) throws(PlanControlError) {
    try failing { () throws(Failure) in
      kept = try store.confirm(running, source: runningSource, at: Self.now, .outside)
      var withheld = store.withheld
      withheld.waiting = .init(mark: change, source: source)
      try store.withhold(withheld)
    }
  }

  /// The plan with its certificates. Of one that was renewed since the plan was made the new one is taken, whether or
  /// not the server has noticed it.
  private func runnable(
    _ file: PlanFile, _ running: PlanFile, _ identities: Identities
  ) throws(PlanControlError) -> Runnable {
    try failing { () throws(Failure) in
      let runnable = try Runnable(renewing: file, from: running.plan)
      try runnable.requireRenewals(of: file)
      return try runnable.completed(from: running.plan, identities)
    }
  }

  // MARK: - Confirmation

  /// - Returns: when it is taken back; RFC 3339, UTC.
  private func wait(_ plan: PendingPlan) -> String {
    var plan = plan
    plan.timer = Task { [deadline = plan.deadline, digest = plan.digest] in
      do { try await Task.sleep(until: deadline, clock: .continuous) } catch { return }
      await self.expire(digest)
    }
    pending = plan
    logger.notice(
      "waiting for 'ocean confirm'", metadata: ["plan": "\(plan.digest.short)", "seconds": "\(plan.seconds)"])
    return plan.revertTime
  }

  package func confirm(_ request: ConfirmRequest) async throws -> ApplyReport {
    try begin()
    defer { isChanging = false }
    guard let pending, let running = await engine.runningFile else {
      throw PlanControlError(.failed, "no plan waits to be confirmed")
    }
    guard [pending.digest, running.digest].contains(where: { $0.begins(with: request.plan) }) else {
      throw PlanControlError(
        .failed, "the plan that waits to be confirmed is \(pending.digest.short)")
    }
    try failing { () throws(Failure) in
      kept = try store.confirm(running, source: runningSource, at: Self.now, pending.occasion)
    }
    note { withheld in
      if let replaced = pending.replaced { withheld.takeBack(replaced) } else { withheld.settle() }
      withheld.waiting = nil
      withheld.bringBack(pending.mark)
    }
    pending.timer?.cancel()
    self.pending = nil
    logger.notice("confirmed", metadata: ["plan": "\(running.digest.short)"])
    return ApplyReport(
      from: pending.previous.file.digest, to: running.digest, changes: [], sessions: .init(kept: 0, ended: 0))
  }

  /// Nobody confirmed.
  private func expire(_ digest: Digest) async {
    guard pending?.digest == digest else { return }
    logger.warning("not confirmed in time, the plan before comes back", metadata: ["plan": "\(digest.short)"])
    // Another change that is under way ends soon.
    for _ in 0..<60 {
      do {
        let report = try await revert()
        for path in report.otherLists ?? [] { logger.warning("\(ListNote.text(path))") }
        return
      } catch {
        logger.error("cannot go back to the plan before: \(error)")
      }
      do { try await Task.sleep(for: .seconds(1)) } catch { return }
    }
  }

  package func rollback(_ request: RollbackRequest) async throws -> ApplyReport {
    if let seconds = request.confirmSeconds {
      guard (1...86_400).contains(seconds) else {
        throw PlanControlError(.failed, "confirm_seconds must be a number from 1 to 86400")
      }
      if let pending { throw waiting(pending) }
    }
    let found: PlanStore.Entry? = try failing { () throws(Failure) in try target(of: request) }
    guard let found else { return try await revert() }
    return try await goBack(to: found, confirmSeconds: request.confirmSeconds)
  }

  /// - Returns: nil for what ran before the plan that waits.
  private func target(of request: RollbackRequest) throws(Failure) -> PlanStore.Entry? {
    let line = PlanLine(store.entries)
    switch (request.steps, request.plan) {
    case (.some, .some): throw Failure("either steps or a plan can be given, not both")
    case (let steps?, nil):
      guard (1...1000).contains(steps) else {
        throw Failure("the number of plans to go back must be from 1 to 1000")
      }
      // The plan that waits to be confirmed is not among those that were.
      if pending == nil { return try line.plan(steps) }
      return steps == 1 ? nil : try line.plan(steps - 1)
    case (nil, let plan?):
      if pending?.previous.file.digest.begins(with: plan) == true { return nil }
      let entry = try line.plan(plan)
      return pending != nil && entry.number == line.entries.first?.number ? nil : entry
    case (nil, nil):
      if pending != nil { return nil }
      // Who takes back twice what was done once wants to be sure, or did not know that its time had run out.
      if let taken = store.withheld.last, let running = line.entries.first {
        throw Failure(
          "\(taken.mark.plan.short) was taken back already, at \(taken.at), and \(running.mark.plan.short) runs: "
            + "'ocean rollback 1' goes further back")
      }
      return try line.plan(1)
    }
  }

  /// What ran before the plan that waits runs again, as it ran: with its lists, and its certificates but for renewals.
  private func revert() async throws -> ApplyReport {
    try begin()
    defer { isChanging = false }
    guard let pending, let running = await engine.runningFile else {
      throw PlanControlError(.failed, "no plan waits to be confirmed")
    }
    let (previous, now) = (pending.previous, Self.now)
    let runnable = try failing { () throws(Failure) in
      try Runnable(renewing: previous.file, from: running.plan, known: previous.identities)
        .completed(from: previous.file.plan, previous.identities)
    }
    let taken = TakenBackPlan(
      mark: pending.change, at: now, after: store.lastNumber, source: runningSource, isConfirmed: false)
    let before = store.withheld
    // It is withheld as it waits already: going back must not fail because of a disk.
    note { $0.takeBack(taken) }
    var report: ApplyReport
    do {
      report = try await run(runnable, after: running, "rolled back")
    } catch {
      note(before)
      throw error
    }
    report.otherLists = runnable.file.otherLists
    pending.timer?.cancel()
    self.pending = nil
    runningSource = previous.source
    keep(runnable.file, at: now, .outside)
    return report
  }

  /// Applies a confirmed plan with today's certificates and address lists. Lists that are a part of what is taken back are
  /// as they were. The plan that runs is not run again by a restart, though the config may still compile to it.
  private func goBack(to entry: PlanStore.Entry, confirmSeconds: Int?) async throws -> ApplyReport {
    try begin()
    defer { isChanging = false }
    guard let running = await engine.runningFile else {
      throw PlanControlError(.failed, "no plan is running")
    }
    let identities = await engine.runningIdentities
    let now = Self.now
    let lists = lists(for: entry, running)
    let runnable = try failing { () throws(Failure) in
      try store.file(of: entry).refreshed(from: running.plan, lists: lists) { logger.warning("\($0)") }
        .completed(from: running.plan, identities)
    }
    let (digest, target) = (runnable.file.digest, PlanMark(runnable.file))
    let hasEffect = digest != running.digest
    var taken = try brought(by: running, PlanMark(running), over: runnable.file)
    // Another list of today is not what is taken back.
    taken.lists.removeAll { lists.kept[$0.path] == nil }
    let replaced = TakenBackPlan(
      mark: taken, at: now, after: store.lastNumber, source: runningSource, isConfirmed: pending == nil)
    let before = store.withheld
    if confirmSeconds != nil, hasEffect {
      try prepare(brought(by: runnable.file, target, over: running), entry.source, after: running)
    } else if pending != nil || hasEffect {
      var withheld = before
      withheld.takeBack(replaced)
      withheld.bringBack(target)
      try failing { () throws(Failure) in try store.withhold(withheld) }
    }
    let undo = pending == nil && hasEffect ? kept?.mark.plan : nil
    var report: ApplyReport
    do {
      report = try await run(runnable, after: running, "rolled back")
    } catch {
      note(before)
      throw error
    }
    report.undo = undo
    report.otherLists = runnable.file.otherLists
    guard pending != nil || hasEffect else { return report }
    let previous = PendingPlan.Previous(file: running, identities: identities, source: runningSource)
    equivalents = []
    runningSource = entry.source
    if let confirmSeconds {
      report.revertsAt = wait(
        PendingPlan(
          mark: target, change: try brought(by: runnable.file, target, over: running), previous: previous,
          .returned(to: entry), replaced: replaced, seconds: confirmSeconds))
      return report
    }
    pending?.timer?.cancel()
    pending = nil
    keep(runnable.file, at: now, .returned(to: entry))
    return report
  }

  /// What the lists of a kept plan hold when it comes back.
  private func lists(for entry: PlanStore.Entry, _ running: PlanFile) -> ListChoice {
    let sources = PlanLine(store.entries).lists(
      undoing: pending?.change.lists.map(\.path) ?? [], to: entry)
    var choice = ListChoice(withheld: store.withheld.lists, fallback: running.rules.listFiles)
    for (number, paths) in Dictionary(grouping: sources.keys, by: { sources[$0]?.number }) {
      guard let source = paths.first.flatMap({ sources[$0] }), source.number == number,
        let file = try? store.file(of: source)
      else { continue }
      for (path, contents) in file.rules.listFiles where paths.contains(path) {
        choice.kept[path] = contents
      }
    }
    return choice
  }

  /// Runs a plan that ran before.
  private func run(
    _ runnable: Runnable, after running: PlanFile, _ what: Logger.Message
  ) async throws -> ApplyReport {
    do {
      let result = try await engine.apply(
        runnable.file, identities: runnable.identities, expecting: running.digest)
      log(what, result, runnable.file.digest)
      return ApplyReport(
        from: running.digest, to: runnable.file.digest, changes: result.changes, sessions: result.sessions)
    } catch {
      throw PlanControlError(.failed, "\(error)")
    }
  }

  // MARK: - What is known

  package func history() -> PlanHistory {
    let waiting = pending.map {
      PlanHistory.Waiting(digest: $0.digest, source: runningSource, revertsAt: $0.revertTime)
    }
    return PlanLine(store.entries).history(waiting: waiting, takenBack: store.withheld.takenBack)
  }

  package nonisolated func takenBack() -> [TakenBackPlan] { store.knownTakenBack.filter { !$0.isReturned } }

  package nonisolated func source() -> String { known.withLock { $0.source } }

  package nonisolated func unconfirmed() -> ServerStatus.Unconfirmed? {
    guard let pending = known.withLock({ $0.pending }) else { return nil }
    let left = ContinuousClock.now.duration(to: pending.deadline).components.seconds
    return ServerStatus.Unconfirmed(previous: pending.previous, secondsLeft: max(0, Int(left)))
  }

  // MARK: -

  private func begin() throws(PlanControlError) {
    guard !isChanging else { throw PlanControlError(.failed, "another change is being applied") }
    isChanging = true
  }

  private func keep(_ file: PlanFile, at time: String, _ occasion: PlanStore.Occasion) {
    do throws(Failure) {
      kept = try store.confirm(file, source: runningSource, at: time, occasion)
    } catch {
      kept = nil
      logger.warning("'ocean rollback' will not know this plan: \(error.message)")
    }
  }

  private func note(_ withheld: WithheldPlans) {
    do throws(Failure) { try store.withhold(withheld) } catch { logger.warning("\(error.message)") }
  }

  private func note(_ change: (inout WithheldPlans) -> Void) {
    var withheld = store.withheld
    change(&withheld)
    note(withheld)
  }

  private static var now: String { Timestamp.text(Int64(time(nil))) }

  private func waiting(_ pending: PendingPlan) -> PlanControlError {
    PlanControlError(
      .failed,
      "plan \(pending.digest.short) waits to be confirmed: "
        + "'ocean confirm \(pending.digest.short)' or 'ocean rollback' first")
  }

  private func failing<Result>(_ body: () throws(Failure) -> Result) throws(PlanControlError) -> Result {
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
