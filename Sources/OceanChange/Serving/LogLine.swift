import Logging
import OceanBase
import OceanEngine
import OceanReport
import OceanSyntax

/// An event of the log, in each of the forms in which it can be written.
struct LogLine {
  /// Nanoseconds since 1970.
  let time: Int64
  let level: Logger.Level
  let message: String
  private let values: [(key: String, value: Logger.MetadataValue)]

  init(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, at time: Int64) {
    self.time = time
    self.level = level
    self.message = message
    values = metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  // MARK: - For people

  /// One line, with the time of a place.
  ///
  /// - Parameters:
  ///   - offset: the place's offset from UTC in seconds.
  ///   - screen: where it is read, for its colours.
  func text(offset: Int, on screen: Screen = Screen()) -> String {
    let word = level.rawValue.padded(to: 7)
    let painted = level.style.map { screen.paint(word, $0) } ?? word
    return "\(Timestamp.text(time / 1_000_000_000, offset: offset)) \(painted) \(words)"
  }

  /// The message, and the values that it does not have itself.
  private var words: String {
    values.reduce(into: message.escapedForDisplay) { words, pair in
      if case .stringConvertible(let value) = pair.value, value is SaidInMessage { return }
      words += "  \(pair.key)=\("\(pair.value)".escapedForDisplay)"
    }
  }

  // MARK: - For programs

  /// An object of JSON on one line, with the time in UTC.
  var json: String {
    var line =
      "{\"time\":\(Timestamp.text(nanoseconds: time).jsonQuoted),\"level\":\(level.rawValue.jsonQuoted),"
    line += "\"message\":\(message.jsonQuoted)"
    for (key, value) in values { line += ",\(key.jsonQuoted):\("\(value)".jsonQuoted)" }
    return line + "}"
  }

  // MARK: - For the journal

  /// Octets of a value that are kept; a datagram has an end.
  private static let longestValue = 8 << 10

  /// A datagram for systemd's journal (https://systemd.io/JOURNAL_NATIVE_PROTOCOL).
  var journalEntry: [UInt8] {
    var entry: [UInt8] = []
    func add(_ key: String, _ value: String) {
      let value = Self.cut(value)
      entry += key.utf8
      // A value with line ends has its length before it.
      if value.utf8.contains(UInt8(ascii: "\n")) {
        entry.append(UInt8(ascii: "\n"))
        withUnsafeBytes(of: UInt64(value.utf8.count).littleEndian) { entry += $0 }
      } else {
        entry.append(UInt8(ascii: "="))
      }
      entry += value.utf8
      entry.append(UInt8(ascii: "\n"))
    }
    add("MESSAGE", words)
    add("PRIORITY", "\(level.priority)")
    add("SYSLOG_IDENTIFIER", "ocean")
    for (key, value) in values {
      // A journal shows values on terminals, too. Line ends are kept: some values are several lines.
      let lines = "\(value)".split(separator: "\n", omittingEmptySubsequences: false)
      add("OCEAN_\(key.uppercased())", lines.map { String($0).escapedForDisplay }.joined(separator: "\n"))
    }
    return entry
  }

  private static func cut(_ value: String) -> String {
    guard value.utf8.count > longestValue else { return value }
    return String(decoding: value.utf8.prefix(longestValue), as: UTF8.self) + "..."
  }
}

extension Logger.Level {
  /// The style of its word; nil for what is usual.
  fileprivate var style: Style? {
    switch self {
    case .critical, .error: .error
    case .warning: .warning
    case .notice, .info: nil
    case .debug, .trace: .faint
    }
  }

  /// The number of syslog(3).
  fileprivate var priority: Int {
    switch self {
    case .critical: 2
    case .error: 3
    case .warning: 4
    case .notice: 5
    case .info: 6
    case .debug, .trace: 7
    }
  }
}
