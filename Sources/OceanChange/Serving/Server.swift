import Dispatch
import Glibc
package import Logging
package import OceanEngine
import OceanHost
import OceanPlan

/// A running `ocean serve`: the engine, and the signals that steer it.
package struct Server: Sendable {
  private let engine: Engine
  private let changes: ChangeControl
  private let logger: Logger
  private let source: PlanSource
  private let file: String
  private let heartbeat: Heartbeat?

  /// - Parameters:
  ///   - file: the file it was told to run, as an absolute path.
  ///   - manager: the service manager that wants to be told how the server does.
  package init(
    engine: Engine, changes: ChangeControl, logger: Logger, source: PlanSource, file: String,
    manager: ServiceManager? = nil
  ) {
    heartbeat = manager.map { Heartbeat(to: $0, of: engine, changes) }
    self.engine = engine
    self.changes = changes
    self.logger = logger
    self.source = source
    self.file = file
  }

  package func start(_ runnable: PreparedPlan) async throws {
    let plan = runnable.plan
    try await changes.start(runnable)
    do {
      try await engine.serveControl(changes)
    } catch {
      // Mail works without it.
      logger.error("\(error)")
    }
    try await engine.requireOpenFiles()
    let listeners = plan.activeListeners.sorted { $0.key < $1.key }.map { "\($0.value) on \($0.key)" }
    logger.notice(
      "serving",
      metadata: [
        "plan": "\(runnable.file.digest.short)", "listeners": "\(listeners.joined(separator: ", "))",
        "pid": "\(getpid())",
      ])
    heartbeat?.begin()
    if plan.hasLongAccountFiles {
      DispatchQueue(label: "accounts").async { [source, logger] in source.logAccounts(to: logger) }
    }
    Task { await Renewal(engine: engine, changes: changes, logger: logger).watch() }
    Task { await ConfigWatch(engine: engine, changes: changes, source: source).watch() }
    Task { await RuleEnds(engine: engine, changes: changes, logger: logger).watch() }
  }

  /// Waits for signals on the calling thread, which must be the main one: SIGHUP compiles and applies,
  /// SIGTERM and SIGINT end the server after its sessions, a second one at once.
  ///
  /// A stop waits for no reload, nor for the rest of the start: what is under way is given up, and nothing is
  /// applied to a server that stops. This thread needs no other to end the process, should the stop exceed
  /// its time.
  package func waitForSignals(after start: Task<Void, Never>) -> Never {
    let reloads = Reloads {
      await start.value
      await reload()
    }
    var end: ContinuousClock.Instant?
    while true {
      switch Self.nextSignal(before: end) {
      case nil: giveUp()
      case SIGHUP: reloads.request()
      case .some where end != nil:
        logger.notice("ending all sessions now")
        engine.endSessions()
        end = min(end ?? .now, .now + Self.stopTimeout)
      case .some:
        let time = Duration.seconds(engine.drainSeconds) + Self.stopTimeout
        end = .now + time
        // Somebody else ends the process if this does not.
        heartbeat?.manager.stopping(within: time + .seconds(5))
        reloads.end()
        Task(priority: Self.priority) { await stop() }
      }
    }
  }

  /// The priority of tasks that the main thread starts, which would have a higher one otherwise: that takes rights
  /// which the server's user lacks, and libdispatch says so on standard error, thread by thread.
  package static let priority = TaskPriority.medium

  /// The time a stop may take beyond what sessions are given.
  private static let stopTimeout = Duration.seconds(15)

  /// The next signal; nil if no signal has come by then.
  private static func nextSignal(before end: ContinuousClock.Instant?) -> Int32? {
    while true {
      var number: Int32 = 0
      var set = signals
      guard let end else {
        if sigwait(&set, &number) == 0 { return number }
        continue
      }
      let left = max(.zero, ContinuousClock.now.duration(to: end)).components
      var time = timespec(tv_sec: Int(left.seconds), tv_nsec: Int(left.attoseconds / 1_000_000_000))
      number = sigtimedwait(&set, nil, &time)
      if number > 0 { return number }
      if ContinuousClock.now >= end { return nil }
    }
  }

  /// Ends the process without asking anything that may not answer.
  private func giveUp() -> Never {
    logger.error(
      "the server did not stop in time and is ended now",
      metadata: ["reason": "\(engine.obstacles().joined(separator: "; "))"])
    OceanLogHandler.flush()
    _exit(1)
  }

  /// Must be called first: a config with long lists takes a while to compile. A reload that is asked for in the
  /// meantime follows the start; a stop ends the process, which has nothing to finish yet.
  package static func awaitStart() {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGHUP)
    pthread_sigmask(SIG_BLOCK, &set, nil)
    for number in [SIGTERM, SIGINT] { signal(number) { _ in _exit(0) } }
  }

  /// Must be called before any thread exists: they inherit the mask, so that only `waitForSignals` gets these
  /// signals.
  package static func blockSignals() {
    var set = signals
    pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  private static var signals: sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for number in [SIGHUP, SIGTERM, SIGINT] { sigaddset(&set, number) }
    return set
  }

  private func reload() async {
    heartbeat?.manager.reloading()
    defer { heartbeat?.manager.ready() }
    do {
      let runnable = try await compiled()
      let report = try await changes.reload(runnable, source: file)
      changes.reloaded(isOK: true)
      if report.changes.isEmpty {
        logger.notice("reloaded: no change", metadata: ["plan": "\(report.to.short)"])
      }
    } catch ApplyError.stopping {
      return
    } catch let error as Failure {
      changes.reloaded(isOK: false)
      logger.error("not reloaded; the old plan keeps running: \(error.message)")
    } catch {
      changes.reloaded(isOK: false)
      logger.error("not reloaded; the old plan keeps running: \(changes.words(error))")
    }
  }

  /// Reads the files that the config names, which may be on a file system that does not answer.
  private func compiled() async throws -> PreparedPlan {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue(label: "reload").async {
        continuation.resume(
          with: Result { () throws(Failure) in try source.load(starting: false, logger) { $0.log(to: logger) }
          }.mapError { $0 as any Error })
      }
    }
  }

  private func stop() async {
    let sessions = await engine.sessionCount
    logger.notice("stopping", metadata: ["sessions": "\(sessions)"])
    await engine.drain()
    await heartbeat?.end()
    await engine.shutdown()
    for obstacle in engine.unanswered {
      logger.warning("ending, although some calls have not returned", metadata: ["reason": "\(obstacle)"])
    }
    logger.notice("stopped")
    OceanLogHandler.flush()
    // A reload, a start or a call that hangs may still use what exit(3) takes down.
    _exit(0)
  }
}
