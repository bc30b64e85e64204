import Foundation
import OceanPlan
import TestSupport
import Testing

@Suite struct TimestampTests {
  /// The text agrees with Foundation's, over all years.
  @Test func agreesWithFoundation() {
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
  func knownTimes(_ seconds: Int64, _ text: String) {
    #expect(Timestamp.text(seconds) == text)
    #expect(Timestamp.seconds(text) == seconds)
  }

  @Test(arguments: [Int64.min, .max]) func neverTraps(_ seconds: Int64) {
    #expect(Timestamp.text(seconds).count == 20)
  }

  @Test(arguments: ["2027-02-21T14:30:00+02:30", "2027-02-21 12:00:00z", "2027-02-21t02:00:00-10:00"])
  func otherForms(_ text: String) {
    #expect(Timestamp.seconds(text) == Timestamp.seconds("2027-02-21T12:00:00Z"))
  }

  @Test(arguments: [
    "", "2027-02-21", "2027-02-29T00:00:00Z", "2027-13-01T00:00:00Z", "2027-00-01T00:00:00Z",
    "2027-01-01T24:00:00Z",
    "2027-01-01T00:00:00", "2027-01-01T00:00:00+0200", "2027-01-01T00:00:00*02:00", "+027-01-01T00:00:00Z",
    "2027-01-01T00:00:00+24:00", "2027/01/01T00:00:00Z",
  ])
  func noTimes(_ text: String) { #expect(Timestamp.seconds(text) == nil) }
}
