package import OceanAddresses

/// Decides who may connect to one service, compiled for asking: the server decides with it, and `explain`
/// explains it.
///
/// Immutable. Blocks come first, then the white list, the black list, and the config's default for all
/// others; limits come last (``connectionLimit(for:)``), because they depend on who else is connected.
package final class AccessPolicy: Sendable {
  package let rules: AccessRules
  package let antiHammering: Plan.Server.AntiHammering
  /// Whether the service takes part in anti-hammering.
  package let isHammeringCounted: Bool
  package let limits: Plan.Server.Limits
  package let maxConnections: Int

  /// - Parameters:
  ///   - rules: the rules of each list, by path; of a list that is missing here only the addresses are known.
  ///   - other: policies whose tables may be used again if the lists are the same.
  package convenience init(
    _ service: Plan.Service, of server: Plan.Server, rules: PlanRules,
    reusing others: [AccessPolicy] = []
  ) {
    self.init(WayIn(service), of: server, rules: rules, reusing: others)
  }

  /// The same for any way in.
  init(_ way: WayIn, of server: Plan.Server, rules: PlanRules, reusing others: [AccessPolicy] = []) {
    let service = way.service
    self.rules = AccessRules(
      service.ipControl, in: way.section, rules: rules, reusing: others.map(\.rules))
    antiHammering = server.antiHammering
    isHammeringCounted = service.antiHammering
    limits = server.limits
    maxConnections = service.limits.connections
  }

  /// Decides by the address alone: before anything is counted, and before a byte is sent.
  ///
  /// - Parameter isBlocked: whether anti-hammering blocks the address now.
  package func decide(_ peer: IPAddress, isBlocked: Bool) -> Decision {
    if isBlocked, isHammeringCounted, !antiHammering.neverBlock.contains(peer) { return .refused(.block) }
    return rules.decide(peer)
  }

  /// Decides completely, for an address in the state given; nil means that neither blocks nor counts are
  /// consulted.
  ///
  /// The server takes its places one after the other instead, in the same order and within the same numbers.
  package func decide(_ peer: IPAddress, live: AddressState?) -> Decision {
    let decision = decide(peer, isBlocked: live?.block != nil)
    guard case .allowed = decision, let live else { return decision }
    if limits.connectionsPerMinute != nil, live.isTooFast { return .refused(.connectionRate) }
    if live.connections >= connectionLimit(for: peer) { return .refused(.connectionsPerIP) }
    if live.serviceConnections >= maxConnections {
      return live.serviceGivesWay == true ? decision : .refused(.maxConnections)
    }
    if live.preloginConnections >= limits.preloginConnections, live.preloginGivesWay != true {
      return .refused(.preloginConnections)
    }
    return decision
  }

  /// The rule that decided; nil if no rule did, or its place is not known.
  package func origin(of reason: Decision.Reason) -> RuleOrigin? { rules.origin(of: reason) }

  /// How many connections an address may have at a time.
  package func connectionLimit(for peer: IPAddress) -> Int {
    limits.exceptions.first { $0.from.contains(peer) }?.connectionsPerIP ?? limits.connectionsPerIP
  }
}

/// Whether a client may connect, and the reason.
package enum Decision: Sendable, Hashable {
  case allowed(Reason)
  case refused(Reason)

  /// The reason for a decision. Rules are numbers in the list's `RuleList`.
  package enum Reason: Sendable, Hashable {
    case block
    case whiteList(UInt32)
    case blackList(UInt32)
    /// The default of the config, `ip_control.default`.
    case defaultAction
    case connectionRate
    case connectionsPerIP
    case preloginConnections
    case maxConnections
    /// The process may not open more files. Depends on no plan and no address.
    case descriptors

    /// Whether it is a number of the plan that is used up.
    package var isLimit: Bool {
      switch self {
      case .connectionRate, .connectionsPerIP, .preloginConnections, .maxConnections: true
      case .block, .whiteList, .blackList, .defaultAction, .descriptors: false
      }
    }
  }

  /// - Parameters:
  ///   - white: the rule of the white list that matches; nil if no rule does, or the list is switched off.
  ///   - black: the same for the black list; asked only if it matters.
  init(white: UInt32?, black: @autoclosure () -> UInt32?, defaultAction: Plan.Service.IPControl.DefaultAction)
  {
    if let white {
      self = .allowed(.whiteList(white))
    } else if let black = black() {
      self = .refused(.blackList(black))
    } else {
      self = defaultAction == .allow ? .allowed(.defaultAction) : .refused(.defaultAction)
    }
  }

  package var isAllowed: Bool { if case .allowed = self { true } else { false } }
}

/// The state of an address on a running server, for one of its services.
package struct AddressState: Sendable, Hashable, Codable {
  /// The block; nil if the address is not blocked.
  package var block: Block?
  /// How many failures count against the address.
  package var failures: Int
  /// Connections over all services; for an IPv6 address those of its prefix.
  package var connections: Int
  /// Whether it has opened as many connections in the last minute as it may.
  package var isTooFast: Bool
  /// Connections before login, of all addresses.
  package var preloginConnections: Int
  /// Connections of the service, from all addresses.
  package var serviceConnections: Int
  /// Whether another connection that has not logged in would give way to it, at any service or at this one.
  package var preloginGivesWay: Bool?
  package var serviceGivesWay: Bool?

  package init(
    block: Block? = nil, failures: Int = 0, connections: Int = 0, isTooFast: Bool = false,
    preloginConnections: Int = 0, serviceConnections: Int = 0, preloginGivesWay: Bool? = nil,
    serviceGivesWay: Bool? = nil
  ) {
    self.block = block
    self.failures = failures
    self.connections = connections
    self.isTooFast = isTooFast
    self.preloginConnections = preloginConnections
    self.serviceConnections = serviceConnections
    self.preloginGivesWay = preloginGivesWay
    self.serviceGivesWay = serviceGivesWay
  }

  package struct Block: Sendable, Hashable, Codable {
    /// RFC 3339, UTC.
    package var until: String
    /// The failures that led to the block.
    package var failures: Int

    package init(until: String, failures: Int) {
      self.until = until
      self.failures = failures
    }
  }
}
