import OceanAddresses
import OceanBase
import OceanPlan
import Testing

/// Tests who may connect to the monitor: decided, explained and compared as at a service.
@Suite struct MonitorAccessTests {
  private static let open = Endpoint(address: IPAddress(v4: 0xC000_020A), port: 9464)
  private static let local = Endpoint(address: .loopback(.v4), port: 9464)

  private static func set(_ texts: String...) throws -> AddressSet {
    AddressSet(try texts.map { try AddressPattern(parsing: $0) })
  }

  /// A plan whose monitor lets in a network, and of it not one address.
  private static func plan(_ edit: (inout Plan.Monitor) throws -> Void = { _ in }) throws -> Plan {
    var plan = try #require(Plan.example)
    plan.monitor = Plan.Monitor(
      bind: [local, open],
      ipControl: .init(defaultAction: .refuse, whiteList: .init(addresses: try set("192.0.2.0/24"))))
    try edit(&plan.monitor)
    return plan
  }

  private static func diff(_ old: Plan?, _ new: Plan) throws -> PlanDiff {
    PlanDiff(
      from: try old.map { try PlanVersion($0, Provenance()) }, to: try PlanVersion(new, Provenance()))
  }

  @Test func `off loopback a token is needed, or rules that name everybody who may come`() throws {
    func flaw(_ edit: (inout Plan.Monitor) throws -> Void) throws -> String? { try Self.plan(edit).flaw }
    let without = "the monitor listens on 192.0.2.10:9464, where every host can reach it, without a token"
    #expect(try flaw { _ in } == nil)
    #expect(try flaw { $0.ipControl = .blank } == without)
    #expect(try flaw { $0.ipControl.defaultAction = .allow } == without)
    // A black list leaves everybody else.
    #expect(
      try flaw {
        $0.ipControl = .init(blackList: .init(addresses: try Self.set("198.51.100.0/24")))
      } == without)
    #expect(
      try flaw { $0.ipControl.whiteList.addresses = try Self.set("0.0.0.0/1", "128.0.0.0/1") } == without)
    #expect(try flaw { $0.ipControl.whiteList = .init(enabled: false, addresses: .all) } == nil)
    #expect(
      try flaw {
        $0.ipControl = .blank
        $0.token = .file("/t")
      } == nil)
    #expect(
      try flaw {
        $0.ipControl = .blank
        $0.bind = [Self.local]
      } == nil)
  }

  @Test func `a plan without the setting has the digest that it had`() throws {
    var plan = try Self.plan { $0.ipControl = .blank }
    let json = String(decoding: try CanonicalJSON.encode(plan), as: UTF8.self)
    #expect(json.contains("\"monitor\":{\"bind\":[\"127.0.0.1:9464\",\"192.0.2.10:9464\"]}"), "\(json)")
    plan.monitor.ipControl.defaultAction = .refuse
    #expect(try plan.digest != Self.plan { $0.ipControl = .blank }.digest)
  }

  @Test func `who gains and who loses is told`() throws {
    let old = try Self.plan()
    let diff = try Self.diff(
      old, Self.plan { $0.ipControl.whiteList.addresses = try Self.set("192.0.2.0/25", "198.51.100.7") })
    let access = try #require(diff.monitorAccess)
    #expect(access.isOfMonitor && access.subject == "the monitor")
    #expect(try access.newlyAllowed == Self.set("198.51.100.7"))
    #expect(try access.newlyRefused == Self.set("192.0.2.128/25"))
    #expect(diff.access.allSatisfy { $0.relation == .equivalent && !$0.isOfMonitor })
    #expect(diff.classes == [.ipControl, .accessWidened, .accessNarrowed])
    #expect(diff.effects.allSatisfy { $0.isOfMonitor && $0.service == nil })
    #expect(diff.changes.map { diff.direction(of: $0) } == [.both])

    let wider = try Self.diff(
      old,
      Self.plan {
        $0.ipControl.defaultAction = .allow; $0.token = .file("/t")
      })
    #expect(wider.monitorAccess?.relation == .wider && wider.classes.contains(.accessWidened))
    let closed = try Self.diff(old, Self.plan { $0.bind = [Self.local] })
    #expect(closed.monitorAccess?.relation == .narrower)
    #expect(try Self.diff(old, old).monitorAccess?.relation == .equivalent)
    let without = try #require(Plan.example)
    #expect(try Self.diff(old, without).monitorAccess?.newlyAllowed.isEmpty == true)
    #expect(try Self.diff(without, without).monitorAccess == nil)
  }

  @Test func `nothing is proved of a change that lets somebody in`() throws {
    let old = try Self.plan()
    let wider = try Self.diff(
      old, Self.plan { $0.ipControl.whiteList.addresses = try Self.set("192.0.2.0/24", "198.51.100.7") })
    for claim in Claim.allCases {
      guard case .client(let client, .connect, nil, true, _, _)? = wider.witness(against: claim) else {
        Issue.record("\(claim)")
        continue
      }
      #expect(client.description == "198.51.100.7")
    }
    // Those on the black list were not let in before.
    let same = try Self.diff(
      old, Self.plan { $0.ipControl.blackList.addresses = try Self.set("198.51.100.0/24") })
    for claim in Claim.allCases { #expect(same.witness(against: claim) == nil) }
  }

  @Test(arguments: ["monitor", "192.0.2.10:9464"])
  func `it is explained`(_ target: String) throws {
    let plan = try Self.plan()
    let way = try #require(plan.way(to: ExplanationTarget(target)))
    #expect(way.isToMonitor)
    func explanation(_ address: String) throws -> Explanation {
      plan.explain(Attempt(try IPAddress(parsing: address)), on: way, Provenance(), PlanRules(), live: nil)
    }
    let allowed = try explanation("192.0.2.7")
    #expect(allowed.verdict == .allowed)
    #expect(allowed.steps.first { $0.decisive }?.stage == .whiteList)
    #expect(allowed.steps.last?.stage == .token)
    #expect(!allowed.steps.contains { [.block, .limits, .login].contains($0.stage) })
    let refused = try explanation("203.0.113.9")
    #expect(refused.verdict == .refused && refused.steps.first { $0.decisive }?.stage == .defaultAction)
  }

  @Test func `a service with that name comes first`() throws {
    var plan = try Self.plan()
    plan.services[0].name = "monitor"
    #expect(plan.way(to: .service("monitor"))?.isToMonitor == false)
    #expect(plan.way(to: .endpoint(Self.open))?.isToMonitor == true)
    #expect(try Self.diff(plan, plan).allAccess.map(\.subject) == ["monitor", "two", "the monitor"])
  }
}
