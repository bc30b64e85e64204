import OceanAddresses

/// Something that a change means for the clients of a service, or of the whole server, by whatever setting.
package struct Effect: Sendable, Hashable {
  package let changeClass: ChangeClass
  /// Nil if it is about the whole server, or the monitor.
  package let service: String?
  package var isOfMonitor = false
  /// The address and port that it is about, if another service answers there, or something else is spoken.
  package var endpoint: Endpoint?
  /// Nil if it is neither weaker nor stronger.
  package let direction: Direction?

  /// The classes of settings whose effects are found by comparing the settings in force.
  private static let classes: [ChangeClass] = [.tls, .limits, .antiHammering, .proxies]

  /// The effects of settings, one for each class.
  static func of(_ settings: [SettingDifference], _ service: String?, at endpoint: Endpoint? = nil)
    -> [Effect]
  {
    classes.compactMap { changeClass in
      let own = settings.filter { $0.changeClass == changeClass }
      guard !own.isEmpty else { return nil }
      return Effect(
        changeClass: changeClass, service: service, endpoint: endpoint,
        direction: Direction(of: own.map(\.direction)))
    }
  }

  /// What it means for who gets in.
  static func of(_ access: AccessDifference, at endpoint: Endpoint? = nil) -> [Effect] {
    let kinds: [(ChangeClass, Direction, Bool)] = [
      (.accessWidened, .weakened, access.isWider), (.accessNarrowed, .strengthened, access.isNarrower),
    ]
    return kinds.filter(\.2).map {
      Effect(
        changeClass: $0.0, service: access.isOfMonitor ? nil : access.service,
        isOfMonitor: access.isOfMonitor, endpoint: endpoint, direction: $0.1)
    }
  }
}

extension Effect {
  /// What a change means for logins without TLS.
  fileprivate init(plaintext difference: AccessDifference, at endpoint: Endpoint? = nil) {
    self.init(
      changeClass: .plaintextLogin, service: difference.service, endpoint: endpoint,
      direction: difference.direction)
  }
}

extension AccessDifference {
  package var direction: Direction? { Direction(isWeakened: isWider, isStrengthened: isNarrower) }
}

extension PlanDiff {
  /// Sorted by service, those of the whole server first.
  static func effects(
    _ comparison: PlanComparison, _ settings: [SettingDifference], _ access: [AccessDifference],
    _ monitorAccess: AccessDifference?, _ plaintextLogins: [AccessDifference], _ handedOver: [HandedOver]
  ) -> [Effect] {
    var effects =
      Effect.of(settings.filter { $0.path.service == nil }, nil)
      + access.flatMap { Effect.of($0) } + (monitorAccess.map { Effect.of($0) } ?? [])
      + handedOver.flatMap { Effect.of($0.access, at: $0.endpoint) }
      + comparison.effects
    // Whoever gains such a login by a port or rule is counted already.
    let plaintext =
      plaintextLogins.map { Effect(plaintext: $0) }
      + handedOver.filter(\.changesPlaintext).map { Effect(plaintext: $0.plaintextLogins, at: $0.endpoint) }
    let known = Set(plaintextLogins.map(\.service))
    effects.removeAll { $0.changeClass == .plaintextLogin && $0.service.map(known.contains) == true }
    return (effects + plaintext).sorted {
      ($0.service ?? "", $0.endpoint?.description ?? "", $0.changeClass.rawValue)
        < ($1.service ?? "", $1.endpoint?.description ?? "", $1.changeClass.rawValue)
    }
  }
}

extension PlanComparison {
  /// The effects of settings on services that are there before and after, come or go.
  fileprivate var effects: [Effect] {
    services.flatMap { effects(between: $0) } + exchanges.flatMap { effects(at: $0) }
  }

