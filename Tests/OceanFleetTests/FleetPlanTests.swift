import Foundation
import OceanCompiler
import OceanFleet
import OceanHost
import OceanPlan
import OceanSyntax
import Testing

/// Compiles a config for nodes that answer, that do not, and that lie.
@Suite struct FleetPlanTests {
  private let rig: Rig

  init() throws { rig = try Rig() }

  private func plan(_ fleet: Fleet) -> FleetPlan { FleetPlan(of: fleet, asking: rig.questions) }

  private func names(_ plan: FleetPlan) -> [[String]] { plan.groups.map { $0.nodes.map(\.node.name) } }

  private func trouble(_ node: FleetPlan.Node) throws -> NodeTrouble {
    guard case .failure(let trouble) = node.result else {
      throw Failure("\(node.node.name) is known")
    }
    return trouble
  }

  @Test func `nodes that run the config do not change, and have one policy whatever is their own`() throws {
    try rig.run(on: "a", "b", "c")
    let plan = plan(rig.fleet("a", "b", "c"))
    #expect(names(plan) == [["a", "b", "c"]])
    #expect(!plan.differs && plan.changing == 0 && plan.unknown == 0)
    let digests = plan.nodes.compactMap { try? $0.result.get().new.digest }
    #expect(Set(digests).count == 3)
    #expect(plan.summary == "3 nodes: 3 unchanged")
  }

