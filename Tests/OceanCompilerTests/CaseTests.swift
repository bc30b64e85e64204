import Foundation
import OceanAddresses
import OceanBase
import OceanPlan
import OceanSyntax
import Testing

@testable import OceanCompiler

/// Judges cases of test files about configs.
@Suite struct CaseTests {
  static let config = """
    version: 1
    server: { bind: [192.0.2.10, 127.0.0.1] }
    accounts: { main: { passwd_file: users.passwd } }
    mail: { maildir: "/var/mail/{user}" }
    certificates: { main: { chain: main.pem, key: main.key } }
    address_lists: { office: [198.51.100.8/29], nobody: [] }
    services:
      pop3:
        ip_control:
          black_list: [203.0.113.0/24, { file: lists/drop.netset }]
          white_list: [203.0.113.9]
      proxied:
        bind: [192.0.2.10, "2001:db8::10"]
        ports: [1110]
        tls: { implicit: [], explicit: optional, profile: modern }
        plaintext_login: [10.0.0.0/8]
        proxy_from: [10.0.0.4]
        ip_control: { default: refuse, white_list: [office, 10.0.0.0/8] }
      off: { enabled: false, ports: [2110] }
    """

  /// What does not hold of cases, a line for each: the name, what is wanted, what is found, and what decides.
  private func failures(_ cases: String, config: String = Self.config) throws -> [String] {
    let (tests, compiled) = try lowered(cases, config: config)
    #expect(tests.diagnostics == [])
    let plan = try #require(compiled.result.plan)
    var judge = CaseJudge(plan, compiled.result.provenance, compiled.result.rules, accounts: Self.account)
    return tests.files.flatMap(\.cases).flatMap { test in
      (test.access.map { judge.findings(of: $0) } ?? []).map { finding in
        "\(test.name): \(finding.wanted); \(finding.found); \(finding.violation?.blame ?? "")"
      }
    }
  }

  private func lowered(_ cases: String, config: String) throws -> (LoweredTests, Compiled) {
    var host = TestHost()
    host.lists["drop.netset"] = "198.51.100.0/30\n198.51.100.12\n198.51.100.13\n"
    let compiled = try Compiled(config, host: host)
    #expect(compiled.errors == [])
    var tests = LoadedTests(for: compiled.loaded)
    let text = cases.split(separator: "\n").map { "  - \($0)\n" }.joined()
    try tests.add("cases.yaml", files: .inMemory(["cases.yaml": "tests:\n" + text]))
    return (LoweredTests(tests, for: compiled.loaded, host.facts(for: compiled.loaded.factRequest)), compiled)
  }

  private static func account(_ user: String, _ service: Plan.Service) -> AccountAnswer {
    let place = Provenance.Origin(file: "users.passwd", line: 3, column: 1)
    func account(_ clients: AddressSet, _ refusal: String, _ mailbox: AccountAnswer.Mailbox) -> AccountAnswer
    {
      .found(AccountAnswer.Account(clients: clients, refusal: refusal, place: place, mailbox: { mailbox }))
    }
    switch user {
    case "anna": return account(.all, "", .present("/var/mail/anna"))
    case "near":
      let near = (try? AddressPattern(parsing: "198.51.100.8/30")).map { AddressSet([$0]) } ?? AddressSet()
      return account(near, "not from this address (allow_nets)", .missing("/var/mail/near"))
    case "nobody": return account(AddressSet(), "no account of that name", .unknown("none"))
    default: return .unknown("cannot read users.passwd")
    }
  }

