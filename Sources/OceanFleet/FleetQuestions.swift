package import OceanCompiler
package import OceanHost

/// Asks the nodes of a fleet, side by side, with a deadline for each.
package struct FleetQuestions: Sendable {
  /// How long a node may take, in seconds.
  package let seconds: Int
  private let run: Run

  /// Runs commands in place of this host, side by side.
  ///
  /// - Parameter patience: if there is one, all run at once, and none is given its input before all have printed a line, and
  ///   none at all if that takes longer.
  package typealias Run =
    @Sendable (
      _ commands: [ChildProcesses.Command], _ patience: Duration?, _ report: (Int) -> Void
    ) -> [ChildProcesses.Outcome]

  /// The octets that are read of an answer: a plan, or facts with address lists.
  private static let limit = 256 << 20

  /// Asks over ssh.
  ///
  /// - Parameter width: how many nodes are asked at a time.
  package init(width: Int = 16, seconds: Int) {
    // A rollout that is interrupted lets what it has begun come to its end.
    let processes = ChildProcesses(width: width, time: .seconds(seconds), limit: Self.limit, areApart: true)
    self.init(seconds: seconds) { processes.run($0, jointlyWithin: $1, $2) }
  }

  package init(seconds: Int, _ run: @escaping Run) { (self.seconds, self.run) = (seconds, run) }

  /// What a command printed on a node.
  package typealias Answer = Result<[UInt8], NodeTrouble>
  /// By the name of the node.
  package typealias Answers = [String: Answer]

  /// The answers of nodes to a question. A node without ssh is not asked, and is not among them.
  ///
  /// - Parameter report: is told how many have answered, and of how many.
  package func ask(
    _ question: NodeQuestion, _ nodes: [Fleet.Node], _ report: (Int, Int) -> Void = { _, _ in }
  ) -> Answers {
    ask(nodes.map { ($0, question.command(for: $0)) }, report)
  }

  /// The answers of nodes to commands.
  ///
  /// - Parameter patience: if there is one, no node reads its input before all are there, and none if that takes longer, in
  ///   seconds.
  func ask(
    _ commands: [(node: Fleet.Node, command: NodeCommand)], jointlyWithin patience: Int? = nil,
    _ report: (Int, Int) -> Void = { _, _ in }
  ) -> Answers {
    let asked = commands.compactMap { node, command in node.ssh.map { (node, $0, command) } }
    let outcomes = run(
      asked.map { _, target, command in
        .init(command.words(at: target, within: seconds), input: command.input)
      }, patience.map { .seconds($0) }
    ) { report($0, asked.count) }
    var answers: Answers = [:]
    for ((node, target, command), outcome) in zip(asked, outcomes) {
      answers[node.name] = NodeTrouble.answer(outcome, of: target, to: command.shown, within: seconds)
    }
    return answers
  }
}
