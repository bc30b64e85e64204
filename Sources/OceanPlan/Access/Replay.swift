package import OceanAddresses

/// Judges the connections of an access log by another plan.
///
/// Blocks and limits are left out: they depend on what the log does not say.
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
    /// Whether the new plan allows them.
    package let isAllowed: Bool
    /// The rule that decides in the new plan; nil if no rule does, or there is no such service.
    package let rule: RuleOrigin?
    /// The place of that rule or, if no rule decides, of `ip_control.default`; nil for a default that nobody
    /// wrote.
    package let place: Provenance.Origin?
    /// Whether the new plan has the service, and it is enabled.
    package let isServed: Bool
  }

  private struct Key: Hashable {
    let service: String
    let peer: IPAddress
  }

  /// The decisions of both plans about an address.
  private struct Judgement {
    /// Nil without a baseline: each line then says what was done.
    let before: Bool?
    let after: Bool
    let rule: RuleOrigin?
    let place: Provenance.Origin?
    let isServed: Bool
  }

  private let old: [String: AccessPolicy]?
  private let new: [String: AccessPolicy]
  private let provenance: Provenance
  private var judgements: [Key: Judgement] = [:]
  private var affectedByKey: [Key: Affected] = [:]
  /// How many connections were decided by rules.
  package private(set) var connections = 0
  /// How many connections were refused by blocks, limits or a missing PROXY header. The log does not say how
  /// rules would have decided.
  package private(set) var unjudged = 0
  /// How many lines are about something else: failed logins, which belong to sessions, and health checks of
  /// proxies.
  package private(set) var otherLines = 0
  package var addresses: Int { Set(judgements.keys.map(\.peer)).count }

  /// - Parameter baseline: the plan to compare with; nil takes what was done according to the log.
  package init(_ plan: PlanVersion, baseline: PlanVersion?) {
    func policies(_ version: PlanVersion) -> [String: AccessPolicy] {
      Dictionary(
        version.plan.services.filter(\.enabled).map {
          ($0.name, AccessPolicy($0, of: version.plan.server, rules: version.rules))
        }, uniquingKeysWith: { $1 })
    }
    new = policies(plan)
    provenance = plan.provenance
    old = baseline.map(policies)
  }

  package mutating func add(_ line: Line) {
    let wasAllowed: Bool
    switch (line.event, line.outcome) {
    case ("session", _) where line.proxy != line.peer: wasAllowed = true
    case ("refused", "black_list"), ("refused", "ip_control_default"): wasAllowed = false
    case ("refused", _): return unjudged += 1
    default: return otherLines += 1
    }
    connections += 1
    let key = Key(service: line.service, peer: line.peer)
    let judgement = judgements[key] ?? judgement(of: key)
    judgements[key] = judgement
    guard judgement.before ?? wasAllowed != judgement.after else { return }
    var affected =
      affectedByKey[key]
      ?? Affected(
        service: key.service, peer: key.peer, connections: 0, last: line.time, users: [],
        isAllowed: judgement.after, rule: judgement.rule, place: judgement.place,
        isServed: judgement.isServed)
    affected.connections += 1
    affected.last = max(affected.last, line.time)
    if let user = line.user { affected.users.insert(user) }
    affectedByKey[key] = affected
  }

  private func judgement(of key: Key) -> Judgement {
    let policy = new[key.service]
    let decision = policy?.decide(key.peer, isBlocked: false)
    var rule: RuleOrigin?
    switch decision {
    case .allowed(let reason), .refused(let reason): rule = policy?.origin(of: reason)
    case nil: break
    }
    return Judgement(
      before: old.map { $0[key.service]?.decide(key.peer, isBlocked: false).isAllowed ?? false },
      after: decision?.isAllowed ?? false, rule: rule,
      place: rule?.place ?? provenance[Plan.Service.IPControl.defaultActionPath(of: key.service)],
      isServed: policy != nil)
  }

  /// The differences. Clients that would be refused come first, then those with the most connections.
  package var affected: [Affected] {
    affectedByKey.values.sorted {
      ($0.isAllowed ? 1 : 0, -$0.connections, $0.peer) < ($1.isAllowed ? 1 : 0, -$1.connections, $1.peer)
    }
  }
}
