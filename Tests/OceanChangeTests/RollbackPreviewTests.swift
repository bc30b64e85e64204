import OceanControlAPI
import OceanHost
import OceanPlan
import Testing
@testable import OceanChange

/// Tests that a rollback which is only shown is decided like the rollback itself, and changes nothing.
@Suite struct RollbackPreviewTests {
  /// What had been done before.
  enum Situation: CaseIterable {
    case started, line, waiting, waitingRollback, goneBack, expired, damagedNote

    func make() throws -> ChangeBench {
      let bench = try ChangeBench()
      _ = try bench.report(.start(1))
      if self == .started { return bench }
      _ = try bench.report(.apply(2, expecting: 1, comment: "two"))
      switch self {
      case .started, .line: break
      case .waiting: _ = try bench.report(.apply(3, expecting: 2, seconds: 60))
      case .waitingRollback: _ = try bench.report(.rollback(plan: 1, seconds: 60))
      case .goneBack: _ = try bench.report(.rollback())
      case .expired:
        _ = try bench.report(.apply(3, expecting: 2, seconds: 60))
        bench.expire()
      case .damagedNote: try bench.damageNote()
      }
      return bench
    }
  }

  private static func digest(_ number: Int) throws -> Digest { try PlanFile.numbered(number).digest }

  private static var requests: [RollbackRequest] {
    get throws {
      let plans = try (1...4).map { RollbackRequest(plan: try digest($0).description) }
      let steps = [0, 1, 2, 3].map { RollbackRequest(steps: $0) }
      return [RollbackRequest(), RollbackRequest(steps: 1, plan: "abcdef"), RollbackRequest(plan: "abcdef")]
        + [RollbackRequest(steps: 1, confirmSeconds: 60), RollbackRequest(steps: 1, confirmSeconds: 0)]
        + plans + steps
    }
  }

  @Test(arguments: Situation.allCases)
  func `what is shown is what is done, or refused for the same reason`(_ situation: Situation) throws {
    for request in try Self.requests {
      let bench = try situation.make()
      let (running, withheld, timer) = (bench.running, bench.store.withheld, bench.timer)
      let kept = bench.store.kept().numbers
      bench.clear()
      let number = bench.ask(.preview(request))
      #expect(!bench.trace.contains { $0.hasPrefix("apply") || $0.hasPrefix("keep") || $0.hasPrefix("note") })
      #expect(!bench.trace.contains { $0.hasPrefix("log") || $0.contains("timer") }, "\(bench.trace)")
      #expect(bench.running == running && bench.timer == timer)
      #expect(bench.store.withheld == withheld && bench.store.kept().numbers == kept)

      let done = bench.ask(.rollback(request))
      switch try #require(bench.answers[done]) {
      case .success(let report):
        let shown = try #require(bench.shown[number], "\(request)")
        #expect(shown.running.digest == running)
        #expect(shown.prepared.plan.digest == report.to && report.to == bench.running, "\(request)")
        #expect(shown.target.digest == report.to)
      case .failure(let error):
        guard case .failure(let refusal) = bench.answers[number] else {
          Issue.record("\(request) is shown, and refused: \(error)")
          continue
        }
        #expect("\(refusal)" == "\(error)")
      }
    }
  }

  private func target(of request: RollbackRequest, on bench: ChangeBench) throws -> RollbackPreview.Target {
    let number = bench.ask(.preview(request))
    return try #require(bench.shown[number]).target
  }

  @Test func `it names the decision that it goes back to`() throws {
    let bench = try Situation.waiting.make()
    let waiting = try target(of: RollbackRequest(), on: bench)
    #expect(
      waiting.digest == (try Self.digest(2)) && waiting.by?.comment == "two" && waiting.confirmed != nil)
    let first = try target(of: RollbackRequest(steps: 2), on: bench)
    #expect(
      first.digest == (try Self.digest(1)) && first.by?.event == .start && first.source == "/ocean.yaml")
  }

  @Test func `it waits for its turn`() throws {
    let bench = try Situation.line.make()
    var others = [bench.order(.preview(RollbackRequest(steps: 1)))]
    bench.meanwhile = { _, _ in
      defer { others = [] }
      return others
    }
    _ = try bench.report(.apply(3, expecting: 2))
    #expect(bench.shown.values.map(\.target.digest) == [try Self.digest(2)])
  }
}
