import Dispatch
import OceanBase
import OceanCompiler
package import OceanEngine
import OceanHost
import OceanMonitor
import OceanPlan

/// Finds out, for the monitor, whether the file that a server runs is still what runs, and whether a restart
/// would start with it.
///
/// It looks once a minute at the stamps of the files, and compiles the config if one has changed, another plan
/// runs, or a quarter of an hour has passed: what a host answers changes, too. Without a monitor it does
/// nothing.
package actor ConfigWatch {
  private static let interval = Duration.seconds(60)
  private static let longest = Duration.seconds(900)

  private let queue = OwnQueue("config")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

  private let engine: Engine
  private let changes: ChangeControl
  private let source: PlanSource
  private var looked: (time: ContinuousClock.Instant, plan: Digest, stamps: [String: FileStamp?])?

  package init(engine: Engine, changes: ChangeControl, source: PlanSource) {
    (self.engine, self.changes, self.source) = (engine, changes, source)
  }

  /// Looks again and again, for as long as the process lives.
  package func watch() async {
    while true {
      await look()
      do { try await Task.sleep(for: Self.interval) } catch { return }
    }
  }

  /// Tells the monitor how things are.
  package func look() async {
    guard let running = await engine.runningFile, !running.plan.monitor.bind.isEmpty else { return }
    // It is worked out here, so that a look at the monitor never waits for it.
    await aside { [changes] in _ = changes.policy() }
    if let looked, looked.plan == running.digest, looked.time.duration(to: .now) < Self.longest,
      looked.stamps == Self.stamps(of: Array(looked.stamps.keys))
    {
      return
    }
    let found = await aside { [source] in source.state(against: running) }
    looked = (.now, running.digest, Self.stamps(of: found.files))
    changes.configLooked(found.state)
  }

  /// Reads files, which may be on a file system that does not answer, on a thread of its own.
  private func aside<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      DispatchQueue(label: "config").async { continuation.resume(returning: work()) }
    }
  }

  /// The stamp of each file; nil for one that is not there.
  private static func stamps(of files: [String]) -> [String: FileStamp?] {
    Dictionary(files.map { ($0, FileStamp(ofFileAt: $0)) }, uniquingKeysWith: { first, _ in first })
  }
}

extension PlanSource {
  /// What the file is now, compared with what runs; and the files that decide it.
  fileprivate func state(against running: PlanFile) -> (state: MonitorSnapshot.ConfigState, files: [String]) {
    var state = MonitorSnapshot.ConfigState(
      checked: SystemClock.wall.seconds, problem: nil, digest: nil, isOther: false, lastReloadSucceeded: true)
    var files: [String] = []
    var found: PlanFile?
    do throws(Failure) {
      switch self {
      case .saved(_, let path):
        files = [path]
        found = try PlanFile.read(path)?.endedByNow()
        if found == nil { state.problem = "it is not a saved plan any more" }
      case .config(let path):
        files = [path]
        let config = try CompiledConfig(path, for: .starting)
        files = config.readFiles
        found = try config.result.plan.map { plan throws(Failure) in try config.planFile(plan) }
        // What this user may not read, another one may who starts the server.
        if found == nil, config.count(.error) > 0 { state.problem = config.reasonForNoPlan }
      }
    } catch {
      state.problem = error.message
    }
    state.digest = found?.digest.short
    state.isOther = found.map { $0.plan.withoutLeaves != running.plan.withoutLeaves } ?? false
    return (state, files)
  }
}
