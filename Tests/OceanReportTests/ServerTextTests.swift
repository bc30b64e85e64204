import OceanAddresses
import OceanControlAPI
import OceanPlan
import OceanSyntax
import Testing
@testable import OceanReport

/// Tests the texts about a running server, its sessions, its blocks and its history.
@Suite struct ServerTextTests {
  private let plan = Digest(of: Array("plan".utf8))
  private let other = Digest(of: Array("other".utf8))

  @Test func `status`() throws {
    var status = ServerStatus.inTrouble(plan, before: other)
    status.certificates = [
      .init(name: "main", expires: "2027-02-19T10:00:00Z", refused: nil),
      .init(
        name: "old\u{1b}[31m", expires: "2026-11-25T10:00:00Z",
        refused: .init(time: "2026-11-28T10:00:00Z", reason: "it has expired")),
    ]
    let text = StatusText(status, on: Screen(), now: 1_795_946_400, program: .newer) { nil }
    try expectGolden(text.text, "status")
  }

  @Test func `sessions`() throws {
    let sessions: [SessionInfo] = [
      .example(7, "192.0.2.7", user: "anna@example.org"), .example(12345, "2001:db8::1", user: nil),
      .example(8, "192.0.2.8", user: "\u{1b}]0;evil\u{7}"),
    ]
    try expectGolden(SessionsText.text(of: sessions, on: Screen()), "sessions")
    #expect(SessionsText.text(of: [], on: Screen()) == "no sessions")
  }

