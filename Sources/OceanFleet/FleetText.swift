import OceanBase
import OceanCompiler
import OceanHost
import OceanPlan
import OceanReport
package import OceanSyntax

/// What the reports about a fleet have in common.
struct FleetText {
  let fleet: Fleet
  let screen: Screen

  /// The most nodes of a group that are named; JSON has all.
  private static let maxNames = 12

  /// - Parameter parts: what is said of the fleet, behind the number of its nodes.
  func heading(_ parts: [String] = []) -> [String] {
    screen.field(
      "fleet", ([fleet.name, counted(fleet.nodes.count, "node")] + parts).map(\.escapedForDisplay))
  }

  /// The line that begins a group: how many nodes, and which.
  func head(_ names: [String], word: String? = nil, style: Style = .heading) -> [String] {
    let count = "\(names.count) of \(counted(fleet.nodes.count, "node"))"
    let title = word.map { "\(screen.paint($0, style))  \(count): " } ?? "\(screen.paint(count, .heading)): "
    let shown = names.count > Self.maxNames + 1 ? Array(names.prefix(Self.maxNames)) : names
    let rest = names.count - shown.count
    return screen.wrapped(
      shown.map(\.escapedForDisplay) + (rest > 0 ? ["and \(rest) more"] : []), after: title, indent: 4)
  }

  /// Nodes of which nothing is known, of one kind: each reason once, with the nodes and their places in the fleet file.
  func troubles<Found>(_ nodes: [FleetNode<Found>]) -> [String] {
    guard let word = nodes.first?.trouble?.word else { return [] }
    var order: [String] = []
    var byReason: [String: [Fleet.Node]] = [:]
    for node in nodes {
      guard let reason = node.trouble?.reason else { continue }
      if byReason[reason] == nil { order.append(reason) }
      byReason[reason, default: []].append(node.node)
    }
    let hidden = order.dropFirst(Self.maxNames).reduce(0) { $0 + (byReason[$1]?.count ?? 0) }
    return head(nodes.map(\.node.name), word: word, style: .error)
      + order.prefix(Self.maxNames).flatMap { reason in
        let nodes = byReason[reason] ?? []
        let name = nodes.count == 1 ? nodes.first.map { "\($0.name.escapedForDisplay): " } ?? "" : ""
        let place = nodes.first.map { "\($0.place)" } ?? ""
        let others = nodes.count > 1 ? ", and \(nodes.count - 1) more" : ""
        return screen.fitted(reason.escapedForDisplay, after: "    \(name)", indent: 6)
          + screen.fitted("\(place)\(others)".escapedForDisplay, after: "      ", indent: 6)
      } + (hidden > 0 ? ["    and \(counted(hidden, "node")) more; --format json has all"] : [])
  }

  /// `1f2e3d`, or `1f2e3d -> 9ab0c1`.
  func policy(from old: Digest?, to new: Digest) -> String {
    guard let old else { return new.short }
    return old == new ? "\(new.short), as before" : "\(old.short) -> \(new.short)"
  }
}

extension FleetPlan {
  /// The report, for people.
  ///
  /// - Parameter now: seconds since 1970.
  package func text(on screen: Screen, now: Int64) -> String {
    let last = screen.fitted("\(summary). Nothing was applied.", indent: 2)
    return (preview(on: screen, now: now) + last).joined(separator: "\n")
  }

  /// The report without its last line.
  func preview(on screen: Screen, now: Int64) -> [String] {
    let text = FleetText(fleet: fleet, screen: screen)
    var lines = text.heading()
    for group in groups {
      lines.append("")
      switch group.kind {
      case .trouble:
        lines += text.troubles(group.nodes)
      case .planned(let from, let to, _):
        lines += text.head(group.nodes.map(\.node.name))
        lines += screen.field("policy", text.policy(from: from, to: to))
        guard let planned = group.planned else { continue }
        lines += Self.lines(of: planned, on: screen, now: now)
      }
    }
    return lines + [""]
  }

  private static func lines(of planned: Planned, on screen: Screen, now: Int64) -> [String] {
    guard let running = planned.running else {
      return screen.field("against", "nothing: the fleet file has neither 'ssh' nor 'plan' for them")
    }
    guard !planned.changes.isEmpty else { return ["no effect"] }
    return ["", DiffText.whole(PlanDiff(from: running.version, to: planned.new, at: now), on: screen)]
  }

