import OceanBase
package import OceanCompiler
import OceanHost
import OceanPlan
package import OceanSyntax

/// How a rollout, a confirmation or a rollback of a fleet ended.
package struct RolloutReport: Sendable {
  /// What became of the fleet as a whole.
  package enum Outcome: String, Sendable {
    /// All nodes run what they were to run.
    case done
    /// All nodes run what they ran before.
    case failed
    /// The same, because another plan runs on some than was compared with.
    case stale
    /// The nodes differ, or it is not known of some what they run.
    case differs
  }

  package enum State: String, Sendable, CaseIterable {
    case waiting, unknown, behind
    case wentBack = "went_back"
    case unchanged, confirmed

    /// The word that is shown before the nodes.
    var word: String {
      switch self {
      case .waiting: "UNCONFIRMED"
      case .unknown: "UNKNOWN"
      case .behind: "NOT CHANGED"
      case .wentBack: "WENT BACK"
      case .unchanged: "UNCHANGED"
      case .confirmed: "CONFIRMED"
      }
    }
  }

  package struct Node: Sendable {
    let node: Fleet.Node
    let state: State
    /// Seconds since 1970: when it goes back by itself; nil if it does not.
    var until: Int64?
    var trouble: NodeTrouble?
  }

  package let fleet: Fleet
  package let nodes: [Node]
  /// What is not well with all nodes together.
  var troubles: [String] = []
  var wasInterrupted = false
  /// Whether the plan was to be taken back.
  var isRollback = false

  init(_ fleet: Fleet, _ nodes: [Node]) { (self.fleet, self.nodes) = (fleet, nodes) }

  package init(_ rollout: Rollout, of prepared: PreparedRollout) {
    let members = rollout.members.map { member in
      let name = member.node.name
      var (state, until): (State, Int64?) = (.behind, nil)
      switch rollout.states[name] {
      case .behind, nil: state = .behind
      case .waiting(let time): (state, until) = (.waiting, time)
      case .unknown(let time): (state, until) = (.unknown, time)
      case .confirmed, .settled: state = prepared.isRollback ? .wentBack : .confirmed
      case .wentBack: state = prepared.isRollback ? .behind : .wentBack
      }
      return Node(node: member.node, state: state, until: until, trouble: rollout.troubles[name])
    }
    let all = members + prepared.unchanged.map { Node(node: $0, state: .unchanged) }
    let order = Dictionary(
      prepared.fleet.nodes.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.init(
      prepared.fleet, all.sorted { order[$0.node.name, default: 0] < order[$1.node.name, default: 0] })
    (troubles, wasInterrupted) = (rollout.fleetTroubles, rollout.wasInterrupted)
    isRollback = prepared.isRollback
  }

  /// A rollout that does not begin, because not everything is known of all nodes; nil if it may.
  package init?(unprepared prepared: PreparedRollout, of plan: FleetPlan) {
    guard plan.unknown > 0 || !prepared.troubles.isEmpty else { return nil }
    let troubles = Dictionary(
      plan.nodes.compactMap { node in node.trouble.map { (node.node.name, $0) } }
        + prepared.troubles.compactMap { node in node.trouble.map { (node.node.name, $0) } },
      uniquingKeysWith: { first, _ in first })
    let unchanged = Set(prepared.unchanged.map(\.name))
    self.init(
      plan.fleet,
      plan.fleet.nodes.map { node in
        let trouble = troubles[node.name]
        let state: State = trouble != nil ? .unknown : unchanged.contains(node.name) ? .unchanged : .behind
        return Node(node: node, state: state, trouble: trouble)
      })
  }

  package var outcome: Outcome {
    func has(_ states: State...) -> Bool { nodes.contains { states.contains($0.state) } }
    let isTroubled = nodes.contains { $0.trouble != nil }
    if has(.waiting, .unknown) { return .differs }
    // What went back has failed, or has done what it was to do.
    if isRollback ? has(.wentBack) : has(.confirmed) {
      return isTroubled || has(.behind) || !isRollback && has(.wentBack) ? .differs : .done
    }
    guard isTroubled || has(.behind, .wentBack) || wasInterrupted else { return .done }
    return nodes.contains { $0.trouble?.kind == .stale } ? .stale : .failed
  }

  /// The report, for people.
  package func text(on screen: Screen) -> String {
    let text = FleetText(fleet: fleet, screen: screen)
    var lines: [String] = []
    let troubled = nodes.compactMap { node in node.trouble.map { (node, $0) } }
    for (_, nodes) in Dictionary(grouping: troubled, by: { $0.1.kind.rawValue }).sorted(by: {
      $0.key < $1.key
    }) {
      lines += text.troubles(
        nodes.map { node, trouble in
          FleetNode<Never>(node.node) { () throws(NodeTrouble) in throw trouble }
        })
    }
    for trouble in troubles {
      lines += screen.fitted(
        trouble.escapedForDisplay, after: "\(screen.paint("NOT WELL", .error))  ", indent: 4)
    }
    for state in State.allCases {
      let found = nodes.filter { $0.state == state }
      guard !found.isEmpty else { continue }
      let style: Style = state == .confirmed || state == .unchanged ? .heading : .warning
      lines += text.head(found.map(\.node.name), word: state.word, style: style)
      if let last = found.compactMap(\.until).max() {
        lines += screen.fitted(
          "\(state == .unknown ? "what got the plan" : "each") goes back by itself, at \(Timestamp.text(last)) at the latest",
          after: "    ", indent: 6)
      }
    }
    return (lines + screen.fitted(summary, indent: 2)).joined(separator: "\n")
  }

  private var summary: String {
    let parts = State.allCases.compactMap { state in
      let count = nodes.count { $0.state == state }
      return count > 0 ? "\(count) \(state.word.lowercased())" : nil
    }
    let ending =
      switch outcome {
      case .done: ""
      case .failed, .stale: ". The fleet runs what it ran before"
      case .differs: ". The nodes differ: 'ocean fleet status' tells"
      }
    return
      "\(wasInterrupted ? "Interrupted. " : "")\(counted(nodes.count, "node")): \(parts.joined(separator: ", "))\(ending)"
  }

  /// The report as JSON.
  package var json: [UInt8] {
    get throws {
      struct Form: Encodable {
        let formatVersion = FleetJSON.formatVersion
        let fleet: String
        let outcome: String
        let interrupted: Bool
        let troubles: [String]
        let nodes: [Node]

        struct Node: Encodable {
          let name: String
          let place: String
          let state: String
          let revertsAt: String?
          let trouble: FleetJSON.Trouble?
        }
      }
      return try CanonicalJSON.line(
        Form(
          fleet: fleet.name, outcome: outcome.rawValue, interrupted: wasInterrupted, troubles: troubles,
          nodes: nodes.map { node in
            Form.Node(
              name: node.node.name, place: "\(node.node.place)", state: node.state.rawValue,
              revertsAt: node.until.map { Timestamp.text($0) },
              trouble: node.trouble.map(FleetJSON.Trouble.init))
          }))
    }
  }
}

extension Rollout.Note {
  /// Lines, of which the first begins with the time.
  ///
  /// - Parameter time: when it happened; seconds since 1970.
  package func text(at time: Int64, on screen: Screen) -> String {
    let clock = Timestamp.text(time).dropFirst(11).prefix(8)
    let name = node.map { "\(screen.paint($0.escapedForDisplay, .heading))  " } ?? ""
    return screen.fitted(text.escapedForDisplay, after: "\(clock)  \(name)", indent: 10)
      .joined(separator: "\n")
  }
}
