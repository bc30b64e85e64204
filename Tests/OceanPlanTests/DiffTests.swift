import OceanAddresses
import OceanPlan
import TestSupport
import Testing

@Suite struct DiffTests {
  let plan: Plan

  init() throws { plan = try #require(Plan.example) }

  @Test func `nothing differs from itself`() {
    #expect(Plan.diff(plan, plan) == [])
  }

  @Test func `everything differs from nothing`() {
    let changes = Plan.diff(nil, plan)
    #expect(
      changes.prefix(2) == [.opened(.local(110), service: "one"), .opened(.local(1110), service: "one")])
    let paths = plan.settings.filter { $0.value != nil }.map(\.path).sorted()
    #expect(changes.dropFirst(2).map(\.path) == paths)
  }

  typealias Edit = (path: String, apply: @Sendable (inout Plan) throws -> Void)

  /// One change for each setting in the catalogue, and for what is not a setting of its own.
  static let edits: [Edit] =
    (Plan.example?.edits ?? []).filter { $0.path != "services.one.listeners" }
    .map { edit -> Edit in (edit.path.description, { edit.apply(&$0) }) } + otherEdits

  private static let otherEdits: [Edit] = [
    ("certificates.ec.expires", { $0.certificates[0].name = "third" }),
    ("accounts.more.passwd_file", { $0.accounts[1].name = "other" }),
    ("services.two.enabled", { $0.services[1].name = "three" }),
    ("services.one.tls.profile", { $0.services[0].tls = nil }),
    ("services.one.listeners.127.0.0.1:110.tls", { $0.services[0].listeners[0].tls = .implicit }),
    ("services.two.listeners", { $0.services[1].listeners[0].tls = .implicit }),
    ("services.two.listeners", { $0.services[1].listeners = [] }),
  ]

  @Test(arguments: edits.indices) func `every difference appears`(_ index: Int) throws {
    let (path, edit) = Self.edits[index]
    var changed = plan
    try edit(&changed)
    #expect(try changed.digest != plan.digest)
    let changes = Plan.diff(plan, changed)
    #expect(changes.contains { $0.path == SettingPath(path) })
    // Backwards the result is the same with the sides exchanged.
    let back = Plan.diff(changed, plan)
    #expect(Set(back.map(\.reversed)) == Set(changes))
  }

