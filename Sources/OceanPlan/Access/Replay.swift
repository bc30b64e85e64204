package import OceanAddresses
import OceanBase

/// Judges the connections of an access log by another plan.
///
/// Each line is judged as it says that the client came: at the same endpoint, through the same proxy, with the same
/// TLS, and with a login if there was one. Blocks and limits are left out: they depend on what the log does not say.
package struct Replay: Sendable {
  /// The fields of a line of the access log that matter here.
  package struct Line: Sendable, Decodable {
    package var time: String
    package var event: String
    package var service: String
    package var peer: IPAddress
    /// The proxy that forwarded it; the peer itself for a health check.
    package var proxy: IPAddress?
    package var user: String?
    /// Where the client connected to.
    package var local: String?
    package var tls: String?
    package var outcome: String
  }

  /// Connections of one address to one service that the new plan treats differently.
  package struct Affected: Sendable, Hashable {
    package let service: String
    package let peer: IPAddress
    package fileprivate(set) var connections: Int
    /// The time of the newest; RFC 3339.
    package fileprivate(set) var last: String
    /// The users that logged in.
    package fileprivate(set) var users: Set<String>
    /// What the new plan decides about them.
    package let outcome: PlanDecisions.Outcome
    /// The place of what decides: the rule or, if no rule does, the setting. Nil for a default that nobody
    /// wrote.
    package let place: Provenance.Origin?

    package var isAllowed: Bool { outcome.obstacle == nil }
  }

  private struct Key: Hashable {
    let service: String
    let peer: IPAddress
    let outcome: PlanDecisions.Outcome
  }

  /// The decisions of both plans about a connection.
  private struct Judgement {
    /// Nil without a baseline, or if it cannot tell: each line then says what was done.
    let before: Bool?
    /// Nil if it cannot be known.
    let after: PlanDecisions.Outcome?
  }

  private let old: PlanDecisions?
  private let new: PlanDecisions
  private let services: [Plan.Service]
  private let provenance: Provenance
  private var judgements: [PastConnection: Judgement] = [:]
  private var affectedByKey: [Key: Affected] = [:]
  /// How many connections were decided by rules.
  package private(set) var connections = 0
  /// How many connections were refused by blocks, limits or a missing PROXY header. The log does not say how
  /// rules would have decided.
  package private(set) var unjudged = 0
  /// How many connections came through a proxy to a service that the plan does not have under that name.
  package private(set) var unknown = 0
  /// How many lines are about something else: failed logins, which belong to sessions, and health checks of
  /// proxies.
  package private(set) var otherLines = 0
  package var addresses: Int { Set(judgements.keys.map(\.client)).count }

  /// - Parameter baseline: the plan to compare with; nil takes what was done according to the log.
  package init(_ plan: PlanVersion, baseline: PlanVersion?) {
    new = PlanDecisions(plan, after: baseline?.plan)
    services = plan.plan.services
    provenance = plan.provenance
    old = baseline.map { PlanDecisions($0, after: nil) }
  }

  package mutating func add(_ line: Line) {
    let wasAllowed: Bool
    switch (line.event, line.outcome) {
    // A proxy that speaks for itself logs nobody in.
    case ("session", _) where line.proxy != line.peer || line.user != nil: wasAllowed = true
    case ("refused", "black_list"), ("refused", "ip_control_default"): wasAllowed = false
    case ("refused", _): return unjudged += 1
    default: return otherLines += 1
    }
    let connection = PastConnection(
      service: line.service, client: line.peer, proxy: line.proxy,
      local: line.local.flatMap { Endpoint(parsing: $0) }, tls: line.tls.flatMap { TLSVersion(parsing: $0) },
      isLoggedIn: line.user != nil)
    let judgement =
      judgements[connection]
      ?? Judgement(
        before: old?.outcome(of: connection).map { $0.obstacle == nil }, after: new.outcome(of: connection))
    judgements[connection] = judgement
    guard let outcome = judgement.after else { return unknown += 1 }
    connections += 1
    guard judgement.before ?? wasAllowed != (outcome.obstacle == nil) else { return }
    let key = Key(service: line.service, peer: line.peer, outcome: outcome)
    var affected =
      affectedByKey[key]
      ?? Affected(
        service: key.service, peer: key.peer, connections: 0, last: line.time, users: [], outcome: outcome,
        place: place(of: outcome))
    affected.connections += 1
    affected.last = max(affected.last, line.time)
    if let user = line.user { affected.users.insert(user) }
    affectedByKey[key] = affected
  }

  private func place(of outcome: PlanDecisions.Outcome) -> Provenance.Origin? {
    if let rule = outcome.rule { return rule.place }
    guard let service = services.first(where: { $0.name == outcome.service }) else { return nil }
    return provenance.place(of: outcome.obstacle ?? .access(.defaultAction), at: service)
  }

  /// The differences. Clients that would be refused come first, then those with the most connections.
  package var affected: [Affected] {
    affectedByKey.values.sorted {
      ($0.isAllowed ? 1 : 0, -$0.connections, $0.peer) < ($1.isAllowed ? 1 : 0, -$1.connections, $1.peer)
    }
  }
}
