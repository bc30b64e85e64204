import Foundation
import OceanBase
import OceanCompiler
import OceanControlAPI
import OceanHost
import OceanPlan
import OceanSyntax
import Testing

@testable import OceanFleet

/// Decides which nodes can go back together, by what each would do.
@Suite struct FleetRollbackTests {
  private let rig: Rig
  private static let stage = "/etc/ocean/ocean.yaml.e3b0c4.rollout-plan"

  init() throws { rig = try Rig() }

  /// What `ocean rollback 1 --dry-run --format json` prints.
  private struct Shown: Encodable {
    var formatVersion = 1
    var from: Digest
    var target: RollbackPreview.Target
    var plan: PlanFile?
    var notes: [String] = []
    var refusal: String?
  }

  /// A node runs one timeout, and would go back to another.
  private func run(
    _ node: String, _ now: String, backTo before: String?, pid: Int32, notes: [String] = [],
    _ change: (inout ServerStatus) -> Void = { _ in }, shown edit: (inout Shown) -> Void = { _ in }
  ) throws {
    try rig.edit("10m", now)
    let running = try rig.plan(of: node)
    rig.answer(node, "plan", try running.json)
    var status = ServerStatus(
      state: .serving, plan: running.digest, file: "/etc/ocean/ocean.yaml", unconfirmed: nil, takenBack: [],
      pid: pid, since: "2026-11-28T06:00:00Z", uptimeSeconds: 100, services: [], blocked: 0, certificates: [],
      accounts: .init(active: 1, disabled: 0, problems: []), lostLogLines: nil, unanswered: [],
      policy: try running.policy)
    change(&status)
    rig.answer(node, "status", try ControlAPI.encode(status))
    guard let before else {
      return rig.fail(node, "rollback", 1, "ocean: the server refuses: there is no plan so far back\n")
    }
    try rig.edit("10m", before)
    let plan = try rig.plan(of: node)
    var shown = Shown(
      from: running.digest,
      target: .init(digest: plan.digest, confirmed: nil, source: "/etc/ocean/ocean.yaml", by: nil),
      plan: plan,
      notes: notes)
    edit(&shown)
    rig.answer(node, "rollback", try ControlAPI.encode(shown))
  }

  private func policy(_ timeout: String) throws -> Digest {
    try rig.edit("10m", timeout)
    return try rig.plan(of: "a").policy
  }

  private func taken(_ policy: String, _ source: String = stage, isConfirmed: Bool = false) throws
    -> RevertedPlan
  {
    RevertedPlan(
      mark: PlanIdentity(plan: Digest(of: []), config: nil, lists: []), policy: try self.policy(policy),
      at: "2026-11-28T06:00:00Z", after: 1, source: source, isConfirmed: isConfirmed)
  }

  private func report(_ names: String...) -> (plan: FleetPlan, prepared: PreparedRollout, text: String) {
    var fleet = rig.fleet("a", "b", "c", "d")
    fleet.nodes.removeAll { !names.contains($0.name) }
    fleet.nodes[0].isCanary = true
    let status = FleetStatus(fleet, answers: rig.questions.ask(.status, fleet.nodes))
    let plan = FleetPlan(takingBack: status, asking: rig.questions)
    let prepared = PreparedRollout(plan, asking: rig.questions, at: 0)
    return (plan, prepared, prepared.preview(of: plan, confirmSeconds: 300, on: Screen(), now: 0))
  }

