package import OceanAddresses
package import OceanPlan

/// The part of admission that depends on a client's address: blocks, rules, how fast it connects, and how
/// many connections it has. The server and `ocean replay` decide with it, each by its own time.
package struct AddressAdmission: Sendable {
  package let hammering: any AddressFailures
  package let connections: any AddressConnections
  private let rate: ConnectionRate

  package init(
    _ plan: Plan, hammering: any AddressFailures, connections: any AddressConnections
  ) {
    self.hammering = hammering
    self.connections = connections
    rate = ConnectionRate(v6PrefixLength: plan.server.limits.ipv6Prefix)
  }

  /// Admission that counts for this machine alone.
  package init(_ plan: Plan) {
    let prefix = plan.server.limits.ipv6Prefix
    self.init(
      plan, hammering: AntiHammering(plan.hammeringLimits, v6PrefixLength: prefix),
      connections: ConnectionCounter(v6PrefixLength: prefix))
  }

  /// Makes the part of the decision that depends on no other connection: blocks and rules.
  package func check(_ peer: IPAddress, _ access: AccessPolicy, at now: ClockReading) throws(Refusal) {
    let isBlocked = access.isHammeringCounted && hammering.block(of: peer, at: now) != nil
    if case .refused(let reason) = access.decide(peer, isBlocked: isBlocked) { throw Refusal(reason: reason) }
  }

  /// Decides about a client, and takes a place among the connections of its address.
  ///
  /// - Parameter isHealthCheck: whether the client is a proxy of the service that speaks for itself; rules are
  ///   not for it.
  package func admit(
    _ peer: IPAddress, _ access: AccessPolicy, isHealthCheck: Bool, at now: ClockReading
  ) throws(Refusal) -> ConnectionCounter.Ticket {
    if !isHealthCheck {
      try check(peer, access, at: now)
      if let perMinute = access.limits.connectionsPerMinute, !rate.admit(peer, perMinute: perMinute, at: now)
      {
        throw Refusal(reason: .connectionRate)
      }
    }
    let limit = isHealthCheck ? .max : access.connectionLimit(for: peer)
    guard let connection = connections.admit(peer, limit: limit) else {
      throw Refusal(reason: .connectionsPerIP)
    }
    return connection
  }

  /// Whether ``admit(_:_:isHealthCheck:at:)`` would find that the address connects too fast.
  package func isTooFast(_ peer: IPAddress, perMinute: Int, at now: ClockReading) -> Bool {
    !rate.hasRoom(for: peer, perMinute: perMinute, at: now)
  }

  /// Frees what has ended.
  package func sweep(at now: ClockReading) {
    hammering.sweep(at: now)
    rate.sweep(at: now)
  }
}

/// Why a client is not let in.
package struct Refusal: Error {
  package let reason: Decision.Reason

  package init(reason: Decision.Reason) { self.reason = reason }
}

extension Plan {
  /// The limits of anti-hammering in the form that ``AntiHammering`` takes.
  package var hammeringLimits: AntiHammering.Limits {
    AntiHammering.Limits(
      maxFailures: server.antiHammering.maxFailures, forgetAfterSeconds: server.antiHammering.forgetSeconds,
      blockForSeconds: server.antiHammering.blockSeconds,
      failureDelayMilliseconds: services.map(\.limits.failureDelayMilliseconds).max() ?? 0,
      neverBlock: server.antiHammering.neverBlock)
  }
}
