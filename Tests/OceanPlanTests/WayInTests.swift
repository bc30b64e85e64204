import OceanAddresses
import OceanBase
import OceanPlan
import TestSupport
import Testing

/// Compares the sets of clients with the decisions about single ones, which go the same way by other code.
@Suite struct WayInTests {
  private static let addresses = [
    "127.0.0.1", "127.0.0.9", "10.0.0.1", "10.0.0.2", "10.0.0.3", "192.0.2.1", "255.255.255.255", "::1",
    "::2",
    "2001:db8::1", "2001:db8::2",
  ].compactMap { try? IPAddress(parsing: $0) }

  private static let aims: [Attempt.Aim] =
    [.connect, .login, .plaintextLogin] + TLSVersion.allCases.map { .tlsLogin($0) }

  @Test(arguments: 0..<400) func `sets and single decisions agree`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let service = try Plan.Service.random(&random)
    let policy = AccessPolicy(service, of: Plan.Server(hostname: "h", state: "/s"), rules: PlanRules())
    let way = WayIn(service)
    for aim in Self.aims {
      let clients = way.clients(aim)
      for client in Self.addresses {
        let obstacle = way.obstacle(to: Attempt(client, .any, aim), policy.decide(client, live: nil))
        #expect((obstacle == nil) == clients.contains(client), "\(aim) \(client) \(service)")
      }
      // Whoever gets so far also gets less far.
      for other in Self.aims where aim.implies(other) {
        #expect(clients.isSubset(of: way.clients(other)), "\(aim) \(other) \(service)")
      }
    }
    // Through one proxy, and of some clients alone.
    let some = AddressSet(Self.addresses.filter { $0.value % 2 == 1 }.map { AddressPattern($0) })
    for aim in Self.aims {
      for proxy in Self.addresses {
        let clients = way.clients(aim, through: proxy)
        for client in Self.addresses {
          let obstacle = way.obstacle(
            to: Attempt(client, .proxy(proxy), aim), policy.decide(client, live: nil))
          #expect((obstacle == nil) == clients.contains(client), "\(aim) \(client) via \(proxy) \(service)")
        }
        #expect(way.clients(aim, through: proxy, among: some) == clients.intersection(some))
      }
      for isNamed in [false, true] {
        #expect(
          way.clients(aim, asNamed: isNamed, among: some)
            == way.clients(aim, asNamed: isNamed).intersection(some))
      }
    }
    // A client gets in by some way if it gets in by itself or through one of the proxies.
    let proxies = Self.addresses.filter(service.proxyFrom.contains)
    for client in Self.addresses where !service.proxyFrom.contains(client) {
      for aim in [Attempt.Aim.connect, .plaintextLogin] {
        let decision = policy.decide(client, live: nil)
        let routes = [Attempt.Route.direct] + proxies.map { .proxy($0) }
        let isIn = routes.contains { way.obstacle(to: Attempt(client, $0, aim), decision) == nil }
        // Ranges of proxies hold more than these addresses, but none that another listener would take.
        if isIn { #expect(way.clients(aim).contains(client), "\(aim) \(client) \(service)") }
      }
    }
  }

  private func obstacle(
    _ service: Plan.Service, _ client: String, _ route: Attempt.Route = .any, _ aim: Attempt.Aim = .connect
  ) throws -> Obstacle? {
    let client = try IPAddress(parsing: client)
    let policy = AccessPolicy(service, of: Plan.Server(hostname: "h", state: "/s"), rules: PlanRules())
    return WayIn(service).obstacle(to: Attempt(client, route, aim), policy.decide(client, live: nil))
  }

  @Test func `each step can be what refuses`() throws {
    var service = Plan.Service(name: "one")
    service.listeners = [.local(110)]
    #expect(try obstacle(service, "127.0.0.2") == nil)
    #expect(try obstacle(service, "10.0.0.1") == .unreachable)
    #expect(try obstacle(service, "::1") == .unreachable)
    #expect(try obstacle(service, "127.0.0.2", .any, .plaintextLogin) == .needsTLS)
    #expect(try obstacle(service, "127.0.0.2", .any, .login) == .needsTLS)
    #expect(try obstacle(service, "127.0.0.2", .any, .tlsLogin(.tls13)) == .noTLS)
    service.tls = Plan.Service.TLS(explicit: .optional, certificates: ["main"], profile: .intermediate)
    #expect(try obstacle(service, "127.0.0.2", .any, .tlsLogin(.tls11)) == .oldTLS(lowest: .tls12))
    #expect(try obstacle(service, "127.0.0.2", .any, .login) == nil)
    let proxy = try IPAddress(parsing: "127.0.0.9")
    #expect(try obstacle(service, "10.0.0.1", .proxy(proxy)) == .notAProxy)
    service.proxyFrom = AddressSet([AddressPattern(proxy, proxy)])
    // A proxy brings clients of any family, and is none itself.
    #expect(try obstacle(service, "2001:db8::1") == nil)
    #expect(try obstacle(service, "2001:db8::1", .direct) == .unreachable)
    #expect(try obstacle(service, "2001:db8::1", .proxy(proxy)) == nil)
    #expect(try obstacle(service, "127.0.0.9") == .isProxy)
    service.ipControl.defaultAction = .refuse
    #expect(try obstacle(service, "2001:db8::1", .proxy(proxy)) == .access(.defaultAction))
    service.enabled = false
    #expect(try obstacle(service, "127.0.0.2") == .disabled)
  }
}