  @Test func `all go back together, and what would not be as it was is said with the nodes`() throws {
    try run("a", "20m", backTo: "10m", pid: 1, notes: ["the list /l is today's", "the config stays"])
    try run("b", "20m", backTo: "10m", pid: 2, notes: ["the config stays"])
    let (plan, prepared, text) = report("a", "b")
    #expect(plan.summary == "2 nodes: 2 change" && plan.unknown == 0)
    #expect(text.contains("20m -> 10m") && text.contains("\nnote: a: the list /l is today's\n"))
    #expect(
      text.contains("\nnote: the config stays\n") && text.contains("\nsteps     2 of 2 nodes; then all"))
    let rollout = Rollout(prepared.members, prepared.fleet.rollout, confirmSeconds: 300)
    #expect(rollout.steps == [["a", "b"]])
    let command = prepared.targets[0].apply(within: 300, comment: "it's late").line
    #expect(command.hasPrefix("ocean rollback 'sha256:") && command.contains("--confirm-within 300s"))
  }

  @Test func `nodes with another last change keep all from going back`() throws {
    try run("a", "20m", backTo: "10m", pid: 1)
    try run("b", "20m", backTo: "10m", pid: 2)
    try run("c", "20m", backTo: "15m", pid: 3)
    try run("d", "10m", backTo: "15m", pid: 4)
    let (plan, prepared, text) = report("a", "b", "c", "d")
    #expect(plan.unknown == 2 && text.contains("ANOTHER CHANGE  2 of 4 nodes: c, d"))
    #expect(
      RolloutReport(unprepared: prepared, of: plan)?.nodes.map(\.state) == [
        .behind, .behind, .unknown, .unknown,
      ])
  }

  @Test func `a node that has gone back is as the others will be, whatever it could go back to further`()
    throws
  {
    try run("a", "20m", backTo: "10m", pid: 1)
    let gone = try taken("20m")
    try run("b", "10m", backTo: nil, pid: 2, { $0.takenBack = [gone] })
    try run("c", "10m", backTo: "5m", pid: 3, { $0.takenBack = [gone] })
    let back = try taken("20m", "/etc/ocean/ocean.yaml", isConfirmed: true)
    try run("d", "10m", backTo: "5m", pid: 4, { $0.takenBack = [back] })
    let (plan, prepared, text) = report("a", "b", "c", "d")
    #expect(plan.summary == "4 nodes: 1 changes, 3 unchanged; 2 policies run now", "\(text)")
    #expect(prepared.members.map(\.node.name) == ["a"])
    // It has gone back to something else.
    try run("b", "15m", backTo: nil, pid: 2, { $0.takenBack = [gone] })
    #expect(report("a", "b").text.contains("it has gone back already, to policy"))
    // A rollback that was not confirmed is no going back.
    let tried = try taken("10m")
    try run("b", "20m", backTo: "10m", pid: 2, { $0.takenBack = [tried] })
    #expect(report("a", "b").plan.changing == 2)
  }

  @Test func `where a rollout waits, those that keep it go back first, and others have no part in it`() throws
  {
    try run("a", "20m", backTo: "10m", pid: 1)
    let old = try policy("10m")
    try run("b", "20m", backTo: "10m", pid: 2) {
      ($0.unconfirmed, $0.file) = (UnconfirmedPlan(previous: old, secondsLeft: 99), Self.stage)
    }
    try run("c", "20m", backTo: "15m", pid: 3)
    let (plan, prepared, _) = report("a", "b", "c")
    #expect(plan.unknown == 0 && prepared.members.map(\.node.name) == ["a", "b"])
    #expect(prepared.members.map(\.isWaiting) == [false, true] && !prepared.members[1].changes)
    #expect(prepared.targets[1].settle(comment: "x").line.contains("ocean rollback sha256:"))
    // What no rollout brought is not taken back.
    try run("b", "20m", backTo: "10m", pid: 2) {
      $0.unconfirmed = UnconfirmedPlan(previous: old, secondsLeft: 99)
    }
    #expect(report("a", "b").text.contains("which no rollout brought, and goes back to"))
  }

  @Test func `an older ocean, one that would refuse, and one that lies are not taken for one that would`()
    throws
  {
    try run("a", "20m", backTo: "10m", pid: 1, shown: { $0.plan = nil })
    try run("b", "20m", backTo: "10m", pid: 2, shown: { $0.refusal = "no" })
    try run("c", "20m", backTo: "10m", pid: 3, shown: { $0.plan?.digest = Digest(of: []) })
    try run("d", "20m", backTo: "10m", pid: 4, shown: { $0.from = Digest(of: []) })
    let text = report("a", "b", "c", "d").text
    #expect(
      text.contains("a: ocean there is too old to tell") && text.contains("b: its server would refuse: no"))
    #expect(text.contains("NOT BELIEVED  1 of 4 nodes: c") && text.contains("d: another plan began to run"))
  }
}
