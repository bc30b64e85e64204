import OceanBase
package import OceanCompiler
import OceanPlan
package import OceanSyntax

/// What is to come to the nodes of a fleet: plans that were compiled, and files that differ there.
package struct PreparedRollout: Sendable {
  package let fleet: Fleet
  let targets: [Target]
  /// Nodes that nothing is to be done on.
  package let unchanged: [Fleet.Node]
  /// Nodes for which the rollout cannot be prepared; then nothing is done on any.
  package let troubles: [FleetNode<Target>]

  package struct Target: Sendable {
    let member: Rollout.Member
    let plan: FleetPlan.Planned
    /// The files that are otherwise there.
    let files: [NodeFile]
    /// Seconds since 1970: when the plan was compared with what runs.
    let time: Int64

    private var stage: NodeStage { NodeStage(member.node, member.to) }

    /// The commands that put the plan and the files beside the config. A plan that is gone back to is there.
    var staging: [NodeCommand] {
      get throws(NodeTrouble) {
        if plan.rollback != nil { return [] }
        var commands = [NodeCommand.clearAll(stage)]
        if member.changes { commands.append(.save(try saved, in: stage)) }
        for file in files { commands.append(.put(try file.contents(), besides: file.path, in: stage)) }
        return commands
      }
    }

    /// Runs the plan. Once it runs, this gives it more time to be confirmed, unless it is gone back to.
    func apply(within seconds: Int, comment: String) -> NodeCommand {
      guard let target = plan.rollback?.target else {
        return .apply(stage, within: seconds, comment: comment)
      }
      return .rollBack(to: target, stage, within: seconds, comment: comment)
    }

    func confirm(_ plan: Digest, comment: String) -> NodeCommand {
      .confirm(plan, stage, comment: comment, isRollback: self.plan.rollback != nil)
    }

    /// Does what is left to do once the nodes that change keep the plan.
    func settle(comment: String) -> NodeCommand {
      guard let rollback = plan.rollback else { return .settle(stage, comment: comment) }
      guard rollback.isWaiting else { return .clearAll(stage) }
      return .goBack(to: rollback.target, stage, comment: comment, fromAny: true)
    }

    func goBack(comment: String) -> NodeCommand { .goBack(to: member.from, stage, comment: comment) }

    var clear: NodeCommand { .clear(stage) }

    /// The plan as `ocean plan --out` saves it: the node refuses it if another plan runs than the one that it was
    /// compared with.
    private var saved: [UInt8] {
      get throws(NodeTrouble) {
        var file = plan.file
        let diff = PlanDiff(from: plan.running?.version, to: plan.new, at: time)
        (file.against, file.madeAgainst) = (diff, diff.from)
        do { return try file.json } catch { throw NodeTrouble(.invalid, "\(error)") }
      }
    }
  }

  package var members: [Rollout.Member] { targets.map(\.member) }
  /// Whether nodes go back to plans that they have.
  var isRollback: Bool { targets.contains { $0.plan.rollback != nil } }

  func targets(_ names: [String]) -> [Target] {
    let names = Set(names)
    return targets.filter { names.contains($0.member.node.name) }
  }

  /// Asks which files differ on the nodes of a plan.
  ///
  /// - Parameter now: seconds since 1970.
  package init(_ plan: FleetPlan, asking questions: FleetQuestions, at now: Int64) {
    fleet = plan.fleet
    let known = plan.nodes.compactMap { node in node.found.map { (node: node.node, plan: $0) } }
    let hashes = questions.ask(
      known.filter { !$0.plan.files.isEmpty }.map { ($0.node, .hashes(of: $0.plan.files.map(\.path))) })
    var (targets, unchanged): ([Target], [Fleet.Node]) = ([], [])
    var troubles: [FleetNode<Target>] = []
    for (node, planned) in known {
      let found = FleetNode<Target>(node) { () throws(NodeTrouble) in
        guard node.ssh != nil else {
          throw NodeTrouble(.unreachable, "nothing can be applied there: the fleet file has no 'ssh' for it")
        }
        guard let running = planned.running?.version.digest else {
          throw NodeTrouble(.wrong, "it is not known what runs there")
        }
        let there = try hashes[node.name].map { answer throws(NodeTrouble) in
          Self.hashes(in: try answer.get())
        }
        return Target(
          member: Rollout.Member(
            node, from: running,
            to: planned.rollback?.isWaiting == true
              ? planned.rollback?.target ?? running : planned.new.digest,
            policy: planned.policy, isWaiting: planned.rollback?.isWaiting == true),
          plan: planned, files: planned.files.filter { there?[$0.path] != $0.hash }, time: now)
      }
      switch found.result {
      case .success(let target):
        if target.member.changes || !target.files.isEmpty || target.member.isWaiting {
          targets.append(target)
        } else {
          unchanged.append(node)
        }
      case .failure: troubles.append(found)
      }
    }
    (self.targets, self.unchanged, self.troubles) = (targets, unchanged, troubles)
  }

  /// What sha256sum prints: a hash, two characters, and a path, which is escaped if the line begins with a backslash.
  private static func hashes(in output: [UInt8]) -> [String: Digest] {
    var hashes: [String: Digest] = [:]
    for line in String(decoding: output, as: UTF8.self).split(separator: "\n") {
      let line = line.hasPrefix("\\") ? line.dropFirst() : line
      guard let hash = Digest(text: "sha256:\(line.prefix(64))") else { continue }
      hashes[String(line.dropFirst(66))] = hash
    }
    return hashes
  }

  /// What is applied, for somebody who decides about it.
  ///
  /// - Parameter now: seconds since 1970.
  package func preview(of plan: FleetPlan, confirmSeconds: Int, on screen: Screen, now: Int64) -> String {
    let text = FleetText(fleet: fleet, screen: screen)
    var lines = plan.preview(on: screen, now: now)
    if !troubles.isEmpty { lines += text.troubles(troubles) + [""] }
    let byFiles = Dictionary(grouping: targets.filter { !$0.files.isEmpty }) { $0.files.map(\.path) }
    for (files, targets) in byFiles.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      let names = targets.map(\.member.node.name).joined(separator: ", ")
      for file in files { lines += screen.field("replaces", "\(file) on \(names)".escapedForDisplay) }
    }
    let noted = targets.flatMap { target in
      (target.plan.rollback?.notes ?? []).map { ($0, target.member.node.name) }
    }
    for (note, targets) in Dictionary(grouping: noted, by: \.0).sorted(by: { $0.key < $1.key }) {
      let names = targets.count < members.count ? "\(targets.map(\.1).joined(separator: ", ")): " : ""
      lines += screen.fitted("note: \(names)\(note)".escapedForDisplay, indent: 6)
    }
    if !members.isEmpty { lines += steps(confirmSeconds, on: screen) }
    return (lines + screen.fitted(plan.summary, indent: 2)).joined(separator: "\n")
  }

  private func steps(_ confirmSeconds: Int, on screen: Screen) -> [String] {
    let rollout = Rollout(members, fleet.rollout, confirmSeconds: confirmSeconds)
    guard !rollout.steps.isEmpty else { return [""] }
    let soak = fleet.rollout.soakSeconds
    let steps = rollout.steps.map { "\($0.count)" }.joined(separator: ", then ")
    let watched = soak > 0 ? ", each watched for \(Duration.text(seconds: soak))" : ""
    return screen.field(
      "steps",
      "\(steps) of \(counted(members.count, "node"))\(watched); then all are confirmed together. A node that is not told to stay goes back by itself after \(Duration.text(seconds: confirmSeconds))"
    ) + [""]
  }
}
