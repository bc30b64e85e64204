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

  /// The answers of nodes to a question, in their order; nil for a node without ssh, which is not asked.
  ///
  /// - Parameter report: is told how many have answered, and of how many.
  package func ask(
    _ question: NodeQuestion, _ nodes: [Fleet.Node], _ report: (Int, Int) -> Void = { _, _ in }
  ) -> [Result<[UInt8], NodeTrouble>?] {
    let asked = nodes.indices.filter { nodes[$0].ssh != nil }
    let commands = asked.map { index in
      question.command(for: nodes[index], at: nodes[index].ssh ?? "", within: seconds)
    }
    var answers = [Result<[UInt8], NodeTrouble>?](repeating: nil, count: nodes.count)
    for (index, outcome) in zip(asked, run(commands) { report($0, asked.count) }) {
      let node = nodes[index]
      answers[index] = NodeTrouble.answer(
        outcome, of: node.ssh ?? "", to: question.text(for: node), within: seconds)
    }
    return answers
  }
}
