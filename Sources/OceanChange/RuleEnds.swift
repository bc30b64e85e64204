package import Logging
import OceanBase
package import OceanEngine
import OceanPlan
import OceanTLS

/// Applies the running plan without the rules whose end has come.
///
/// The plan knows its ends: the config is not read, and changes of it wait for a reload. So the change is the
/// one that the plan announced when it was reviewed, and nothing else.
package actor RuleEnds {
  /// Somebody may set the clock.
  private static let interval: Int64 = 10

  private let queue = OwnQueue("ends")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

  private let engine: Engine
  private let changes: ChangeControl
  private let logger: Logger
  /// Seconds since 1970.
  private let now: @Sendable () -> Int64
  /// The plan whose rules could not be ended, which is logged once.
  private var failed: Digest?

  package init(
    engine: Engine, changes: ChangeControl, logger: Logger,
    now: @escaping @Sendable () -> Int64 = { SystemClock.wall.seconds }
  ) {
    self.engine = engine
    self.changes = changes
    self.logger = logger
    self.now = now
  }

  /// Looks again and again, for as long as the process lives.
  package func watch() async {
    while true {
      let next = await engine.runningFile?.plan.ends.first?.at.seconds ?? .max
      let (left, isFar) = next.subtractingReportingOverflow(now())
      let wait = isFar ? Self.interval : min(max(left, 1), Self.interval)
      do { try await Task.sleep(for: .seconds(wait)) } catch { return }
      await look()
    }
  }

  /// Ends the rules whose end has come.
  package func look() async {
    guard let running = await engine.runningFile, running.plan.ends.first?.at.isPast(at: now()) == true
    else { return }
    do {
      let file = try running.ended(by: now())
      let identities = await engine.runningIdentities
      try await changes.end(PreparedPlan(file, identities, [:]), expecting: running.digest)
      failed = nil
    } catch ChangeRefusal.stale {
      // Another change was made first: the next look is at the plan that runs now.
      return
    } catch ApplyError.stopping {
      return
    } catch {
      guard failed != running.digest else { return }
      failed = running.digest
      logger.error("rules whose end has come stay, and it is tried again: \(error)")
    }
  }
}
