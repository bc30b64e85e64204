import OceanBase
import OceanControlAPI
import OceanHost
import OceanPlan
import OceanSyntax
import TestPlans
import Testing
@testable import OceanReport

/// Tests the answer of `ocean plan` for what it is compared with.
@Suite struct PlannedChangeTests {
  private let folder: ConfigFolder

  init() throws { folder = try ConfigFolder() }

  /// What a config would change.
  private func change(_ settings: String, after previous: PreviousPlan) throws -> PlannedChange {
    try folder.configure(settings)
    let config = try CompiledConfig(folder.path("ocean.yaml"))
    return try PlannedChange(
      try #require(config.result.plan), config, after: previous, sessions: .keep, on: Screen(),
      errors: Screen())
  }

  private func saved(_ settings: String) throws -> PreviousPlan {
    .plan(PlanVersion(try folder.plan(settings)), name: "old.yaml, abcdef", sources: nil)
  }

  @Test func `with nothing to compare with the plan itself is shown`() throws {
    let change = try change("max_connections: 100", after: .nothing("no server runs on /state"))
    #expect(change.diff == nil)
    #expect(change.text.hasPrefix("against"))
    #expect(change.text.split(separator: "\n").first?.hasSuffix("nothing: no server runs on /state") == true)
    #expect(change.text.contains("max_connections"))
    #expect(try PlanFile(json: change.json).digest == change.saved.digest)
    #expect(change.sarif(version: "1").contains("\"results\""))
  }

  @Test func `compared with a plan, the changes are shown, and saved with the plan`() throws {
    let old = try saved("max_connections: 100")
    let change = try change("max_connections: 150", after: old)
    #expect(change.diff?.classes == [.limits])
    #expect(change.text.contains("old.yaml, abcdef"))
    #expect(change.text.contains("100"))
    #expect(change.text.hasSuffix("Nothing was applied."))
    #expect(change.saved.madeAgainst == old.version?.digest)
    #expect(change.annotations.contains("::notice"))
    #expect(change.annotations.contains("Nothing was applied."))
  }

  @Test func `connected clients are told of, but are not saved`() throws {
    let running = try folder.plan("max_connections: 100")
    let live = LiveComparison(
      running: running, status: .example(running.digest), sessions: [.example(7, "127.0.0.9", user: "anna")],
      confirmed: nil)
    let change = try change("ip_control: { black_list: [127.0.0.9] }", after: .server(live))
    #expect(change.diff?.classes.contains(.sessionsLockedOut) == true)
    #expect(change.text.contains("1 could not come back"))
    let saved = String(decoding: try change.saved.json, as: UTF8.self)
    #expect(!saved.contains("127.0.0.9 anna") && !saved.contains("sessions-locked-out"))
    #expect(String(decoding: try change.json, as: UTF8.self).contains("sessions-locked-out"))
  }

  @Test func `what a plan is compared with has a name in every case`() throws {
    #expect(PreviousPlan.nothing("because").words == "nothing: because")
    #expect(PreviousPlan.nothing("because").version == nil)
    #expect(try saved("max_connections: 5").words == "old.yaml, abcdef")
    let heading = PreviousPlan.nothing("a\u{1b}[31m").heading(on: Screen()).joined()
    #expect(heading.contains("a\\u{1b}[31m"))
  }
}
