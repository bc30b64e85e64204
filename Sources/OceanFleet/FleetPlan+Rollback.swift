import OceanCompiler
import OceanControlAPI
import OceanPlan

/// What a server printed about a rollback that it did not do.
private struct ShownRollback: Decodable {
  var from: Digest
  var target: RollbackPreview.Target
  /// The plan that would run. Nil from an older ocean.
  var plan: PlanFile?
  var notes: [String]
  var refusal: String?
}

extension FleetPlan {
  /// What would change on each node if the last change, which must be the same on all, is taken back on all.
  ///
  /// A node that waits to be confirmed takes back what waits. Then a node whose own last change was another one had no part in
  /// it, and does not change; nor does one that has taken the change back by itself.
  ///
  /// - Parameter report: is told what is done, and how far it has come.
  package init(
    takingBack status: FleetStatus, asking questions: FleetQuestions, _ report: (String) -> Void = { _ in }
  ) {
    // In an emergency there is nothing to wait for, and nothing to compare with.
    var fleet = status.fleet
    fleet.rollout = .atOnce
    let reached = status.nodes.filter { $0.found != nil }.map(\.node)
    func ask(_ question: NodeQuestion, _ what: String) -> FleetQuestions.Answers {
      questions.ask(question, reached) { report("\(what): \($0) of \($1)") }
    }
    let (plans, previews) = (ask(.plan, "plans"), ask(.rollback, "plans before"))
    let nodes = status.nodes.map { node in
      var plain = node.node
      plain.isCanary = false
      return Node(plain) { () throws(NodeTrouble) in
        try Self.takenBack(node.node, try node.result.get(), plans[node.node.name], previews[node.node.name])
      }
    }
    self.init(fleet, Self.judged(nodes))
  }

  private static func takenBack(
    _ node: Fleet.Node, _ status: ServerStatus, _ plan: FleetQuestions.Answer?,
    _ preview: FleetQuestions.Answer?
  ) throws(NodeTrouble) -> Planned {
    if let waiting = status.unconfirmed, NodeStage(node, running: status.file) == nil {
      throw NodeTrouble(
        .stale,
        "plan \(status.plan.short) waits there, which no rollout brought, and goes back to \(waiting.previous.short) in \(waiting.boundedSeconds)s: 'ocean confirm' or 'ocean rollback' there decides"
      )
    }
    guard let running = try running(on: node, plan), let preview else { throw Rollout.silence }
    func back() throws -> Planned {
      let shown = try ControlAPI.decode(ShownRollback.self, from: try preview.get())
      guard let file = shown.plan else {
        throw NodeTrouble(
          .refused,
          "ocean there is too old to tell what a rollback would bring back: 'ocean rollback' there does it")
      }
      if let refusal = shown.refusal { throw NodeTrouble(.refused, "its server would refuse: \(refusal)") }
      guard shown.from == running.digest else {
        throw NodeTrouble(.stale, "another plan began to run there meanwhile")
      }
      // Read as any plan is that somebody wrote.
      var planned = try Planned(PlanFile(json: try file.json), of: [], over: Running(running))
      planned.rollback = Planned.Rollback(
        target: shown.target.digest, notes: shown.notes, isWaiting: status.unconfirmed != nil,
        running: running)
      return planned
    }
    do {
      guard status.unconfirmed == nil, let taken = status.takenBack.first, !taken.isSettled,
        taken.isConfirmed || NodeStage(node, running: taken.source) != nil
      else { return try back() }
      // It has gone back; unless it is a rollback that was not confirmed, which can be done again.
      if let planned = try? back(), planned.policy == taken.policy { return planned }
      return try Planned(running, of: [], over: Running(running))
    } catch let trouble as NodeTrouble {
      throw trouble
    } catch {
      throw NodeTrouble(
        .wrong, "'\(NodeQuestion.rollback.text(for: node))' printed something that cannot be used: \(error)")
    }
  }

  private struct Way: Hashable {
    let from: Digest
    let to: Digest

    /// Nil for a node that does not go back.
    init?(_ node: Node) {
      guard let planned = node.found, planned.rollback != nil, let running = planned.running else {
        return nil
      }
      (from, to) = (running.policy, planned.policy)
    }
  }

  /// The nodes, if all that go back do so from one policy to one other.
  private static func judged(_ nodes: [Node]) -> [Node] {
    let waiting = nodes.filter { $0.found?.rollback?.isWaiting == true }
    let ways = Dictionary(grouping: (waiting.isEmpty ? nodes : waiting).compactMap { Way($0) }) { $0 }
    let most = ways.values.max { ($0.count, "\($1[0].to)") < ($1.count, "\($0[0].to)") }?.first
    guard let most else { return nodes }
    return nodes.map { node in
      Node(node.node) { () throws(NodeTrouble) in
        let planned = try node.result.get()
        guard let way = Way(node) else {
          if !waiting.isEmpty || planned.policy == most.to { return planned }
          throw NodeTrouble(
            .anotherChange,
            "it has gone back already, to policy \(planned.policy.short) and not to \(most.to.short)")
        }
        guard way != most else { return planned }
        // What waits was not brought to it.
        if let rollback = planned.rollback, !waiting.isEmpty, !rollback.isWaiting {
          do { return try Planned(rollback.running, of: [], over: Running(rollback.running)) } catch {
            throw NodeTrouble(.wrong, "\(error)")
          }
        }
        throw NodeTrouble(
          .anotherChange,
          "its last change was from policy \(way.to.short) to \(way.from.short), elsewhere from \(most.to.short) to \(most.from.short)"
        )
      }
    }
  }
}