  /// How many nodes change, and how many do not, in one line.
  package var summary: String {
    let ways = groups.count {
      if case .planned(_, _, let changes) = $0.kind { !changes.isEmpty } else { false }
    }
    let unchanged = nodes.count - unknown - changing - notCompared
    let parts = [
      changing > 0
        ? "\(changing) \(changing == 1 ? "changes" : "change")\(ways > 1 ? " in \(ways) ways" : "")" : nil,
      unchanged > 0 ? "\(unchanged) unchanged" : nil,
      notCompared > 0 ? "\(notCompared) not compared" : nil, unknown > 0 ? "\(unknown) unknown" : nil,
    ].compactMap(\.self)
    let policies =
      policiesAfter.count > 1
      ? "; \(policiesAfter.count) policies where there should be one"
      : policiesBefore.count > 1 ? "; \(policiesBefore.count) policies run now" : ""
    return "\(counted(nodes.count, "node")): \(parts.joined(separator: ", "))\(policies)"
  }
}

extension FleetStatus {
  /// The report, for people.
  package func text(on screen: Screen) -> String {
    let text = FleetText(fleet: fleet, screen: screen)
    var lines = text.heading()
    for group in groups {
      lines.append("")
      switch group.kind {
      case .trouble:
        lines += text.troubles(group.nodes)
      case .serving(let serving):
        let word: String? = serving.isStopping ? "STOPPING" : serving.isWaiting ? "UNCONFIRMED" : nil
        lines += text.head(group.nodes.map(\.node.name), word: word, style: .warning)
        lines += screen.field("policy", serving.policy?.short ?? "not told")
        lines += screen.field("version", (serving.version ?? "not told").escapedForDisplay)
        lines += Self.plans(group.nodes, on: screen)
        for node in group.nodes { lines += Self.notes(node, on: screen) }
      }
    }
    lines.append("")
    if let half = halfConfirmed {
      func part(_ names: [String], _ one: String, _ many: String) -> String? {
        names.isEmpty ? nil : "\(names.joined(separator: ", ")) \(names.count == 1 ? one : many)"
      }
      let parts = [
        part(half.kept, "keeps", "keep").map { "\($0) policy \(half.policy.short)" },
        part(half.waiting, "waits to keep it", "wait to keep it"),
        part(half.wentBack, "went back from it", "went back from it"),
      ].compactMap(\.self)
      // What waits need not be brought again, and nothing is brought while it does.
      let finish =
        half.wentBack.isEmpty
        ? "'ocean fleet confirm'"
        : half.waiting.isEmpty ? "'ocean fleet apply'" : "'ocean fleet apply', once none waits,"
      lines += screen.fitted(
        "\(parts.joined(separator: ", ")): \(finish) finishes the rollout, 'ocean fleet rollback' takes it back"
          .escapedForDisplay, after: "\(screen.paint("HALF CONFIRMED", .error))  ", indent: 4)
    }
    return (lines + screen.fitted(summary, indent: 2)).joined(separator: "\n")
  }

  /// The plan of each node: they differ by what is the nodes' own.
  private static func plans(_ nodes: [Node], on screen: Screen) -> [String] {
    let plans = Dictionary(
      grouping: nodes.compactMap { node in node.found.map { (node.node.name, $0.plan) } }
    ) { $0.1 }
    if plans.count == 1, let plan = plans.keys.first { return screen.field("plan", plan.short) }
    let most = 24
    let words = nodes.prefix(most).compactMap { node in
      node.found.map { "\(node.node.name) \($0.plan.short)".escapedForDisplay }
    }
    let rest = nodes.count - words.count
    return screen.field("plans", words + (rest > 0 ? ["and \(rest) more"] : []))
  }

