import Foundation
import OceanBase
import TestSupport
import Testing

@Suite struct TimestampTests {
  /// The text agrees with Foundation's, over all years.
  @Test func `agrees with Foundation`() {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<2000 {
      let seconds = Int64.random(in: -2_000_000_000...253_402_300_799, using: &random)
      let text = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
      #expect(Timestamp.text(seconds) == text)
      #expect(Timestamp.seconds(text) == seconds)
    }
  }

  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"),
      (4_107_542_399, "2100-02-28T23:59:59Z"),
      (-62_167_219_200, "0000-01-01T00:00:00Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
    ] as [(Int64, String)])
  func `known times`(_ seconds: Int64, _ text: String) {
    #expect(Timestamp.text(seconds) == text)
    #expect(Timestamp.seconds(text) == seconds)
  }

  @Test(arguments: [Int64.min, .max]) func `never traps`(_ seconds: Int64) {
    #expect(Timestamp.text(seconds).count == 20)
    #expect(Timestamp.text(nanoseconds: seconds).count == 24)
  }

  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (1_999_999_999, "1970-01-01T00:00:01.999Z"),
      (-1_000_000, "1969-12-31T23:59:59.999Z"), (4_107_542_399_050_000_000, "2100-02-28T23:59:59.050Z"),
    ] as [(Int64, String)])
  func `milliseconds`(_ nanoseconds: Int64, _ text: String) {
    #expect(Timestamp.text(nanoseconds: nanoseconds) == text)
  }

  @Test func `a day is where it begins`() {
    #expect(Timestamp.seconds(ofTimeOrDay: "1970-01-02") == Timestamp.day)
    #expect(Timestamp.seconds(ofTimeOrDay: "1970-01-02T00:00:01Z") == Timestamp.day + 1)
    #expect(Timestamp.date(Timestamp.day + 1) == "1970-01-02")
    for text in ["2026", "2026-02-31", "2026-13-01", "x-y-z", "-1-1-1"] {
      #expect(Timestamp.seconds(ofTimeOrDay: text) == nil)
    }
  }

  @Test(arguments: ["2027-02-21T14:30:00+02:30", "2027-02-21 12:00:00z", "2027-02-21t02:00:00-10:00"])
  func `other forms`(_ text: String) {
    #expect(Timestamp.seconds(text) == Timestamp.seconds("2027-02-21T12:00:00Z"))
  }

  @Test(arguments: [
    "", "2027-02-21", "2027-02-29T00:00:00Z", "2027-13-01T00:00:00Z", "2027-00-01T00:00:00Z",
    "2027-01-01T24:00:00Z",
    "2027-01-01T00:00:00", "2027-01-01T00:00:00+0200", "2027-01-01T00:00:00*02:00", "+027-01-01T00:00:00Z",
    "2027-01-01T00:00:00+24:00", "2027/01/01T00:00:00Z",
  ])
  func `no times`(_ text: String) { #expect(Timestamp.seconds(text) == nil) }
}
