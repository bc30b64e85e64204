import OceanBase
package import OceanCompiler
package import OceanControlAPI
package import OceanPlan

/// What the servers of a fleet say of themselves.
package struct FleetStatus: Sendable {
  package let fleet: Fleet
  /// In the order of the fleet file.
  package let nodes: [Node]

  package typealias Node = FleetNode<ServerStatus>

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

  /// - Parameter answers: what `ocean status --format json` printed on the nodes of the fleet that were asked.
  package init(_ fleet: Fleet, answers: FleetQuestions.Answers) {
    self.fleet = fleet
    let nodes = fleet.nodes.map { node in
      Node(node) { () throws(NodeTrouble) in
        guard let answer = answers[node.name] else {
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
    self.nodes = nodes.enumerated().map { index, node in
      guard let status = node.found else { return node }
      let twins = nodes.indices.filter { other in
        other != index && nodes[other].found.map { Self.isSameServer($0, status) } == true
      }
      guard !twins.isEmpty else { return node }
      let names = twins.map { "'\(nodes[$0].node.name)'" }.joined(separator: ", ")
      return Node(node.node) { () throws(NodeTrouble) in
        throw NodeTrouble(
          .wrong, "the same server, with process \(status.pid), answers for this node and for \(names)")
      }
    }
  }

  /// Whether two answers come from one process: it is not the server of two nodes, so one of them answers for the other, and
  /// nothing tells which.
  private static func isSameServer(_ a: ServerStatus, _ b: ServerStatus) -> Bool {
    // Without fractions of a second.
    func start(_ status: ServerStatus) -> Int64? { Timestamp.seconds("\(status.since.prefix(19))Z") }
    guard a.pid == b.pid, a.plan == b.plan, let first = start(a), let second = start(b) else { return false }
    // A server works out when it started each time that it is asked.
    return (first - 2...first + 2).contains(second)
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

  package var serving: [ServerStatus] { nodes.compactMap(\.found) }
  package var unknown: Int { nodes.count - serving.count }
  package var waiting: Int { serving.count { $0.unconfirmed != nil } }

  /// The policies of those that answered; nil for a server that does not tell its policy.
  package var policies: Set<Digest?> { Set(serving.map(\.policy)) }

  /// A rollout that some nodes keep and others do not: whoever confirmed it was gone before all were told.
  package struct HalfConfirmed: Sendable, Encodable {
    package let policy: Digest
    package let kept: [String]
    /// They may still be told to keep it.
    package let waiting: [String]
    package let wentBack: [String]
  }

  /// Nil if there is no such rollout.
  package var halfConfirmed: HalfConfirmed? {
    var (waiting, wentBack): ([Digest: [String]], [Digest: [String]]) = ([:], [:])
    for node in nodes {
      guard let status = node.found else { continue }
      if status.unconfirmed != nil, let policy = status.policy,
        NodeStage(node.node, running: status.file) != nil
      {
        waiting[policy, default: []].append(node.node.name)
      } else if let taken = status.takenBack.first, !taken.isSettled, !taken.isConfirmed,
        let policy = taken.policy,
        NodeStage(node.node, running: taken.source) != nil
      {
        wentBack[policy, default: []].append(node.node.name)
      }
    }
    for policy in Set(waiting.keys).union(wentBack.keys).sorted(by: { "\($0)" < "\($1)" }) {
      let kept = nodes.filter { $0.found?.policy == policy && $0.found?.unconfirmed == nil }.map(\.node.name)
      if !kept.isEmpty {
        return HalfConfirmed(
          policy: policy, kept: kept, waiting: waiting[policy] ?? [], wentBack: wentBack[policy] ?? [])
      }
    }
    return nil
  }

  /// Whether they do not all run one confirmed policy, or it is not known of some.
  package var differs: Bool {
    unknown > 0 || policies.count > 1 || policies.contains(nil)
      || serving.contains { !Serving($0).isSettled }
  }
}
