import Foundation
import OceanCompiler
import OceanFleet
import OceanPlan
import OceanSyntax
import Testing

/// Compares what runs on the nodes.
@Suite struct FleetDriftTests {
  private let rig: Rig

  init() throws { rig = try Rig() }

  private func drift(_ fleet: Fleet) -> FleetDrift { FleetDrift(of: fleet, asking: rig.questions) }

  @Test func `nodes that differ in what is their own do not differ`() throws {
    try rig.run(on: "a", "b", "c")
    let drift = drift(rig.fleet("a", "b", "c"))
    #expect(drift.groups.count == 1 && !drift.differs)
    #expect(drift.summary == "3 nodes: 3 of one policy")
  }

  @Test func `each setting that differs is named with both values`() throws {
    try rig.run(on: "a", "b", "c")
    try rig.edit("10m", "20m")
    try rig.run(on: "d")
    try rig.edit("[203.0.113.0/24]", "[203.0.113.0/25, 198.51.100.7]")
    try rig.run(on: "e")
    let drift = drift(rig.fleet("a", "b", "c", "d", "e", "f"))
    #expect(drift.differs && drift.unknown == 1 && drift.variants == 3)
    #expect(drift.groups.last?.nodes.map(\.node.name) == ["a", "b", "c"])
    #expect(drift.groups.last?.differences == [])
    let policies = drift.groups.compactMap { $0.found?.policy }
    #expect(policies.count == 3)
    let text = drift.text(on: Screen())
    try expectGolden(rig.masked(text, policies[0], policies[1], policies[2]), "diff")
  }

  @Test func `what a list file holds differs without another policy`() throws {
    try rig.edit("[203.0.113.0/24]", "[{ file: drop.netset }]")
    try rig.write("203.0.113.0/24\n", to: "drop.netset")
    try rig.run(on: "a", "b")
    try rig.write("203.0.113.0/25\n", to: "drop.netset")
    try rig.run(on: "c")
    let groups = drift(rig.fleet("a", "b", "c")).groups
    #expect(groups.count == 2)
    #expect(groups[0].found?.policy == groups[1].found?.policy)
    #expect(groups[0].differences.map(\.path.description) == ["services.pop3.ip_control.black_list"])
  }

  @Test func `a list that is written out and one from a file are two policies, whatever they hold today`()
    throws
  {
    try rig.run(on: "a", "b")
    try rig.edit("[203.0.113.0/24]", "[{ file: drop.netset }]")
    try rig.write("203.0.113.0/24\n", to: "drop.netset")
    try rig.run(on: "c")
    let drift = drift(rig.fleet("a", "b", "c"))
    #expect(drift.differs && drift.groups.map(\.nodes.count) == [1, 2] && drift.groups[0].differences == [])
    #expect(drift.text(on: Screen()).contains("hold the same today"))
  }

  @Test func `JSON has the differences of each group`() throws {
    try rig.run(on: "a", "b")
    try rig.edit("10m", "20m")
    try rig.run(on: "c")
    let json = try drift(rig.fleet("a", "b", "c")).json
    let object = try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any]
    let groups = try #require(object?["groups"] as? [[String: Any]])
    let differences = try #require(groups[0]["differences"] as? [[String: String]])
    #expect(differences == [["path": "services.pop3.idle_timeout", "here": "20m", "elsewhere": "10m"]])
    #expect(object?["differs"] as? Bool == true)
  }
}
