import OceanBase
package import OceanCompiler
package import OceanPlan

/// What a config would change on each node of a fleet.
package struct FleetPlan: Sendable {
  package let fleet: Fleet
  /// In the order of the fleet file.
  package let nodes: [Node]

  package typealias Node = FleetNode<Planned>

  /// A node whose config compiled.
  package struct Planned: Sendable {
    package let new: PlanVersion
    package let policy: Digest
    /// Nil if nothing says what runs there.
    package let running: Running?
    /// The changes from what runs; empty if that is not known.
    package let changes: [Change]
    /// What is to run, as it is saved.
    let file: PlanFile
    /// The files here that it was made from, and which the node is to have.
    let files: [NodeFile]
    /// How it goes back; nil if it does not.
    var rollback: Rollback?

    struct Rollback: Sendable {
      /// The plan that is kept there, without what is today's.
      let target: Digest
      /// What would not be as it was.
      let notes: [String]
      /// Whether what runs waits to be confirmed.
      let isWaiting: Bool
      /// What runs.
      let running: PlanFile
    }

    init(_ new: PlanFile, of files: [NodeFile], over running: Running?) throws {
      (file, self.files) = (new, files)
      self.new = PlanVersion(new)
      policy = try new.policy
      self.running = running
      changes =
        running.map { $0.version.digest == new.digest ? [] : Plan.diff($0.version.plan, new.plan) } ?? []
    }
  }

  /// The plan that runs on a node.
  package struct Running: Sendable {
    package let version: PlanVersion
    package let policy: Digest

    package init(_ file: PlanFile) throws {
      version = PlanVersion(file)
      policy = try file.policy
    }
  }

  package init(_ fleet: Fleet, _ nodes: [Node]) { (self.fleet, self.nodes) = (fleet, nodes) }

  /// Nodes to which the same happens.
  package struct Group: Sendable {
    package let nodes: [Node]
    package let kind: Kind

    /// The first of them, which stands for all.
    package var planned: Planned? { nodes.first?.found }
  }

  package enum Kind: Sendable, Hashable {
    case trouble(NodeTrouble.Kind)
    case planned(from: Digest?, to: Digest, [Change])
  }

  /// The nodes grouped by equal change: those of which nothing is known first, and then the smaller groups.
  package var groups: [Group] {
    let found = Dictionary(grouping: nodes.indices) { index -> Kind in
      switch nodes[index].result {
      case .failure(let trouble): .trouble(trouble.kind)
      case .success(let planned):
        .planned(from: planned.running?.policy, to: planned.policy, planned.changes)
      }
    }
    return found.sorted { a, b in
      let (isA, isB) = (a.key.isTrouble, b.key.isTrouble)
      if isA != isB { return isA }
      return (a.value.count, a.value.first ?? 0) < (b.value.count, b.value.first ?? 0)
    }.map { Group(nodes: $0.value.map { nodes[$0] }, kind: $0.key) }
  }

  private var planned: [Planned] { nodes.compactMap(\.found) }

  /// How many nodes are unknown.
  package var unknown: Int { nodes.count - planned.count }
  package var changing: Int { planned.count { !$0.changes.isEmpty } }
  package var notCompared: Int { planned.count { $0.running == nil } }

  /// The policies that run now; those of nodes of which nothing is known are not among them.
  package var policiesBefore: Set<Digest> { Set(planned.compactMap(\.running?.policy)) }
  package var policiesAfter: Set<Digest> { Set(planned.map(\.policy)) }

  /// Whether the nodes do not have one policy, now or afterwards, or it is not known of some.
  package var differs: Bool { unknown > 0 || policiesBefore.count > 1 || policiesAfter.count > 1 }
}

extension FleetPlan.Kind {
  package var isTrouble: Bool { if case .trouble = self { true } else { false } }
}
