import OceanAddresses
import OceanPlan
import TestSupport
import Testing

/// Tests which way changes go, and what they mean by whatever setting.
@Suite struct DirectionTests {
  private let plan: Plan

  init() throws {
    var plan = try #require(Plan.example)
    plan.services[1].enabled = true
    plan.services[1].tls = Plan.Service.TLS(explicit: .required, certificates: ["ec"], profile: .intermediate)
    self.plan = plan
  }

  private func diff(_ old: Plan, _ new: Plan) throws -> PlanDiff {
    try PlanDiff(from: PlanVersion(old, Provenance()), to: PlanVersion(new, Provenance()))
  }

  private func directions(_ diff: PlanDiff) -> [String: Direction] {
    Dictionary(
      diff.changes.compactMap { change in diff.direction(of: change).map { (change.path, $0) } },
      uniquingKeysWith: { $1 })
  }

  /// The direction of all changes together, and of those of some settings.
  private func direction(_ change: (inout Plan) throws -> Void, from plan: Plan? = nil) throws -> Direction? {
    let before = plan ?? self.plan
    var after = before
    try change(&after)
    let (there, back) = (try diff(before, after), try diff(after, before))
    #expect(there.direction?.reversed == back.direction)
    #expect(!there.changes.isEmpty)
    return there.direction
  }

  private static let some = AddressSet([
    AddressPattern(IPPrefix(IPAddress(v4: 127 << 24 | 5 << 16), length: 16))
  ])

  private static let weaker: [(String, @Sendable (inout Plan) -> Void)] = [
    ("max_failures", { $0.server.antiHammering.maxFailures += 1 }),
    ("forget_after", { $0.server.antiHammering.forgetSeconds -= 1 }),
    ("block_for", { $0.server.antiHammering.blockSeconds -= 1 }),
    ("never_block", { $0.server.antiHammering.neverBlock = .loopback }),
    ("connections_per_ip", { $0.server.limits.connectionsPerIP += 1 }),
    ("except", { $0.server.limits.exceptions = [.init(from: some, connectionsPerIP: 21)] }),
    ("prelogin_connections", { $0.server.limits.preloginConnections += 1 }),
    ("connections_per_minute", { $0.server.limits.connectionsPerMinute? += 1 }),
    ("no connections_per_minute", { $0.server.limits.connectionsPerMinute = nil }),
    ("ipv6_prefix", { $0.server.limits.ipv6Prefix += 1 }),
    ("max_login_attempts", { $0.services[0].limits.loginAttempts += 1 }),
    ("max_bad_commands", { $0.services[0].limits.badCommands += 1 }),
    ("failure_delay", { $0.services[0].limits.failureDelayMilliseconds -= 1 }),
    ("anti_hammering", { $0.services[0].antiHammering = false }),
    ("cache", { $0.accounts[0].cacheSeconds = 60 }),
    ("sasl without TLS", { $0.services[0].sasl = [.init(.plain, withoutTLS: true)] }),
    ("explicit", { $0.services[0].tls?.explicit = .off }),
    ("profile", { $0.services[0].tls?.profile = .intermediate }),
    ("older profile", { $0.services[1].tls?.profile = .legacy }),
    ("no TLS", { $0.services[0].tls = nil }),
    ("no TLS at a port", { $0.services[0].listeners[2].tls = .none }),
    ("proxy_from", { $0.services[0].proxyFrom = some }),
    ("plaintext_login", { $0.services[0].plaintextLogin = .loopback }),
    (
      "plaintext_login where TLS was required",
      {
        $0.services[1].tls?.explicit = .optional
        $0.services[1].plaintextLogin = .loopback
      }
    ),
    ("black_list", { $0.services[0].ipControl.blackList.addresses = AddressSet() }),
    ("black_list.enabled", { $0.services[0].ipControl.blackList.enabled = false }),
    ("white_list", { $0.services[0].ipControl.whiteList.addresses = some }),
    ("default", { $0.services[1].ipControl.defaultAction = .allow }),
    ("enabled", { $0.services[2].enabled = true }),
    ("bind", { $0.services[0].listeners[0].address = IPAddress(v4: 192 << 24 | 1) }),
    ("key_type", { $0.certificates[0].leaf.keyType = "RSA 1024" }),
    ("a weak key under another name", { $0.services[1].tls?.certificates = ["weak"] }),
    ("a weak key beside others", { $0.services[1].tls?.certificates += ["weak"] }),
  ]

