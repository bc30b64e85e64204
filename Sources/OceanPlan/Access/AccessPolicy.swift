/// Who may connect to one service, compiled for asking: what the server decides with, and `explain` explains.
///
/// Immutable. Bans come first, then the white list, the black list, and what the config says of all others; limits
/// come last (``connectionLimit(for:)``), since they depend on who else is there.
package final class AccessPolicy: Sendable {
  package let ipControl: Plan.Service.IPControl
  package let antiHammering: Plan.Server.AntiHammering
  /// Whether the service takes part in anti-hammering.
  package let isHammeringCounted: Bool
  package let limits: Plan.Server.Limits
  package let maxConnections: Int
  package let white: CompiledRules
  package let black: CompiledRules

  /// - Parameters:
  ///   - rules: what the lists were made of, by path; of one that is not there only the addresses are known.
  ///   - other: policies whose tables may be used again where the lists are the same.
  package init(
    _ service: Plan.Service, of server: Plan.Server, rules: PlanRules,
    reusing others: [AccessPolicy] = []
  ) {
    ipControl = service.ipControl
    antiHammering = server.antiHammering
    isHammeringCounted = service.antiHammering
    limits = server.limits
    maxConnections = service.limits.connections
    let known = others.flatMap { [$0.white, $0.black] }
    func compiled(_ list: Plan.Service.IPControl.List, _ path: SettingPath) -> CompiledRules {
      let rules = rules[path] ?? RuleList(list.addresses)
      return known.first { $0.list == rules } ?? CompiledRules(rules)
    }
    white = compiled(ipControl.whiteList, Plan.Service.IPControl.whiteListPath(of: service.name))
    black = compiled(ipControl.blackList, Plan.Service.IPControl.blackListPath(of: service.name))
  }

  /// The address part of a decision: before anything is counted, and before a byte is sent.
  ///
  /// - Parameter isBlocked: whether anti-hammering blocks the address now.
  package func decide(_ peer: IPAddress, isBlocked: Bool) -> Decision {
    if isBlocked, isHammeringCounted, !antiHammering.neverBlock.contains(peer) { return .refused(.block) }
    return Decision(
      white: ipControl.whiteList.enabled ? white.table.rule(for: peer) : nil,
      black: ipControl.blackList.enabled ? black.table.rule(for: peer) : nil, standard: ipControl.standard)
  }

  /// The whole decision, for an address in the state given; nil: neither bans nor counts are consulted.
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

  /// The rule that decided, where one did and it is known where it stands.
  package func origin(of ground: Decision.Ground) -> RuleOrigin? {
    switch ground {
    case .whiteList(let rule): white.list.origin(of: rule)
    case .blackList(let rule): black.list.origin(of: rule)
    default: nil
    }
  }

  /// How many connections an address may have at a time.
  package func connectionLimit(for peer: IPAddress) -> Int {
    limits.exceptions.first { $0.from.contains(peer) }?.connectionsPerIP ?? limits.connectionsPerIP
  }
}

/// Whether a client may connect, and what decided it.
package enum Decision: Sendable, Hashable {
  case allowed(Ground)
  case refused(Ground)

  /// Rules are numbers of the list's `RuleList`.
  package enum Ground: Sendable, Hashable {
    case block
    case whiteList(UInt32)
    case blackList(UInt32)
    /// `ip_control.default`
    case standard
    case connectionRate
    case connectionsPerIP
    case preloginConnections
    case maxConnections
    /// The process may not have more files open. Depends on no plan and no address.
    case descriptors
  }

  /// - Parameters:
  ///   - white: the rule of the white list that matches; nil if none does, or it is switched off.
  ///   - black: the same of the black list; asked only if it matters.
  init(white: UInt32?, black: @autoclosure () -> UInt32?, standard: Plan.Service.IPControl.Standard) {
    if let white {
      self = .allowed(.whiteList(white))
    } else if let black = black() {
      self = .refused(.blackList(black))
    } else {
      self = standard == .allow ? .allowed(.standard) : .refused(.standard)
    }
  }

  package var isAllowed: Bool { if case .allowed = self { true } else { false } }
}

/// The rules of a list and the table they are looked up in.
package final class CompiledRules: Sendable {
  package let list: RuleList
  package let table: RuleTable

  init(_ list: RuleList) {
    self.list = list
    table = RuleTable(list.rules)
  }
}

/// What a running server knows of an address, for one of its services.
package struct AddressState: Sendable, Hashable, Codable {
  /// Nil if it is not blocked.
  package var block: Block?
  /// Failed logins that count against it.
  package var failures: Int
  /// Over all services; of an IPv6 address those of its prefix.
  package var connections: Int
  /// Whether it has opened as many in the last minute as it may.
  package var isTooFast: Bool
  /// Of all addresses.
  package var preloginConnections: Int
  /// Of the service, from all addresses.
  package var serviceConnections: Int
  /// Whether another connection that has not logged in would give way to it, at any service and at this one.
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
    /// Failed logins that led to it.
    package var failures: Int

    package init(until: String, failures: Int) {
      self.until = until
      self.failures = failures
    }
  }
}
