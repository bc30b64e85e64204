import Foundation
import OceanCompiler
import OceanPlan
import OceanSyntax
import Testing

@testable import OceanFleet

/// What is said once a rollout has ended.
@Suite struct RolloutReportTests {
  private func node(
    _ name: String, _ state: RolloutReport.State, until: Int64? = nil, _ trouble: NodeTrouble? = nil
  ) -> RolloutReport.Node {
    RolloutReport.Node(
      node: Fleet.Node(
        name: name, place: .init(file: "fleet.yaml", line: 3, column: 5), ssh: name, config: "/etc/ocean.yaml"
      ),
      state: state, until: until, trouble: trouble)
  }

  private func report(_ nodes: RolloutReport.Node...) -> RolloutReport {
    RolloutReport(Fleet(name: "mail", nodes: nodes.map(\.node)), nodes)
  }

  private let refused = NodeTrouble(.refused, "'ocean apply x' on b: the server refuses: no")
  private let away = NodeTrouble(.unreachable, "ssh c: connect to host c port 22: No route to host")

  @Test func `the outcome is that of all nodes`() {
    #expect(report().outcome == .done)
    #expect(report(node("a", .unchanged)).outcome == .done)
    #expect(report(node("a", .confirmed), node("b", .unchanged)).outcome == .done)
    #expect(report(node("a", .wentBack), node("b", .behind, refused)).outcome == .failed)
    #expect(report(node("a", .behind), node("b", .behind, NodeTrouble(.stale, "other"))).outcome == .stale)
    #expect(report(node("a", .confirmed), node("b", .behind, refused)).outcome == .differs)
    #expect(report(node("a", .confirmed), node("b", .wentBack)).outcome == .differs)
    // It keeps the plan, and its files are not those of the plan.
    #expect(report(node("a", .confirmed, refused)).outcome == .differs)
    #expect(report(node("a", .wentBack), node("b", .unknown, until: 9, away)).outcome == .differs)
    #expect(report(node("a", .waiting, until: 9)).outcome == .differs)
    var interrupted = report(node("a", .behind))
    interrupted.wasInterrupted = true
    #expect(interrupted.outcome == .failed)
    var rollback = report(node("a", .wentBack), node("b", .unchanged))
    rollback.isRollback = true
    #expect(rollback.outcome == .done)
    rollback = report(node("a", .wentBack), node("b", .waiting, until: 9, away))
    rollback.isRollback = true
    #expect(rollback.outcome == .differs)
  }

  @Test func `a node that refused is told from one that was not reached, and from those behind`() throws {
    var report = report(
      node("a", .wentBack), node("b", .behind, refused), node("c", .unknown, until: 1_796_126_400, away),
      node("d", .behind), node("e", .unchanged),
      node("f", .wentBack, NodeTrouble(.unwell, "3 of 4 logins failed")))
    report.troubles = ["5 of 9 logins failed"]
    try expectGolden(report.text(on: Screen()), "rollout")
    let narrow = report.text(on: Screen(width: 60, isTerminal: true))
    #expect(narrow.split(separator: "\n").allSatisfy { $0.count <= 60 })
    let object = try JSONSerialization.jsonObject(with: Data(report.json)) as? [String: Any]
    let nodes = try #require(object?["nodes"] as? [[String: Any]])
    #expect(object?["outcome"] as? String == "differs" && nodes.count == 6)
    #expect(nodes[2]["reverts_at"] as? String == "2026-12-01T12:00:00Z")
    #expect((nodes[1]["trouble"] as? [String: Any])?["kind"] as? String == "refused")
  }

  @Test func `the plan of a rollout is known by its name`() throws {
    let node = node("a", .behind).node
    let stage = NodeStage(node, Digest(of: []))
    #expect(stage.planPath == "/etc/ocean/ocean.yaml.e3b0c4.rollout-plan")
    #expect(NodeStage(node, running: stage.planPath) == stage)
    #expect(stage.path(of: "/etc/ocean/more/a.yaml") == "/etc/ocean/more/a.yaml.e3b0c4.rollout")
    for file in [
      "/etc/ocean/ocean.yaml", "/etc/ocean/ocean.yaml.rollout-plan", "/x.yaml.e3b0c4.rollout-plan",
    ] {
      #expect(NodeStage(node, running: file) == nil)
    }
  }
}
