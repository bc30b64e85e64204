package import OceanAddresses
package import OceanPlan

/// What a login must fulfil to use an account, or one of its passwords.
package struct LoginConditions: Sendable, Hashable {
  /// The services at which it may be used; nil for all.
  package var services: [String]?
  /// The networks from which it may be used; nil for anywhere.
  package var networks: [IPPrefix]?
  /// The first second in which it may not be used any more; nil without an end.
  package var end: RuleEnd?

  package init(services: [String]? = nil, networks: [IPPrefix]? = nil, end: RuleEnd? = nil) {
    (self.services, self.networks, self.end) = (services, networks, end)
  }

  /// A reason why a login may not use what the conditions are about. Clients are not told.
  package enum Obstacle: Sendable, Hashable {
    case service
    case network
    case ended(RuleEnd)
  }

  /// The obstacle at a service and time for clients from anywhere.
  ///
  /// - Parameter time: in seconds since 1970.
  package func obstacle(at service: String, time: Int64) -> Obstacle? {
    if let end, end.isPast(at: time) { return .ended(end) }
    return services?.contains(service) == false ? .service : nil
  }

  /// The first obstacle to a login; nil if there is none.
  package func obstacle(at service: String, from peer: IPAddress, time: Int64) -> Obstacle? {
    if let obstacle = obstacle(at: service, time: time) { return obstacle }
    return networks?.contains { $0.contains(peer) } == false ? .network : nil
  }
}

extension LoginConditions.Obstacle: CustomStringConvertible {
  /// Half a sentence: `not at this service (services)`.
  package var description: String {
    switch self {
    case .service: "not at this service (services)"
    case .network: "not from this address (allow_nets)"
    case .ended(let end): "ended on \(end) (expires)"
    }
  }
}
