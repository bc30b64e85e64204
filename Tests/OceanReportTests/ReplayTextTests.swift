import OceanBase
import OceanHost
import OceanPlan
import OceanReplay
import OceanSyntax
import TestPlans
import Testing
@testable import OceanReport

/// What a log and test files say about a plan, on terminals of several widths.
@Suite struct ReplayTextTests {
  private let folder: ConfigFolder

  init() throws {
    folder = try ConfigFolder(in: "/tmp")
    try folder.configure(
      "ip_control: { black_list: [203.0.113.64/26, \"2001:db8:1234::/48\"], white_list: [203.0.113.77] }",
      "plaintext_login: [127.0.0.0/8]",
      rest: "acknowledge: []\n")
  }

  private func mask(_ text: String) -> String { folder.masked(text, as: "/etc/ocean") }

  private func line(
    _ time: String, _ peer: String, user: String?, outcome: String = "quit", tls: String? = "TLS 1.3"
  ) -> String {
    func text(_ value: String?) -> String { value.map { "\"\($0)\"" } ?? "null" }
    let event = user == nil ? "refused" : "session"
    return
      #"{"time":"2026-11-2\#(time)Z","event":"\#(event)","service":"pop3","peer":"\#(peer)","local":"127.0.0.1:1110","#
      + #""tls":\#(text(tls)),"user":\#(text(user)),"outcome":"\#(outcome)","retrieved":0,"bytes":0,"deleted":0,"#
      + #""seconds":1.000,"plan":"0bb302"}"# + "\n"
  }

  @Test func `a log of which some clients would be treated otherwise`() throws {
    var log = ""
    for minute in 10...25 {
      log += line("4T09:\(minute):00.000", "203.0.113.70", user: "anna@example.org")
      log += line(
        "4T09:\(minute):01.000", "2001:db8:1234:5678:9abc:def0:1234:5678",
        user: "somebody.with.a.long.name@department.example.org")
      log += line(
        "4T09:\(minute):02.000", "198.51.100.9", user: "user\(minute)", outcome: "wrong_credentials")
      log += line("4T09:\(minute):03.000", "198.51.100.10", user: "メール🏢@例え.jp", tls: nil)
      log += line("4T09:\(minute):04.000", "203.0.113.77", user: nil, outcome: "black_list")
    }
    log += "broken\n{\"an\":\"event\"}\n"
    try folder.write(log, to: "access.jsonl")
    let loaded = try LoadedPlan(folder.path("ocean.yaml"), overriding: []) { _ in }
    var logs = AccessLogs(Replay(loaded.version, baseline: nil), now: 1_796_068_800_000_000_000)
    try logs.read([folder.path("access.jsonl")]) { _, _ in }
    let whole = ["203.0.113.70", "2001:db8:1234:5678:9abc:def0:1234:5678", "2026-11-24T09:25:01"]
    let read = logs
    try expectScreens("replay", whole: whole, masking: mask) { ReplayText(read, on: $0).text }
  }

  @Test func `cases that do not hold`() throws {
    try folder.write(
      """
      tests:
        - { name: the printers of 東京 office 🏢 are let in, from: 203.0.113.70, want: { verdict: allow } }
        - name: nobody of the new network of the second floor reads mail without TLS, whatever the scanners say
          from: "2001:db8:1234:5678:9abc:def0:1234:5678"
          want: { verdict: allow, login: offered }
        - { name: short, from: 203.0.113.77, want: { verdict: refuse } }
        - { name: it holds, from: 192.0.2.1, want: { verdict: allow } }
      """, to: "cases.yaml")
    let run = try TestRun(
      [folder.path("cases.yaml")], config: folder.path("ocean.yaml"))
    #expect(run.mistakes.map(\.message) == [])
    try expectScreens(
      "test", whole: ["東京"],
      masking: { mask($0).replacing(/\(\d+\.\d{3} s\)/, with: "(0.001 s)") }
    ) { TestText(run, on: $0).text }
  }
}
