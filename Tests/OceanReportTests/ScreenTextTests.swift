import Foundation
import OceanAddresses
import OceanControlAPI
import OceanHost
import OceanPlan
import OceanSyntax
import TestPlans
import Testing
@testable import OceanReport

/// The texts on terminals of several widths, as golden texts.
@Suite struct ScreenTextTests {
  private let folder: ConfigFolder
  private let before: PlanFile
  private let after: PlanFile

  init() throws {
    // The layout depends on the length of the path.
    folder = try ConfigFolder(in: "/tmp")
    mkdir(folder.path("lists"), 0o755)
    try folder.write((1...40).map { "192.0.2.\($0 * 6)/31\n" }.joined(), to: "lists/drop.netset")
    try folder.write(Self.config(), to: "ocean.yaml")
    before = try Self.onNetwork(folder.plan())
    let changed = Self.config()
      .replacing("203.0.113.64/26", with: "203.0.113.64/27, 198.18.0.0/15")
      .replacing("default: refuse", with: "default: allow")
      .replacing("connections_per_ip: 200", with: "connections_per_ip: 100")
      .replacing("pop3:\n", with: "pop3:\n    idle_timeout: 20m\n")
      .replacing(
        "- { from: 127.0.0.7, to: internal, verdict: allow }",
        with: "- { from: 127.0.0.8, to: internal, verdict: allow }")
    try folder.write(changed, to: "ocean.yaml")
    after = try Self.onNetwork(folder.plan())
  }

  /// The plan with listeners that other hosts reach, which this host need not have.
  private static func onNetwork(_ file: PlanFile) throws -> PlanFile {
    var plan = file.plan
    for service in plan.services.indices {
      plan.services[service].listeners = try plan.services[service].listeners.flatMap { listener in
        try ["192.0.2.10", "2001:db8::10"].map {
          Plan.Listener(address: try IPAddress(parsing: $0), port: listener.port, tls: listener.tls)
        }
      }
    }
    return try PlanFile(
      plan: plan, inputs: file.inputs, provenance: file.provenance, rules: file.rules,
      expectations: file.expectations)
  }

  private static func config() -> String {
    """
    version: 1
    server:
      hostname: mail.example.org
      bind: [127.0.0.1]
      state: state
      limits: { except: [{ from: office, connections_per_ip: 200 }] }
      anti_hammering: { never_block: [office, 192.0.2.0/28] }
    address_lists:
      office: [198.51.100.8/29, "2001:db8:5:a::/64", 203.0.113.40-203.0.113.61]
    accounts: { main: { passwd_file: users.passwd } }
    mail: { maildir: "mail/{user}" }
    services:
      pop3:
        ports: [1110]
        ip_control:
          black_list: [{ file: lists/drop.netset }, 203.0.113.64/26]
          white_list: [203.0.113.77, office]
      internal:
        ports: [1111]
        plaintext_login: always
        ip_control: { default: refuse, white_list: [office, 10.0.0.0/8, 127.0.0.0/28] }
    expect:
      - { from: 127.0.0.1, to: pop3, verdict: allow }
      - { from: 127.0.0.7, to: internal, verdict: allow }
    """
  }

  private var diff: PlanDiff { PlanDiff(from: PlanVersion(before), to: PlanVersion(after)) }

  private var live: LiveComparison {
    var status = ServerStatus.example(before.digest)
    status.unconfirmed = .init(previous: after.digest, secondsLeft: 192)
    return LiveComparison(
      running: before, status: status,
      sessions: [
        .example(1, "198.18.2.7", user: "anna@example.org"),
        .example(2, "2001:db8:1234:5678:9abc:def0:1234:5678", user: "bert@example.org"),
        .example(3, "198.19.255.255", user: "somebody.with.a.long.name@department.example.org"),
      ],
      confirmed: nil)
  }

  private func expectScreens(
    _ name: String, of plan: PlanFile? = nil, whole: [String] = [],
    sourceLocation: SourceLocation = #_sourceLocation, _ text: (Screen) throws -> String
  ) throws {
    try OceanReportTests.expectScreens(
      name, whole: whole, sourceLocation: sourceLocation, masking: { masked($0, plan) }, text)
  }

