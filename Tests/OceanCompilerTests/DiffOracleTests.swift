import Foundation
import OceanCompiler
import OceanAddresses
import OceanPlan
import TestSupport
import Testing

/// Compares diffs of random configs with the decisions about every single address.
@Suite struct DiffOracleTests {
  private static let universe: [IPAddress] =
    (UInt32(0)..<32).map { IPAddress(v4: 10 << 24 | $0) }
    + (UInt128(0)..<8).map { IPAddress(v6: 0x2001_0db8 << 96 | $0) }

  private func version(_ compiled: Compiled) throws -> PlanVersion {
    try PlanVersion(
      #require(compiled.result.plan), compiled.result.provenance, rules: compiled.result.rules,
      expectations: compiled.result.expectations)
  }

  /// - Parameter isNamed: whether a proxy names the address, be it a proxy's own.
  private func isAllowed(
    _ address: IPAddress, _ service: String, _ version: PlanVersion, isNamed: Bool = false
  ) -> Bool {
    guard let service = version.plan.services.first(where: { $0.name == service && $0.enabled }) else {
      return false
    }
    // Every listener is reached from everywhere.
    return (isNamed || !service.proxyFrom.contains(address))
      && AccessPolicy(service, of: version.plan.server, rules: version.rules)
        .decide(address, isBlocked: false).isAllowed
  }

  private struct JSON: Decodable {
    struct Change: Decodable {
      let path: String
      let before: String?
      let after: String?
      let added: [String]?
      let removed: [String]?
    }
    struct Access: Decodable {
      struct Kept: Decodable { let addresses: [String] }
      let service: String
      let newly_allowed: [String]
      let newly_refused: [String]
      let kept: [Kept]
    }
    let effect: String
    let from: String
    let to: String
    let changes: [Change]
    let access: [Access]
  }

  @Test(arguments: 0..<60) func `address by address`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let configs = [RandomConfig(using: &random), RandomConfig(using: &random)]
    let versions = try configs.map { try version($0.compiled($0.text)) }
    let diff = PlanDiff(from: versions[0], to: versions[1])
    #expect(diff.changes.isEmpty == (versions[0].digest == versions[1].digest))
    #expect(
      PlanDiff(from: versions[0], to: try version(configs[0].compiled(configs[0].text))).changes.isEmpty)
    for access in diff.access {
      for address in Self.universe {
        let isProxy = versions.allSatisfy { version in
          version.plan.services.first { $0.name == access.service && $0.enabled }?.proxyFrom.contains(address)
            ?? false
        }
        let before = isAllowed(address, access.service, versions[0], isNamed: isProxy)
        let after = isAllowed(address, access.service, versions[1], isNamed: isProxy)
        #expect(access.newlyAllowed.contains(address) == (!before && after), "\(access.service) \(address)")
        #expect(access.newlyRefused.contains(address) == (before && !after), "\(access.service) \(address)")
      }
    }
    try holds(JSONDecoder().decode(JSON.self, from: Data(diff.json())), diff)
  }

  /// The JSON form says the same, in full.
  private func holds(_ json: JSON, _ diff: PlanDiff) throws {
    func set(_ texts: [String]) throws -> AddressSet {
      AddressSet(try texts.map { try AddressPattern(parsing: $0) })
    }
    #expect((json.effect == "none") == diff.isEmpty)
    for (access, written) in zip(diff.access, json.access) {
      #expect(try set(written.newly_allowed) == access.newlyAllowed)
      #expect(try set(written.newly_refused) == access.newlyRefused)
      #expect(try set(written.kept.flatMap(\.addresses)).isDisjoint(with: access.newlyRefused))
    }
    #expect(json.changes.count == diff.changes.count)
    for (change, written) in zip(diff.changes, json.changes) {
      guard case .setting(_, let before, let after) = change else { continue }
      #expect(written.before != written.after, "\(written.path)")
      guard case .addresses(let old)? = before, case .addresses(let new)? = after else { continue }
      #expect(try set(written.added ?? []) == new.subtracting(old))
      #expect(try set(written.removed ?? []) == old.subtracting(new))
    }
  }

  // MARK: - One meaning, one digest

  private static let base = """
    version: 1
    server: { bind: [127.0.0.1] }
    accounts: { main: { passwd_file: users.passwd }, more: { passwd_file: more.passwd } }
    mail: { maildir: "/var/mail/{user}" }
    address_lists: { empty: [], office: [10.0.0.1] }
    services:
      pop3: { IPCONTROL plaintext_login: always, accounts: [main, more] }
      off: { ports: [1110], enabled: false }

    """

  private func digest(_ control: String) throws -> Digest {
    let compiled = try Compiled(Self.base.replacing("IPCONTROL", with: control))
    return try #require(compiled.result.plan, "\(compiled.report)").digest
  }

  @Test(arguments: [
    "ip_control: { white_list: { enabled: false } },",
    "ip_control: { black_list: { enabled: false, entries: [] } },",
    "ip_control: { white_list: { enabled: false, entries: [empty] }, black_list: [] },", "ip_control: {},",
    "ip_control: { default: allow },", "proxy_from: [],",
    "tls: { implicit: { enabled: false, ports: [1995] } },",
    "tls: { profile: modern },", "max_connections: 200,", "anti_hammering: true,",
  ])
  func `spellings of nothing`(_ control: String) throws {
    #expect(try digest(control) == digest(""))
  }

  @Test(arguments: [
    (
      "ip_control: { white_list: { enabled: false, entries: [office, empty] } },",
      "ip_control: { white_list: { entries: [10.0.0.1], enabled: false } },"
    ),
    (
      "ip_control: { black_list: [10.0.0.0/25, 10.0.0.128/25, office] },",
      "ip_control: { black_list: 10.0.0.* },"
    ),
    ("proxy_from: [office, office],", "proxy_from: 10.0.0.1/32,"),
  ])
  func `spellings`(_ pair: (String, String)) throws {
    #expect(try digest(pair.0) == digest(pair.1))
    #expect(try digest(pair.0) != digest(""))
  }

  /// A list that is switched off and has only a file as its entry may have lines tomorrow: the switch is a
  /// change, and shown.
  @Test func `switch of a file without lines`() throws {
    var host = TestHost()
    host.lists = ["empty.netset": "# none yet\n"]
    let plans = try [
      "", "ip_control: { white_list: { enabled: false, entries: [{ file: empty.netset }] } },",
    ].map {
      try #require(try Compiled(Self.base.replacing("IPCONTROL", with: $0), host: host).result.plan)
    }
    #expect(
      Plan.diff(plans[0], plans[1]) == [
        .setting(
          path: SettingPath("services.pop3.ip_control.white_list.enabled"), before: nil, after: .text("false")
        )
      ])
    #expect(try plans[0].digest != plans[1].digest)
  }
}
