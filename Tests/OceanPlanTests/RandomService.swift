import OceanAddresses
import OceanPlan
import TestSupport

extension AddressSet {
  /// A set out of a few networks; empty but for one case of `chance`.
  fileprivate static func random(_ random: inout SeededGenerator, _ chance: Int) throws -> AddressSet {
    guard Int.random(in: 0..<chance, using: &random) == 0 else { return AddressSet() }
    let texts = [
      "10.0.0.0/30", "127.0.0.0/8", "0.0.0.0/0", "::/0", "::1", "2001:db8::1", "10.0.0.2", "127.0.0.9",
    ]
    return AddressSet(
      try texts.filter { _ in Int.random(in: 0..<4, using: &random) == 0 }.map {
        try AddressPattern(parsing: $0)
      })
  }
}

extension Plan.Service {
  /// A service with random listeners, TLS, proxies and lists, all about a few addresses.
  static func random(_ random: inout SeededGenerator, name: String = "one") throws -> Plan.Service {
    var service = Plan.Service(name: name)
    service.enabled = Int.random(in: 0..<10, using: &random) > 0
    let places = ["127.0.0.1", "127.0.0.9", "0.0.0.0", "192.0.2.1", "::1", "::", "2001:db8::1"]
    service.listeners = try (0..<Int.random(in: 0...3, using: &random)).map { index in
      Plan.Listener(
        address: try IPAddress(parsing: places.randomElement(using: &random) ?? ""), port: 110 + index,
        tls: Int.random(in: 0..<3, using: &random) == 0 ? .implicit : .none)
    }
    if Bool.random(using: &random) {
      service.tls = Plan.Service.TLS(
        explicit: Plan.Service.TLS.Explicit.allCases.randomElement(using: &random) ?? .off,
        certificates: ["ec"],
        profile: Plan.Service.TLS.Profile.allCases.randomElement(using: &random) ?? .modern)
    } else {
      service.listeners.removeAll { $0.tls == .implicit }
    }
    service.plaintextLogin = try AddressSet.random(&random, 2)
    service.proxyFrom = try AddressSet.random(&random, 3)
    service.ipControl = Plan.Service.IPControl(
      defaultAction: Bool.random(using: &random) ? .allow : .refuse,
      blackList: .init(addresses: try AddressSet.random(&random, 2)),
      whiteList: .init(addresses: try AddressSet.random(&random, 2)))
    return service
  }
}
