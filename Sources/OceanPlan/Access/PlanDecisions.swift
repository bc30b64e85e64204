package import OceanAddresses
package import OceanBase

/// A connection that was made once, as a session or a line of the access log tells. Whoever made it would
/// make the next one the same way.
package struct PastConnection: Sendable, Hashable {
  /// The name of the service that it came to.
  package var service: String
  package var client: IPAddress
  /// The proxy that named the client; nil if the client connected by itself.
  package var proxy: IPAddress?
  /// Where the client connected to: behind a proxy, an address of the proxy. Nil if that is not known.
  package var local: Endpoint?
  /// Nil without TLS.
  package var tls: TLSVersion?
  package var isLoggedIn: Bool

  package init(
    service: String, client: IPAddress, proxy: IPAddress? = nil, local: Endpoint? = nil,
    tls: TLSVersion? = nil, isLoggedIn: Bool = false
  ) {
    self.service = service
    self.client = client
    self.proxy = proxy
    self.local = local
    self.tls = tls
    self.isLoggedIn = isLoggedIn
  }

  fileprivate var attempt: Attempt {
    // The version that was negotiated is the best that the client knows, as the server offers all from one on.
    let aim: Attempt.Aim = tls.map { .tlsLogin($0) } ?? (isLoggedIn ? .plaintextLogin : .connect)
    return Attempt(client, proxy.map { .proxy($0) } ?? .direct, aim)
  }
}

/// What a plan decides about connections that were made before. Blocks and limits are left out: they depend
/// on the moment.
package struct PlanDecisions: Sendable {
  private let plan: Plan
  /// By the names of services; those that are switched off have none.
  private let policies: [String: AccessPolicy]

  package init(_ plan: Plan, _ policies: [String: AccessPolicy]) {
    self.plan = plan
    self.policies = policies
  }

  package init(_ version: PlanVersion) {
    self.init(
      version.plan,
      Dictionary(
        version.plan.services.filter(\.enabled).map {
          ($0.name, AccessPolicy($0, of: version.plan.server, rules: version.rules))
        }, uniquingKeysWith: { $1 }))
  }

  /// The decision about one connection.
  package struct Outcome: Sendable, Hashable {
    /// The service that it would come to; nil if there is none.
    package let service: String?
    /// What would keep it out; nil if nothing would.
    package let obstacle: Obstacle?
    /// The rule that decides; nil if no rule does, or its place is not known.
    package let rule: RuleOrigin?
  }

  /// - Parameter isPortKept: whether to take it that the client comes to its service even if the port that it
  ///   came to is closed.
  package func outcome(of connection: PastConnection, isPortKept: Bool = false) -> Outcome {
    guard
      let way = way(of: connection) ?? (isPortKept ? service(connection.service).map { WayIn($0) } : nil),
      let policy = policies[way.service.name]
    else { return Outcome(service: nil, obstacle: .unreachable, rule: nil) }
    let decision = policy.decide(connection.client, isBlocked: false)
    let obstacle = way.obstacle(to: connection.attempt, decision, isReached: true)
    var rule: RuleOrigin?
    switch (obstacle, decision) {
    case (.access(let reason), _), (nil, .allowed(let reason)): rule = policy.origin(of: reason)
    default: break
    }
    return Outcome(service: way.service.name, obstacle: obstacle, rule: rule)
  }

  /// Where a connection comes to: the listener at the same endpoint or, behind a proxy, which listener is
  /// not known, all of the service.
  private func way(of connection: PastConnection) -> WayIn? {
    if let proxy = connection.proxy {
      if let service = service(connection.service) { return WayIn(service) }
      // Its service has another name now.
      let others = plan.services.filter { $0.enabled && $0.proxyFrom.contains(proxy) }
      return others.count == 1 ? others.first.map { WayIn($0) } : nil
    }
    guard let local = connection.local else { return service(connection.service).map { WayIn($0) } }
    return plan.resolve(.endpoint(local)).map { WayIn($0, to: $1) }
  }

  private func service(_ name: String) -> Plan.Service? {
    plan.services.first { $0.name == name && $0.enabled }
  }
}
