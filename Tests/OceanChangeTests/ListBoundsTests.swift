import Glibc
import Logging
import OceanControlAPI
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

  @Test(
    arguments: [nil, "<html>\n<p>503</p>\n", "203.0.113.0/2x\n"], ["", "largest_network: /8"])
  func `a start takes the last entries of a file that is missing or torn`(
    _ text: String?, _ bounds: String
  ) throws {
    func configure(_ more: String = "") throws {
      let bounds = bounds.isEmpty ? "" : ", \(bounds)"
      try folder.configure(
        "ip_control: { black_list: [192.0.2.1, { file: drop.netset\(bounds) }] }", more)
    }
    try configure()
    let first = try folder.plan()
    try keep(first)
    if let text {
      try folder.write(text, to: "drop.netset")
    } else {
      unlink(folder.path("drop.netset"))
    }
    #expect(throws: Failure.self) { try reload() }
    let started = try start()
    #expect(started.file.digest == first.digest)
    #expect(started.file.rules == first.rules)
    #expect(started.unusableLists.isEmpty)
    let held = try #require(started.heldLists.first)
    #expect(held.path == folder.path("drop.netset"))
    #expect(held.plan == first.digest && held.confirmed == "2026-11-29T10:00:00Z")
    #expect(
      held.reason.contains(text == nil ? "there is no file" : "drop.netset:1:"), "\(held.reason)")
    // Everything else is what the config says.
    try configure("max_connections: 7")
    let edited = try start().file
    #expect(edited.plan.services[0].limits.connections == 7)
    #expect(edited.plan.services[0].ipControl == first.plan.services[0].ipControl)
  }

  @Test func `a list of which nothing is kept keeps a server from starting`() throws {
    try configure()
    try keep(try folder.plan())
    try folder.configure("ip_control: { black_list: [{ file: drop.netset }, { file: new.netset }] }", "")
    unlink(folder.path("drop.netset"))
    let failure = #expect(throws: Failure.self) { try start() }
    #expect(
      failure?.message
        == "the address list \(folder.path("new.netset")) cannot be used, because there is no file "
        + "\(folder.path("new.netset")); and no confirmed plan has entries to run in their place")
  }

  @Test func `a list that only an expectation names keeps no server from starting`() throws {
    try folder.configure(
      "ip_control: { black_list: [192.0.2.1] }",
      rest: "expect: [{ from: [{ file: drop.netset }], verdict: allow }]\n")
    unlink(folder.path("drop.netset"))
    #expect(try start().heldLists.isEmpty)
  }

  @Test func `a list that was reverted does not come in because its file is gone`() throws {
    try configure()
    let first = try folder.plan()
    try keep(first)
    try folder.write("192.0.2.0/24\n", to: "drop.netset")
    let second = try folder.plan()
    try keep(second)
    var withheld = WithheldPlans()
    withheld.takeBack(
      RevertedPlan(
        mark: PlanIdentity(second).changes(from: PlanIdentity(first), isSameDecision: true),
        at: "2026-11-29T11:00:00Z", after: 2, source: folder.path("ocean.yaml"), isConfirmed: true))
    try store.withhold(withheld)
    unlink(folder.path("drop.netset"))
    #expect(try start().file.digest == first.digest)
  }

  @Test func `a saved plan starts with its own entries where the file is gone`() throws {
    try configure()
    let file = try folder.plan()
    unlink(folder.path("drop.netset"))
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let source = PlanSource.saved(file, path: folder.path("change.plan"))
    #expect(try source.load(starting: true, logger) { _ in }.file.rules == file.rules)
  }

  @Test func `a list that comes back changes what leaves another list at an end`() throws {
    try folder.configure(
      "ip_control: { white_list: [{ address: 203.0.113.9, until: 2099-01-01 }, { file: drop.netset }] }", "")
    try folder.write("198.51.100.7\n", to: "drop.netset")
    let file = try folder.plan()
    #expect(file.plan.ends.count == 1)
    try folder.write("203.0.113.0/24\n", to: "drop.netset")
    let back = try file.refreshed(lists: ListChoice()) { _ in }.file
    #expect(back.plan.ends.isEmpty)
    #expect(try PlanFile(json: back.json).digest == back.digest)
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
