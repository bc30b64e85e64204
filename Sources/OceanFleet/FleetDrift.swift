import OceanBase
package import OceanCompiler
import OceanHost
package import OceanPlan

/// How the policies that run on the nodes of a fleet differ.
package struct FleetDrift: Sendable {
  package let fleet: Fleet
  /// In the order of the fleet file.
  package let nodes: [Node]

  package typealias Node = FleetNode<Found>

  /// The plan that runs on a node, without what is the node's own.
  package struct Found: Sendable {
    package let plan: Plan
    package let digest: Digest
    /// What was decided; with another ``content``, lists hold something else on some nodes.
    package let policy: Digest
    /// The digest of the plan without what is the node's own, with what its lists hold.
    let content: Digest

    /// Nodes with one way run in the same way, and go on to: what is written out, and comes from a file elsewhere, may be the
    /// same today only.
    struct Way: Hashable {
      let policy: Digest
      let content: Digest
    }

    var way: Way { Way(policy: policy, content: content) }

    package init(_ file: PlanFile) throws {
      plan = file.plan.policyPart.withoutLeaves
      digest = file.digest
      policy = try file.policy
      content = try plan.digest
    }
  }

  /// Nodes whose plans are the same but for what is their own.
  package struct Group: Sendable {
    package let nodes: [Node]
    /// Nil for nodes of which nothing is known.
    package let found: Found?
    /// What is otherwise than on most nodes; empty for those.
    package let differences: [Difference]
  }

  /// A setting that differs from that of most nodes.
  package struct Difference: Sendable, Hashable {
    package let path: SettingPath
    /// Nil if there is no value.
    package let here: Plan.Setting.Value?
    package let elsewhere: Plan.Setting.Value?
  }

  package init(_ fleet: Fleet, _ nodes: [Node]) { (self.fleet, self.nodes) = (fleet, nodes) }

  /// Compares what runs. What no file has is asked for over ssh.
  ///
  /// - Parameter report: is told how many have answered, and of how many.
  package init(
    of fleet: Fleet, asking questions: FleetQuestions, _ report: (Int, Int) -> Void = { _, _ in }
  ) {
    let answers = questions.ask(.plan, fleet.nodes.filter { $0.plan == nil }, report)
    self.init(
      fleet,
      fleet.nodes.map { node in
        Node(node) { () throws(NodeTrouble) in
          guard let file = try FleetPlan.running(on: node, answers[node.name]) else {
            throw NodeTrouble(.unreachable, "the fleet file has neither 'ssh' nor 'plan' for it")
          }
          do { return try Found(file) } catch { throw NodeTrouble(.wrong, "\(error)") }
        }
      })
  }

  /// Those of which nothing is known first, then the smaller groups; what most nodes have is last.
  package var groups: [Group] {
    let found = Dictionary(grouping: nodes.indices) { nodes[$0].found?.way }
    let sorted = found.sorted { a, b in
      if (a.key == nil) != (b.key == nil) { return a.key == nil }
      // Of two groups of one size, what is first in the file is taken for what should be.
      return (a.value.count, b.value.first ?? 0) < (b.value.count, a.value.first ?? 0)
    }
    let most = sorted.last.flatMap { $0.value.first }.flatMap { nodes[$0].found }
    return sorted.map { _, indices in
      let here = indices.first.flatMap { nodes[$0].found }
      let differences =
        if let here, let most, here.way != most.way {
          Self.differences(here.plan, most.plan)
        } else {
          [Difference]()
        }
      return Group(nodes: indices.map { nodes[$0] }, found: here, differences: differences)
    }
  }

  private static func differences(_ here: Plan, _ elsewhere: Plan) -> [Difference] {
    func values(_ plan: Plan) -> [SettingPath: Plan.Setting.Value] {
      Dictionary(
        plan.allSettings.compactMap { setting in setting.value.map { (setting.path, $0) } },
        uniquingKeysWith: { first, _ in first })
    }
    let (a, b) = (values(here), values(elsewhere))
    return Set(a.keys).union(b.keys).sorted().filter { a[$0] != b[$0] }.map {
      Difference(path: $0, here: a[$0], elsewhere: b[$0])
    }
  }

  package var unknown: Int { nodes.count { $0.found == nil } }

  /// How many ways there are in which nodes that are known run.
  package var variants: Int { Set(nodes.compactMap { $0.found?.way }).count }

  package var differs: Bool { unknown > 0 || variants > 1 }
}
