import OceanHost
import OceanPlan
import TestPlans
import Testing

@Suite struct LoadedPlanTests {
  private let folder: ConfigFolder

  init() throws { folder = try ConfigFolder() }

  private var path: String { folder.path("ocean.yaml") }

  @Test func `a config and the plan that was saved of it are the same`() throws {
    try folder.configure()
    let config = try LoadedPlan(path, overriding: []) { _ in Issue.record("nothing is wrong") }
    try Files.save(try config.file.json, to: folder.path("plan.json"), from: [path])
    let saved = try LoadedPlan(folder.path("plan.json"), overriding: []) { _ in }
    #expect(saved.file.digest == config.file.digest)
    #expect(saved.config == nil)
    #expect(config.config != nil)
  }

  @Test func `what is wrong is reported before the failure`() throws {
    try folder.configure("max_connections: none")
    var reports: [Int] = []
    #expect {
      try LoadedPlan(path, overriding: []) { reports.append($0.count(.error)) }
    } throws: {
      ($0 as? Failure)?.message == "\(path): 1 error"
    }
    #expect(reports == [1])
  }

  // MARK: - Expectations

  private func breakExpectation() throws {
    try folder.configure(
      "ip_control: { black_list: [192.0.2.0/24] }",
      rest: "expect: [{ from: 192.0.2.7, verdict: allow }]")
  }

  @Test func `a broken expectation is no reason not to answer`() throws {
    try breakExpectation()
    var reports = 0
    let asked = try LoadedPlan(asking: path) { _ in reports += 1 }
    #expect(asked.isBroken)
    #expect(reports == 1)
  }

  @Test func `a broken expectation stops a plan that is to run`() throws {
    try breakExpectation()
    #expect(throws: Failure.self) { try LoadedPlan(path, overriding: []) { _ in } }
  }

  @Test func `an expectation is overridden by its place`() throws {
    try breakExpectation()
    let lines = try String(decoding: Files.read(path, limit: 1 << 16), as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    let place = "\(path):\(lines.count)"
    #expect(throws: Never.self) { try LoadedPlan(path, overriding: [place]) { _ in } }
    // A place as a message shows it, with its column.
    #expect(throws: Never.self) { try LoadedPlan(path, overriding: [place + ":9"]) { _ in } }
    #expect {
      try LoadedPlan(path, overriding: ["\(path):1"]) { _ in }
    } throws: {
      ($0 as? Failure)?.message
        == "there is no broken expectation at \(path):1 to override: the broken ones are at \(place)"
    }
  }

  @Test func `what begins like a plan must be one`() throws {
    try folder.write(#"{"format_version":1,"digest":"sha256:00"}"#, to: "plan.json")
    #expect(throws: Failure.self) { try LoadedPlan(folder.path("plan.json"), overriding: []) { _ in } }
  }
}
