import OceanBase
package import OceanCompiler
package import OceanControlAPI
package import OceanPlan

/// What the servers of a fleet say of themselves.
package struct FleetStatus: Sendable {
  package let fleet: Fleet
  /// In the order of the fleet file.
  package let nodes: [Node]

  package struct Node: Sendable {
    package let node: Fleet.Node
    package let result: Result<ServerStatus, NodeTrouble>
  }

  /// Nodes that are in the same state.
  package struct Group: Sendable {
    package let nodes: [Node]
    package let kind: Kind
  }

  package enum Kind: Sendable, Hashable {
    case trouble(NodeTrouble.Kind)
    case serving(Serving)
  }

  /// What servers of a fleet should have in common.
  package struct Serving: Sendable, Hashable {
    /// Nil from a server that does not tell.
    package let policy: Digest?
    /// Nil from a server that does not tell.
    package let version: String?
    package let isWaiting: Bool
    package let isStopping: Bool

    package init(_ status: ServerStatus) {
      (policy, version) = (status.policy, status.program?.version)
      (isWaiting, isStopping) = (status.unconfirmed != nil, status.state == .draining)
    }

    /// Whether it runs a plan that was confirmed, and goes on.
    package var isSettled: Bool { !isWaiting && !isStopping }
  }

  /// - Parameter answers: what `ocean status --format json` printed on each node of the fleet, in their order; nil for a node
  ///   that was not asked.
  package init(_ fleet: Fleet, answers: [Result<[UInt8], NodeTrouble>?]) {
    self.fleet = fleet
    var results = zip(fleet.nodes, answers).map { node, answer -> Result<ServerStatus, NodeTrouble> in
      Result { () throws(NodeTrouble) in
        guard let answer else {
          throw NodeTrouble(.unreachable, "it is not asked: the fleet file has no 'ssh' for it")
        }
        let bytes = try answer.get()
        do {
          return try ControlAPI.decode(ServerStatus.self, from: bytes)
        } catch {
          throw NodeTrouble(
            .wrong, "'\(NodeQuestion.status.text(for: node))' printed something else than a status: \(error)")
        }
      }
    }
    Self.disbelieveTwins(&results, fleet)
    nodes = zip(fleet.nodes, results).map { Node(node: $0, result: $1) }
  }

  /// One process is not the server of two nodes: one of them answers for the other, and nothing tells which.
  private static func disbelieveTwins(_ results: inout [Result<ServerStatus, NodeTrouble>], _ fleet: Fleet) {
    struct Process: Hashable {
      let pid: Int32
      let plan: Digest
    }
    let processes = Dictionary(
      grouping: results.indices.filter { (try? results[$0].get()) != nil }
    ) { index in
      (try? results[index].get()).map { Process(pid: $0.pid, plan: $0.plan) }
    }
    // Without fractions of a second.
    let starts = results.map { (try? $0.get()).flatMap { Timestamp.seconds("\($0.since.prefix(19))Z") } }
    for (_, alike) in processes where alike.count > 1 {
      // A server works out when it started each time that it is asked.
      let twins = alike.filter { index in
        alike.contains { other in
          guard other != index, let start = starts[index], let another = starts[other] else { return false }
          return (start - 2...start + 2).contains(another)
        }
      }
      for index in twins {
        let others = twins.filter { $0 != index }.map { "'\(fleet.nodes[$0].name)'" }.joined(separator: ", ")
        let pid = (try? results[index].get().pid) ?? 0
        results[index] = .failure(
          NodeTrouble(.wrong, "the same server, with process \(pid), answers for this node and for \(others)")
        )
      }
    }
  }

  /// The nodes grouped by state: those of which nothing is known first, then those that wait or stop, then the smaller
  /// groups.
  package var groups: [Group] {
    let found = Dictionary(grouping: nodes.indices) { index -> Kind in
      switch nodes[index].result {
      case .failure(let trouble): .trouble(trouble.kind)
      case .success(let status): .serving(Serving(status))
      }
    }
    func rank(_ kind: Kind) -> Int {
      switch kind {
      case .trouble: 0
      case .serving(let serving): serving.isSettled ? 2 : 1
      }
    }
    return found.sorted { a, b in
      (rank(a.key), a.value.count, a.value.first ?? 0) < (rank(b.key), b.value.count, b.value.first ?? 0)
    }.map { Group(nodes: $0.value.map { nodes[$0] }, kind: $0.key) }
  }

  package var serving: [ServerStatus] { nodes.compactMap { try? $0.result.get() } }
  package var unknown: Int { nodes.count - serving.count }
  package var waiting: Int { serving.count { $0.unconfirmed != nil } }

  /// The policies of those that answered; nil for a server that does not tell its policy.
  package var policies: Set<Digest?> { Set(serving.map(\.policy)) }

  /// Whether they do not all run one confirmed policy, or it is not known of some.
  package var differs: Bool {
    unknown > 0 || policies.count > 1 || policies.contains(nil)
      || serving.contains { !Serving($0).isSettled }
  }
}
