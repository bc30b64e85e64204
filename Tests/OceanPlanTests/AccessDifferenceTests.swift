import Foundation
import OceanAddresses
import OceanPlan
import TestSupport
import Testing

/// Compares exact differences of who may connect with brute force over a small universe.
@Suite struct AccessDifferenceTests {
  /// 10.0.0.0 to 10.0.0.63, and a few addresses of everywhere else.
  private static let universe =
    (0..<64).map { IPAddress(v4: 10 << 24 | $0) } + [
      IPAddress(v4: 0), IPAddress(v4: .max), IPAddress(v6: 1), IPAddress(family: .v6, value: .max),
    ]

  private static let files = ["ocean.yaml", "a \"b\" \\ \t.netset", "lists/über.netset"]

  private static func rules(_ random: inout SeededGenerator) throws -> RuleList {
    var list = RuleList()
    for line in 0..<Int.random(in: 0...6, using: &random) {
      let first = UInt32.random(in: 0..<64, using: &random)
      let last = UInt32.random(in: first..<64, using: &random)
      let text =
        switch Int.random(in: 0..<4, using: &random) {
        case 0: "10.0.0.\(first)"
        case 1: "10.0.0.\(first)-10.0.0.\(last)"
        case 2:
          IPPrefix(IPAddress(v4: 10 << 24 | first), length: Int.random(in: 26...32, using: &random))
            .description
        default: ["::/0", "0.0.0.0/0", "::1", "10.*.*.*"].randomElement(using: &random) ?? ""
        }
      list.append(
        try AddressPattern(parsing: text),
        from: RuleOrigin(text: text, place: .init(file: files[line % 3], line: line + 1, column: 1)))
    }
    return list
  }

  private static func version(_ random: inout SeededGenerator) throws -> PlanVersion {
    var plan = try #require(Plan.example)
    var provenance = Provenance()
    let white = try rules(&random)
    let black = try rules(&random)
    plan.services[0].enabled = Int.random(in: 0..<8, using: &random) > 0
    plan.services[0].listeners = IPFamily.allCases.filter { _ in Int.random(in: 0..<6, using: &random) > 0 }
      .map {
        Plan.Listener(address: IPAddress(family: $0, value: 0), port: 110, tls: .none)
      }
    if Int.random(in: 0..<3, using: &random) == 0 {
      plan.services[0].proxyFrom = AddressSet(try rules(&random).rules)
    }
    plan.services[0].ipControl = Plan.Service.IPControl(
      defaultAction: Bool.random(using: &random) ? .allow : .refuse,
      blackList: .init(
        enabled: Int.random(in: 0..<5, using: &random) > 0, addresses: AddressSet(black.rules)),
      whiteList: .init(
        enabled: Int.random(in: 0..<5, using: &random) > 0, addresses: AddressSet(white.rules)))
    var lists = PlanRules()
    lists["services.one.ip_control.black_list"] = black
    lists["services.one.ip_control.white_list"] = white
    if Bool.random(using: &random) {
      provenance["services.one.ip_control.default"] = .init(file: files[1], line: 9, column: 4)
    }
    return try PlanVersion(plan, provenance, rules: lists)
  }

  /// - Parameter isNamed: whether a proxy names the address, be it a proxy's own.
  private static func decision(
    _ version: PlanVersion, _ peer: IPAddress, isNamed: Bool = false
  ) throws -> (Bool, rule: String?, place: Provenance.Origin?) {
    let service = try #require(version.plan.services.first)
    guard service.enabled else { return (false, nil, nil) }
    // Listeners are bound to all addresses of their family. A proxy may bring clients of both.
    let families = Set(service.listeners.map(\.address.family))
    let hasProxy = families.contains { !service.proxyFrom.isDisjoint(with: .all($0)) }
    guard hasProxy || families.contains(peer.family) else {
      return (false, peer.family == .v4 ? "no IPv4" : "no IPv6", nil)
    }
    if !isNamed || !hasProxy, service.proxyFrom.contains(peer) { return (false, nil, nil) }
    let policy = AccessPolicy(service, of: version.plan.server, rules: version.rules)
    let decision = policy.decide(peer, isBlocked: false)
    switch decision {
    case .allowed(.defaultAction), .refused(.defaultAction):
      return (
        decision.isAllowed, service.ipControl.defaultAction.rawValue,
        version.provenance["services.one.ip_control.default"]
      )
    case .allowed(let cause), .refused(let cause):
      let origin = policy.origin(of: cause)
      return (decision.isAllowed, origin?.text, origin?.place)
    }
  }

