import OceanBase
package import OceanCompiler
import OceanControlAPI
import OceanPlan

/// A rollout that waits on the nodes of a fleet, because whoever carried it out is gone: it is confirmed or taken back by
/// hand.
package struct WaitingRollout: Sendable {
  package let status: FleetStatus
  private let questions: FleetQuestions

  /// - Parameter answers: what `ocean status --format json` printed on the nodes.
  package init(_ fleet: Fleet, asking questions: FleetQuestions, answers: FleetQuestions.Answers) {
    (status, self.questions) = (FleetStatus(fleet, answers: answers), questions)
  }

  private struct Waiting {
    let node: Fleet.Node
    let status: ServerStatus
    let stage: NodeStage

    var previous: Digest? { status.unconfirmed?.previous }
  }

  /// The nodes whose server runs the plan of a rollout, confirmed or not.
  private var staged: [Waiting] {
    status.nodes.compactMap { node in
      guard let status = node.found, let stage = NodeStage(node.node, running: status.file) else {
        return nil
      }
      return Waiting(node: node.node, status: status, stage: stage)
    }
  }

  /// Whether a plan of a rollout waits on any node, or is confirmed and its files are not in their places.
  package var exists: Bool { !staged.isEmpty }

  /// Whether it waits wherever it is, and is confirmed on no node: then it is taken back where it waits, and all run what they
  /// ran before.
  package var isUndecided: Bool {
    let waiting = Set(staged.filter { $0.previous != nil }.map(\.status.policy))
    return !waiting.isEmpty
      && !status.serving.contains { $0.unconfirmed == nil && waiting.contains($0.policy) }
  }

  /// Confirms the rollout on all nodes, if all have it.
  package func confirm(comment: String) -> RolloutReport {
    let policies = Set(staged.compactMap(\.status.policy))
    let names = Set(staged.map(\.node.name))
    var nodes = status.nodes.map { node -> RolloutReport.Node in
      guard let found = node.found else {
        return RolloutReport.Node(node: node.node, state: .unknown, trouble: node.trouble)
      }
      if names.contains(node.node.name) {
        let trouble =
          policies.count > 1 ? NodeTrouble(.unwell, "plans of several policies wait on the nodes") : nil
        return RolloutReport.Node(node: node.node, state: .waiting, until: found.end, trouble: trouble)
      }
      if found.unconfirmed != nil {
        return RolloutReport.Node(
          node: node.node, state: .waiting, until: found.end,
          trouble: NodeTrouble(.unwell, "plan \(found.plan.short) waits there, which no rollout brought"))
      }
      guard let policy = found.policy, policies == [policy] else {
        return RolloutReport.Node(
          node: node.node, state: .behind,
          trouble: NodeTrouble(.unwell, "plan \(found.plan.short) runs there, of another policy"))
      }
      return RolloutReport.Node(node: node.node, state: .unchanged)
    }
    if nodes.allSatisfy({ $0.trouble == nil }) {
      let waiting = staged.filter { $0.status.unconfirmed != nil }
      // None is to go back while others are told.
      let left = waiting.compactMap { $0.status.unconfirmed?.boundedSeconds }.min() ?? 0
      var answers = questions.ask(
        waiting.map { ($0.node, .confirm($0.status.plan, $0.stage, comment: comment)) },
        jointlyWithin: max(1, Int(clamping: left / 2)))
      let settled = staged.filter { $0.status.unconfirmed == nil }
      answers.merge(questions.ask(settled.map { ($0.node, .settle($0.stage, comment: comment)) })) { $1 }
      nodes = nodes.map { node in
        switch answers[node.node.name] {
        case .success: RolloutReport.Node(node: node.node, state: .confirmed)
        case .failure(let trouble):
          RolloutReport.Node(node: node.node, state: node.state, until: node.until, trouble: trouble)
        case nil: node
        }
      }
    }
    return RolloutReport(status.fleet, nodes)
  }

  /// Takes the rollout back where it waits.
  package func goBack(comment: String) -> RolloutReport {
    let waiting = staged.filter { $0.previous != nil }
    let answers = questions.ask(
      waiting.compactMap { waiting in
        waiting.previous.map { (waiting.node, .goBack(to: $0, waiting.stage, comment: comment)) }
      })
    var report = RolloutReport(
      status.fleet,
      status.nodes.map { node in
        switch (answers[node.node.name], node.found) {
        case (.success, _): RolloutReport.Node(node: node.node, state: .wentBack)
        case (.failure(let trouble), let found):
          RolloutReport.Node(node: node.node, state: .waiting, until: found?.end, trouble: trouble)
        case (nil, .some): RolloutReport.Node(node: node.node, state: .unchanged)
        case (nil, nil): RolloutReport.Node(node: node.node, state: .unknown, trouble: node.trouble)
        }
      })
    report.isRollback = true
    return report
  }
}

extension ServerStatus {
  /// When it goes back by itself, by the clock here; seconds since 1970.
  fileprivate var end: Int64? { unconfirmed.map { SystemClock.wall.seconds + $0.boundedSeconds } }
}

extension UnconfirmedPlan {
  /// The seconds that are left; a server that lies may say anything.
  var boundedSeconds: Int64 { Int64(min(max(secondsLeft, 0), 86_400)) }
}
