import OceanBase
import TestSupport
import Testing

@testable import OceanReplay

@Suite struct LogReaderTests {
  private func read(_ line: String) throws -> LogEvent {
    var reader = LogReader()
    return try Array(line.utf8).withUnsafeBytes { try reader.event($0) }
  }

  @Test func `the server's own line is read without a decoder`() throws {
    let line = logLine(at: "2026-11-25T14:15:38.577Z", user: "anna", milliseconds: 12_345)
    var keys = LineKeys()
    // First its keys are not known, then they are.
    for _ in 0..<2 { #expect(Array(line.utf8).withUnsafeBytes { LogFields(plain: $0, &keys) } != nil) }
    let event = try read(line)
    #expect(event.kind == .session && !event.isCoarse)
    #expect(event.time == Timestamp.seconds("2026-11-25T14:15:38Z").map { $0 * 1000 + 577 })
    #expect(event.time - event.start == 12_345 && event.moment == event.start)
  }

  private static let sources = [
    logLine(at: "2026-11-25T14:15:38.577Z", user: "anna", milliseconds: 12_345),
    logLine("refused", at: "2026-11-25T14:15:38Z", peer: "2001:db8::1", outcome: "black_list"),
    logLine(
      "login_failed", at: "2026-11-25T16:15:38.5+02:00", user: #"\u0041"#, outcome: "wrong_credentials"),
    #" { "time" : "2026-11-25T14:15:38.57712Z" , "event":"session","service":"größe","peer":"192.0.2.1","proxy":"192.0.2.1","#
      + #""outcome":"quit","new":{"a":[1,-2.5e3,true,null,"}"]},"old":false,"seconds":1e-3}"#,
  ]

  private static let pieces = [
    "\"", "\\", ",", ":", "{", "}", "[", "]", "0", "00", "1.5", "-1", "1e2", "null", "true", "nul", "\t",
    "\r", " ",
    "\u{1}", "\u{7f}", "é", #"\n"#, #"\u00e9"#, #"\ud800"#, #""time":"x","#, #","user":null"#,
    #","seconds":3"#,
    "blocked", "refused", "session", "192.0.2.300", "::1", #""user":"#, #","peer":"192.0.2.2""#,
  ]

  /// The quick way may read nothing that the decoder does not read, and nothing else into it.
  @Test(arguments: 0..<40) func `both ways read the same`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var quick = 0
    // Both know the keys of the line before.
    var (keys, reader) = (LineKeys(), LogReader())
    for _ in 0..<200 {
      var bytes = Array((Self.sources.randomElement(using: &random) ?? "").utf8)
      for _ in 0..<Int.random(in: 0...2, using: &random) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let length = Int.random(in: 0...min(3, bytes.count - place), using: &random)
        let piece = Bool.random(using: &random) ? Self.pieces.randomElement(using: &random) ?? "" : ""
        bytes.replaceSubrange(place..<place + length, with: piece.utf8)
      }
      bytes.withUnsafeBytes { line in
        if LogFields(plain: line, &keys) != nil { quick += 1 }
        let event = Result { () throws(LogLineFault) in try reader.event(line) }
        let decoded = Result { () throws(LogLineFault) in try reader.decoded(line) }
        #expect(event == decoded, "\(String(decoding: line, as: UTF8.self))")
      }
    }
    #expect(quick > 20)
  }

  @Test(arguments: [
    (#"{"time":"2026-11-25T14:1"#, LogLineFault.broken), ("once upon a time", .broken), ("", .broken),
    ("{}", .foreign), (#"{"time":1}"#, .foreign), ("[]", .foreign),
    (logLine(at: "yesterday"), .foreign), (logLine(at: "2026-11-25T14:15:38Z", peer: "localhost"), .foreign),
    (logLine(at: "2026-13-25T14:15:38Z"), .foreign), (logLine(at: "2026-11-25T24:15:38Z"), .foreign),
  ])
  func `what is not a line of a log is told apart`(_ line: String, _ fault: LogLineFault) {
    #expect(throws: fault) { try read(line) }
  }

  @Test(arguments: [
    ("2026-11-25T14:15:38Z", 0, true), ("2026-11-25T14:15:38.5Z", 500, false),
    ("2026-11-25T14:15:38.123456789Z", 123, false), ("2026-11-25T16:15:38.25+02:00", 250, false),
  ])
  func `times may be written in several ways`(_ text: String, _ milliseconds: Int64, _ isCoarse: Bool) throws
  {
    let event = try read(logLine(at: text))
    let second = try #require(Timestamp.seconds("2026-11-25T14:15:38Z"))
    #expect(event.time == second * 1000 + milliseconds && event.isCoarse == isCoarse)
  }

  @Test func `an event of a later version is one of an unknown kind`() throws {
    #expect(try read(logLine("imap", at: "2026-11-25T14:15:38Z")).kind == .unknown)
  }
}
