import Foundation
import OceanCompiler
import OceanControlAPI
import OceanFleet
import OceanPlan
import OceanSyntax
import Testing

/// Puts together what servers say of themselves.
@Suite struct FleetStatusTests {
  private let rig: Rig

  init() throws { rig = try Rig() }

  private func digest(_ text: String) -> Digest { Digest(of: Array(text.utf8)) }

  private func status(
    _ node: String, pid: Int32, policy: String? = "policy", _ change: (inout ServerStatus) -> Void = { _ in }
  ) -> ServerStatus {
    var status = ServerStatus(
      state: .serving, plan: digest(node), file: "/etc/ocean/ocean.yaml", unconfirmed: nil, takenBack: [],
      pid: pid, since: "2026-11-28T06:00:00Z", uptimeSeconds: 100, services: [], blocked: 0, certificates: [],
      accounts: .init(active: 1, disabled: 0, problems: []), lostLogLines: nil, unanswered: [],
      program: ServerProgram(version: "0.1.0", commit: nil, tlsLibrary: "OpenSSL 3.0.17"),
      fileUnchanged: true,
      policy: policy.map(digest))
    change(&status)
    return status
  }

  private func report(_ statuses: [ServerStatus?]) throws -> FleetStatus {
    let names = ["a", "b", "c", "d", "e", "f"].prefix(statuses.count)
    var fleet = rig.fleet("a", "b", "c", "d", "e", "f")
    fleet.nodes.removeLast(6 - statuses.count)
    for (name, status) in zip(names, statuses) {
      if let status { rig.answer(name, "status", try ControlAPI.encode(status)) }
    }
    return FleetStatus(fleet, answers: rig.questions.ask(.status, fleet.nodes))
  }

  @Test func `servers of one policy are one group, whatever their plans`() throws {
    let report = try report([status("a", pid: 1), status("b", pid: 2), status("c", pid: 3)])
    #expect(report.groups.count == 1 && !report.differs)
    #expect(report.summary == "3 nodes: 3 confirmed; policy \(digest("policy").short)")
  }

  @Test func `what is otherwise comes first`() throws {
    let report = try report([
      status("a", pid: 1), status("b", pid: 2), nil,
      status("d", pid: 4, policy: "other") {
        $0.unconfirmed = UnconfirmedPlan(previous: digest("before"), secondsLeft: 192)
      },
      status("e", pid: 5) { $0.program?.version = "0.2.0" },
      status("f", pid: 6) { $0.fileUnchanged = nil },
    ])
    #expect(report.groups.map { $0.nodes.map(\.node.name) } == [["c"], ["d"], ["e"], ["a", "b", "f"]])
    #expect(report.differs && report.waiting == 1 && report.unknown == 1)
    try expectGolden(report.text(on: Screen()), "status")
  }

  @Test func `a rollout that some keep, and others went back from or wait for, is named`() throws {
    func taken(_ policy: String, _ source: String, isConfirmed: Bool = false) -> RevertedPlan {
      RevertedPlan(
        mark: PlanIdentity(plan: digest("mark"), config: nil, lists: []), policy: digest(policy),
        at: "2026-11-28T06:00:00Z", after: 1, source: source, isConfirmed: isConfirmed)
    }
    let plan = "/etc/ocean/ocean.yaml.e3b0c4.rollout-plan"
    let nodes = [
      status("a", pid: 1), status("b", pid: 2, policy: "old") { $0.takenBack = [taken("policy", plan)] },
      status("c", pid: 3) {
        $0.unconfirmed = UnconfirmedPlan(previous: digest("old"), secondsLeft: 192)
        $0.file = plan
      }, status("d", pid: 4),
    ]
    let report = try report(nodes)
    let half = try #require(report.halfConfirmed)
    #expect(half.kept == ["a", "d"] && half.waiting == ["c"] && half.wentBack == ["b"])
    #expect(
      report.text(on: Screen()).contains(
        "HALF CONFIRMED  a, d keep policy \(digest("policy").short), c waits to keep it, b went back from it: 'ocean fleet apply', once none waits, finishes"
      ))
    let object = try JSONSerialization.jsonObject(with: Data(report.json)) as? [String: Any]
    #expect((object?["half_confirmed"] as? [String: Any])?["went_back"] as? [String] == ["b"])
    #expect(
      try self.report([nodes[0], nodes[2]]).text(on: Screen()).contains("'ocean fleet confirm' finishes"))

    // It failed on all, somebody took it back by hand, it was no rollout, or it was decided since.
    #expect(try self.report([nodes[1], nodes[1]]).halfConfirmed == nil)
    var settled = taken("policy", plan)
    settled.isSettled = true
    for other in [
      taken("policy", plan, isConfirmed: true), taken("policy", "/etc/ocean/ocean.yaml"),
      taken("other", plan), settled,
    ] {
      let went = status("b", pid: 2, policy: "old") { $0.takenBack = [other] }
      #expect(try self.report([nodes[0], went]).halfConfirmed == nil)
    }
  }

  @Test func `one server that answers for two nodes is believed by nobody`() throws {
    let twin = status("a", pid: 7)
    let report = try report([twin, twin, status("c", pid: 8)])
    #expect(report.unknown == 2)
    guard case .failure(let trouble) = report.nodes[0].result else {
      Issue.record("it is believed")
      return
    }
    #expect(
      trouble == NodeTrouble(.wrong, "the same server, with process 7, answers for this node and for 'b'"))
  }

  @Test func `a server that does not tell its policy is not of one policy with others`() throws {
    #expect(try report([status("a", pid: 1), status("b", pid: 2, policy: nil)]).differs)
  }

  @Test func `nonsense is not a status`() throws {
    rig.answer("a", "status", Array("{\"format_version\":1,\"state\":\"well\"}".utf8))
    var fleet = rig.fleet("a", "b")
    fleet.nodes[1].ssh = nil
    let report = FleetStatus(fleet, answers: rig.questions.ask(.status, fleet.nodes))
    #expect(report.serving.isEmpty && report.differs)
    #expect(report.groups.count == 2)
    let object = try JSONSerialization.jsonObject(with: Data(report.json)) as? [String: Any]
    #expect((object?["nodes"] as? [[String: Any]])?.count == 2)
  }
}
