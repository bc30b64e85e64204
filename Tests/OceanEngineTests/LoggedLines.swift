import Logging
import Synchronization

@testable import OceanEngine

/// The lines that were logged: the message, and by key the values that it does not have.
final class LoggedLines: Sendable {
  private let lines = Mutex<[String]>([])
  private let values = Mutex<[[String: String]]>([])

  var taken: [String] { lines.withLock { $0 } }

  /// All values of each line, those that its message has as well.
  var metadata: [[String: String]] { values.withLock { $0 } }

  var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

  private func append(_ event: LogEvent) {
    let metadata = event.metadata ?? [:]
    let pairs = metadata.sorted { $0.key < $1.key }.compactMap { key, value -> String? in
      if case .stringConvertible(let value) = value, value is SaidInMessage { return nil }
      return " \(key)=\(value)"
    }
    lines.withLock { $0.append("\(event.message)" + pairs.joined()) }
    values.withLock { $0.append(metadata.mapValues { "\($0)" }) }
  }

  private struct Handler: LogHandler {
    let lines: LoggedLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.append(event) }
  }
}
