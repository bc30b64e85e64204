import Logging
import OceanEngine
import OceanSyntax
import Testing

@testable import OceanChange

/// The forms of a line of the log.
@Suite struct LogLineTests {
  private let time: Int64 = 1_795_946_405_123_000_000  // 2026-11-29T10:00:05.123Z

  private func line(
    _ message: String, _ metadata: Logger.Metadata = [:], level: Logger.Level = .notice
  ) -> LogLine {
    LogLine(level, message, metadata, at: time)
  }

  @Test func `people see date, time and zone, and each value once`() {
    let login = line(
      "pop3: login anna from 192.0.2.1", ["user": .said("anna"), "plan": "3f9ac1"], level: .info)
    #expect(
      login.text(offset: 3600)
        == "2026-11-29 11:00:05 +01:00 info    pop3: login anna from 192.0.2.1  plan=3f9ac1")
    #expect(login.text(offset: -12_600).hasPrefix("2026-11-29 06:30:05 -03:30 info "))
    #expect(line("x").text(offset: 50_400).hasPrefix("2026-11-30 00:00:05 +14:00 notice  x"))
    #expect(
      login.json
        == #"{"time":"2026-11-29T10:00:05.123Z","level":"info","message":"pop3: login anna from 192.0.2.1","plan":"3f9ac1","user":"anna"}"#
    )
  }

  @Test func `colours move nothing`() {
    for level in Logger.Level.allCases {
      let event = line("x", level: level)
      let painted = event.text(offset: 0, on: Screen(hasColor: true))
      #expect(painted.replacing(/\u{1b}\[[0-9;]*m/, with: "") == event.text(offset: 0))
    }
  }

  @Test func `names that mean harm are escaped in every form`() {
    let name = "\u{1b}[2J\u{202e}anna\nMESSAGE=x"
    let login = line("login \(name)", ["user": "\(name)"])
    #expect(
      login.text(offset: 0)
        == #"2026-11-29 10:00:05 +00:00 notice  login \u{1b}[2J\u{202e}anna\nMESSAGE=x  user=\u{1b}[2J\u{202e}anna\nMESSAGE=x"#
    )
    let safe = login.json.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202e }
    #expect(safe)
    let fields = fields(of: login.journalEntry)
    #expect(
      fields["MESSAGE"] == #"login \u{1b}[2J\u{202e}anna\nMESSAGE=x  user=\u{1b}[2J\u{202e}anna\nMESSAGE=x"#)
    #expect(fields["OCEAN_USER"] == "\\u{1b}[2J\\u{202e}anna\nMESSAGE=x")
    #expect(fields.count == 4)
  }

  @Test func `the journal gets a field for each value`() {
    let entry = line("applied", ["plan": "3f9ac1", "lost_lines": .said("3")], level: .warning).journalEntry
    #expect(
      fields(of: entry) == [
        "MESSAGE": "applied  plan=3f9ac1", "PRIORITY": "4", "SYSLOG_IDENTIFIER": "ocean",
        "OCEAN_PLAN": "3f9ac1",
        "OCEAN_LOST_LINES": "3",
      ])
    let levels: [Logger.Level] = [.critical, .error, .warning, .notice, .info, .debug]
    #expect(
      levels.map { fields(of: line("x", level: $0).journalEntry)["PRIORITY"] } == [
        "2", "3", "4", "5", "6", "7",
      ])
  }

  @Test func `an entry fits into a datagram`() {
    let long = String(repeating: "ü\n", count: 100_000)
    let entry = line(long, ["a": "\(long)", "b": "\(long)"]).journalEntry
    #expect(entry.count < 60_000)
    #expect(fields(of: entry)["OCEAN_A"]?.hasSuffix("...") == true)
  }
}

/// Reads an entry in the journal's native protocol.
func fields(of entry: [UInt8]) -> [String: String] {
  var fields: [String: String] = [:]
  var rest = entry[...]
  while let end = rest.firstIndex(where: { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "\n") }) {
    let key = String(decoding: rest[..<end], as: UTF8.self)
    var value = rest[(end + 1)...]
    if rest[end] == UInt8(ascii: "=") {
      value = value.prefix { $0 != UInt8(ascii: "\n") }
    } else {
      let length = value.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      value = value.dropFirst(8).prefix(length)
    }
    fields[key] = String(decoding: value, as: UTF8.self)
    rest = rest[(value.endIndex + 1)...]
  }
  return fields
}
