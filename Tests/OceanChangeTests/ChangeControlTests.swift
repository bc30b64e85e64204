import Glibc
import Logging
import OceanEngine
import OceanControlAPI
import OceanPlan
import TestSupport
import Testing
@testable import OceanChange

/// Tests the machine with a real engine, a real disk and a real clock.
@Suite struct ChangeControlTests {
  private let directory: TemporaryDirectory
  private let engine: Engine
  private let changes: ChangeControl

  init() throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    directory = try TemporaryDirectory()
    engine = try Engine(loops: 1, logger: logger)
    changes = ChangeControl(
      engine: engine, store: PlanStore(state: directory.path), source: "/ocean.yaml", logger: logger)
  }

  private func file(_ number: Int) throws -> PlanFile {
    try PlanFile.numbered(number, state: directory.path)
  }

  private func request(expecting number: Int, seconds: Int? = nil) throws -> ApplyRequest {
    ApplyRequest(
      expecting: try file(number).digest, sessions: .keep, confirmSeconds: seconds, source: "/other.yaml")
  }

  private func end() async {
    await engine.drain()
    await engine.shutdown()
  }

  /// It used to end with "another plan runs" if the renewal came in between.
  @Test func `an apply and a renewal at the same time never fail because of each other`() async throws {
    try await changes.start(try file(1).runnable)
    for number in stride(from: 1, to: 60, by: 2) {
      let (old, renewed, new) = (try file(number), try file(number + 1), try file(number + 2))
      let request = try request(expecting: number)
      async let renewal: Void = changes.renew(renewed.runnable, expecting: old.digest)
      let report = try await changes.apply(new, request, by: getuid())
      do {
        try await renewal
      } catch ChangeRefusal.stale(let running, let expected) {
        #expect(running == new.digest && expected == old.digest)
      }
      #expect([old.digest, renewed.digest].contains(report.from) && report.to == new.digest)
      #expect(await engine.runningDigest == new.digest)
    }
    await end()
  }

  @Test func `time runs out, and what ran before comes back`() async throws {
    try await changes.start(try file(1).runnable)
    let report = try await changes.apply(try file(2), try request(expecting: 1, seconds: 1), by: getuid())
    #expect(report.revertsAt != nil && changes.source() == "/other.yaml")
    #expect(changes.unconfirmed()?.previous == (try file(1).digest))
    #expect(await changes.history().waiting?.digest == (try file(2).digest))
    for _ in 0..<1000 where changes.unconfirmed() != nil { try await Task.sleep(for: .milliseconds(20)) }
    #expect(await engine.runningDigest == (try file(1).digest))
    #expect(changes.takenBack().map(\.mark.plan) == [try file(2).digest])
    #expect(changes.source() == "/ocean.yaml")
    await end()
  }

  @Test func `more time is more time`() async throws {
    try await changes.start(try file(1).runnable)
    _ = try await changes.apply(try file(2), try request(expecting: 1, seconds: 1), by: getuid())
    _ = try await changes.apply(try file(2), try request(expecting: 1, seconds: 60), by: getuid())
    try await Task.sleep(for: .milliseconds(1500))
    #expect(await engine.runningDigest == (try file(2).digest))
    #expect(try #require(changes.unconfirmed()).secondsLeft > 30)
    _ = try await changes.confirm(ConfirmRequest(plan: try file(2).digest.description), by: getuid())
    #expect(changes.unconfirmed() == nil)
    await end()
  }

  @Test func `the control API is told what is stale`() async throws {
    try await changes.start(try file(1).runnable)
    for (kind, call) in [
      (
        PlanControlError.Kind.stale,
        { try await changes.apply(try file(3), try request(expecting: 2), by: getuid()) }
      ),
      (.failed, { try await changes.confirm(ConfirmRequest(plan: "abcdef"), by: getuid()) }),
      (.failed, { try await changes.rollback(RollbackRequest(), by: getuid()) }),
    ] as [(PlanControlError.Kind, () async throws -> ApplyReport)] {
      let error = await #expect(throws: PlanControlError.self) { _ = try await call() }
      #expect(error?.kind == kind)
    }
    await end()
  }
}
