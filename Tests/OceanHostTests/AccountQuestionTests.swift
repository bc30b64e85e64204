import OceanHost
import OceanPlan
import TestPlans
import Testing

/// Tests what `ocean accounts` understands as a service and a client, and how it names accounts that it cannot show.
@Suite struct AccountQuestionTests {
  private let folder: ConfigFolder

  init() throws { folder = try ConfigFolder() }

  private func plan(_ services: String = "") throws -> Plan {
    try folder.configure(rest: services)
    return try folder.plan().plan
  }

  @Test func `the only service need not be named`() throws {
    #expect(try AccountTest.service(nil, of: plan()).name == "pop3")
    let two = try plan("  other: { ports: [1111] }\n")
    #expect(try AccountTest.service("other", of: two).name == "other")
    #expect(
      Failure.message { () throws(Failure) in _ = try AccountTest.service(nil, of: two) }
        == "which service? Write --service with one of: other, pop3")
    #expect(
      Failure.message { () throws(Failure) in _ = try AccountTest.service("imap\u{7}", of: two) }
        == "there is no service 'imap\\u{07}' (services: other, pop3)")
  }

  @Test func `a service that is off is tried if it is named`() throws {
    let plan = try plan("  other: { enabled: false, ports: [1111] }\n")
    #expect(try AccountTest.service(nil, of: plan).name == "pop3")
    #expect(try AccountTest.service("other", of: plan).name == "other")
  }

  @Test func `a client is an address`() throws {
    #expect(try AccountTest.client("2001:db8::1").description == "2001:db8::1")
    #expect(
      Failure.message { () throws(Failure) in _ = try AccountTest.client("localhost") }
        == "'localhost' is not an IP address")
  }

  @Test func `a name is safe to show when nobody has it`() throws {
    let plan = try plan()
    #expect(
      Failure.message { () throws(Failure) in _ = try ShownAccount.accounts(of: "a\u{1b}[31m\nb", in: plan) }
        == "a\\u{1b}[31m\\nb: no account of that name")
    #expect(try plan.maildirs(of: "anna").maildirs == [folder.path("mail/anna")])
  }
}
