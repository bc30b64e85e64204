import OceanAddresses
import OceanBase
import OceanCompiler
import OceanPlan
import OceanSyntax
import Testing

/// Entries with an end, compiled at several times.
@Suite struct EndTests {
  private static let config = """
    version: 1
    accounts: { main: { passwd_file: users.passwd } }
    mail: { maildir: "/var/mail/{user}" }
    server:
      anti_hammering: { never_block: [{ address: 127.0.0.1, until: 2027-01-31 }, guests] }
    address_lists:
      guests: [198.51.100.7, { address: 198.51.100.0/28, until: 2027-02-10 }]
    services:
      one:
        plaintext_login: [127.0.0.1, { address: 192.0.2.7, until: "2027-02-05T12:00:00+01:00" }]
        proxy_from: { address: 192.0.2.8, until: 2027-02-05 }
        ip_control:
          default: refuse
          white_list:
            enabled: false
            entries: [{ address: 203.0.113.9, until: 2027-01-31 }]
          black_list: [guests, { address: "2001:db9::/32", until: 2027-02-20 }, { file: lists/drop.netset }]
    expect:
      - { from: [guests, { address: 203.0.113.7, until: 2027-01-31 }], verdict: refuse }
      - { plaintext_only_from: [guests, 192.0.2.7] }
    """

  private func file(at time: String) throws -> PlanFile {
    var host = TestHost()
    host.time = try #require(RuleEnd(parsing: time)).seconds
    let compiled = try Compiled(Self.config, host: host).result
    let plan = try #require(compiled.plan, "\(compiled.diagnostics)")
    return try PlanFile(
      plan: plan, inputs: compiled.inputs, provenance: compiled.provenance, rules: compiled.rules,
      expectations: compiled.expectations)
  }

  @Test func `the plan says when addresses leave which list`() throws {
    func text(_ end: Plan.End) -> String {
      let ranges = IPFamily.allCases.flatMap { Array(end.leaving.ranges(of: $0)) }.map(\.description)
      return "\(end.at): \(ranges.joined(separator: ", ")) of \(end.list)"
    }
    #expect(
      try file(at: "2027-01-15").plan.ends.map(text) == [
        "2027-01-31: 203.0.113.9 of services.one.ip_control.white_list",
        "2027-02-05T11:00:00Z: 192.0.2.7 of services.one.plaintext_login",
        "2027-02-05: 192.0.2.8 of services.one.proxy_from",
        "2027-02-10: 198.51.100.0-198.51.100.6, 198.51.100.8/29 of server.anti_hammering.never_block",
        "2027-02-10: 198.51.100.0-198.51.100.6, 198.51.100.8/29 of services.one.ip_control.black_list",
        "2027-02-20: 2001:db9::/32 of services.one.ip_control.black_list",
      ])
  }

  /// A running server drops a rule without reading the config: the result must be the same.
  @Test func `a rule that ends while a plan runs is a rule that had ended when it was compiled`() throws {
    let first = try file(at: "2027-01-15")
    var digests: Set<Digest> = []
    for time in [
      "2027-01-15", "2027-01-30", "2027-01-31", "2027-02-05T10:59:59Z", "2027-02-05T11:00:00Z", "2027-02-05",
      "2027-02-09", "2027-02-10", "2027-02-20", "2030-01-01",
    ] {
      let at = try #require(RuleEnd(parsing: time)).seconds
      let (ended, compiled) = (try first.ended(by: at), try file(at: time))
      #expect(ended.plan == compiled.plan && ended.digest == compiled.digest, "\(time)")
      #expect(ended.rules == compiled.rules, "\(time)")
      #expect(ended.expectations == compiled.expectations, "\(time)")
      digests.insert(compiled.digest)
    }
    #expect(digests.count == 6)
  }

  @Test func `an end is a difference of plans, which has a class of its own`() throws {
    func diff(_ old: String, _ new: String, at day: String = "2026-12-01") throws -> PlanDiff {
      func version(_ entry: String) throws -> PlanVersion {
        let text = """
          version: 1
          accounts: { main: { passwd_file: users.passwd } }
          mail: { maildir: "/var/mail/{user}" }
          services: { one: { ip_control: { white_list: [\(entry)], default: refuse } } }
          """
        let result = try Compiled(text).result
        return try PlanVersion(
          try #require(result.plan, "\(result.diagnostics)"), result.provenance, rules: result.rules)
      }
      let now = try #require(Timestamp.seconds(ofTimeOrDay: day))
      return PlanDiff(from: try version(old), to: try version(new), at: now)
    }
    let (plain, ending) = ("127.0.0.1", "{ address: 127.0.0.1, until: 2027-12-31 }")
    #expect(try diff(plain, ending).classes == [.ruleEnds])
    #expect(try diff(ending, plain).classes == [.ruleEnds])
    #expect(try diff(ending, "{ address: 127.0.0.1, until: 2027-12-30 }").classes == [.ruleEnds])
    #expect(try diff(ending, "{ address: 127.0.0.1, until: \"2028-01-01T00:00:00Z\" }").classes == [])
    let gone = "{ address: 127.0.0.1, until: 2020-12-31 }"
    #expect(try diff(ending, gone, at: "2028-01-01").classes.contains(.ruleEnded))
    let early = try diff(ending, gone, at: "2027-12-31").classes
    #expect(early.isSuperset(of: [.ruleEnds, .ipControl]) && !early.contains(.ruleEnded))
    #expect(try diff("\(plain), \(ending)", plain).classes == [])
    // An edit is not an end, whatever ends with it.
    #expect(try diff(ending, "127.0.0.2").classes.isSuperset(of: [.ruleEnds, .ipControl]))
    #expect(try diff(ending, plain).witness(against: .noEffect) != nil)
  }

  @Test(arguments: [100, 240])
  func `expectations are checked after many ends, and what is not is said`(
    _ count: Int
  ) throws {
    let start = try #require(Timestamp.seconds(ofTimeOrDay: "2027-06-01"))
    let entries = (0..<count).map { index in
      #"{ address: 10.0.\#(index / 256).\#(index % 256), until: "\#(Timestamp.text(start + Int64(index)))" }"#
    }
    let last = "10.0.\((count - 1) / 256).\((count - 1) % 256)"
    let result = try Compiled(
      """
      version: 1
      accounts: { main: { passwd_file: users.passwd } }
      mail: { maildir: "/var/mail/{user}" }
      server: { bind: 192.0.2.10 }
      certificates: { main: { chain: main.pem, key: main.key } }
      services: { one: { ip_control: { white_list: [\(entries.joined(separator: ", "))], default: refuse } } }
      expect: [{ from: \(last), verdict: allow }]
      """
    ).result
    let isChecked = count == 100
    #expect(result.diagnostics.contains { $0.code.id == "OC0462" } == isChecked)
    #expect(
      result.notChecked
        == (isChecked
          ? []
          : [
            "expectations from 2027-06-01T00:03:18Z on: they are checked after the first 198 of 240 ends of rules"
          ]))
  }
}