  @Test func `equal changes are one group, and exceptions come first`() throws {
    try rig.edit("10m", "20m")
    try rig.run(on: "c")
    try rig.edit("10m", "15m")
    try rig.run(on: "a", "b", "d", "e")
    try rig.edit("10m", "20m")
    let fleet = rig.fleet("a", "b", "c", "d", "e", "f")
    let plan = plan(fleet)
    #expect(names(plan) == [["f"], ["c"], ["a", "b", "d", "e"]])
    #expect(plan.differs && plan.changing == 4 && plan.unknown == 1)
    #expect(plan.summary == "6 nodes: 4 change, 1 unchanged, 1 unknown; 2 policies run now")
    let policies =
      plan.groups.compactMap { $0.planned?.policy } + plan.groups.compactMap { $0.planned?.running?.policy }
    let (after, before) = (try #require(policies.first), try #require(policies.last))
    let text = plan.text(on: Screen(), now: 0)
    try expectGolden(rig.masked(text, before, after), "plan")
    let narrow = plan.text(on: Screen(width: 60, isTerminal: true), now: 0)
    #expect(narrow.split(separator: "\n").allSatisfy { $0.count <= 60 || $0.contains(rig.directory.path) })
  }

  @Test func `a node that was not asked in full is unknown and never unchanged`() throws {
    try rig.run(on: "a", "b", "c", "d", "e", "f")
    rig.answer("b", "facts", .late)
    rig.fail("c", "plan", 1, "ocean: no server runs on /var/lib/ocean\n")
    rig.fail("d", "facts", 255, "ssh: connect to host d port 22: No route to host\n")
    rig.fail("e", "facts", 127, "sh: 1: ocean: not found\n")
    rig.answer("f", "plan", .notStarted(2))
    let plan = plan(rig.fleet("a", "b", "c", "d", "e", "f"))
    #expect(plan.unknown == 5 && plan.differs)
    #expect(try trouble(plan.nodes[1]).kind == .unreachable)
    #expect(
      try trouble(plan.nodes[1]).reason.contains(
        "did not answer 'ocean facts --tar /etc/ocean/ocean.yaml' within 20s"))
    #expect(try trouble(plan.nodes[2]).kind == .refused)
    #expect(try trouble(plan.nodes[2]).reason.hasSuffix("no server runs on /var/lib/ocean"))
    #expect(
      try trouble(plan.nodes[3])
        == NodeTrouble(.unreachable, "ssh d: connect to host d port 22: No route to host"))
    #expect(try trouble(plan.nodes[4]).reason.hasPrefix("ocean is not installed on e"))
    #expect(try trouble(plan.nodes[5]).kind == .unreachable)
    // Who did not tell its facts is not asked for its plan.
    let asked = rig.commands.map { $0.suffix(2).joined(separator: " ") }
    #expect(!asked.contains { $0.hasPrefix("b ocean plan") || $0.hasPrefix("d ocean plan") })
  }

  @Test func `a node that lies is not believed`() throws {
    try rig.run(on: "a", "b", "c", "d")
    let text = String(decoding: try rig.plan(of: "a").json, as: UTF8.self)
    let other = try rig.plan(of: "b").digest
    let lie = text.replacing(
      "\"digest\" : \"\(try rig.plan(of: "a").digest)\"", with: "\"digest\" : \"\(other)\"")
    #expect(lie != text)
    rig.answer("a", "plan", Array(lie.utf8))
    rig.answer("b", "plan", Array("{}\n".utf8))
    rig.answer("c", "facts", Array("Welcome to c!\n".utf8))
    rig.answer("d", "facts", .tooLong)
    let plan = plan(rig.fleet("a", "b", "c", "d"))
    for node in plan.nodes { #expect(try trouble(node).kind == .wrong, "\(node.node.name)") }
    #expect(try trouble(plan.nodes[0]).reason.contains("it says \(other.short), but holds"))
  }

  @Test func `a config that does not compile with the facts of a node is told with its place`() throws {
    try rig.run(on: "a", "b")
    var facts = try rig.facts(of: "b")
    facts.facts.accountFiles = facts.facts.accountFiles.mapValues { _ in .missing }
    rig.answer("b", "facts", try facts.json)
    let plan = plan(rig.fleet("a", "b"))
    let trouble = try trouble(plan.nodes[1])
    #expect(trouble.kind == .invalid)
    #expect(trouble.reason.contains(/ocean\.yaml:3: .*users\.passwd.* \[OC0\d+\]/))
    #expect(plan.text(on: Screen(), now: 0).contains("INVALID  1 of 2 nodes: b"))
  }

  @Test func `a node is given the config and what it includes, and answers as if it had them`() throws {
    try rig.run(on: "a")
    mkdir(rig.path("more"), 0o700)
    try rig.write("address_lists: { office: [198.51.100.8/29] }\n", to: "more/lists.yaml")
    try rig.edit("version: 1", "version: 1\ninclude: [more/*.yaml, /dev/null]")
    try rig.write("address_lists: { away: [198.51.100.8/29] }\n", to: "other.yaml")
    var fleet = rig.fleet("a", "b")
    fleet.nodes[0].remoteConfig = "/srv/pop.yaml"
    // What cannot be had from anywhere is told, and nobody is asked about it.
    #expect(try trouble(plan(fleet).nodes[0]).reason.contains("/dev/null: it is not a regular file [OC"))
    #expect(rig.commands.isEmpty)
    try rig.edit("version: 1", "version: 1\ninclude: [more/*.yaml]")
    _ = plan(fleet)
    let archive = try TarArchive(reading: try #require(rig.inputs["a"]))
    #expect(archive.files.keys.sorted() == ["more/lists.yaml", "pop.yaml"])
    #expect(archive.files["pop.yaml"] == (try Files.read(rig.path("ocean.yaml"), limit: 1 << 20)))
    #expect(try TarArchive(reading: try #require(rig.inputs["b"])).files["ocean.yaml"] != nil)
  }

  @Test func `an older ocean tells what its config asks for, and is named if that is not enough`() throws {
    try rig.run(on: "a", "b")
    let unknown =
      "Error: Unknown option '--tar'. Did you mean '--out'?\nUsage: ocean facts [<file>]\n  See 'ocean facts --help'.\n"
    rig.fail("a", "facts --tar", 2, unknown)
    try rig.edit("10m", "20m")
    #expect(plan(rig.fleet("a", "b")).summary == "2 nodes: 2 change")
    #expect(
      rig.commands.map { $0.suffix(2).joined(separator: " ") }.contains("a ocean facts /etc/ocean/ocean.yaml")
    )
    try rig.edit("mail:", "certificates: { main: { chain: new.pem, key: new.key } }\nmail:")
    let reason = try trouble(plan(rig.fleet("a", "b")).nodes[0]).reason
    #expect(
      reason.contains("the certificate 'main' of") && reason.contains("; ocean there is too old to be asked"))
    // Another mistake in the command is that.
    rig.fail("b", "facts", 2, "Error: Unknown option '--parts'.\nUsage: ocean facts\n")
    #expect(try trouble(plan(rig.fleet("b")).nodes[0]).reason.hasSuffix("on b: Unknown option '--parts'."))
  }

  @Test func `a reason that many nodes have is said once, and of many reasons the first`() throws {
    var fleet = rig.fleet("a")
    fleet.nodes = (0..<40).map { number in
      var node = fleet.nodes[0]
      (node.name, node.ssh) = ("n\(number)", nil)
      node.facts = rig.path(number < 20 ? "nowhere" : "nowhere\(number)")
      return node
    }
    let lines = plan(fleet).text(on: Screen(), now: 0).split(separator: "\n")
    #expect(lines.contains { $0.hasSuffix("n11, and 28 more") || $0.hasSuffix("and 28 more") })
    #expect(lines.count { $0.contains("/nowhere: ") } == 1)
    #expect(lines.contains("      fleet.yaml:3, and 19 more"))
    #expect(lines.contains("    and 9 nodes more; --format json has all"))
    #expect(lines.count < 40)
  }

  @Test func `files are read where the fleet file names them, and nobody is asked`() throws {
    try rig.write(String(decoding: try rig.facts(of: "a").json, as: UTF8.self), to: "a.facts")
    try rig.write(String(decoding: try rig.plan(of: "a").json, as: UTF8.self), to: "a.plan")
    var fleet = rig.fleet("a", "b")
    for index in fleet.nodes.indices {
      fleet.nodes[index].ssh = nil
      fleet.nodes[index].facts = rig.path("a.facts")
    }
    fleet.nodes[0].plan = rig.path("a.plan")
    try rig.edit("10m", "20m")
    let plan = plan(fleet)
    #expect(rig.commands.isEmpty)
    #expect(plan.summary == "2 nodes: 1 changes, 1 not compared")
    #expect(
      plan.text(on: Screen(), now: 0).contains(
        "nothing: the fleet file has neither 'ssh' nor 'plan' for them"))
    fleet.nodes[0].plan = rig.path("a.facts")
    fleet.nodes[1].facts = rig.path("nowhere")
    #expect(self.plan(fleet).unknown == 2)
  }

  @Test func `ssh gets one word for the shell of the node, and no option from the file`() throws {
    var fleet = rig.fleet("a")
    fleet.nodes[0].remoteConfig = "/etc/o c'ean/$(x).yaml"
    _ = plan(fleet)
    let command = try #require(rig.commands.first)
    #expect(command.prefix(2) == ["ssh", "-T"])
    #expect(command.suffix(3) == ["--", "a", #"ocean facts --tar '/etc/o c'\''ean/$(x).yaml'"#])
    #expect(command.contains("BatchMode=yes"))
  }

  @Test func `JSON has every node and every group`() throws {
    try rig.run(on: "a", "b")
    try rig.edit("10m", "20m")
    let plan = plan(rig.fleet("a", "b", "c"))
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(plan.json)) as? [String: Any])
    #expect(object["effect"] as? String == "differs" && object["format_version"] as? Int == 1)
    let nodes = try #require(object["nodes"] as? [[String: Any]])
    #expect(nodes.map { $0["state"] as? String } == ["changes", "changes", "unknown"])
    #expect(nodes[0]["running_policy"] as? String == nodes[1]["running_policy"] as? String)
    #expect((nodes[2]["trouble"] as? [String: Any])?["kind"] as? String == "unreachable")
    let groups = try #require(object["groups"] as? [[String: Any]])
    #expect(groups.map { $0["nodes"] as? [String] } == [["c"], ["a", "b"]])
    #expect(
      (groups[1]["changes"] as? [[String: String]])?.map { $0["path"] } == ["services.pop3.idle_timeout"])
    #expect(try plan.json == self.plan(rig.fleet("a", "b", "c")).json)
  }
}
