import OceanAddresses
import OceanCompiler
import OceanPlan
import OceanSyntax
import Testing

/// Tests expectations with every verb, kept in plan files and compared.
@Suite struct ExpectationTests {
  private static let config = """
    version: 1
    server: { bind: [192.0.2.10, 127.0.0.1], hostname: mail.example.org }
    accounts: { main: { passwd_file: users.passwd } }
    mail: { maildir: "/var/mail/{user}" }
    certificates:
      main: { chain: main.pem, key: main.key }
    address_lists: { office: [198.51.100.8/29], wide: [10.0.0.0/8, 198.51.100.0/24, "2001:db8::/31"] }
    services:
      pop3:
        ip_control: { black_list: [203.0.113.0/24] }
      devices:
        ports: [1110]
        tls: { implicit: [], explicit: optional, profile: legacy }
        anti_hammering: false
        plaintext_login: [wide]
        proxy_from: [10.0.0.4]
        ip_control: { default: refuse, white_list: [office, wide] }
    """

  static let holding = [
    "{ from: office, to: [devices, \"192.0.2.10:1110\"], via: 10.0.0.4, verdict: allow }",
    "{ from: 192.0.2.1, to: devices, via: 10.0.0.3, verdict: refuse }",
    "{ from: 198.51.100.8/30, to: pop3, user: near, verdict: allow }",
    "{ from: 198.51.100.12/30, user: near, verdict: refuse }",
    "{ from: office, to: pop3, certificate: main, server_name: mail.example.org, verdict: allow }",
    "{ from: office, to: \"*\", user: anna, tls: 1.2, can: login, certificate: main, verdict: allow }",
    "{ list: office, at_least: 8, at_most: 8, largest_network: /29 }",
    "{ list: wide, largest_network: /8 }",
    "{ to: pop3, tls_at_least: 1.2, plaintext_only_from: [], anti_hammering: true }",
    "{ plaintext_only_from: wide }",
  ]

  private func compiled(_ expect: [String]) throws -> Compilation {
    try Compiled(Self.config + "\nexpect:\n" + expect.map { "  - \($0)\n" }.joined()).result
  }

  private func plan(_ expect: [String]) throws -> PlanFile {
    let result = try compiled(expect)
    return try PlanFile(
      plan: try #require(result.plan), inputs: result.inputs, provenance: result.provenance,
      rules: result.rules,
      expectations: result.expectations)
  }

  @Test func `they hold, and a plan file keeps them`() throws {
    let result = try compiled(Self.holding)
    #expect(result.diagnostics.filter { $0.severity == .error } == [])
    #expect(result.notChecked == [])
    #expect(result.expectations.count == 12)
    let file = try plan(Self.holding)
    #expect(try PlanFile(json: file.json).expectations == result.expectations)
  }

  @Test(arguments: holding.indices) func `one that goes or comes is a change`(_ index: Int) throws {
    var fewer = Self.holding
    fewer.remove(at: index)
    let (all, rest) = (PlanVersion(try plan(Self.holding)), PlanVersion(try plan(fewer)))
    let removed = try #require(PlanDiff(from: all, to: rest).expectations)
    #expect(!removed.removed.isEmpty && removed.added.isEmpty)
    #expect(removed.removed.allSatisfy { $0.span.line == 19 + index }, "\(removed.removed)")
    let added = try #require(PlanDiff(from: rest, to: all).expectations)
    #expect(added.removed.isEmpty && added.added.count == removed.removed.count)
    #expect(try #require(PlanDiff(from: all, to: all).expectations).isEmpty)
  }

  @Test(arguments: [
    ("{ list: wide, at_most: 99999999999 , largest_network: /7 }", "{ list: wide, largest_network: /7 }"),
    ("{ list: office, at_least: 8, at_most: 8 }", "{ list: office, at_least: 1, at_most: 300 }"),
    ("{ anti_hammering: true, to: pop3 }", "{ to: [pop3], anti_hammering: true }"),
    ("{ from: office, to: pop3, user: anna, verdict: allow }", "{ from: office, to: pop3, verdict: allow }"),
    (
      "{ from: office, to: pop3, certificate: main, verdict: allow }",
      "{ from: office, to: pop3, verdict: allow }"
    ),
  ])
  func `what requires more replaces what requires less`(_ more: String, _ less: String) throws {
    let more = more.replacing("at_most: 99999999999 , ", with: "")
    let (before, after) = (PlanVersion(try plan([less])), PlanVersion(try plan([more])))
    #expect(try #require(PlanDiff(from: before, to: after).expectations).removed.isEmpty)
  }

  /// Every address of a small network, judged alone and all together.
  @Test func `the addresses for which it does not hold are exact`() throws {
    for address in 0..<16 {
      let from = "198.51.100.\(address)"
      let one = try compiled(["{ from: \(from), to: devices, user: near, verdict: allow }"])
      #expect(one.diagnostics.contains { $0.severity == .error } == !(8..<12).contains(address))
    }
    let all = try compiled(["{ from: 198.51.100.0/28, to: devices, user: near, verdict: allow }"])
    #expect(
      all.diagnostics.first { $0.code.id == "OC0327" }?.message
        == "this expectation does not hold: at 'devices' the account is refused for 12 of its 16 addresses: "
        + "198.51.100.0/29, 198.51.100.12/30")
  }
}
