import OceanBase
import Logging
import NIOEmbedded
import OceanAccess
import OceanAddresses
import OceanPlan
import Testing

@testable import OceanEngine

/// Connections that are counted together with those of other machines.
private struct CountedTogether: AddressConnections {
  let own = ConnectionCounter()
  let elsewhere: Int

  func admit(_ peer: IPAddress, limit: Int) -> ConnectionCounter.Ticket? {
    own.admit(peer, limit: limit - elsewhere)
  }

  func count(of peer: IPAddress) -> Int { own.count(of: peer) + elsewhere }
}

/// Failures of this machine, and a block that came from another one.
private struct BlockedElsewhere: AddressFailures {
  let own: AntiHammering
  let blocked: IPAddress

  func block(of peer: IPAddress, at now: ClockReading) -> Block? {
    peer == blocked
      ? Block(prefix: IPPrefix(peer, length: 32), since: now.wall, until: now.wall + 1, failures: 6)
      : own.block(of: peer, at: now)
  }

  func delay(for peer: IPAddress, at now: ClockReading) -> Int64 { own.delay(for: peer, at: now) }

  func failed(
    _ peer: IPAddress, user: some Collection<UInt8>, password: SecretBytes?, at now: ClockReading
  ) -> AntiHammering.Outcome { own.failed(peer, user: user, password: password, at: now) }

  func failures(of peer: IPAddress, at now: ClockReading) -> Int { own.failures(of: peer, at: now) }
  func blocks(at now: ClockReading) -> [Block] { own.blocks(at: now) }
  func apply(_ limits: AntiHammering.Limits, at now: ClockReading) -> [Block] { own.apply(limits, at: now) }
  func unblock(_ prefix: IPPrefix, at now: ClockReading) -> [Block] { own.unblock(prefix, at: now) }
  func unblockAll(at now: ClockReading) -> [Block] { own.unblockAll(at: now) }
  func restore(_ blocks: [Block], at now: ClockReading) { own.restore(blocks, at: now) }
  func sweep(at now: ClockReading) { own.sweep(at: now) }
}

/// The controller decides with what it is given, on this machine alone or with others.
@Suite struct GateTests {
  private let peer = IPAddress(v4: 0xcb00_7109)
  private let other = IPAddress(v4: 0xcb00_710a)
  private let service = Plan.Service(name: "pop3")
  private let plan: Plan
  private let settings: ServiceSettings

  init() throws {
    var plan = Plan(
      server: .blank, log: .blank, accounts: [], mail: .blank, services: [Plan.Service(name: "pop3")])
    plan.server.limits.connectionsPerIP = 5
    self.plan = plan
    let logger = Logger(label: "test")
    settings = ServiceSettings(
      plan: service, of: plan,
      access: AccessPolicy(service, of: plan.server, rules: PlanRules()),
      accounts: AccountDirectory([any AccountSource](), defaultDomain: nil, now: { 0 }), uidls: .ocean,
      contexts: nil,
      log: ClientLog(
        access: nil, logins: .off, LoginLog(logger: logger), LastLogins(in: "/nonexistent", logger: logger)),
      digest: Digest(of: []))
  }

  private func failures(blocking address: IPAddress) -> BlockedElsewhere {
    BlockedElsewhere(own: AntiHammering(plan.hammeringLimits), blocked: address)
  }

  private func outcome(of peer: IPAddress, _ controller: AdmissionController, _ service: Service) -> String? {
    do {
      let admission = try controller.admit(
        peer, on: EmbeddedChannel(), to: service, settings, isHealthCheck: false, isShort: false, at: .now)
      _ = consume admission
      return nil
    } catch {
      return error.outcome
    }
  }

  @Test func `an address that another machine blocks is refused`() {
    let controller = AdmissionController(
      plan, AddressAdmission(plan, hammering: failures(blocking: peer), connections: ConnectionCounter()))
    let running = Service(name: "pop3", settings: settings)
    #expect(outcome(of: peer, controller, running) == "blocked")
    #expect(outcome(of: other, controller, running) == nil)
    #expect(controller.state(of: peer, for: running, at: .now).block?.failures == 6)
  }

  @Test(arguments: [(4, nil), (5, "connections_per_ip")])
  func `connections of other machines count`(elsewhere: Int, outcome: String?) {
    let controller = AdmissionController(
      plan,
      AddressAdmission(
        plan, hammering: failures(blocking: other), connections: CountedTogether(elsewhere: elsewhere)))
    let running = Service(name: "pop3", settings: settings)
    #expect(self.outcome(of: peer, controller, running) == outcome)
    #expect(controller.state(of: peer, for: running, at: .now).connections == elsewhere)
  }
}
