/// What another plan would have done with the connections of an access log.
///
/// Bans and limits are left out: they depend on what the log does not say.
package struct Replay: Sendable {
  /// A line of the access log, as far as it matters here.
  package struct Line: Sendable, Decodable {
    package var time: String
    package var event: String
    package var service: String
    package var peer: IPAddress
    package var user: String?
    package var outcome: String
  }

  /// The connections of one address to one service, for which the plans do not agree.
  package struct Affected: Sendable, Hashable {
    package let service: String
    package let peer: IPAddress
    package fileprivate(set) var connections: Int
    /// RFC 3339, of the newest.
    package fileprivate(set) var last: String
    /// Who logged in.
    package fileprivate(set) var users: Set<String>
    /// What the new plan does.
    package let isAllowed: Bool
    /// The rule that decides in the new plan, where one does; nil also where there is no such service.
    package let rule: RuleOrigin?
    /// Of that rule or, where none decides, of `ip_control.default`; nil for a default that nobody wrote.
    package let place: Provenance.Origin?
    /// Whether the new plan has the service, and runs it.
    package let isServed: Bool
  }

  private struct Key: Hashable {
    let service: String
    let peer: IPAddress
  }

  /// What was done with an address before, and will be.
  private enum Fate {
    case same
    case affected(Affected)
  }

  private let old: [String: AccessPolicy]?
  private let new: [String: AccessPolicy]
  private let provenance: Provenance
  private var fates: [Key: Fate] = [:]
  package private(set) var connections = 0
  package var addresses: Int { Set(fates.keys.map(\.peer)).count }

  /// - Parameter baseline: the plan to compare with; nil takes what the log says was done.
  package init(_ plan: PlanVersion, baseline: PlanVersion?) {
    func policies(_ version: PlanVersion) -> [String: AccessPolicy] {
      Dictionary(
        version.plan.services.filter(\.enabled).map {
          ($0.name, AccessPolicy($0, of: version.plan.server, rules: version.provenance.rules))
        }, uniquingKeysWith: { $1 })
    }
    new = policies(plan)
    provenance = plan.provenance
    old = baseline.map(policies)
  }

  package mutating func add(_ line: Line) {
    // A failed login belongs to a session that has a line of its own; blocks and limits are no rules.
    let isRule = ["black_list", "ip_control_default"].contains(line.outcome)
    guard line.event == "session" || (line.event == "refused" && isRule) else { return }
    connections += 1
    let key = Key(service: line.service, peer: line.peer)
    switch fates[key] ?? fate(of: key, wasAllowed: line.event == "session", line) {
    case .same: fates[key] = .same
    case .affected(var affected):
      affected.connections += 1
      affected.last = max(affected.last, line.time)
      if let user = line.user { affected.users.insert(user) }
      fates[key] = .affected(affected)
    }
  }

  private func fate(of key: Key, wasAllowed: Bool, _ line: Line) -> Fate {
    let before =
      old.map { $0[key.service]?.decide(key.peer, isBlocked: false).isAllowed ?? false } ?? wasAllowed
    let policy = new[key.service]
    let decision = policy?.decide(key.peer, isBlocked: false)
    let after = decision?.isAllowed ?? false
    guard before != after else { return .same }
    var rule: RuleOrigin?
    switch decision {
    case .allowed(let ground), .refused(let ground): rule = policy?.origin(of: ground)
    case nil: break
    }
    return .affected(
      Affected(
        service: key.service, peer: key.peer, connections: 0, last: line.time, users: [], isAllowed: after,
        rule: rule, place: rule?.place ?? provenance["services.\(key.service).ip_control.default"],
        isServed: policy != nil))
  }

  /// Those who would be refused first, then those with most connections.
  package var affected: [Affected] {
    fates.values.compactMap { if case .affected(let affected) = $0 { affected } else { nil } }
      .sorted {
        ($0.isAllowed ? 1 : 0, -$0.connections, $0.peer) < ($1.isAllowed ? 1 : 0, -$1.connections, $1.peer)
      }
  }
}
