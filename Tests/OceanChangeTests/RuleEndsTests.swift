import Logging
import OceanAddresses
import OceanControlAPI
import OceanEngine
import OceanPlan
import Synchronization
import TestPlans
import Testing
@testable import OceanChange

/// Rules that end while a real engine runs, by a clock that the test sets.
@Suite struct RuleEndsTests {
  private let folder: ConfigFolder
  private let engine: Engine
  private let changes: ChangeControl
  private let store: PlanStore
  private let ends: RuleEnds
  private let clock = Clock()

  private final class Clock: Sendable {
    private let seconds = Mutex<Int64>(0)
    var now: Int64 { seconds.withLock { $0 } }
    func set(_ end: RuleEnd, _ offset: Int64 = 0) { seconds.withLock { $0 = end.seconds + offset } }
  }

  private static let first = RuleEnd(seconds: 4_102_444_800)
  private static let second = RuleEnd(seconds: 4_102_531_200)

  init() throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    folder = try ConfigFolder()
    store = PlanStore(state: folder.path("state"))
    engine = try Engine(loops: 1, logger: logger)
    changes = ChangeControl(engine: engine, store: store, source: folder.path("ocean.yaml"), logger: logger)
    ends = RuleEnds(engine: engine, changes: changes, logger: logger) { [clock] in clock.now }
    clock.set(Self.first, -1)
  }

  private func plan(_ more: String = "idle_timeout: 10m") throws -> PlanFile {
    try folder.plan(
      """
      enabled: false
          ip_control:
            black_list:
              - { address: 203.0.113.9, until: \(Self.first) }
              - { address: 203.0.113.10, until: \(Self.second) }
              - 203.0.113.11
          \(more)
      """)
  }

  private var listed: [String] {
    get async {
      let list = await engine.runningFile?.plan.services.first?.ipControl.blackList.addresses
      return list.map { Array($0.ranges(of: .v4)).map(\.description) } ?? []
    }
  }

  @Test func `each rule ends in its time, and not before`() async throws {
    let file = try plan()
    try await changes.start(PreparedPlan(file, [:], [:]))
    await ends.look()
    #expect(await engine.runningDigest == file.digest)
    clock.set(Self.first)
    await ends.look()
    #expect(await listed == ["203.0.113.10/31"])
    let ended = try #require(await engine.runningFile)
    #expect(store.kept().entries.map(\.mark.plan) == [ended.digest])
    clock.set(Self.second, 1_000_000)
    await ends.look()
    #expect(await listed == ["203.0.113.11"])
    #expect(await engine.runningFile?.plan.ends == [])
    await engine.drain()
    await engine.shutdown()
  }

  /// It was announced by the plan that was reviewed.
  @Test func `a plan that was made before is not stale`() async throws {
    let file = try plan()
    try await changes.start(PreparedPlan(file, [:], [:]))
    clock.set(Self.first)
    await ends.look()
    let next = try plan("idle_timeout: 20m")
    let report = try await changes.apply(
      next, ApplyRequest(expecting: file.digest, sessions: .keep, confirmSeconds: 60, source: "/ocean.yaml"),
      by: 0)
    #expect(report.to == next.digest)
    // While it waits, its rules end, too; and what comes back has lost its rules as well.
    clock.set(Self.second)
    await ends.look()
    #expect(await listed == ["203.0.113.11"])
    let waiting = try #require(await engine.runningDigest)
    _ = try await changes.confirm(ConfirmRequest(plan: waiting.description), by: 0)
    #expect(store.kept().entries.first?.mark.plan == waiting)
    await engine.drain()
    await engine.shutdown()
  }
}
