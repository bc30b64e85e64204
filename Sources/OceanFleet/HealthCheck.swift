import OceanBase
package import OceanCompiler
package import OceanControlAPI

/// Compares what servers say of themselves before and after a plan was applied.
package struct HealthCheck: Sendable {
  private let limits: Fleet.Health

  package init(_ limits: Fleet.Health) { self.limits = limits }

  /// What is not well with a node: sentences without their full stops.
  package func troubles(_ after: ServerStatus, before: ServerStatus) -> [String] {
    if after.pid != before.pid { return ["the server was started again"] }
    var troubles: [String] = []
    if after.state == .draining { troubles.append("it is stopping") }
    let known = Set(before.accounts.problems.map(\.path))
    for problem in after.accounts.problems where !known.contains(problem.path) {
      troubles.append("accounts: \(problem.path): \(problem.reason)")
    }
    let silent = Set(before.unanswered.map(\.path))
    for silence in after.unanswered where !silent.contains(silence.path) {
      troubles.append("\(silence.path) does not answer")
    }
    if let now = after.counts, let then = before.counts {
      troubles += self.troubles(now.since(then), before: then)
    }
    return troubles
  }

  /// What is not well with several nodes together: each for itself may have too few clients to tell.
  package func troubles(_ nodes: [(after: ServerStatus, before: ServerStatus)]) -> [String] {
    var (after, before) = (ServerCounts(), ServerCounts())
    for node in nodes where node.after.pid == node.before.pid {
      guard let now = node.after.counts, let then = node.before.counts else { continue }
      after.add(now.since(then))
      before.add(then)
    }
    return troubles(after, before: before)
  }

  private func troubles(_ after: ServerCounts, before: ServerCounts) -> [String] {
    func judge(_ what: String, _ limit: Int, _ part: (ServerCounts) -> (Int, of: Int)) -> String? {
      let (failed, all) = part(after)
      guard failed >= Fleet.Health.fewest, all > 0 else { return nil }
      let (failedBefore, allBefore) = part(before)
      let share = Double(failed) / Double(all) * 100
      let usual = allBefore > 0 ? Double(failedBefore) / Double(allBefore) * 100 : 0
      guard share > usual + Double(limit) else { return nil }
      return
        "\(failed) of \(all) \(what), \(Self.percent(share)), before \(Self.percent(usual)); \(limit)% more would be healthy"
    }
    let reasons = after.refused.keys.sorted()
    return [
      judge("logins failed because something was away", limits.loginsTemporaryFailed) {
        ($0.logins["temporary"] ?? 0, $0.loginCount)
      },
      judge("logins failed", limits.loginsFailed) {
        ($0.loginCount &- ($0.logins["ok"] ?? 0), $0.loginCount)
      },
      judge("TLS handshakes failed", limits.handshakesFailed) {
        ($0.handshakesFailed, $0.handshakes &+ $0.handshakesFailed)
      },
    ].compactMap(\.self)
      + reasons.compactMap { reason in
        judge("connections were refused (\(reason))", limits.refused) {
          ($0.refused[reason] ?? 0, $0.attempts)
        }
      }
  }

  private static func percent(_ share: Double) -> String {
    // Numbers of a server that lies may be anything.
    let tenths = Int((min(max(share, 0), 100) * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)%"
  }
}

extension ServerCounts {
  fileprivate var loginCount: Int { logins.values.reduce(0, &+) }
  fileprivate var attempts: Int { connections &+ refused.values.reduce(0, &+) }

  /// What has happened since an earlier count of the same process.
  fileprivate func since(_ earlier: ServerCounts) -> ServerCounts {
    ServerCounts(
      connections: connections &- earlier.connections,
      refused: refused.merging(earlier.refused, uniquingKeysWith: &-),
      logins: logins.merging(earlier.logins, uniquingKeysWith: &-),
      handshakes: handshakes &- earlier.handshakes,
      handshakesFailed: handshakesFailed &- earlier.handshakesFailed)
  }

  fileprivate mutating func add(_ other: ServerCounts) {
    connections &+= other.connections
    refused.merge(other.refused, uniquingKeysWith: &+)
    logins.merge(other.logins, uniquingKeysWith: &+)
    handshakes &+= other.handshakes
    handshakesFailed &+= other.handshakesFailed
  }
}