  /// Two plans of random edits differ if and only if there are changes.
  @Test(arguments: 0..<50) func `changes if and only if plans differ`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var (a, b) = (plan, plan)
    for _ in 0..<3 {
      if let edit = Self.edits.randomElement(using: &random) { try edit.1(&a) }
      if let edit = Self.edits.randomElement(using: &random) { try edit.1(&b) }
    }
    #expect(Plan.diff(a, b).isEmpty == (a == b))
  }

  @Test func `listeners open first and close last`() {
    var changed = plan
    changed.services[0].listeners = [.local(110), .local(3110)]
    changed.server.hostname = "mx"
    #expect(
      Plan.diff(plan, changed) == [
        .opened(.local(3110), service: "one"),
        .setting(path: "server.hostname", before: .text("mail.example.org"), after: .text("mx")),
        .closed(.local(1110), service: "one"),
      ])
  }

  /// Switching a service off opens nothing, and is shown as what it is.
  @Test func `service that is switched off`() throws {
    var off = plan
    off.services[0].enabled = false
    #expect(
      Plan.diff(plan, off) == [
        .setting(path: "services.one.enabled", before: .text("true"), after: .text("false")),
        .closed(.local(110), service: "one"), .closed(.local(1110), service: "one"),
      ])
    #expect(
      try classes(plan, off) == [.serviceRemoved, .listenerClosed, .accessNarrowed, .plaintextLogin, .tls])
    #expect(
      try classes(off, plan) == [.serviceAdded, .listenerOpened, .accessWidened, .plaintextLogin, .tls])
    // A change of the listener while the service is off.
    var moved = off
    moved.services[0].listeners = [.local(111)]
    #expect(
      Plan.diff(off, moved) == [
        .setting(
          path: "services.one.listeners", before: .text("127.0.0.1:110, 127.0.0.1:1110"),
          after: .text("127.0.0.1:111"))
      ])
    #expect(try classes(off, moved) == [.listenerMoved])
    // Both changes at once.
    let both = Plan.diff(plan, moved)
    #expect(both.compactMap(\.path) == ["services.one.enabled", "services.one.listeners"])
    #expect(both.suffix(2) == [.closed(.local(110), service: "one"), .closed(.local(1110), service: "one")])
    // A service that comes or goes while it is off.
    var without = plan
    without.services.removeLast()
    let added = PlanDiff(
      from: try PlanVersion(without, Provenance()), to: try PlanVersion(plan, Provenance()))
    #expect(added.classes.contains(.serviceAdded) && !added.classes.contains(.serviceRemoved))
    let removed = try classes(plan, without)
    #expect(
      removed.contains(.serviceRemoved) && !removed.contains(.serviceAdded) && !removed.contains(.server))
  }

  private func classes(_ old: Plan, _ new: Plan) throws -> Set<ChangeClass> {
    PlanDiff(from: try PlanVersion(old, Provenance()), to: try PlanVersion(new, Provenance())).classes
  }

  /// Sets with equal short texts have different full texts, and the short text of the change names the
  /// difference.
  @Test func `long lists of one length`() throws {
    func list(_ octet: Int) throws -> AddressSet {
      AddressSet(try (0..<12).map { try AddressPattern(parsing: "10.\(octet).\($0).1") })
    }
    for path in [
      "services.one.plaintext_login", "services.one.proxy_from", "server.anti_hammering.never_block",
    ] {
      let (old, new) = (try list(1), try list(2))
      let change = Change.setting(path: SettingPath(path), before: .addresses(old), after: .addresses(new))
      #expect(change.before != change.after && change.after?.hasSuffix("10.2.10.1, 10.2.11.1") == true)
      #expect(
        change.description
          == "\(path): 12 IPv4, 0 IPv6 -> 12 IPv4, 0 IPv6; new: 12 IPv4, 0 IPv6; gone: 12 IPv4, 0 IPv6")
    }
  }

  @Test func `listener that moves stays open`() {
    var changed = plan
    changed.services[0].listeners = [.local(110)]
    changed.services[1].listeners = [.local(1110)]
    changed.services[1].enabled = true
    let changes = Plan.diff(plan, changed)
    #expect(changes.first == .handedOver(.local(1110), from: "one", to: "two"))
    #expect(changes.compactMap(\.path).count == changes.count - 1)
  }

  /// This is one change, not one for each number.
  @Test func `exceptions to a limit`() throws {
    typealias Exception = Plan.Server.Limits.Exception
    var (old, new) = (plan, plan)
    old.server.limits.exceptions = [
      Exception(from: .localhost, connectionsPerIP: 50),
      Exception(from: AddressSet([try AddressPattern(parsing: "198.51.100.8/29")]), connectionsPerIP: 200),
    ]
    new.server.limits.exceptions = old.server.limits.exceptions
    new.server.limits.exceptions[1].connectionsPerIP = 100
    let change = try #require(Plan.diff(old, new).first)
    #expect(Plan.diff(old, new).count == 1)
    #expect(change.path == "server.limits.except")
    #expect(change.before == "127.0.0.1, ::1: 50; 198.51.100.8/29: 200")
    #expect(change.after == "127.0.0.1, ::1: 50; 198.51.100.8/29: 100")
    #expect(change.effect == "applies at once; open connections stay")
    #expect(Plan.diff(plan, new).map(\.path) == ["server.limits.except"])
    #expect(Plan.diff(plan, plan) == [])
  }

  /// A value that goes has no successor that could be written.
  @Test func `without TLS`() {
    var changed = plan
    changed.services[0].tls = nil
    #expect(
      Plan.diff(plan, changed).map(\.description) == [
        "services.one.tls.certificate: no longer ec", "services.one.tls.explicit: optional -> off",
        "services.one.tls.profile: no longer modern",
      ])
    #expect(
      Plan.diff(changed, plan).map(\.description) == [
        "services.one.tls.certificate: ec", "services.one.tls.explicit: off -> optional",
        "services.one.tls.profile: modern",
      ])
  }

  /// A renewed certificate changes nothing else, and so can be told apart from everything else.
  @Test func `renewal`() {
    var changed = plan
    changed.certificates[0].leaf.notAfter = 1_900_000_000
    #expect(
      Plan.diff(plan, changed) == [
        .setting(
          path: "certificates.ec.expires", before: .text("2027-01-15T08:00:00Z"),
          after: .text("2030-03-17T17:46:40Z"))
      ])
  }

  @Test func `socket that becomes TLS stays open`() {
    var changed = plan
    changed.services[0].listeners[1].tls = .implicit
    #expect(
      Plan.diff(plan, changed) == [
        .setting(
          path: "services.one.listeners.127.0.0.1:1110.tls", before: .text("none"), after: .text("implicit"))
      ])
    // The same change, with a move to another service.
    changed.services[1].listeners = [changed.services[0].listeners.removeLast()]
    changed.services[1].enabled = true
    let changes = Plan.diff(plan, changed)
    #expect(
      changes.contains {
        if case .handedOver(let socket, "one", "two") = $0 { socket.tls == .implicit } else { false }
      })
    #expect(!changes.contains { if case .opened = $0 { true } else { false } })
    #expect(!changes.contains { if case .closed = $0 { true } else { false } })
  }

  @Test(arguments: [
    (0, "0s"), (59, "59s"), (60, "1m"), (90, "1m30s"), (5400, "1h30m"), (86_400, "1d"), (90_061, "1d1h1m1s"),
  ])
  func `durations`(_ seconds: Int, _ text: String) {
    #expect(Duration.text(seconds: seconds) == text)
  }

  @Test(arguments: [
    (AddressSet.loopback, "loopback"), (AddressSet.all, "always"), (AddressSet(), "never"),
    (AddressSet([AddressPattern(IPPrefix(IPAddress(v4: 10 << 24), length: 8))]), "10.0.0.0/8"),
  ])
  func `plaintext login`(_ networks: AddressSet, _ text: String) throws {
    var plan = plan
    plan.services[0].plaintextLogin = networks
    let setting = plan.settings.first { $0.path == "services.one.plaintext_login" }
    #expect(setting?.value?.text == text)
  }
}

extension Change {
  fileprivate var path: SettingPath? {
    if case .setting(let path, _, _) = self { path } else { nil }
  }

  fileprivate var reversed: Change {
    switch self {
    case .opened(let listener, let service): .closed(listener, service: service)
    case .closed(let listener, let service): .opened(listener, service: service)
    case .handedOver(let listener, let old, let new): .handedOver(listener, from: new, to: old)
    case .setting(let path, let before, let after): .setting(path: path, before: after, after: before)
    }
  }
}
