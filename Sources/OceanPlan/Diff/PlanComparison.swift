import OceanAddresses

/// Two plans service by service, and address and port by address and port.
package struct PlanComparison: Sendable {
  /// Services that get another name, and nothing else: the old name by the new one.
  package let renamed: [String: String]
  /// The old names of these.
  private let oldNames: Set<String>
  /// The old plan's services; nil without an old plan.
  private let before: Side?
  private let after: Side
  /// The services of both plans, sorted; those that are renamed by their new names.
  private let names: [String]
  /// Sorted by address and port.
  let exchanges: [Exchange]

  init(_ old: PlanVersion?, _ new: PlanVersion) {
    renamed = Plan.renamedServices(from: old?.plan, to: new.plan)
    oldNames = Set(renamed.values)
    before = old.map(Side.init)
    after = Side(new)
    let all = Set(before.map { Array($0.services.keys) } ?? []).subtracting(oldNames)
    names = all.union(after.services.keys).sorted()
    exchanges = before.map { [renamed, after] in Self.exchanges($0, after, renamed) } ?? []
  }

  private static func exchanges(_ before: Side, _ after: Side, _ renamed: [String: String]) -> [Exchange] {
    let endpoints = Set(before.sockets.byEndpoint.keys).union(after.sockets.byEndpoint.keys)
    return endpoints.sorted().compactMap { endpoint in
      guard let old = before.sockets.taking(endpoint), let new = after.sockets.taking(endpoint),
        old.service.name != renamed[new.service.name] ?? new.service.name
      else { return nil }
      return Exchange(endpoint: endpoint, before: old, after: new)
    }
  }

  /// Whether a service, by its old or new name, is renamed.
  func isRenamed(_ service: String) -> Bool { renamed[service] != nil || oldNames.contains(service) }

  /// The differences of a service's settings; the one of which certificates it presents has the direction of their
  /// keys.
  func judgingKeys(
    _ settings: [SettingDifference], _ old: Plan.Service, _ new: Plan.Service
  ) -> [SettingDifference] {
    let path = Plan.Service.TLS.certificate.path(in: Plan.Service.TLS.path(of: new.name))
    guard settings.contains(where: { $0.path == path }) else { return settings }
    let (wasWeak, isWeak) = (before?.presentsWeakKey(old) ?? false, after.presentsWeakKey(new))
    let direction = Direction(isWeakened: isWeak && !wasWeak, isStrengthened: wasWeak && !isWeak)
    return settings.map {
      $0.path == path ? SettingDifference(path: path, changeClass: $0.changeClass, direction: direction) : $0
    }
  }

  /// The same for the settings of all services.
  func judgingKeys(_ settings: [SettingDifference]) -> [SettingDifference] {
    services.reduce(settings) { settings, pair in
      guard let old = pair.before, let new = pair.after else { return settings }
      return judgingKeys(settings, old, new)
    }
  }

  /// The differences of who gets so far, service by service.
  func differences(_ aim: Attempt.Aim) -> [AccessDifference] {
    names.map { name in
      AccessDifference(
        name, aim, before: before?.subject(renamed[name] ?? name), after: after.subject(name))
    }
  }

  /// The difference of who may connect to the monitor; nil without one.
  var monitor: AccessDifference? {
    let (old, new) = (before?.monitor, after.monitor)
    guard let name = (new ?? old)?.way.service.name else { return nil }
    return AccessDifference(name, before: old, after: new)
  }

  /// The addresses and ports that go from one service to another, where that makes a difference for who gets in.
  var handedOver: [PlanDiff.HandedOver] {
    exchanges.compactMap { exchange in
      let change = PlanDiff.HandedOver(
        endpoint: exchange.endpoint, access: difference(.connect, at: exchange),
        plaintextLogins: difference(.plaintextLogin, at: exchange))
      return change.isEquivalent ? nil : change
    }
  }

  /// The same for any aim.
  func handedOver(_ aim: Attempt.Aim) -> [AccessDifference] {
    exchanges.map { difference(aim, at: $0) }
  }

  /// A service in both plans; nil if it is not there, or is switched off. One that is renamed has its new name.
  struct Pair {
    let name: String
    let before: Plan.Service?
    let after: Plan.Service?
  }

  /// The services of both plans, by name.
  var services: [Pair] {
    names.map { name in
      func enabled(_ service: Plan.Service?) -> Plan.Service? { service?.enabled == true ? service : nil }
      return Pair(
        name: name, before: enabled(before?.services[renamed[name] ?? name]),
        after: enabled(after.services[name]))
    }
  }

  /// An address and port at which another service answers from now on.
  struct Exchange: Sendable {
    let endpoint: Endpoint
    let before: Sockets.Socket
    let after: Sockets.Socket
  }

  private func difference(_ aim: Attempt.Aim, at exchange: Exchange) -> AccessDifference {
    func subject(_ socket: Sockets.Socket, _ side: Side?) -> AccessDifference.Subject? {
      side?.subject(WayIn(socket.service, to: [socket.listener], at: exchange.endpoint.address))
    }
    return AccessDifference(
      exchange.after.service.name, aim, before: subject(exchange.before, before),
      after: subject(exchange.after, after))
  }

  /// One plan's services.
  private struct Side {
    let services: [String: Plan.Service]
    let sockets: Sockets
    private let version: PlanVersion

    init(_ version: PlanVersion) {
      self.version = version
      services = Dictionary(version.plan.services.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
      sockets = Sockets(version.plan)
    }

    /// Whether a key that today's clients do not accept is among those of a service.
    func presentsWeakKey(_ service: Plan.Service) -> Bool {
      let names = service.tls?.certificates ?? []
      return version.plan.certificates.contains { names.contains($0.name) && $0.leaf.isWeak }
    }

    var monitor: AccessDifference.Subject? { version.plan.monitor.way.map(subject) }

    func subject(_ name: String) -> AccessDifference.Subject? { services[name].map { subject(WayIn($0)) } }

    func subject(_ way: WayIn) -> AccessDifference.Subject {
      AccessDifference.Subject(way, version.rules, version.provenance)
    }
  }
}

extension PlanDiff {
  /// An address and port that another service has from now on.
  package struct HandedOver: Sendable {
    package let endpoint: Endpoint
    /// The clients that may connect there, before and after.
    package let access: AccessDifference
    /// The clients that may log in there without TLS.
    package let plaintextLogins: AccessDifference

    var changesPlaintext: Bool { plaintextLogins.relation != .equivalent }
    fileprivate var isEquivalent: Bool {
      access.relation == .equivalent && !changesPlaintext
    }
  }
}

extension Plan {
  /// The services that have another name in `new`, and nothing else differs: the old name by the new one.
  fileprivate static func renamedServices(from old: Plan?, to new: Plan) -> [String: String] {
    let oldNames = Set((old?.services ?? []).map(\.name))
    let newNames = Set(new.services.map(\.name))
    // Listeners are unique, except those of services that are off or have none.
    var gone: [[Listener]: [Service]] = [:]
    for service in old?.services ?? [] where !newNames.contains(service.name) {
      gone[service.listeners, default: []].append(service)
    }
    var renamed: [String: String] = [:]
    for service in new.services where !oldNames.contains(service.name) {
      let twins = (gone[service.listeners] ?? []).filter { twin in
        var twin = twin
        twin.name = service.name
        return twin == service
      }
      guard let twin = twins.first, twins.count == 1 else { continue }
      gone[service.listeners]?.removeAll { $0.name == twin.name }
      renamed[service.name] = twin.name
    }
    return renamed
  }
}