  /// What is to be said of one node alone.
  private static func notes(_ node: Node, on screen: Screen) -> [String] {
    guard let status = node.found else { return [] }
    var notes: [String] = []
    if let waiting = status.unconfirmed {
      notes.append("goes back to \(waiting.previous.short) in \(Duration.text(seconds: waiting.secondsLeft))")
    }
    if let stage = NodeStage(node.node, running: status.file) {
      notes.append(
        status.unconfirmed == nil
          ? "it keeps the plan of a rollout, and not its files yet: 'ocean fleet confirm' puts them there"
          : "a rollout brought plan \(stage.plan): 'ocean fleet confirm' keeps it, 'ocean fleet rollback' takes it back"
      )
    } else if status.fileUnchanged != true {
      notes.append("\(status.file) has changed since, or may have: 'ocean plan' tells")
    }
    for certificate in status.certificates where certificate.refused != nil {
      notes.append("the new certificate '\(certificate.name)' is refused")
    }
    if let reverted = status.takenBack.first, !reverted.isSettled {
      notes.append("plan \(reverted.mark.plan.short) was reverted at \(reverted.at)")
    }
    return notes.flatMap {
      screen.fitted($0.escapedForDisplay, after: "    \(node.node.name.escapedForDisplay): ", indent: 6)
    }
  }

  /// How many nodes serve, wait and are unknown, in one line.
  package var summary: String {
    let settled = serving.count { Serving($0).isSettled }
    let stopping = serving.count { $0.state == .draining }
    let parts = [
      settled > 0 ? "\(settled) confirmed" : nil, waiting > 0 ? "\(waiting) unconfirmed" : nil,
      stopping > 0 ? "\(stopping) stopping" : nil, unknown > 0 ? "\(unknown) unknown" : nil,
    ].compactMap(\.self)
    let known = policies.compactMap(\.self)
    let policy =
      known.count > 1
      ? "\(known.count) policies where there should be one" : known.first.map { "policy \($0.short)" }
    return
      "\(counted(nodes.count, "node")): \(parts.joined(separator: ", "))\(policy.map { "; \($0)" } ?? "")"
  }
}

extension FleetDrift {
  /// The report, for people.
  package func text(on screen: Screen) -> String {
    let text = FleetText(fleet: fleet, screen: screen)
    var lines = text.heading()
    let groups = groups
    let mostCommon = groups.last?.found?.policy
    for group in groups {
      lines.append("")
      guard let found = group.found else {
        let byKind = Dictionary(grouping: group.nodes) { $0.trouble?.kind.rawValue ?? "" }
        for (_, nodes) in byKind.sorted(by: { $0.key < $1.key }) { lines += text.troubles(nodes) }
        continue
      }
      lines += text.head(group.nodes.map(\.node.name))
      lines += screen.field("policy", found.policy.short)
      for difference in group.differences { lines += Self.lines(of: difference, on: screen) }
      if group.differences.isEmpty, found.policy != mostCommon {
        lines += screen.fitted(
          "its lists hold the same today, and come from elsewhere: from files, or written out", indent: 2)
      }
    }
    lines.append("")
    return (lines + screen.fitted(summary, indent: 2)).joined(separator: "\n")
  }

  private static func lines(of difference: Difference, on screen: Screen) -> [String] {
    let path = screen.paint("\(difference.path)".escapedForDisplay, .heading)
    let (here, elsewhere): (String, String)
    if case .addresses(let mine)? = difference.here, case .addresses(let others)? = difference.elsewhere {
      let (more, less) = (mine.subtracting(others), others.subtracting(mine))
      here = more.isEmpty ? "nothing that is not elsewhere" : "also \(more.summary)"
      elsewhere = less.isEmpty ? "nothing that is not here" : "also \(less.summary)"
    } else {
      here = difference.here?.text ?? "not set"
      elsewhere = difference.elsewhere?.text ?? "not set"
    }
    return ["\(screen.paint("~", .changed)) \(path)"]
      + screen.fitted(here.escapedForDisplay, after: "    here       ", indent: 15)
      + screen.fitted(elsewhere.escapedForDisplay, after: "    elsewhere  ", indent: 15)
  }

  /// Whether the nodes run one policy, in one line.
  package var summary: String {
    let known = nodes.count - unknown
    let unknown = unknown > 0 ? ", \(unknown) unknown" : ""
    guard known > 0 else { return "\(counted(nodes.count, "node")): all unknown" }
    let groups = groups.filter { $0.found != nil }
    guard groups.count > 1, let most = groups.last else {
      return "\(counted(nodes.count, "node")): \(known) of one policy\(unknown)"
    }
    let others = known - most.nodes.count
    return
      "\(counted(nodes.count, "node")): \(most.nodes.count) of one policy, \(others) \(others == 1 ? "differs" : "differ")\(unknown)"
  }
}
