import Glibc
package import Logging
import OceanBase
import OceanEngine
import OceanReport
package import OceanSyntax
import Synchronization

/// Logs to standard error: lines for people on a terminal, JSON objects otherwise.
package struct OceanLogHandler: LogHandler {
  package var metadata: Logger.Metadata = [:]
  package var logLevel = Logger.Level.info
  static let isForPeople = isatty(STDERR_FILENO) == 1
  private static let shown = Mutex(Screen())
  private static let writer = Mutex<LineWriter<LineDescriptor>?>(nil)

  package init() {}

  /// Where people read the log.
  package static var screen: Screen {
    get { shown.withLock { $0 } }
    set { shown.withLock { $0 = newValue } }
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let metadata = metadata.merging(event.metadata ?? [:]) { _, new in new }
    Self.write(Self.line(event.level, "\(event.message)", metadata))
  }

  private static func line(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) -> String {
    let pairs = metadata.sorted { $0.key < $1.key }
    var line: String
    if isForPeople {
      line =
        "\(Timestamp.text(nanoseconds: SystemClock.wall.now).dropFirst(11).prefix(8)) \(word(level).padded(to: 7)) "
      line += message.escapedForDisplay
      for (key, value) in pairs { line += "  \(key)=\("\(value)".escapedForDisplay)" }
    } else {
      line =
        "{\"time\":\(Timestamp.text(nanoseconds: SystemClock.wall.now).jsonQuoted),\"level\":\(level.rawValue.jsonQuoted),"
      line += "\"message\":\(message.jsonQuoted)"
      for (key, value) in pairs { line += ",\(key.jsonQuoted):\("\(value)".jsonQuoted)" }
      line += "}"
    }
    return line
  }

  private static func word(_ level: Logger.Level) -> String {
    switch level {
    case .critical, .error: screen.paint(level.rawValue, .error)
    case .warning: screen.paint(level.rawValue, .warning)
    case .notice, .info: level.rawValue
    case .debug, .trace: screen.paint(level.rawValue, .faint)
    }
  }

  // MARK: - Writing

  /// Makes a thread write the log from now on, so that event loops, which log as well, never wait for a slow
  /// reader. No thread may exist before privileges are dropped; until then lines are written at once.
  package static func startWriting() {
    writer.withLock { writer in
      writer = LineWriter(to: STDERR_FILENO) { count in
        line(.error, "log lines were lost: nothing read them in time", ["lost_lines": "\(count)"])
      }
    }
  }

  /// Writes a text to standard error, in its place among the lines of the log.
  package static func write(_ text: String) {
    if let writer = writer.withLock({ $0 }) { writer.write(text) } else { printError(text) }
  }

  /// Must be called before the process exits, and before anything is written past the log; waits two seconds
  /// at most.
  package static func flush() { _ = writer.withLock { $0 }?.flush(within: 2000) }
}
