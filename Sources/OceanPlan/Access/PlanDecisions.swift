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
    // The version that was negotiated is the best that the client knows, as the server offers all from one
    // on.
    let aim: Attempt.Aim = tls.map { .tlsLogin($0) } ?? (isLoggedIn ? .plaintextLogin : .connect)
    return Attempt(client, proxy.map { .proxy($0) } ?? .direct, aim)
  }
}

/// What a plan decides about connections that were made before. Blocks and limits are left out, because they
/// depend on the moment: `SimulatedServer` adds them for the connections of a log.
package struct PlanDecisions: Sendable {
  /// All services, by name.
  private let services: [String: Plan.Service]
  private let sockets: Sockets
  /// By the names of services; those that are switched off have none.
  private let policies: [String: AccessPolicy]
  /// What services of the plan before are called now; nil if that plan is not known.
  private let successors: [String: String]?

  /// - Parameter before: the plan by which the connections were made; nil if it is not known.
  package init(_ plan: Plan, _ policies: [String: AccessPolicy], after before: Plan?) {
    services = Dictionary(plan.services.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    let sockets = Sockets(plan)
    self.sockets = sockets
    self.policies = policies
    successors = before.map { sockets.successors(of: $0, in: plan) }
  }

  package init(_ version: PlanVersion, after before: Plan?) {
    self.init(
      version.plan,
      Dictionary(
        version.plan.services.filter(\.enabled).map {
          ($0.name, AccessPolicy($0, of: version.plan.server, rules: version.rules))
        }, uniquingKeysWith: { $1 }), after: before)
  }

  /// The service of that name, with what decides at it; nil if there is none, or it is switched off.
  package func service(_ name: String) -> (plan: Plan.Service, policy: AccessPolicy)? {
    guard let service = services[name], let policy = policies[name] else { return nil }
    return (service, policy)
  }

  /// The decision about one connection.
  package struct Outcome: Sendable, Hashable {
    /// The service that it would come to; nil if there is none.
    package let service: String?
    /// What would keep it out; nil if nothing would.
    package let obstacle: Obstacle?
    /// The rule that decides; nil if no rule does, or its place is not known.
    package let rule: RuleOrigin?

    /// What a block or a limit decides at a service.
    package init(service: String, refused reason: Decision.Reason) {
      self.init(service: service, obstacle: .access(reason), rule: nil)
    }

    fileprivate init(service: String?, obstacle: Obstacle?, rule: RuleOrigin?) {
      self.service = service
      self.obstacle = obstacle
      self.rule = rule
    }

    fileprivate static let nowhere = Outcome(service: nil, obstacle: .unreachable, rule: nil)
  }

  /// The place of what decided: the rule or, if no rule did, the setting. Nil for a default that nobody
  /// wrote.
  package func place(of outcome: Outcome, _ provenance: Provenance) -> Provenance.Origin? {
    if let rule = outcome.rule { return rule.place }
    guard let service = outcome.service.flatMap({ services[$0] }) else { return nil }
    return provenance.place(of: outcome.obstacle ?? .access(.defaultAction), at: WayIn(service))
  }

  /// - Parameter isPortKept: whether to take it that the client comes to its service even if the port that it
  ///   came to is closed.
  /// - Returns: nil if it cannot be known which service it would come to.
  package func outcome(of connection: PastConnection, isPortKept: Bool = false) -> Outcome? {
    if connection.proxy == nil, let local = connection.local {
      if let socket = sockets.taking(local) {
        // A connection that was made to this endpoint does reach it.
        return outcome(of: connection, at: WayIn(socket.service, to: [socket.listener]), isReached: true)
      }
      guard isPortKept else { return .nowhere }
    }
    // Behind a proxy it is not known which listener the proxy connects to.
    guard let name = name(of: connection.service) else { return nil }
    guard let service = services[name] else { return .nowhere }
    return outcome(of: connection, at: WayIn(service), isReached: connection.proxy == nil)
  }

  private func outcome(of connection: PastConnection, at way: WayIn, isReached: Bool) -> Outcome {
    guard let policy = policies[way.service.name] else {
      return Outcome(service: way.service.name, obstacle: .disabled, rule: nil)
    }
    let decision = policy.decide(connection.client, isBlocked: false)
    let obstacle = way.obstacle(to: connection.attempt, decision, isReached: isReached)
    var rule: RuleOrigin?
    switch (obstacle, decision) {
    case (.access(let reason), _), (nil, .allowed(let reason)): rule = policy.origin(of: reason)
    default: break
    }
    return Outcome(service: way.service.name, obstacle: obstacle, rule: rule)
  }

  /// The name that a service has now. A service that is gone keeps its name; nil if it cannot be known
  /// whether it is gone or has another name.
  private func name(of service: String) -> String? {
    if services[service] != nil { return service }
    return successors.map { $0[service] ?? service }
  }
}

extension Sockets {
  /// The services of `plan` that have taken the place of those that only `before` had: that listen, alone,
  /// where those listened. The new name by the old one.
  fileprivate func successors(of before: Plan, in plan: Plan) -> [String: String] {
    let names = Set(plan.services.map(\.name))
    let byPort = Dictionary(grouping: byEndpoint.values, by: \.listener.port)
    var result: [String: String] = [:]
    for old in before.services where !names.contains(old.name) {
      let takers = old.listeners.flatMap { listener in
        (byPort[listener.port] ?? []).filter { $0.listener.endpoint.overlaps(listener.endpoint) }
      }
      let services = Set(takers.map(\.service.name))
      if services.count == 1 { result[old.name] = services.first }
    }
    return result
  }
}
