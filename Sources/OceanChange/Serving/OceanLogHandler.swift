import Glibc
package import Logging
import OceanBase
import OceanEngine
import OceanReport
package import OceanSyntax
import Synchronization

/// Logs to standard error: lines for people on a terminal, JSON objects otherwise. If standard error leads to
/// systemd's journal, entries go straight there, and to standard error while the journal is away.
package struct OceanLogHandler: LogHandler {
  package var metadata: Logger.Metadata = [:]
  package var logLevel = Logger.Level.info
  static let isForPeople = isatty(STDERR_FILENO) == 1
  private static let shown = Mutex(Screen())
  private static let writer = Mutex<LineWriter<LineDescriptor>?>(nil)
  private static let journal = Mutex<Journal?>(
    Journal(stream: getenv("JOURNAL_STREAM").map { String(cString: $0) }))

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
    let line = LogLine(event.level, "\(event.message)", metadata, at: SystemClock.wall.now)
    if !Self.isTakenByJournal(line) { Self.write(Self.text(of: line)) }
  }

  private static func text(of line: LogLine) -> String {
    isForPeople ? line.text(offset: SystemClock.offset(at: line.time / 1_000_000_000), on: screen) : line.json
  }

  private static func loss(of count: Int, _ reason: String) -> LogLine {
    LogLine(.error, "log lines were lost: \(reason)", ["lost_lines": "\(count)"], at: SystemClock.wall.now)
  }

  /// - Returns: false if the line must go elsewhere.
  private static func isTakenByJournal(_ line: LogLine) -> Bool {
    journal.withLock { journal in
      let outcome = journal?.send(line.journalEntry) {
        loss(of: $0, "the journal had no room for them").journalEntry
      }
      return outcome == .taken || outcome == .dropped
    }
  }

  // MARK: - Writing

  /// Makes a thread write the log from now on, so that event loops, which log as well, never wait for a slow
  /// reader. No thread may exist before privileges are dropped; until then lines are written at once.
  package static func startWriting() {
    writer.withLock { writer in
      writer = LineWriter(to: STDERR_FILENO) { text(of: loss(of: $0, "nothing read them in time")) }
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