  @Test func `what is so holds`() throws {
    #expect(
      try failures(
        """
        { from: [203.0.113.9, 198.51.100.15], to: pop3, want: { verdict: allow } }
        { from: 203.0.113.0-203.0.113.8, to: pop3, want: { verdict: refuse, rule: 203.0.113.0/24 } }
        { from: 203.0.113.7, to: pop3, want: { rule: "ocean.yaml:10" } }
        { from: 203.0.113.9, to: pop3, want: { rule: "/etc/ocean/ocean.yaml:11" } }
        { from: 198.51.100.12-198.51.100.13, to: pop3, want: { rule: lists/drop.netset } }
        { from: 198.51.100.13, to: pop3, want: { rule: "lists/drop.netset:3" } }
        { from: 192.0.2.1, to: pop3, want: { rule: default, login: offered, certificate: main } }
        { from: 192.0.2.1, to: "192.0.2.10:995", tls: 1.2, want: { verdict: allow } }
        { from: 192.0.2.1, to: "192.0.2.10:995", tls: 1.1, want: { verdict: refuse, rule: tls.profile } }
        { from: 192.0.2.1, to: pop3, tls: none, want: { verdict: allow, login: refused } }
        { from: office, to: proxied, want: { verdict: allow, rule: office } }
        { from: 192.0.2.1, to: proxied, want: { verdict: refuse, rule: default } }
        { from: 10.0.0.5, to: proxied, tls: none, want: { login: offered } }
        { from: "2001:db8::1", to: proxied, want: { verdict: refuse } }
        { from: 10.0.0.4, to: proxied, want: { rule: proxy_from } }
        { from: office, to: proxied, via: 10.0.0.4, want: { verdict: allow } }
        { from: office, to: proxied, via: 10.0.0.3, want: { verdict: refuse, rule: proxy_from } }
        { from: office, to: proxied, user: anna, want: { verdict: allow, mailbox: /var/mail/anna } }
        { from: 198.51.100.8/30, to: proxied, user: near, want: { verdict: allow, mailbox: missing } }
        { from: 198.51.100.12/30, to: proxied, user: near, want: { verdict: refuse, rule: "users.passwd:3" } }
        { from: 10.0.0.5, to: "*", want: { verdict: allow } }
        { from: 127.0.0.1, to: "127.0.0.1:110", tls: none, want: { login: refused } }
        """) == [])
  }

  @Test func `what is not so is named with its addresses and what decides`() throws {
    #expect(
      try failures(
        """
        { name: a, from: office, to: pop3, want: { verdict: allow } }
        { name: b, from: 203.0.113.8/30, to: pop3, want: { verdict: refuse, rule: 203.0.113.0/24 } }
        { name: c, from: office, to: pop3, want: { rule: "lists/drop.netset:2" } }
        { name: d, from: 192.0.2.1, to: "192.0.2.10:110", tls: none, want: { verdict: allow } }
        { name: e, from: 192.0.2.1, to: pop3, tls: 1.1, want: { login: offered } }
        { name: f, from: office, to: proxied, tls: 1.3, want: { login: refused, certificate: other } }
        { name: g, from: 203.0.113.1, to: pop3, want: { certificate: main } }
        { name: h, from: office, to: proxied, via: 10.0.0.3, want: { verdict: allow } }
        { name: i, from: office, to: proxied, user: near, want: { verdict: allow } }
        { name: j, from: office, to: proxied, user: anna, want: { mailbox: missing } }
        { name: k, from: office, to: proxied, user: anna, want: { mailbox: /var/mail/other } }
        { name: l, from: 198.51.100.8, to: proxied, user: near, want: { mailbox: /var/mail/near } }
        { name: m, from: office, to: proxied, user: other, want: { verdict: allow } }
        { name: n, from: office, to: proxied, user: nobody, want: { verdict: allow, mailbox: missing } }
        { name: o, from: 192.0.2.1, want: { verdict: allow } }
        """) == [
          "a: verdict: allow; 'pop3' refuses 2 of its 8 addresses: 198.51.100.12/31; "
            + "black list: lists/drop.netset",
          "b: verdict: refuse; 'pop3' allows 203.0.113.9; white list: 203.0.113.9, ocean.yaml:11",
          "b: rule: 203.0.113.0/24; at 'pop3' something else decides about 203.0.113.9; "
            + "white list: 203.0.113.9, ocean.yaml:11",
          "c: rule: lists/drop.netset:2; at 'pop3' something else decides about 7 of its 8 addresses: "
            + "198.51.100.8/30, 198.51.100.13, 198.51.100.14/31; ip_control.default: allow "
            + "(198.51.100.8/30, 198.51.100.14/31); black list: 198.51.100.13, lists/drop.netset:3 (198.51.100.13)",
          "d: verdict: allow; at 'pop3' on 192.0.2.10:110 they cannot log in without TLS: 192.0.2.1; plaintext_login",
          "e: login: offered; at 'pop3' they cannot log in with TLS 1.1: 192.0.2.1; tls.profile: intermediate",
          "f: login: refused; at 'proxied' they can log in with TLS 1.3: all 8 addresses: 198.51.100.8/29; "
            + "white list: 198.51.100.8/29, ocean.yaml:6 (through 'office')",
          "f: certificate: other; 'proxied' presents main to clients who ask for no name; tls.certificate",
          "g: certificate: main; 'pop3' refuses 203.0.113.1; black list: 203.0.113.0/24, ocean.yaml:10",
          "h: verdict: allow; 'proxied' refuses all 8 addresses: 198.51.100.8/29; proxy_from: ocean.yaml:17",
          "i: verdict: allow; at 'proxied' the account is refused for 4 of its 8 addresses: 198.51.100.12/30; "
            + "account: near: not from this address (allow_nets), users.passwd:3",
          "j: mailbox: missing; it is there: /var/mail/anna; ",
          "k: mailbox: /var/mail/other; it is /var/mail/anna; ",
          "l: mailbox: /var/mail/near; it is missing; ",
          "m: user: other; at 'proxied' this cannot be told: cannot read users.passwd; ",
          "n: verdict: allow; at 'proxied' the account is refused for all 8 addresses: 198.51.100.8/29; "
            + "account: nobody: no account of that name, users.passwd:3",
          "n: mailbox: missing; no mailbox is opened for all 8 addresses: 198.51.100.8/29; "
            + "account: nobody: no account of that name, users.passwd:3",
          "o: verdict: allow; 'proxied' refuses 192.0.2.1; ip_control.default: refuse, ocean.yaml:18",
        ])
  }

  @Test
  func `a rule is named by its entry, by a list it is in, by both or by its place, and by nothing else`()
    throws
  {
    let config = """
      version: 1
      server: { bind: [192.0.2.10] }
      accounts: { main: { passwd_file: users.passwd } }
      mail: { maildir: "/var/mail/{user}" }
      address_lists: { office: [198.51.100.8/29], partners: [office, 192.0.2.9] }
      services:
        pop3:
          ip_control:
            default: refuse
            black_list: [{ file: lists/drop.netset }]
            white_list: [partners, { address: 203.0.113.9, until: 2099-01-31 }]
      certificates: { main: { chain: main.pem, key: main.key } }
      """
    func cases(_ rules: [(String, String)]) -> String {
      rules.map { #"{ name: a, from: \#($0), to: pop3, want: { rule: "\#($1)" } }"# }.joined(separator: "\n")
    }
    let (office, guest, dropped) = ("198.51.100.8", "203.0.113.9", "198.51.100.1")
    let right = cases([
      (office, "office"), (office, "partners"), (office, "office (198.51.100.8/29)"),
      (office, "partners (198.51.100.8/29)"), (office, "198.51.100.8/29"), (office, "ocean.yaml:5"),
      (guest, "203.0.113.9"), (guest, "203.0.113.9 until 2099-01-31"), (guest, "ocean.yaml:11"),
      (dropped, "lists/drop.netset"), (dropped, "lists/drop.netset:1"),
      (dropped, "lists/drop.netset (198.51.100.0/30)"), ("192.0.2.1", "ip_control.default"),
    ])
    #expect(try failures(right, config: config) == [])
    let wrong = [
      (office, "ocean.yaml"), (office, "white list"), (office, "partners (203.0.113.9)"),
      (guest, "ocean.yaml"),
      (guest, "partners"), (dropped, "black list"), ("192.0.2.1", "refuse"), ("192.0.2.1", "ocean.yaml"),
    ]
    #expect(try failures(cases(wrong), config: config).count == wrong.count)
  }

  @Test func `a case about nobody does not hold`() throws {
    let found = try failures(
      """
      { name: a, from: nobody, to: pop3, want: { verdict: refuse } }
      { name: b, from: [], to: pop3, want: { verdict: refuse } }
      { name: c, from: 192.0.2.1, to: pop4, want: { verdict: refuse } }
      { name: d, from: 192.0.2.1, to: "192.0.2.10:111", want: { verdict: refuse } }
      { name: e, from: 192.0.2.1, to: off, want: { verdict: refuse } }
      { name: f, from: [192.0.2.1, "2001:db8::1"], to: pop3, want: { verdict: refuse } }
      { name: g, from: "2001:db8::1", to: "192.0.2.10:1110", via: "2001:db8::4", want: { verdict: refuse } }
      """)
    #expect(
      found
        == [
          "a: no address is in its 'from'", "b: no address is in its 'from'",
          "c: there is no service 'pop4' (services: off, pop3, proxied)",
          "d: nothing listens on 192.0.2.10:111",
          "e: 'off' is switched off", "f: 'pop3' has no IPv6 listener, and no proxy brings such clients",
          "g: 'proxied' on 192.0.2.10:1110 has no IPv6 listener, and the proxy 2001:db8::4 needs one",
        ].map {
          $0.replacing(": ", with: ": a case about somebody; it is about nobody: ", maxReplacements: 1) + "; "
        })
  }

  /// Exactly the mistakes of each file in BadTests, as `ocean test` prints them.
  @Test(arguments: BadTests.names) func `says exactly`(_ name: String) throws {
    let compiled = try Compiled(Self.config)
    var tests = LoadedTests(for: compiled.loaded)
    try tests.add("\(name).yaml", files: .fixtures(in: BadTests.folder))
    let facts = TestHost().facts(for: compiled.loaded.factRequest)
    let lowered = LoweredTests(tests, for: compiled.loaded, facts)
    let report = DiagnosticRenderer.human(lowered.diagnostics, in: tests.sources)
    let expectation = BadTests.folder.appending(path: "\(name).txt")
    if ProcessInfo.processInfo.environment["OCEAN_RECORD"] != nil {
      try report.write(to: expectation, atomically: true, encoding: .utf8)
    }
    #expect(try report == String(contentsOf: expectation, encoding: .utf8))
    #expect(!report.isEmpty)
  }

  @Test func `examples hold`() throws {
    let folder = ExampleTests.folder.appending(path: "tests")
    let names = Repository.names(in: folder, ending: ".yaml")
    #expect(!names.isEmpty)
    for name in names {
      let compiled = try Compiled("\(name).yaml", in: ExampleTests.folder)
      var tests = LoadedTests(for: compiled.loaded)
      try tests.add("tests/\(name).yaml", files: .fixtures(in: ExampleTests.folder))
      let lowered = LoweredTests(
        tests, for: compiled.loaded, TestHost().facts(for: compiled.loaded.factRequest))
      #expect(lowered.diagnostics == [])
      var judge = CaseJudge(
        try #require(compiled.result.plan), compiled.result.provenance, compiled.result.rules,
        accounts: Self.account)
      for test in lowered.files.flatMap(\.cases) {
        let findings = test.access.map { judge.findings(of: $0) } ?? []
        #expect(findings.map(\.found) == [], "\(test.name)")
      }
    }
  }

  @Test func `the document names every key`() throws {
    let document = try Repository.text("docs/testing.md")
    for row in Settings.testFile.rows where row.path != "tests" {
      #expect(document.contains("`\(row.path.dropFirst("tests.".count))`"), "\(row.path)")
    }
  }
}

enum BadTests {
  static let folder = Repository.tests.appending(path: "BadTests")
  static let names = Repository.names(in: folder, ending: ".yaml")
}