  private func masked(_ text: String, _ plan: PlanFile?) -> String {
    folder.masked(text, as: "/etc/ocean/example.org", before, after, plan ?? after)
  }

  @Test func `check`() throws {
    try folder.write(
      """
      version: 1
      server: { hostname: mail.example.org, bind: [127.0.0.1], state: state }
      address_lists:
        \"東京 café 🏢\": [203.0.113.9/24]   # 東京
        office: [\((1...30).map { "192.0.2.\($0)" }.joined(separator: ", ")), 198.51.100.300, 198.51.100.7]
      accounts: { main: { passwd_file: a/rather/long/path/to/the/accounts/of/example.org/users.passwd } }
      mail: { maildir: "mail/{user}" }
      services:
        pop3:
          ports: [1110]
          idle_timeuot: 10m
          anti_hammering: perhaps
          ip_control: { black_list: [{ file: lists/nowhere.netset }, 0.0.0.0/0] }
      acknowledge: [{ code: OC0412, reason: "the scanner in the DMZ speaks to nobody else and is replaced in January" }]
      """, to: "mistakes.yaml")
    let config = try CompiledConfig(folder.path("mistakes.yaml"), offline: true)
    // Who runs the tests is not the point.
    let found = config.result.diagnostics.filter { $0.code.id != "OC0410" }
    try expectScreens("check") { DiagnosticRenderer.human(found, in: config.loaded.sources, on: $0) }
  }

  @Test func `plan`() throws {
    let loaded = try LoadedPlan(folder.path("ocean.yaml"), overriding: []) { _ in }
    let config = try #require(loaded.config)
    try expectScreens("plan", of: loaded.file) {
      PlanText(loaded.plan, loaded.file.digest, config, on: $0).text
    }
  }

  @Test func `preview`() throws {
    let live = live
    try expectScreens("preview") {
      PreviewText(
        diff, heading: LiveText(comparison: live, on: $0).heading, live: live, sessions: .end,
        expectations: "2 of 2", on: $0
      ).text
    }
  }

  @Test func `differences`() throws {
    try expectScreens("diff") { DiffText.whole(diff, on: $0) }
  }

  @Test(arguments: ["203.0.113.70", "203.0.113.77", "192.0.2.13"])
  func `explanation`(_ address: String) throws {
    let plan = after.plan
    let way = try #require(plan.way(to: .service("pop3")))
    let attempt = Attempt(try IPAddress(parsing: address), .any, .login)
    var explanation = plan.explain(attempt, on: way, after.provenance, after.rules, live: nil)
    explanation.add(
      LoginExplanation("anna", peer: try IPAddress(parsing: address), service: way.service, of: plan))
    try expectScreens("explain-\(address)") { ExplanationText(explanation).text(on: $0) }
  }

  @Test func `status`() throws {
    var status = ServerStatus.inTrouble(before.digest, before: after.digest)
    status.certificates = [
      .init(name: "main", expires: "2027-02-19T10:00:00Z", refused: nil),
      .init(name: "brand", expires: "2026-12-05T10:00:00Z", refused: nil),
      .init(
        name: "メール", expires: "2026-11-25T10:00:00Z",
        refused: .init(time: "2026-11-28T10:00:00Z", reason: "it has expired")),
    ]
    let shown = status
    try expectScreens("status") {
      StatusText(shown, on: $0, now: 1_795_946_400, program: .newer) { nil }.text
    }
  }

  @Test func `sessions`() throws {
    let sessions =
      live.sessions + [.example(12345, "192.0.2.7", user: nil), .example(4, "192.0.2.8", user: "メール🏢@例え.jp")]
    try expectScreens("sessions", whole: sessions.map(\.peer)) { SessionsText.text(of: sessions, on: $0) }
  }

  @Test func `blocks`() throws {
    let blocks = try ["192.0.2.7/32", "2001:db8:1:2::/64"].map { text in
      ActiveBlocks.Block(
        address: try IPPrefix(parsing: text), since: "2026-11-29T10:00:00Z", until: "2026-11-29T10:30:00Z",
        secondsLeft: 1712, failures: 6)
    }
    let server = ServerName(socket: nil, config: nil)
    try expectScreens("blocks") { BlocksText.text(of: ActiveBlocks(blocks: blocks), server: server, on: $0) }
  }
}
