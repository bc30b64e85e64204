import OceanCompiler
import OceanControlAPI
import OceanPlan

/// Carries out a ``Rollout`` over ssh.
package struct RolloutDriver {
  private let prepared: PreparedRollout
  private let questions: FleetQuestions
  private let confirmSeconds: Int
  private let comment: String
  private let clock: RolloutClock

  /// - Parameter confirmSeconds: how long a node waits before it goes back by itself.
  package init(
    _ prepared: PreparedRollout, asking questions: FleetQuestions, confirmSeconds: Int, comment: String,
    clock: RolloutClock
  ) {
    (self.prepared, self.questions, self.confirmSeconds) = (prepared, questions, confirmSeconds)
    (self.comment, self.clock) = (comment, clock)
  }

  /// Brings the plan to the nodes, or takes it back.
  ///
  /// - Parameter say: is told what has happened, and when.
  package func run(_ say: (Rollout.Note, Int64) -> Void) -> Rollout {
    var rollout = Rollout(prepared.members, prepared.fleet.rollout, confirmSeconds: confirmSeconds)
    func take(_ event: RolloutEvent, isLast: Bool = false) -> RolloutAction {
      let now = clock.now()
      let action = rollout.handle(event, at: now)
      // After the last event what comes next is not done.
      for note in rollout.takeNotes() where note.node != nil || !isLast { say(note, now) }
      return action
    }
    var action = take(.begun)
    while action != .end {
      let event = carryOut(action, rollout)
      guard !rollout.mayBeInterrupted || !clock.isInterrupted() else {
        // What has come to its end meanwhile is known.
        if case .wait = action {} else { _ = take(event, isLast: true) }
        rollout.interrupt()
        break
      }
      action = take(event)
    }
    return rollout
  }

  private func carryOut(_ action: RolloutAction, _ rollout: Rollout) -> RolloutEvent {
    switch action {
    case .look(let names): return .looked(look(names))
    case .stage(let names): return .answered(stage(names))
    case .apply(let names), .renew(let names):
      return .answered(ask(names) { $0.apply(within: confirmSeconds, comment: comment) })
    case .wait(let seconds):
      clock.wait(seconds, rollout.pause(at: clock.now()))
      return .waited
    case .confirm(let names, let seconds):
      return .answered(
        ask(names, jointlyWithin: seconds) {
          $0.confirm(rollout.plan(of: $0.member), comment: comment)
        })
    case .settle(let names): return .answered(ask(names) { $0.settle(comment: comment) })
    case .goBack(let names):
      return .answered(ask(names) { $0.goBack(comment: "the rollout to the fleet failed") })
    case .clear(let names): return .answered(ask(names, \.clear))
    case .end: return .waited
    }
  }

  private func look(_ names: [String]) -> [String: Result<ServerStatus, NodeTrouble>] {
    let nodes = prepared.targets(names).map(\.member.node)
    let status = FleetStatus(
      Fleet(name: prepared.fleet.name, nodes: nodes), answers: questions.ask(.status, nodes))
    return Dictionary(
      status.nodes.map { ($0.node.name, $0.result) }, uniquingKeysWith: { first, _ in first })
  }

  /// Sends one file after the other to each node, to many nodes at a time.
  private func stage(_ names: [String]) -> FleetQuestions.Answers {
    var answers: FleetQuestions.Answers = [:]
    var left: [(node: Fleet.Node, commands: ArraySlice<NodeCommand>)] = []
    for target in prepared.targets(names) {
      do throws(NodeTrouble) {
        left.append((target.member.node, try target.staging[...]))
      } catch {
        answers[target.member.node.name] = .failure(error)
      }
    }
    // Nothing is sent to anybody if something cannot be sent to one.
    guard answers.isEmpty else { return answers }
    while !left.isEmpty {
      let next = left.compactMap { node, commands in commands.first.map { (node: node, command: $0) } }
      for (name, answer) in questions.ask(next) { answers[name] = answer }
      left = left.compactMap { node, commands in
        guard case .success? = answers[node.name], commands.count > 1 else { return nil }
        return (node, commands.dropFirst())
      }
    }
    return answers
  }

  private func ask(
    _ names: [String], jointlyWithin patience: Int? = nil, _ command: (PreparedRollout.Target) -> NodeCommand
  ) -> FleetQuestions.Answers {
    questions.ask(prepared.targets(names).map { ($0.member.node, command($0)) }, jointlyWithin: patience)
  }
}

/// The time, and what may end the wait for it.
package struct RolloutClock {
  /// Seconds since 1970.
  let now: () -> Int64
  /// Waits for seconds, or until it is interrupted, and may show what for: in all it takes the seconds of the pause.
  let wait: (Int, _ pause: (words: String, seconds: Int)?) -> Void
  let isInterrupted: () -> Bool

  package init(
    now: @escaping () -> Int64, wait: @escaping (Int, _ pause: (words: String, seconds: Int)?) -> Void,
    isInterrupted: @escaping () -> Bool
  ) {
    (self.now, self.wait, self.isInterrupted) = (now, wait, isInterrupted)
  }
}
