import OceanBase
import OceanCompiler
import OceanControlAPI
import OceanPlan

/// The reports about a fleet as JSON. A group has the numbers of its nodes in `nodes`.
enum FleetJSON {
  static let formatVersion = 1

  struct Trouble: Encodable {
    let kind: NodeTrouble.Kind
    let reason: String

    init(_ trouble: NodeTrouble) { (kind, reason) = (trouble.kind, trouble.reason) }
  }

  struct Change: Encodable {
    let path: String
    let text: String
  }

  struct Difference: Encodable {
    let path: String
    let here: String?
    let elsewhere: String?
  }

  struct Plan: Encodable {
    let formatVersion = FleetJSON.formatVersion
    let fleet: String
    /// `none`, `changes` or, if it is not known of some nodes or they differ, `differs`.
    let effect: String
    let nodes: [Node]
    let groups: [Group]

    struct Node: Encodable {
      let name: String
      let place: String
      /// `changes`, `unchanged`, `not_compared` or `unknown`.
      let state: String
      let plan: Digest?
      let policy: Digest?
      let running: Digest?
      let runningPolicy: Digest?
      let trouble: Trouble?
    }

    struct Group: Encodable {
      let nodes: [String]
      let policy: Digest?
      let runningPolicy: Digest?
      let changes: [Change]
    }
  }

  struct Status: Encodable {
    let formatVersion = FleetJSON.formatVersion
    let fleet: String
    let differs: Bool
    let halfConfirmed: FleetStatus.HalfConfirmed?
    let nodes: [Node]
    let groups: [[String]]

    struct Node: Encodable {
      let name: String
      let place: String
      /// What the node said; nil if that is not known.
      let status: ServerStatus?
      let trouble: Trouble?
    }
  }

  struct Drift: Encodable {
    let formatVersion = FleetJSON.formatVersion
    let fleet: String
    let differs: Bool
    let nodes: [Node]
    let groups: [Group]

    struct Node: Encodable {
      let name: String
      let place: String
      let plan: Digest?
      let policy: Digest?
      let trouble: Trouble?
    }

    struct Group: Encodable {
      let nodes: [String]
      let differences: [Difference]
    }
  }
}

extension FleetPlan {
  /// The report as JSON: the same answers give the same bytes.
  package var json: [UInt8] {
    get throws {
      try CanonicalJSON.line(
        FleetJSON.Plan(
          fleet: fleet.name, effect: differs ? "differs" : changing > 0 ? "changes" : "none",
          nodes: nodes.map(Self.form),
          groups: groups.map { group in
            let planned = group.planned
            return FleetJSON.Plan.Group(
              nodes: group.nodes.map(\.node.name), policy: planned?.policy,
              runningPolicy: planned?.running?.policy,
              changes: (planned?.changes ?? []).map { FleetJSON.Change(path: $0.path, text: "\($0)") })
          }))
    }
  }

  private static func form(_ node: Node) -> FleetJSON.Plan.Node {
    let place = "\(node.node.place)"
    switch node.result {
    case .failure(let trouble):
      return FleetJSON.Plan.Node(
        name: node.node.name, place: place, state: "unknown", plan: nil, policy: nil, running: nil,
        runningPolicy: nil, trouble: FleetJSON.Trouble(trouble))
    case .success(let planned):
      let state = planned.running == nil ? "not_compared" : planned.changes.isEmpty ? "unchanged" : "changes"
      return FleetJSON.Plan.Node(
        name: node.node.name, place: place, state: state, plan: planned.new.digest, policy: planned.policy,
        running: planned.running?.version.digest, runningPolicy: planned.running?.policy, trouble: nil)
    }
  }
}

extension FleetStatus {
  /// The report as JSON.
  package var json: [UInt8] {
    get throws {
      try CanonicalJSON.line(
        FleetJSON.Status(
          fleet: fleet.name, differs: differs, halfConfirmed: halfConfirmed,
          nodes: nodes.map { node in
            FleetJSON.Status.Node(
              name: node.node.name, place: "\(node.node.place)", status: node.found,
              trouble: node.trouble.map(FleetJSON.Trouble.init))
          }, groups: groups.map { $0.nodes.map(\.node.name) }))
    }
  }
}

extension FleetDrift {
  /// The report as JSON.
  package var json: [UInt8] {
    get throws {
      try CanonicalJSON.line(
        FleetJSON.Drift(
          fleet: fleet.name, differs: differs,
          nodes: nodes.map { node in
            FleetJSON.Drift.Node(
              name: node.node.name, place: "\(node.node.place)", plan: node.found?.digest,
              policy: node.found?.policy,
              trouble: node.trouble.map(FleetJSON.Trouble.init))
          },
          groups: groups.map { group in
            FleetJSON.Drift.Group(
              nodes: group.nodes.map(\.node.name),
              differences: group.differences.map {
                FleetJSON.Difference(path: "\($0.path)", here: $0.here?.text, elsewhere: $0.elsewhere?.text)
              })
          }))
    }
  }
}
