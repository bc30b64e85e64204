import Testing

@testable import OceanReport

@Suite struct CertificateTextTests {
  @Test func `distances are in whole days`() {
    #expect(wholeDays(86_399) == "less than a day")
    #expect(wholeDays(86_400) == "1 day")
    #expect(wholeDays(30 * 86_400 + 5) == "30 days")
  }
}
