import OceanAddresses

/// Two plans service by service, and address and port by address and port.
package struct PlanComparison: Sendable {
  /// Services that get another name, and nothing else: the old name by the new one.
  package let renamed: [String: String]
  /// The old names of these.
  private let oldNames: Set<String>
  /// Nil if there is no plan to compare with.
  private let before: Side?
  private let after: Side
  /// The services of both plans, sorted; those that are renamed by their new names.
  private let names: [String]

  init(_ old: PlanVersion?, _ new: PlanVersion) {
    renamed = Plan.renamedServices(from: old?.plan, to: new.plan)
    oldNames = Set(renamed.values)
    before = old.map(Side.init)
    after = Side(new)
    let all = Set(before.map { Array($0.services.keys) } ?? []).subtracting(oldNames)
    names = all.union(after.services.keys).sorted()
  }

  /// Whether a service, by its old or new name, is renamed.
  func isRenamed(_ service: String) -> Bool { renamed[service] != nil || oldNames.contains(service) }

  /// The differences of who gets so far, service by service.
  func differences(_ aim: Attempt.Aim) -> [AccessDifference] {
    names.map { name in
      AccessDifference(
        name, aim, before: before?.subject(renamed[name] ?? name), after: after.subject(name))
    }
  }

  /// The addresses and ports that go from one service to another, where that makes a difference.
  var handedOver: [PlanDiff.HandedOver] {
    exchanged.compactMap { endpoint, old, new in
      func difference(_ aim: Attempt.Aim) -> AccessDifference {
        self.difference(aim, at: endpoint, old, new)
      }
      let change = PlanDiff.HandedOver(
        endpoint: endpoint, access: difference(.connect), plaintextLogins: difference(.plaintextLogin),
        changesAntiHammering: old.service.antiHammering != new.service.antiHammering)
      return change.isEquivalent ? nil : change
    }
  }

  /// The same for any aim.
  func handedOver(_ aim: Attempt.Aim) -> [AccessDifference] {
    exchanged.map { difference(aim, at: $0, $1, $2) }
  }

  /// Whether something is true of a service that is switched on, before and after; a service that is not there
  /// is nil.
  func anyService(_ differs: (_ before: Plan.Service?, _ after: Plan.Service?) -> Bool) -> Bool {
    names.contains { name in
      func enabled(_ service: Plan.Service?) -> Plan.Service? { service?.enabled == true ? service : nil }
      return differs(enabled(before?.services[renamed[name] ?? name]), enabled(after.services[name]))
    }
  }

  private typealias Owner = (service: Plan.Service, listener: Plan.Listener)

  /// The addresses and ports at which another service answers from now on.
  private var exchanged: [(Endpoint, Owner, Owner)] {
    guard let before else { return [] }
    return before.endpoints.union(after.endpoints).sorted().compactMap { endpoint in
      guard let old = before.owner(of: endpoint), let new = after.owner(of: endpoint),
        old.service.name != renamed[new.service.name] ?? new.service.name
      else { return nil }
      return (endpoint, old, new)
    }
  }

  private func difference(
    _ aim: Attempt.Aim, at endpoint: Endpoint, _ old: Owner, _ new: Owner
  ) -> AccessDifference {
    func subject(_ owner: Owner, _ side: Side?) -> AccessDifference.Subject? {
      side?.subject(WayIn(owner.service, to: [owner.listener], at: endpoint.address))
    }
    return AccessDifference(new.service.name, aim, before: subject(old, before), after: subject(new, after))
  }

  /// One plan's services.
  private struct Side {
    let services: [String: Plan.Service]
    private let version: PlanVersion
    private let listening: [Endpoint: Owner]

    init(_ version: PlanVersion) {
      self.version = version
      services = Dictionary(version.plan.services.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
      listening = version.plan.listening
    }

    var endpoints: Set<Endpoint> { Set(listening.keys) }

    /// The service that takes connections to an address and port, by a listener of its own or of all addresses.
    func owner(of endpoint: Endpoint) -> Owner? {
      let everywhere = Endpoint(
        address: IPAddress(family: endpoint.address.family, value: 0), port: endpoint.port)
      return listening[endpoint] ?? listening[everywhere]
    }

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
    /// Who may connect there.
    package let access: AccessDifference
    /// Who may log in there without TLS.
    package let plaintextLogins: AccessDifference
    /// Whether failed logins count in one plan and not in the other.
    let changesAntiHammering: Bool

    var changesPlaintext: Bool { plaintextLogins.relation != .equivalent }
    fileprivate var isEquivalent: Bool {
      access.relation == .equivalent && !changesPlaintext && !changesAntiHammering
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
