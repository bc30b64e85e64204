import Glibc
import Logging
import OceanEngine
import OceanSyntax

/// Logs to standard error: lines for people on a terminal, JSON objects otherwise.
struct OceanLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info
  static let isForPeople = isatty(STDERR_FILENO) == 1

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let pairs = metadata.merging(event.metadata ?? [:]) { _, new in new }.sorted { $0.key < $1.key }
    var line: String
    if Self.isForPeople {
      line = "\(timestamp().dropFirst(11).prefix(8)) \(event.level.rawValue.padded(to: 7)) "
      line += "\(event.message)".escapedForDisplay
      for (key, value) in pairs { line += "  \(key)=\("\(value)".escapedForDisplay)" }
    } else {
      line = "{\"time\":\(timestamp().jsonQuoted),\"level\":\(event.level.rawValue.jsonQuoted),"
      line += "\"message\":\("\(event.message)".jsonQuoted)"
      for (key, value) in pairs { line += ",\(key.jsonQuoted):\("\(value)".jsonQuoted)" }
      line += "}"
    }
    printError(line)
  }
}
