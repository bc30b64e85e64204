import Testing

@testable import OceanReport

@Suite struct CertificateTextTests {
  @Test(
    arguments: [
      ("2026-11-23", "2026-11-23T00:00:00Z"), ("2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z"),
      ("2024-02-29", "2024-02-29T00:00:00Z"),
    ])
  func times(_ text: String, _ expected: String) {
    #expect(CertTime(argument: text)?.description == expected)
  }

  @Test(
    "what is not a time",
    arguments: [
      "", "2026", "2026-02-31", "2026-13-01", "2026-11-23T25:00:00Z", "2026-11-23 10:00:00", "x-y-z",
      "-1-1-1",
    ])
  func noTime(_ text: String) {
    #expect(CertTime(argument: text) == nil)
  }

  @Test func distancesAreInWholeDays() {
    #expect(wholeDays(86_399) == "less than a day")
    #expect(wholeDays(86_400) == "1 day")
    #expect(wholeDays(30 * 86_400 + 5) == "30 days")
  }
}
