import OceanHost
import OceanControlAPI
import OceanPlan
import TestPlans
import Testing
@testable import OceanChange

/// Tests where a rollback leads, from which plan and after which decisions. Plans are named by their letter.
@Suite struct RollbackHistoryTests {
  private let folder: ConfigFolder
  private let store: PlanStore
  private let plans: [Character: PlanFile]

  init() throws {
    folder = try ConfigFolder()
    store = PlanStore(state: folder.path("state"))
    var plans: [Character: PlanFile] = [:]
    for (number, name) in "ABCDE".enumerated() {
      plans[name] = try folder.plan("max_connections: \(number + 100)")
    }
    self.plans = plans
  }

  /// Applies a plan for each letter; a digit goes back by that many plans.
  private func decide(_ decisions: String) throws -> RollbackHistory {
    for decision in decisions {
      if let steps = decision.wholeNumberValue {
        let target = try RollbackHistory(store.kept()).plan(steps)
        try keep(try target.file, .returned(to: target))
      } else {
        try keep(try #require(plans[decision]), .applied(lists: []))
      }
    }
    return RollbackHistory(store.kept())
  }

  private func keep(_ plan: PlanFile, _ occasion: PlanStore.Occasion) throws {
    _ = try store.confirm(plan, from: PlanOrigin(source: "ocean.yaml"), at: "2026-11-29T10:00:00Z", occasion)
  }

  private func names(_ entries: [PlanStore.Entry]) -> String {
    String(entries.compactMap { entry in plans.first { $0.value.digest == entry.mark.plan }?.key })
  }

  @Test(
    "what is so many plans back, the newest first",
    arguments: [
      ("A", "A"), ("ABC", "CBA"),
      // Reverted plans are not among them.
      ("ABC1", "BA"),
      // Another rollback goes further back.
      ("ABC11", "A"), ("ABCD12", "A"),
      // A new plan continues from the plan that the rollback led to.
      ("ABC1D", "DBA"), ("ABC1D1", "BA"), ("ABC1DE11", "BA"),
    ])
  func `steps`(_ decisions: String, _ expected: String) throws {
    #expect(names(try decide(decisions).steps) == expected)
  }

  @Test func `what was taken back is reached by its digest`() throws {
    let line = try decide("ABC1")
    let digest = try #require(plans["C"]).digest
    #expect(names([try line.plan("\(digest)")]) == "C")
    #expect(line.takenBack.keys.sorted() == [3])
  }

  @Test func `a step too far says where to look`() throws {
    #expect {
      try decide("AB").plan(2)
    } throws: {
      "\($0)" == "there is no plan so far back: 'ocean history' lists what there is"
    }
    #expect {
      try RollbackHistory(KeptPlans()).plan(0)
    } throws: {
      "\($0)" == "no plan was confirmed yet"
    }
  }

  @Test func `digits that no plan has`() throws {
    let line = try decide("AB")
    #expect(throws: ChangeRefusal.self) { try line.plan("sha256:nothing") }
  }

  @Test func `history counts from the plan that runs`() throws {
    let history = try decide("ABC1").history(waiting: nil, takenBack: [], damaged: [])
    #expect(history.plans.map(\.back) == [0, nil, nil, 1])
  }

  @Test func `a plan that waits is the first step itself`() throws {
    let waiting = PlanHistory.Waiting(
      digest: try #require(plans["D"]).digest, source: "ocean.yaml", by: nil,
      revertsAt: "2026-11-29T10:05:00Z")
    let history = try decide("AB").history(waiting: waiting, takenBack: [], damaged: [])
    #expect(history.plans.map(\.back) == [1, 2])
  }
}
