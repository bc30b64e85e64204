import OceanAddresses
import OceanPlan
import Testing

@Suite struct ProofTests {
  private let plan: Plan

  init() throws {
    var plan = try #require(Plan.example)
    plan.services[0].listeners = IPFamily.allCases.map {
      Plan.Listener(address: IPAddress(family: $0, value: 0), port: 110, tls: .none)
    }
    self.plan = plan
  }

  /// Nil if it is proved.
  private func witness(_ claim: Claim, _ change: (inout Plan) -> Void) throws -> String? {
    var changed = plan
    change(&changed)
    let diff = try PlanDiff(from: PlanVersion(plan, Provenance()), to: PlanVersion(changed, Provenance()))
    return switch diff.witness(against: claim) {
    case nil: nil
    case .client(let client, let aim, let service, let isAllowed, _, let after)?:
      "\(service ?? "monitor") \(client) \(isAllowed ? "may" : "may not") \(aim.words): \(after.what)"
    case .proxy(let proxy, let service)?: "\(service) \(proxy) is a proxy"
    case .change(let change)?: "\(change)"
    }
  }

  @Test func `a new proxy may say that it is anybody`() throws {
    var plan = plan
    plan.services[0].ipControl.blackList.addresses = AddressSet([
      try AddressPattern(parsing: "203.0.113.0/24")
    ])
    let known = AddressSet([try AddressPattern(parsing: "198.51.100.1")])
    let more = known.union(AddressSet([try AddressPattern(parsing: "203.0.113.77")]))
    func witness(_ before: AddressSet, _ after: AddressSet) throws -> Witness? {
      var (old, new) = (plan, plan)
      old.services[0].proxyFrom = before
      new.services[0].proxyFrom = after
      return try PlanDiff(from: PlanVersion(old, Provenance()), to: PlanVersion(new, Provenance()))
        .witness(against: .noWider)
    }
    guard case .proxy(let proxy, service: "one")? = try witness(known, more) else {
      Issue.record("it is proved")
      return
    }
    #expect("\(proxy)" == "203.0.113.77")
    #expect(try witness(more, known) == nil)
  }

  @Test func `a rename has no effect, and anything else has`() throws {
    for claim in Claim.allCases {
      #expect(try witness(claim) { _ in } == nil)
      #expect(try witness(claim) { $0.services[0].name = "another" } == nil)
    }
    let limit = "services.one.max_connections: 200 -> 300"
    #expect(try witness(.noEffect) { $0.services[0].limits.connections = 300 } == limit)
    // More connections let nobody in who could not come, but they let clients do more.
    #expect(try witness(.noWider) { $0.services[0].limits.connections = 300 } == limit)
  }

  @Test func `a rule without an effect is none`() throws {
    let network = AddressSet([try AddressPattern(parsing: "203.0.113.0/24")])
    #expect(try witness(.noEffect) { $0.services[0].ipControl.whiteList.addresses = network } == nil)
    #expect(
      try witness(.noEffect) {
        $0.services[0].ipControl.whiteList.addresses = network
        $0.services[0].ipControl.blackList.addresses = network
      } == nil)
    #expect(
      try witness(.noEffect) { $0.server.hostname = "mx" } == "server.hostname: mail.example.org -> mx")
  }

  @Test func `a client that is treated otherwise is the witness`() throws {
    let network = AddressSet([try AddressPattern(parsing: "203.0.113.0/24")])
    let narrower: (inout Plan) -> Void = { $0.services[0].ipControl.blackList.addresses = network }
    #expect(try witness(.noWider, narrower) == nil)
    #expect(try witness(.noEffect, narrower) == "one 203.0.113.0 may not connect: black list")
    #expect(
      try witness(.noWider) { $0.services[0].plaintextLogin = network }
        == "one 203.0.113.0 may log in without TLS: plaintext_login")
    #expect(
      try witness(.noWider) { $0.services[0].tls?.profile = .legacy }
        == "one 0.0.0.0 may log in with TLS 1.0: default")
    #expect(try witness(.noWider) { $0.services[0].tls?.explicit = .off } == nil)
    #expect(try witness(.noWider) { $0.services.removeFirst() } == nil)
    #expect(
      try witness(.noWider) { $0.services[1].enabled = true }?.hasPrefix("two 127.0.0.0 may connect") == true)
    // An account source may hold anybody.
    #expect(
      try witness(.noWider) { $0.services[0].accounts = ["more"] }?.hasPrefix("services.one.accounts: ")
        == true)
  }

  /// The service that answers there has accounts of its own.
  @Test func `a socket of another service proves nothing`() throws {
    var plan = plan
    plan.services[1].enabled = true
    plan.services[1].listeners[0].address = plan.services[0].listeners[0].address
    plan.services[1].plaintextLogin = plan.services[0].plaintextLogin
    plan.services[1].tls = plan.services[0].tls
    var swapped = plan
    let port = swapped.services[0].listeners[0].port
    swapped.services[0].listeners[0].port = swapped.services[1].listeners[0].port
    swapped.services[1].listeners[0].port = port
    let diff = try PlanDiff(from: PlanVersion(plan, Provenance()), to: PlanVersion(swapped, Provenance()))
    #expect(diff.access.allSatisfy { $0.relation == .equivalent } && diff.handedOver.isEmpty)
    guard case .change(.handedOver)? = diff.witness(against: .noWider) else {
      Issue.record("\(String(describing: diff.witness(against: .noWider)))")
      return
    }
  }
}
