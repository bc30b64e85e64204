import Logging
import OceanAccess
import OceanMonitor
import Synchronization

/// Logs when account sources outside of this process go away and come back, and counts what they answer.
final class BackendLog: Sendable {
  private struct Counts: Sendable {
    var results: [BackendObserver.Result: Int] = [:]
    var duration = Histogram()
  }

  private let logger: Logger
  /// By the source's place, which no rename changes.
  private let counts = Mutex<[String: Counts]>([:])

  init(logger: Logger) { self.logger = logger }

  var observer: BackendObserver {
    BackendObserver(
      changed: { source, trouble in
        if let trouble {
          self.logger.error(
            "an account source is away: its users cannot log in for now",
            metadata: ["source": "\(source)", "reason": "\(trouble)"])
        } else {
          self.logger.notice("an account source answers again", metadata: ["source": "\(source)"])
        }
      },
      answered: { source, result, nanoseconds in
        self.counts.withLock { counts in
          counts[source, default: Counts()].results[result, default: 0] += 1
          counts[source, default: Counts()].duration.add(nanoseconds: nanoseconds)
        }
      })
  }

  /// What a source has answered so far.
  ///
  /// - Parameter name: the name that the plan has for it.
  func counts(of source: String, named name: String, trouble: String?) -> MonitorSnapshot.Backend {
    let counts = counts.withLock { $0[source] } ?? Counts()
    return MonitorSnapshot.Backend(
      name: name, trouble: trouble,
      results: BackendObserver.Result.allCases.map { ($0.rawValue, counts.results[$0] ?? 0) },
      duration: counts.duration)
  }
}