  @Test(arguments: 0..<150) func `agrees with brute force`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let (old, new) = (try Self.version(&random), try Self.version(&random))
    let diff = PlanDiff(from: old, to: new)
    let access = try #require(diff.access.first { $0.service == "one" })
    let reasons = access.reasons
    for peer in Self.universe {
      var (before, oldRule, oldPlace) = try Self.decision(old, peer)
      var (after, newRule, newPlace) = try Self.decision(new, peer)
      if [old, new].allSatisfy({ $0.plan.services[0].enabled && $0.plan.services[0].proxyFrom.contains(peer) }
      ) {
        // It never gets in by itself.
        (before, oldRule, oldPlace) = try Self.decision(old, peer, isNamed: true)
        (after, newRule, newPlace) = try Self.decision(new, peer, isNamed: true)
      }
      #expect(access.newlyAllowed.contains(peer) == (!before && after), "\(peer)")
      #expect(access.newlyRefused.contains(peer) == (before && !after), "\(peer)")
      let because = reasons.filter { $0.addresses.contains(peer) }
      #expect(because.count == (before == after ? 0 : 1), "\(peer)")
      guard let reason = because.first else { continue }
      #expect(reason.before.rule == oldRule && reason.before.place == oldPlace, "\(peer)")
      #expect(reason.after.rule == newRule && reason.after.place == newPlace, "\(peer)")
    }
    // The reasons cover exactly what differs, nothing twice.
    var union = AddressSet()
    for addresses in reasons.map(\.addresses) {
      #expect(union.isDisjoint(with: addresses))
      union = union.union(addresses)
    }
    #expect(union == access.newlyAllowed.union(access.newlyRefused))
    // Backwards the result is the same with the sides exchanged.
    let back = try #require(PlanDiff(from: new, to: old).access.first { $0.service == "one" })
    #expect(back.newlyAllowed == access.newlyRefused && back.newlyRefused == access.newlyAllowed)
    #expect((access.relation == .equivalent) == (union.isEmpty))
  }

  private struct Shown: Decodable {
    struct Access: Decodable {
      let service, relation, newly_allowed_count, newly_refused_count: String
      let newly_allowed, newly_refused: [String]
      let because: [Piece]
    }
    struct Piece: Decodable {
      let addresses: [String]
      let before, after: Cause
    }
    struct Cause: Decodable {
      let by: String
      let rule: String?
      let span: Provenance.Origin?
    }
    let access: [Access]
  }

  @Test(arguments: 0..<50) func `JSON is canonical and says all`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let diff = PlanDiff(from: try Self.version(&random), to: try Self.version(&random))
    let json = try diff.json()
    let object = try JSONSerialization.jsonObject(with: Data(json))
    let canonical = try JSONSerialization.data(
      withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
    #expect(Array(canonical) + [UInt8(ascii: "\n")] == json)
    let shown = try JSONDecoder().decode(Shown.self, from: Data(json))
    #expect(shown.access.map(\.service) == diff.access.map(\.service))
    for (shown, access) in zip(shown.access, diff.access) {
      #expect(shown.relation == access.relation.rawValue)
      #expect(shown.newly_allowed.joined(separator: ", ") == access.newlyAllowed.description)
      #expect(shown.newly_refused.joined(separator: ", ") == access.newlyRefused.description)
      #expect(shown.newly_allowed_count == access.newlyAllowed.total)
      #expect(shown.newly_refused_count == access.newlyRefused.total)
      var pieces = shown.because[...]
      access.forEachPiece { range, before, after in
        let piece = pieces.popFirst()
        #expect(piece?.addresses == range.prefixes.map(\.description))
        #expect(piece?.before.by == before.what && piece?.after.by == after.what)
        #expect(piece?.before.rule == before.rule && piece?.after.rule == after.rule)
        #expect(piece?.before.span == before.place && piece?.after.span == after.place)
      }
      #expect(pieces.isEmpty)
    }
  }

  @Test func `relations and classes`() throws {
    var plan = try #require(Plan.example)
    for index in plan.services.indices {
      plan.services[index].listeners = IPFamily.allCases.map {
        Plan.Listener(address: IPAddress(family: $0, value: 0), port: 110 + index, tls: .none)
      }
    }
    var narrower = plan
    narrower.services[0].ipControl.blackList.addresses = AddressSet([
      try AddressPattern(parsing: "203.0.113.0/24")
    ])
    let version = { try PlanVersion($0, Provenance()) }
    let diff = try PlanDiff(from: version(plan), to: version(narrower))
    #expect(diff.access.map(\.relation) == [.narrower, .equivalent])
    #expect(diff.classes == [.ipControl, .accessNarrowed])
    #expect(try PlanDiff(from: version(narrower), to: version(plan)).classes == [.ipControl, .accessWidened])
    #expect(try PlanDiff(from: version(plan), to: version(plan)).classes == [])
    #expect(try PlanDiff(from: nil, to: version(plan)).access.first?.newlyAllowed == .all)
    var off = plan
    off.services[0].enabled = false
    #expect(
      try PlanDiff(from: version(plan), to: version(off)).classes
        == [.listenerClosed, .serviceRemoved, .accessNarrowed, .plaintextLogin, .tls])
    var renewed = plan
    renewed.certificates[0].leaf.fingerprint = "0"
    renewed.certificates[0].leaf.notAfter += 1000
    let renewal = try PlanDiff(from: version(plan), to: version(renewed))
    #expect(renewal.isRenewal)
    renewed.certificates[0].leaf.names = ["other.example.org"]
    #expect(try PlanDiff(from: version(plan), to: version(renewed)).classes == [.certificate])
  }

  @Test func `a service that gets another name is the same service`() throws {
    let plan = try #require(Plan.example)
    var renamed = plan
    renamed.services[0].name = "another"
    let version = { try PlanVersion($0, Provenance()) }
    let diff = try PlanDiff(from: version(plan), to: version(renamed))
    #expect(diff.renamed == ["another": "one"] && diff.classes == [.serviceRenamed])
    #expect(diff.access.map(\.service) == ["another", "two"])
    #expect(diff.access.allSatisfy { $0.relation == .equivalent })
    // With anything else changed it is one service less and another one more.
    renamed.services[0].limits.connections += 1
    let changed = try PlanDiff(from: version(plan), to: version(renamed))
    #expect(changed.renamed.isEmpty && changed.classes.isSuperset(of: [.serviceAdded, .serviceRemoved]))
  }

  @Test func `a socket that goes to another service is for other clients`() throws {
    var plan = try #require(Plan.example)
    plan.services[1].enabled = true
    plan.services[1].ipControl.defaultAction = .refuse
    var swapped = plan
    swapped.services[0].listeners = plan.services[1].listeners
    swapped.services[1].listeners = plan.services[0].listeners
    let version = { try PlanVersion($0, Provenance()) }
    let diff = try PlanDiff(from: version(plan), to: version(swapped))
    #expect(diff.access.allSatisfy { $0.relation == .equivalent })
    #expect(diff.handedOver.map(\.access.relation) == [.narrower, .narrower, .wider])
    #expect(diff.classes.isSuperset(of: [.accessNarrowed, .accessWidened]))
    #expect(String(decoding: try diff.json(), as: UTF8.self).contains(#""listener":"127.0.0.1:110""#))
    // Passwords in clear text, and failed logins that count nowhere.
    plan.services[1].ipControl.defaultAction = .allow
    plan.services[0].plaintextLogin = AddressSet()
    plan.services[1].antiHammering = false
    swapped = plan
    swapped.services[0].listeners = plan.services[1].listeners
    swapped.services[1].listeners = plan.services[0].listeners
    let worse = try PlanDiff(from: version(plan), to: version(swapped))
    #expect(worse.classes == [.listenerMoved, .plaintextLogin, .antiHammering, .tls])
    // An address and port are also taken over by a socket of all addresses.
    plan.services[0].ipControl.defaultAction = .refuse
    var wide = plan
    wide.services[0].listeners = [.local(112)]
    wide.services[1].listeners = [Plan.Listener(address: IPAddress(v4: 0), port: 110, tls: .none)]
    let taken = try PlanDiff(from: version(plan), to: version(wide)).handedOver
    #expect(taken.map(\.endpoint.description) == ["127.0.0.1:110"] && taken[0].access.relation == .wider)
  }

  @Test func `what a proxy brought is lost with it, and what it says of itself is a client`() throws {
    var plan = try #require(Plan.example)
    let proxy = try IPAddress(parsing: "127.0.0.9")
    plan.services[0].proxyFrom = AddressSet([AddressPattern(proxy, proxy)])
    func access(_ change: (inout Plan.Service) -> Void) throws -> AccessDifference {
      var changed = plan
      change(&changed.services[0])
      return try #require(
        PlanDiff(from: PlanVersion(plan, Provenance()), to: PlanVersion(changed, Provenance())).access.first)
    }
    let lost = try access { $0.proxyFrom = AddressSet([AddressPattern(IPAddress(v4: 1), IPAddress(v4: 1))]) }
    #expect(lost.newlyRefused == AddressSet.loopback.intersection(.all(.v4)).complement)
    #expect(lost.newlyAllowed.contains(proxy) && lost.reach?.before.hasProxy == true)
    // HAProxy announces its checks as a client at its own address.
    let own = try access { $0.ipControl.blackList.addresses = AddressSet([AddressPattern(proxy, proxy)]) }
    #expect(own.newlyRefused.contains(proxy) && own.newlyRefused.total == "1")
    #expect(own.reasons.map(\.after.what) == ["black list"])
  }

  @Test func `a service without a plain port takes no password in clear text`() throws {
    let plan = try #require(Plan.example)
    var implicit = plan
    for index in implicit.services[0].listeners.indices {
      implicit.services[0].listeners[index].tls = .implicit
    }
    let diff = try PlanDiff(from: PlanVersion(plan, Provenance()), to: PlanVersion(implicit, Provenance()))
    let plaintext = try #require(diff.plaintextLogins.first)
    #expect(plaintext.reach == nil && plaintext.reasons.map(\.after.what) == ["ports"])
    #expect(diff.access[0].relation == .equivalent && diff.classes.contains(.plaintextLogin))
  }

  /// Whatever setting it is that changes who may log in without TLS.
  @Test func `logins without TLS have a class of their own`() throws {
    var plan = try #require(Plan.example)
    plan.services[0].tls = nil
    func classes(_ change: (inout Plan.Service) -> Void) throws -> Set<ChangeClass> {
      var changed = plan
      change(&changed.services[0])
      return try PlanDiff(from: PlanVersion(plan, Provenance()), to: PlanVersion(changed, Provenance()))
        .classes
    }
    #expect(try classes { $0.plaintextLogin = AddressSet() }.contains(.plaintextLogin))
    #expect(try classes { $0.enabled = false }.contains(.plaintextLogin))
    #expect(try classes { $0.listeners = [] }.contains(.plaintextLogin))
    #expect(try classes { $0.ipControl.defaultAction = .refuse }.contains(.plaintextLogin))
    #expect(try classes { $0.proxyFrom = .loopback }.contains(.plaintextLogin))
    #expect(try !classes { $0.limits.connections += 1 }.contains(.plaintextLogin))
    // Nobody may log in without TLS before or after.
    plan.services[0].plaintextLogin = AddressSet()
    #expect(try !classes { $0.ipControl.defaultAction = .refuse }.contains(.plaintextLogin))
    #expect(
      try classes {
        $0.antiHammering = false
        $0.enabled = false
      }.contains(.antiHammering))
  }

  /// Changes from one set of listeners to another, with the same rules.
  @Test(
    arguments: [
      ("127.0.0.1", "0.0.0.0", nil, AccessDifference.Relation.wider),
      ("127.0.0.1", "192.0.2.1", nil, .wider), ("192.0.2.1 127.0.0.1", "127.0.0.2", nil, .narrower),
      ("127.0.0.1", "127.0.0.1 ::1", nil, .wider), ("192.0.2.1", "192.0.2.1 2001:db8::1", nil, .wider),
      ("192.0.2.1", "192.0.2.2 0.0.0.0", nil, .equivalent), ("0.0.0.0", "::", nil, .incomparable),
      ("127.0.0.1", "", nil, .narrower), ("127.0.0.1", "127.0.0.2", nil, .equivalent),
      // No client that could newly reach the service is allowed.
      ("192.0.2.1", "192.0.2.1 ::", "198.51.100.0/24", .equivalent), ("::1", "::", "::1", .equivalent),
      ("::1", "::", "2001:db8::/32", .wider),
    ] as [(String, String, String?, AccessDifference.Relation)])
  func `reach`(
    _ before: String, _ after: String, _ whiteList: String?, _ relation: AccessDifference.Relation
  ) throws {
    func version(_ addresses: String) throws -> PlanVersion {
      var plan = try #require(Plan.example)
      plan.services[0].listeners = try addresses.split(separator: " ").map {
        Plan.Listener(address: try IPAddress(parsing: $0), port: 110, tls: .none)
      }
      if let whiteList {
        plan.services[0].ipControl.defaultAction = .refuse
        plan.services[0].ipControl.whiteList.addresses = AddressSet([try AddressPattern(parsing: whiteList)])
      }
      return try PlanVersion(plan, Provenance())
    }
    let diff = try PlanDiff(from: version(before), to: version(after))
    let access = try #require(diff.access.first)
    #expect(access.relation == relation)
    #expect(access.newlyAllowed.isEmpty == ![.wider, .incomparable].contains(relation))
    #expect(access.newlyRefused.isEmpty == ![.narrower, .incomparable].contains(relation))
    #expect(diff.classes.contains(.accessWidened) == [.wider, .incomparable].contains(relation))
    #expect(diff.classes.contains(.accessNarrowed) == [.narrower, .incomparable].contains(relation))
    let back = try PlanDiff(from: version(after), to: version(before))
    #expect(back.classes.contains(.accessNarrowed) == diff.classes.contains(.accessWidened))
  }

  @Test func `reach is in the JSON`() throws {
    let plan = try #require(Plan.example)
    var wider = plan
    wider.services[0].listeners[0].address = IPAddress(v4: 0)
    let diff = try PlanDiff(from: PlanVersion(plan, Provenance()), to: PlanVersion(wider, Provenance()))
    let json = String(decoding: try diff.json(), as: UTF8.self)
    let reach =
      #""reach":{"after":{"ipv4":"network","ipv6":"none","proxy":false},"before":{"ipv4":"host","ipv6":"none","proxy":false}}"#
    #expect(json.contains(reach + #","relation":"wider","service":"one""#), "\(json)")
    #expect(json.contains(#""reach":null,"relation":"equivalent","service":"two""#))
  }

  @Test(arguments: [
    ("", "0"), ("10.0.0.0/24", "256"), ("0.0.0.0/0", "4294967296"),
    ("::/0", "340282366920938463463374607431768211456"),
    ("::/0 0.0.0.0/0", "340282366920938463463374607436063178752"),
    ("::/1 10.0.0.1", "170141183460469231731687303715884105729"), ("2001:db8::/64", "18446744073709551616"),
    ("2001:db8::/68", "1152921504606846976"),
  ])
  func `totals`(_ text: String, _ total: String) throws {
    let set = AddressSet(try text.split(separator: " ").map { try AddressPattern(parsing: $0) })
    #expect(set.total == total)
  }
}