  /// A plan in which each of these is in force.
  private var guarded: Plan {
    var plan = plan
    plan.server.limits.connectionsPerMinute = 10
    var weak = plan.certificates[0]
    (weak.name, weak.leaf.keyType) = ("weak", "RSA 1024")
    plan.certificates.append(weak)
    plan.services[0].listeners.append(.local(995))
    plan.services[0].listeners[2].tls = .implicit
    plan.services[0].ipControl.blackList.addresses = Self.some
    plan.services[0].plaintextLogin = .localhost
    plan.services[1].ipControl.defaultAction = .refuse
    plan.services[1].ipControl.whiteList.addresses = .localhost
    plan.services[1].plaintextLogin = AddressSet()
    plan.services.append(Plan.Service(name: "third", enabled: false, listeners: [.local(3110)]))
    return plan
  }

  @Test(arguments: weaker.indices) func `what weakens one way strengthens the other way`(_ index: Int) throws
  {
    let (name, change) = Self.weaker[index]
    #expect(try direction(change, from: guarded) == .weakened, "\(name)")
  }

  @Test func `neither way`() throws {
    let neither: [(inout Plan) -> Void] = [
      { $0.services[0].limits.connections += 1 }, { $0.services[0].limits.idleSeconds += 1 },
      { $0.services[0].limits.loginSeconds += 1 }, { $0.services[0].accounts = ["more"] },
      { $0.services[0].tls?.certificates = ["rsa"] }, { $0.server.hostname = "mx" }, { $0.log.access = nil },
      { $0.certificates[0].leaf.keyType = "RSA 4096" }, { $0.services[0].name = "another" },
      { $0.services[0].listeners[1].port = 1111 },
    ]
    for (index, change) in neither.enumerated() { #expect(try direction(change) == nil, "\(index)") }
  }

  @Test func `both ways`() throws {
    #expect(
      try direction { ($0.server.limits.connectionsPerIP, $0.server.limits.ipv6Prefix) = (30, 48) } == .both)
    #expect(
      try direction {
        $0.server.limits.exceptions = [
          .init(from: .localhost, connectionsPerIP: 2), .init(from: Self.some, connectionsPerIP: 200),
        ]
      } == .both)
  }

  /// A setting of what does not run, or that leaves nothing to do, is neither weaker nor stronger.
  @Test func `a change without an effect has no direction`() throws {
    func isNone(_ setUp: (inout Plan) -> Void, _ change: (inout Plan) -> Void) throws -> Bool {
      var plan = guarded
      setUp(&plan)
      return try direction(change, from: plan) == nil
    }
    let off: (inout Plan) -> Void = { $0.services[0].enabled = false }
    #expect(try isNone(off) { $0.services[0].limits.loginAttempts = 9 })
    #expect(try isNone(off) { $0.services[0].plaintextLogin = .all })
    #expect(try isNone(off) { $0.services[0].proxyFrom = .all })
    #expect(try isNone(off) { $0.services[0].ipControl.blackList.addresses = AddressSet() })
    #expect(try isNone(off) { $0.services[0].tls?.profile = .legacy })
    #expect(try isNone(off) { $0.services[0].antiHammering = false })
    #expect(try isNone(off) { $0.services[0].tls?.certificates = ["weak"] })
    let nobody: (inout Plan) -> Void = {
      $0.services[0].ipControl = .init(defaultAction: .refuse, whiteList: .init(addresses: AddressSet()))
    }
    #expect(try isNone(nobody) { $0.services[0].limits.loginAttempts = 9 })
    #expect(try isNone(nobody) { $0.services[0].tls?.profile = .legacy })
    #expect(try isNone(nobody) { $0.services[0].tls?.explicit = .off })
    #expect(try isNone(nobody) { $0.services[0].antiHammering = false })
    let nobodyCounts: (inout Plan) -> Void = { plan in
      for index in plan.services.indices { plan.services[index].antiHammering = false }
    }
    #expect(try isNone(nobodyCounts) { $0.server.antiHammering.maxFailures = 50 })
    let everybody: (inout Plan) -> Void = {
      $0.server.limits.exceptions = [.init(from: .all, connectionsPerIP: 5)]
    }
    #expect(try isNone(everybody) { $0.server.limits.connectionsPerIP = 500 })
    let listed: (inout Plan) -> Void = { $0.services[0].ipControl.whiteList.addresses = Self.some }
    #expect(try isNone(listed) { $0.services[0].ipControl.blackList.addresses = AddressSet() })
    #expect(try isNone(listed) { $0.services[0].ipControl.blackList.enabled = false })
    // A proxy elsewhere cannot reach a listener on loopback.
    #expect(
      try isNone({ _ in }) { $0.services[0].proxyFrom = AddressSet([AddressPattern(IPAddress(v4: 1))]) })
    let implicit: (inout Plan) -> Void = { plan in
      for index in plan.services[0].listeners.indices { plan.services[0].listeners[index].tls = .implicit }
    }
    #expect(try isNone(implicit) { $0.services[0].tls?.explicit = .off })
    #expect(try isNone(implicit) { $0.services[0].plaintextLogin = .all })
    // Only `plaintext_login` makes the two differ.
    #expect(try isNone({ _ in }) { $0.services[1].tls?.explicit = .optional })
  }

  /// Of two changes to the lists of one service only one may have an effect.
  @Test func `each change has a direction of its own`() throws {
    var after = guarded
    after.services[0].ipControl.blackList.addresses = AddressSet()
    after.services[0].ipControl.whiteList.addresses = Self.some
    after.services[1].ipControl.whiteList.addresses = .localhost.union(Self.some)
    after.services[1].antiHammering = false
    after.services[1].limits.loginAttempts = 1
    after.server.hostname = "mx"
    let found = directions(try diff(guarded, after))
    #expect(
      found == [
        "services.one.ip_control.black_list": .weakened, "services.one.ip_control.white_list": .weakened,
        "services.two.ip_control.white_list": .weakened, "services.two.anti_hammering": .weakened,
        "services.two.max_login_attempts": .strengthened,
      ])
  }

  private static let others = AddressSet([AddressPattern(IPAddress(v4: 192 << 24 | 9))])

  /// The directions of `ip_control` and `proxy_from` of the first service, by the last words of their paths.
  private func listDirections(_ change: (inout Plan.Service) -> Void, from service: Plan.Service) throws
    -> [String: Direction]
  {
    var (before, after) = (plan, plan)
    before.services[0] = service
    after.services[0] = service
    change(&after.services[0])
    let (there, back) = (directions(try diff(before, after)), directions(try diff(after, before)))
    #expect(there.mapValues(\.reversed) == back)
    let lists = there.filter { $0.key.contains("ip_control") || $0.key.contains("proxy_from") }
    return Dictionary(
      lists.map { ($0.replacing("services.one.", with: "").replacing("ip_control.", with: ""), $1) },
      uniquingKeysWith: { $1 })
  }

  /// Clients that come in for another reason say nothing about a list that changes beside it.
  @Test func `a list has the direction of what it does itself`() throws {
    var service = plan.services[0]
    service.listeners = [.local(110)]
    service.ipControl = .init()
    func bindAll(_ service: inout Plan.Service) { service.listeners[0].address = IPAddress(v4: 0) }
    #expect(
      try listDirections(
        {
          bindAll(&$0)
          $0.ipControl.whiteList.addresses = Self.others
        }, from: service) == [:])
    #expect(
      try listDirections(
        {
          bindAll(&$0)
          $0.ipControl.whiteList.addresses = Self.others
          $0.ipControl.defaultAction = .refuse
        }, from: service) == ["default": .strengthened])
    service.ipControl.blackList.addresses = Self.others.union(Self.some)
    #expect(
      try listDirections(
        {
          bindAll(&$0)
          $0.ipControl.whiteList.addresses = Self.others
        }, from: service) == ["white_list": .weakened])
    // Where the default refuses, the loss of a black-list entry lets nobody in.
    service.ipControl.defaultAction = .refuse
    #expect(
      try listDirections(
        {
          $0.ipControl.blackList.addresses = AddressSet()
          $0.ipControl.whiteList.addresses = Self.some
        }, from: service) == ["white_list": .weakened])
    // Who is on the black list either way is not let in by the default.
    #expect(
      try listDirections(
        {
          $0.ipControl.defaultAction = .allow
          $0.ipControl.whiteList.addresses = .all
        }, from: service) == ["default": .weakened, "white_list": .weakened])
    service.ipControl.blackList.addresses = .all
    #expect(
      try listDirections(
        {
          $0.ipControl.defaultAction = .allow
          $0.ipControl.whiteList.addresses = Self.some
        }, from: service) == ["white_list": .weakened])
    service.ipControl.whiteList = .init(enabled: false, addresses: Self.some)
    #expect(
      try listDirections(
        {
          $0.ipControl.defaultAction = .allow
          $0.ipControl.whiteList.enabled = true
        }, from: service) == ["white_list.enabled": .weakened])
  }

  @Test func `proxies that bind brings are not gained by a shorter list`() throws {
    var service = plan.services[0]
    service.listeners = [.local(110)]
    service.proxyFrom = Self.some.union(Self.others)
    #expect(
      try listDirections(
        {
          $0.listeners[0].address = IPAddress(v4: 0)
          $0.proxyFrom = Self.others
        }, from: service) == ["proxy_from": .strengthened])
  }

  // MARK: - By whatever setting

  private func effects(_ change: (inout Plan) -> Void, from plan: Plan? = nil) throws -> [String] {
    let before = plan ?? self.plan
    var after = before
    change(&after)
    return try diff(before, after).effects.map { effect in
      "\(effect.endpoint?.description ?? effect.service ?? "server") \(effect.changeClass.rawValue) "
        + (effect.direction?.rawValue ?? "neither")
    }
  }

  @Test func `where another service answers, its settings hold`() throws {
    var plan = plan
    plan.services[1].plaintextLogin = .loopback
    plan.services[1].limits.loginAttempts = 10
    plan.services[1].proxyFrom = Self.some
    plan.services[1].tls = nil
    let socket = "127.0.0.1:1110"
    #expect(
      try effects(
        {
          let listener = $0.services[0].listeners.removeLast()
          $0.services[1].listeners.append(listener)
        }, from: plan) == [
          "\(socket) access-narrowed strengthened", "\(socket) access-widened weakened",
          "\(socket) limits weakened",
          "\(socket) plaintext-login both", "\(socket) proxies weakened", "\(socket) tls weakened",
        ])
  }

  @Test func `a weaker key under another name is an effect on TLS`() throws {
    #expect(
      try effects({ $0.services[1].tls?.certificates = ["weak"] }, from: guarded) == ["two tls weakened"])
    #expect(try effects { $0.services[1].tls?.certificates = ["rsa"] } == ["two tls neither"])
  }

  @Test func `a listener brings proxies, and speaks otherwise`() throws {
    var plan = plan
    plan.services[0].proxyFrom = AddressSet([AddressPattern(IPAddress(v4: 192 << 24 | 9))])
    let bound = try effects(
      { $0.services[0].listeners[0].address = IPAddress(v4: 0) }, from: plan)
    #expect(bound.contains("one proxies weakened") && bound.contains("one access-widened weakened"))
    let implicit = try effects { $0.services[0].listeners[1].tls = .implicit }
    #expect(implicit == ["127.0.0.1:1110 tls strengthened"])
    let added = try effects { $0.services[0].listeners.append(.local(112)) }
    #expect(added.isEmpty)
    var tls = Plan.Listener.local(995)
    tls.tls = .implicit
    #expect(try effects { $0.services[0].listeners.append(tls) } == ["one tls neither"])
  }

  @Test func `a service that is switched on or off brings its settings`() throws {
    var plan = plan
    plan.services[1].proxyFrom = Self.some
    plan.services[1].antiHammering = false
    plan.services[1].plaintextLogin = .loopback
    let off = try effects({ $0.services[1].enabled = false }, from: plan)
    #expect(
      off == [
        "two access-narrowed strengthened", "two anti-hammering strengthened",
        "two plaintext-login strengthened",
        "two proxies strengthened", "two tls neither",
      ])
  }

  // MARK: - Any change

  /// One way is the other way with the words exchanged, change by change and effect by effect.
  @Test(arguments: 0..<60) func `differences mirror`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var (a, b) = (guarded, guarded)
    for _ in 0..<4 {
      if let edit = a.edits.randomElement(using: &random) { edit.apply(&a) }
      if let edit = b.edits.randomElement(using: &random) { edit.apply(&b) }
      if let edit = Self.weaker.randomElement(using: &random), b.services[0].listeners.count > 2 {
        edit.1(&b)
      }
    }
    if Bool.random(using: &random), let listener = b.services[0].listeners.popLast() {
      b.services[1].listeners.append(listener)
    }
    let (there, back) = (try diff(a, b), try diff(b, a))
    // A socket that changes hands is shown with the service that has it from then on.
    func bySocket(_ directions: [String: Direction]) -> [String: Direction] {
      Dictionary(
        directions.map { ($0.replacing(/^services\.\w+\.listeners/, with: ""), $1) }, uniquingKeysWith: { $1 }
      )
    }
    #expect(bySocket(directions(there)).mapValues(\.reversed) == bySocket(directions(back)))
    func words(_ diff: PlanDiff, _ isBack: Bool) -> [String] {
      diff.effects.map { effect in
        let direction = isBack ? effect.direction?.reversed : effect.direction
        let changeClass: ChangeClass =
          switch effect.changeClass {
          case .accessWidened where isBack: .accessNarrowed
          case .accessNarrowed where isBack: .accessWidened
          default: effect.changeClass
          }
        let subject = effect.endpoint?.description ?? effect.service ?? "server"
        return "\(subject) \(changeClass) \(direction?.rawValue ?? "neither")"
      }.sorted()
    }
    #expect(words(there, false) == words(back, true))
    #expect(there.direction?.reversed == back.direction)
  }

  @Test func `expectations guard, so one less is weaker`() throws {
    let expectation = Plan.Expectation(
      from: Self.some, to: nil, verdict: .allow,
      span: Provenance.Origin(file: "ocean.yaml", line: 1, column: 1))
    let guarded = try PlanVersion(plan, Provenance(), expectations: [expectation])
    let bare = try PlanVersion(plan, Provenance(), expectations: [])
    #expect(PlanDiff(from: guarded, to: bare).direction == .weakened)
    #expect(PlanDiff(from: bare, to: guarded).direction == .strengthened)
    #expect(PlanDiff(from: bare, to: bare).direction == nil)
  }
}
