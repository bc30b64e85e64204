import OceanEngine
import Synchronization

/// Tells the service manager what is served, and that the server's threads answer, until the server ends.
final class Heartbeat: Sendable {
  let manager: ServiceManager
  private let engine: Engine
  private let changes: ChangeControl
  private let task = Mutex<Task<Void, Never>?>(nil)

  /// What it shows is not older than this.
  private static let longestPause = Duration.seconds(5)
  private static let shortestPause = Duration.milliseconds(100)

  init(to manager: ServiceManager, of engine: Engine, _ changes: ChangeControl) {
    (self.manager, self.engine, self.changes) = (manager, engine, changes)
  }

  /// To be called when the server serves.
  func begin() {
    manager.ready()
    // Three looks fit into the time after which the manager takes the server for dead.
    let pause = max(
      Self.shortestPause, min(Self.longestPause, manager.watchdog.map { $0 / 3 } ?? Self.longestPause))
    task.withLock {
      $0 = Task(priority: Server.priority) { [self] in
        while !Task.isCancelled {
          await engine.answerFromLoops()
          if manager.watchdog != nil { manager.answers() }
          manager.show(await line)
          try? await Task.sleep(for: pause)
        }
      }
    }
  }

  /// To be called before the event loops end.
  func end() async {
    let task = task.withLock { $0 }
    task?.cancel()
    await task?.value
  }

  private var line: String {
    get async {
      let sessions = await engine.sessionCount
      let plan = await engine.runningDigest.map { "plan \($0.short)" } ?? "no plan"
      let waiting = changes.unconfirmed() == nil ? "" : " UNCONFIRMED"
      let state = await engine.isDraining ? ", ending" : ""
      return "\(plan)\(waiting), \(sessions) session\(sessions == 1 ? "" : "s")\(state)"
    }
  }
}
