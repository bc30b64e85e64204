import Logging
import OceanHost
import OceanPlan
import TestPlans
import Testing
@testable import OceanChange

/// What a server does with list files that do not keep their bounds, where no human looks at a plan: when it
/// starts, and when it goes back.
@Suite struct ListBoundsTests {
  private let folder: ConfigFolder
  private let store: PlanStore
  private static let good = "203.0.113.0/24\n198.51.100.7\n"
  private static let bad = good + "0.0.0.0/0\n"

  init() throws {
    folder = try ConfigFolder()
    store = PlanStore(state: folder.path("state"))
    try folder.write(Self.good, to: "drop.netset")
  }

  private func configure(_ more: String = "", bounds: String = "largest_network: /8") throws {
    try folder.configure(
      "ip_control: { black_list: [192.0.2.1, { file: drop.netset, \(bounds) }] }", more)
  }

  private func start() throws -> PreparedPlan {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    return try PlanSource(folder.path("ocean.yaml")).load(starting: true, logger) { _ in }
      .completed().orLastConfirmed(store, logger)
  }

  private func reload() throws -> PreparedPlan {
    try PlanSource(folder.path("ocean.yaml"))
      .load(starting: false, Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) { _ in }
  }

  private func keep(_ file: PlanFile) throws {
    _ = try store.confirm(
      file, from: PlanOrigin(source: folder.path("ocean.yaml")), at: "2026-11-29T10:00:00Z",
      .applied(lists: []))
  }

  @Test func `a start takes the entries of the plan that ran last, and the rest of the config`() throws {
    try configure()
    let first = try folder.plan()
    try keep(first)
    try folder.write(Self.bad, to: "drop.netset")
    #expect(try start().file.digest == first.digest)
    try configure("max_connections: 7")
    let started = try start().file
    #expect(started.plan.services[0].limits.connections == 7)
    #expect(started.plan.services[0].ipControl == first.plan.services[0].ipControl)
    #expect(started.rules == first.rules)
    let digest = try started.plan.digest
    #expect(started.digest == digest)
    #expect(
      started.inputs.first { $0.role == .addresses }?.sha256
        == first.inputs.first { $0.role == .addresses }?.sha256)
    #expect(throws: Failure.self) { try reload() }
    // What was in it before is no better where the config says so.
    try configure(bounds: "at_least: 4")
    #expect(throws: Failure.self) { try start() }
    try folder.write("192.0.2.3\n192.0.2.4\n192.0.2.5\n192.0.2.6\n", to: "drop.netset")
    #expect(try start().file.rules.listFiles.values.map(\.rules.count) == [4])
  }

  @Test func `without an earlier list there is nothing to start with`() throws {
    try folder.write(Self.bad, to: "drop.netset")
    try configure()
    let failure = #expect(throws: Failure.self) { try start() }
    #expect(
      failure?.message
        == "the address list \(folder.path("drop.netset")) cannot be used, because it has 0.0.0.0/0 on line 3, which "
        + "is larger than a /8; and no confirmed plan has entries to run in their place")
  }

  @Test func `a plan that comes back keeps its list where the file does not keep its bounds`() throws {
    try configure(bounds: "at_most: 2")
    // As it is read from disk.
    let kept = try PlanFile(json: try folder.plan().json)
    for (text, count, warnings) in [
      ("192.0.2.7\n192.0.2.8\n192.0.2.9\n", 2, ["it has 3 entries, at most 2 are expected"]),
      ("192.0.2.7\n", 1, []),
    ] {
      try folder.write(text, to: "drop.netset")
      var said: [String] = []
      let back = try kept.refreshed(lists: ListChoice()) { said.append($0) }
      #expect(back.file.rules.listFiles.values.map(\.rules.count) == [count])
      #expect(
        said
          == warnings.map {
            "the address list \(folder.path("drop.netset")) cannot be used and stays as it was: \($0)"
          })
    }
  }
}