  private func effects(between pair: Pair) -> [Effect] {
    guard let before = pair.before, let after = pair.after else {
      return (pair.after ?? pair.before).map {
        Self.effects(of: $0, pair.name, isComing: pair.after != nil)
      } ?? []
    }
    guard before != after else { return [] }
    guard before.admitsSomebody, after.admitsSomebody else {
      return Self.plaintextPort(before, after, pair.name)
    }
    let kept = Dictionary(
      before.listeners.map { ($0.endpoint, $0) }, uniquingKeysWith: { first, _ in first })
    let others = after.listeners.compactMap { listener -> Effect? in
      guard let old = kept[listener.endpoint], old.tls != listener.tls else { return nil }
      return Self.tls((before, old), (after, listener), listener.endpoint, pair.name)
    }
    var settings = judgingKeys(
      Plan.Service.settingsInForce(before, after, at: (before.listeners, after.listeners)), before, after)
    func kinds(_ service: Plan.Service) -> Set<Plan.Service.Security> {
      Set(service.listeners.map { Plan.Service.Security($0.tls, explicit: service.tls?.explicit) })
    }
    if others.isEmpty, kinds(before) != kinds(after) {
      // A port at which TLS comes otherwise, in addition or in place of others.
      settings.append(
        SettingDifference(path: Plan.Service.listeners.path(of: pair.name), changeClass: .tls, direction: nil)
      )
    }
    return Effect.of(settings, pair.name) + others + Self.plaintextPort(before, after, pair.name)
  }

  /// The effects of a service that comes or goes, or is switched on or off.
  private static func effects(of service: Plan.Service, _ name: String, isComing: Bool) -> [Effect] {
    let worse: Direction = isComing ? .weakened : .strengthened
    var kinds: [(ChangeClass, Direction?)] = []
    if service.listeners.contains(where: { service.offersTLS($0) }) { kinds.append((.tls, nil)) }
    if !service.reachingProxies(at: service.listeners).isEmpty { kinds.append((.proxies, worse)) }
    if !service.antiHammering { kinds.append((.antiHammering, worse)) }
    return kinds.map { Effect(changeClass: $0.0, service: name, direction: $0.1) }
      + (isComing ? plaintextPort(nil, service, name) : plaintextPort(service, nil, name))
  }

  private func effects(at exchange: Exchange) -> [Effect] {
    let (before, after) = (exchange.before, exchange.after)
    var settings = judgingKeys(
      Plan.Service.settingsInForce(
        before.service, after.service, at: ([before.listener], [after.listener])), before.service,
      after.service)
    let name = after.service.name
    if let spoken = Self.tls(
      (before.service, before.listener), (after.service, after.listener), exchange.endpoint, name)
    {
      settings.append(
        SettingDifference(
          path: Plan.Service.listeners.path(of: name), changeClass: .tls, direction: spoken.direction))
    }
    return Effect.of(settings, name, at: exchange.endpoint)
  }

  /// The effect at an address and port at which TLS comes otherwise from now on; nil if it does not.
  private static func tls(
    _ before: (service: Plan.Service, listener: Plan.Listener),
    _ after: (service: Plan.Service, listener: Plan.Listener), _ endpoint: Endpoint, _ name: String
  ) -> Effect? {
    func spoken(_ side: (service: Plan.Service, listener: Plan.Listener)) -> Plan.Service.Security {
      Plan.Service.Security(side.listener.tls, explicit: side.service.tls?.explicit)
    }
    let (old, new) = (spoken(before), spoken(after))
    guard old != new else { return nil }
    return Effect(
      changeClass: .tls, service: name, endpoint: endpoint,
      direction: Direction(isWeakened: new < old, isStrengthened: old < new))
  }

  /// The effect of a service's first port at which somebody may send a password in clear text, or of the loss of
  /// the last, wherever it can be reached from: a listener on loopback is reached from this host alone, but
  /// whoever forwards ports changes that.
  private static func plaintextPort(
    _ before: Plan.Service?, _ after: Plan.Service?, _ name: String
  ) -> [Effect] {
    func hasPort(_ service: Plan.Service?) -> Bool {
      service?.listeners.contains { $0.tls == .none } ?? false
    }
    guard hasPort(before) != hasPort(after), let service = hasPort(after) ? after : before,
      !service.plaintextLogin.isDisjoint(with: service.ipControl.allowed)
    else { return [] }
    return [
      Effect(
        changeClass: .plaintextLogin, service: name,
        direction: hasPort(after) ? .weakened : .strengthened)
    ]
  }
}