  @Test func `blocks`() throws {
    let block = ActiveBlocks.Block(
      address: try #require(try? IPPrefix(parsing: "2001:db8:1::/64")), since: "2026-11-29T10:00:00Z",
      until: "2026-11-29T10:30:00Z", secondsLeft: 1712, failures: 6)
    let server = ServerName(socket: nil, config: "/srv/ocean.yaml")
    try expectGolden(
      BlocksText.text(of: ActiveBlocks(blocks: [block]), server: server, on: Screen()), "blocks")
    #expect(
      BlocksText.text(of: ActiveBlocks(blocks: []), server: server, on: Screen()) == "no address is blocked")
  }

  @Test func `last logins`() throws {
    var logins = AccountLogins.example
    try expectGolden(LoginsText.text(of: logins, on: Screen()), "logins")
    let whole = logins.sessions.map(\.peer) + logins.sessions.map(\.began)
    let shown = logins
    try expectScreens("logins", whole: whole) { LoginsText.text(of: shown, on: $0) }
    logins = AccountLogins(account: "\u{202e}x", path: "/var/lib/ocean/logins", sessions: [], failures: [])
    #expect(
      LoginsText.text(of: logins, on: Screen()).hasPrefix(
        #"no login of \u{202e}x is kept in /var/lib/ocean/logins"#))
  }

  @Test func `history`() throws {
    func entry(
      _ number: Int, by: ChangeAuthor?, back: Int?, takenBack: String? = nil, takenBackBy: ChangeAuthor? = nil
    ) -> PlanHistory.Entry {
      .init(
        digest: Digest(of: Array("\(number)".utf8)), number: number,
        confirmed: "2026-11-29T10:0\(number):00Z",
        source: "/etc/ocean/ocean.yaml", by: by, back: back, takenBack: takenBack,
        takenBackBy: takenBackBy)
    }
    let never = RevertedPlan(
      mark: PlanIdentity(plan: other, config: nil, lists: []), at: "2026-11-29T10:03:30Z", after: 2,
      source: "/etc/ocean/try.yaml", by: ChangeAuthor(.apply, uid: 4711, comment: "an attempt"),
      revertedBy: ChangeAuthor(.rollback, uid: 0, user: "root", comment: "it was not a good one"),
      isConfirmed: false)
    let comment =
      "INC-4711: \u{1b}[31mthe scanner\u{202e} of the second floor speaks TLS 1.0 and nothing else,\n"
      + "so it gets a service of its own until it is replaced in January"

    let history = PlanHistory(
      plans: [
        entry(4, by: ChangeAuthor(.rollback, uid: 1000, user: "anna", comment: comment), back: 1),
        entry(
          3, by: ChangeAuthor(.reload), back: nil, takenBack: "2026-11-29T10:04:00Z",
          takenBackBy: ChangeAuthor(.rollback, uid: 1000, user: "anna", comment: comment)),
        entry(2, by: ChangeAuthor(.start), back: 2), entry(1, by: nil, back: 3),
      ],
      waiting: .init(
        digest: plan, source: "/etc/ocean/new.yaml",
        by: ChangeAuthor(.apply, uid: 1000, user: "anna", comment: "test"),
        revertsAt: "2026-11-29T10:10:00Z"),
      takenBack: [never])
    try expectGolden(HistoryText.text(of: history, on: Screen()), "history")
    try expectScreens("history", whole: ["/etc/ocean/ocean.yaml", "2026-11-29T10:03:00Z", "the scanner"]) {
      HistoryText.text(of: history, on: $0)
    }
  }

  @Test(arguments: [(0, "0s"), (9, "9s"), (192, "3m 12s"), (3600, "1h"), (1_742_400, "20d 4h"), (-5, "0s")])
  func `durations`(_ seconds: Int, _ text: String) {
    #expect(Quantities.duration(seconds: seconds) == text)
  }

  @Test(
    arguments: [
      (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (12_700, "12.4 KiB"), (.max, "16777215.9 TiB"),
    ]
      as [(UInt64, String)])
  func `octets`(_ count: UInt64, _ text: String) {
    #expect(Quantities.octets(count) == text)
  }
}

extension ServerStatus {
  /// A server of which each line has something to say, but for its certificates.
  static func inTrouble(_ plan: Digest, before: Digest) -> ServerStatus {
    var status = example(plan)
    status.unconfirmed = .init(previous: before, secondsLeft: 192)
    status.state = .draining
    status.program = ServerProgram(
      version: "0.1.0", commit: "8f7c0a7b, 2026-11-28", tlsLibrary: "OpenSSL 3.0.17 1 Jul 2025")
    status.lostLogLines = 3
    status.blocked = 2
    status.unanswered = [.init(path: "/srv/mail", type: "nfs4", seconds: 75, calls: 1, waiting: 4)]
    status.accounts.problems = [.init(path: "/etc/ocean/users.passwd", reason: "it is a directory")]
    return status
  }

  static func example(_ plan: Digest) -> ServerStatus {
    ServerStatus(
      state: .serving, plan: plan, file: "/nowhere/ocean.yaml", unconfirmed: nil, takenBack: [], pid: 4711,
      since: "2026-11-28T06:00:00Z", uptimeSeconds: 100_800,
      services: [
        Service(
          name: "pop3",
          listeners: [
            Plan.Listener(address: .loopback(.v4), port: 110, tls: .none),
            Plan.Listener(address: .loopback(.v4), port: 995, tls: .implicit),
          ], explicit: .required, sessions: 2, maxSessions: 200, refused: 17)
      ], blocked: 0, certificates: [], accounts: .init(active: 12, disabled: 1, problems: []),
      lostLogLines: nil, unanswered: [])
  }
}

extension AccountLogins {
  static var example: AccountLogins {
    AccountLogins(
      account: "anna@example.org", path: "/var/lib/ocean/logins",
      sessions: [
        .init(
          began: "2026-11-29T10:00:00Z", ended: "2026-11-29T10:00:04Z", seconds: 4, service: "pop3",
          peer: "203.0.113.7", tls: "TLS 1.3", outcome: "quit", retrieved: 12, bytes: 3_500_000, deleted: 12),
        .init(
          began: "2026-11-28T22:10:00Z", ended: "2026-11-28T22:20:03Z", seconds: 603, service: "old",
          peer: "2001:db8::7", tls: nil, outcome: "idle_timeout", retrieved: 0, bytes: 0, deleted: 0),
      ],
      failures: [
        .init(
          time: "2026-11-29T09:59:00Z", service: "pop3", peer: "198.51.100.9", tls: "TLS 1.2",
          outcome: "wrong_credentials")
      ], unreadable: 2)
  }
}

extension SessionInfo {
  static func example(_ id: UInt64, _ peer: String, user: String?) -> SessionInfo {
    SessionInfo(
      id: id, service: "pop3", peer: peer, local: "127.0.0.1:1110", tls: user == nil ? nil : "TLS 1.3",
      user: user, state: user == nil ? .authorization : .transaction, since: "2026-11-29T10:00:00Z",
      seconds: 75, idleSeconds: 3, retrieved: 12, bytes: 12_700)
  }
}

extension ServerProgram {
  static let newer = ServerProgram(version: "0.2.0", commit: nil, tlsLibrary: "OpenSSL 3.5.4 30 Sep 2025")
}
