import Glibc
import Logging
import NIOCore
import OceanEngine
import OceanPlan

/// A running `ocean serve`: the engine, and the signals that steer it.
struct Server: Sendable {
  /// Compiles anew; throws what is wrong, in one sentence.
  typealias PlanSource = @Sendable () throws(CommandError) -> Runnable

  let engine: Engine
  let changes: ChangeControl
  let logger: Logger
  let source: PlanSource
  /// What it was told to run, absolute.
  let file: String

  func start(_ runnable: Runnable) async throws {
    let plan = runnable.plan
    try await changes.start(runnable)
    do {
      try await engine.serveControl(changes)
    } catch {
      // Mail goes on without it.
      logger.error("\(error)")
    }
    let listeners = plan.activeListeners.sorted { $0.key < $1.key }.map { "\($0.value) on \($0.key)" }
    logger.notice(
      "serving",
      metadata: [
        "plan": "\(runnable.file.digest.short)", "listeners": "\(listeners.joined(separator: ", "))",
        "pid": "\(getpid())",
      ])
    Task { await Renewal(engine: engine, changes: changes, logger: logger).watch() }
  }

  /// Waits for signals on the calling thread, which must be the main one: SIGHUP compiles and applies, SIGTERM
  /// and SIGINT end the server after its sessions, a second one at once.
  ///
  /// One thing is done after the other, `start` first: no reload is lost to one under way, nothing is applied to
  /// a server that stops.
  func waitForSignals(after start: Task<Void, Never>) -> Never {
    var last = start
    var isStopping = false
    while true {
      var number: Int32 = 0
      var set = Self.signals
      guard sigwait(&set, &number) == 0 else { continue }
      switch number {
      case SIGHUP:
        guard !isStopping else { continue }
        last = Task { [last] in
          await last.value
          await reload()
        }
      case _ where isStopping:
        logger.notice("ending all sessions now")
        engine.endSessions()
      default:
        isStopping = true
        last = Task { [last] in
          await last.value
          await stop()
        }
      }
    }
  }

  /// To be called before any thread exists: they inherit the mask, so that only `waitForSignals` gets them.
  static func blockSignals() {
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
    do {
      let runnable = try source()
      let result = try await changes.reload(runnable, source: file)
      let digest = runnable.file.digest.short
      for change in result.changes {
        logger.notice("applied", metadata: ["change": "\(change)", "plan": "\(digest)"])
      }
      if result.changes.isEmpty { logger.notice("reloaded: no change", metadata: ["plan": "\(digest)"]) }
    } catch let error as CommandError {
      logger.error("not reloaded, the old plan runs on: \(error.message)")
    } catch {
      logger.error("not reloaded, the old plan runs on: \(error)")
    }
  }

  private func stop() async {
    let sessions = await engine.sessionCount
    logger.notice("stopping", metadata: ["sessions": "\(sessions)"])
    await engine.drain()
    await engine.shutdown()
    logger.notice("stopped")
    OceanLogHandler.flush()
    exit(0)
  }
}
