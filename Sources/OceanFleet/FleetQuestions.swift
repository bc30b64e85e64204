package import OceanCompiler
package import OceanHost

/// Asks the nodes of a fleet, side by side, with a deadline for each.
package struct FleetQuestions: Sendable {
  /// How long a node may take, in seconds.
  package let seconds: Int
  private let run: @Sendable (_ commands: [[String]], _ report: (Int) -> Void) -> [ChildProcesses.Outcome]

  /// The octets that are read of an answer: a plan, or facts with address lists.
  private static let limit = 256 << 20

  /// Asks over ssh.
  ///
  /// - Parameter width: how many nodes are asked at a time.
  package init(width: Int = 16, seconds: Int) {
    let processes = ChildProcesses(width: width, time: .seconds(seconds), limit: Self.limit)
    self.init(seconds: seconds) { processes.run($0, $1) }
  }

  /// - Parameter run: runs commands in place of this host.
  package init(
    seconds: Int,
    _ run: @escaping @Sendable (_ commands: [[String]], _ report: (Int) -> Void) -> [ChildProcesses.Outcome]
  ) {
    (self.seconds, self.run) = (seconds, run)
  }

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
    let asked = nodes.compactMap { node in node.ssh.map { (node: node, target: $0) } }
    let commands = asked.map { question.command(for: $0.node, at: $0.target, within: seconds) }
    var answers: Answers = [:]
    for ((node, target), outcome) in zip(asked, run(commands) { report($0, asked.count) }) {
      answers[node.name] = NodeTrouble.answer(
        outcome, of: target, to: question.text(for: node), within: seconds)
    }
    return answers
  }
}
