import OceanAddresses
import OceanBase
import OceanPlan
import Testing

@Suite struct PlanDecisionsTests {
  private let plan: Plan

  init() throws {
    var plan = try #require(Plan.example)
    plan.services = [
      Plan.Service(
        name: "pop3",
        listeners: [
          .local(110), Plan.Listener(address: IPAddress(v4: 127 << 24 | 1), port: 995, tls: .implicit),
        ],
        accounts: ["main"], plaintextLogin: .loopback,
        tls: Plan.Service.TLS(explicit: .optional, certificates: ["ec"], profile: .intermediate))
    ]
    self.plan = plan
  }

  private func obstacle(
    _ plan: Plan, _ port: Int, from client: String = "127.0.8.1", tls: TLSVersion? = nil,
    isLoggedIn: Bool = true,
    isPortKept: Bool = false
  ) throws -> Obstacle? {
    PlanDecisions(try PlanVersion(plan, Provenance()), after: nil).outcome(
      of: PastConnection(
        service: "pop3", client: try IPAddress(parsing: client),
        local: Endpoint(address: IPAddress(v4: 127 << 24 | 1), port: port), tls: tls, isLoggedIn: isLoggedIn),
      isPortKept: isPortKept
    )?.obstacle
  }

  @Test func `a connection is judged by how it was made`() throws {
    #expect(try obstacle(plan, 110) == nil)
    // The log knows that it came, though the listener is on loopback.
    #expect(try obstacle(plan, 110, from: "10.9.8.1", isLoggedIn: false) == nil)
    var closed = plan
    closed.services[0].listeners.removeFirst()
    #expect(try obstacle(closed, 110) == .unreachable)
    #expect(try obstacle(closed, 995, tls: .tls12) == nil)
    #expect(try obstacle(closed, 110, tls: .tls12, isPortKept: true) == nil)
    var never = plan
    never.services[0].plaintextLogin = AddressSet()
    #expect(try obstacle(never, 110) == .needsTLS)
    #expect(try obstacle(never, 110, isLoggedIn: false) == nil)
    #expect(try obstacle(never, 110, tls: .tls13) == nil)
    var modern = plan
    modern.services[0].tls?.profile = .modern
    #expect(try obstacle(modern, 110, tls: .tls12) == .oldTLS(lowest: .tls13))
    var renamed = plan
    renamed.services[0].name = "mail"
    #expect(try obstacle(renamed, 110) == nil)
    var off = plan
    off.services[0].enabled = false
    #expect(try obstacle(off, 110, isPortKept: true) == .disabled)
  }

  @Test func `behind a proxy the service is judged, not the address at the proxy`() throws {
    let proxy = try IPAddress(parsing: "127.0.0.9")
    let connection = PastConnection(
      service: "pop3", client: try IPAddress(parsing: "2001:db8::1"), proxy: proxy,
      local: Endpoint(parsing: "[2001:db8::99]:110"))
    func outcome(_ plan: Plan, after before: Plan? = nil) throws -> PlanDecisions.Outcome? {
      PlanDecisions(try PlanVersion(plan, Provenance()), after: before).outcome(of: connection)
    }
    #expect(try outcome(plan)?.obstacle == .notAProxy)
    var proxied = plan
    proxied.services[0].proxyFrom = AddressSet([AddressPattern(proxy, proxy)])
    var isolated = proxied
    isolated.services[0].listeners = [Plan.Listener(address: IPAddress(v6: 1), port: 110, tls: .none)]
    // Another service with the same proxy does not take the place of one that is gone.
    proxied.services.append(proxied.services[0])
    proxied.services[1].name = "other"
    proxied.services[1].listeners = [.local(1110)]
    let allowed = try #require(try outcome(proxied))
    #expect(allowed.obstacle == nil)
    // The proxy cannot reach it any more.
    #expect(try outcome(isolated)?.obstacle == .unreachable)
    var off = proxied
    off.services[0].enabled = false
    #expect(try outcome(off)?.obstacle == .disabled)
    var gone = proxied
    gone.services.removeFirst()
    #expect(try outcome(gone) == nil)
    #expect(try outcome(gone, after: proxied)?.obstacle == .unreachable)
    var renamed = proxied
    renamed.services[0].name = "mail"
    #expect(try outcome(renamed) == nil)
    #expect(try outcome(renamed, after: proxied)?.service == "mail")
  }
}
