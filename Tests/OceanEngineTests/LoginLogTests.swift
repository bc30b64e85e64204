import NIOCore
import NIOEmbedded
import OceanAddresses
import OceanPlan
import OceanPOP3
import TestSupport
import Testing

@testable import OceanEngine

/// Lines of the server's own log about clients, and how many there are.
@Suite struct LoginLogTests {
  private let lines = LoggedLines()
  private let loop = EmbeddedEventLoop()
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func record(tls: String? = "TLS 1.3", proxy: IPAddress? = nil) -> AccessLog.Record {
    var record = AccessLog.Record(
      service: "pop3", peer: IPAddress(v4: 0xcb00_7107), proxy: proxy,
      local: Endpoint(address: IPAddress(v4: 0xc000_0201), port: 995), started: loop.now, plan: "3f9ac1")
    record.tls = tls
    return record
  }

  private func log(_ logins: Plan.Log.Logins) -> ClientLog {
    ClientLog(
      access: nil, logins: logins, LoginLog(logger: lines.logger),
      LastLogins(in: directory.path, logger: lines.logger))
  }

  private func everything(_ log: ClientLog) {
    log.loggedIn(record(), "anna@example.org", on: loop)
    log.loginFailed(record(tls: nil), user: "anna", account: nil, .credentials, on: loop)
    log.refused(
      record(tls: nil, proxy: IPAddress(v4: 0x0a00_0001)), .refusedAddress, outcome: "black_list",
      rule: "ocean.yaml:31", on: loop)
    log.session(record(), outcome: "quit", on: loop)
  }

  @Test func `a login, a failure and a refusal are a line each`() {
    everything(log(.on))
    #expect(
      lines.taken == [
        "pop3: login anna@example.org from 203.0.113.7 TLS 1.3",
        "pop3: login failed from 203.0.113.7 without TLS: wrong credentials, user anna",
        "pop3: refused 203.0.113.7 by proxy 10.0.0.1: black list, ocean.yaml:31",
      ])
    #expect(
      lines.metadata[1] == [
        "service": "pop3", "peer": "203.0.113.7", "plan": "3f9ac1", "user": "anna",
        "outcome": "wrong_credentials",
      ])
    #expect(lines.metadata[2]["rule"] == "ocean.yaml:31" && lines.metadata[2]["proxy"] == "10.0.0.1")
  }

  @Test func `a login that needs TLS is a line, with the name if there is one`() {
    let log = log(.failures)
    log.loginNeedsTLS(record(tls: nil), user: "anna", on: loop)
    log.loginNeedsTLS(record(tls: nil, proxy: IPAddress(v4: 0x0a00_0001)), user: nil, on: loop)
    #expect(
      lines.taken == [
        "pop3: login refused from 203.0.113.7 without TLS: the service needs TLS, user anna",
        "pop3: login refused from 203.0.113.7 by proxy 10.0.0.1 without TLS: the service needs TLS",
      ])
    #expect(lines.metadata[0]["outcome"] == "needs_tls" && lines.metadata[0]["user"] == "anna")
    for _ in 0..<100 { log.loginNeedsTLS(record(tls: nil), user: "anna", on: loop) }
    #expect(lines.taken.count == 10)
    self.log(.off).loginNeedsTLS(record(tls: nil), user: "anna", on: loop)
    #expect(lines.taken.count == 10)
  }

  @Test func `the setting leaves out logins, or everything`() {
    everything(log(.failures))
    #expect(
      lines.taken.map { $0.split(separator: " ")[1...2].joined(separator: " ") } == [
        "login failed", "refused 203.0.113.7",
      ])
    everything(log(.off))
    #expect(lines.taken.count == 2)
  }

  @Test func `a name cannot pretend anything about the address, and is cut`() {
    let name = "anna from 192.0.2.9 TLS 1.3: " + String(repeating: "x", count: 300)
    log(.on).loginFailed(record(), user: name, account: nil, .temporary, on: loop)
    let line = lines.taken[0]
    #expect(line.hasPrefix("pop3: login failed from 203.0.113.7 TLS 1.3: temporary failure, user anna from"))
    #expect(line.hasSuffix("x...") && line.count < 160)
  }

  @Test func `a flood has ten lines in a second and a count, and hides nothing else`() {
    let log = log(.on)
    func guess(_ count: Int) {
      for number in 0..<count {
        log.loginFailed(record(), user: "user\(number)", account: nil, .credentials, on: loop)
      }
    }
    guess(4210)
    #expect(lines.taken.count == 10)
    log.loginFailed(record(), user: "berta", account: nil, .inUse, on: loop)
    log.refused(record(), .refusedLimit, outcome: "max_connections", rule: nil, on: loop)
    #expect(lines.taken.count == 12)
    loop.advanceTime(by: .seconds(1))
    #expect(lines.taken.count == 13)
    #expect(lines.taken[12] == "4200 more failed logins with wrong credentials within a second per_second=10")
    // And again in each second, for as long as it takes.
    for _ in 0..<3 {
      guess(100)
      loop.advanceTime(by: .seconds(1))
    }
    #expect(lines.taken.count == 13 + 3 * 11)
    loop.advanceTime(by: .seconds(5))
    #expect(lines.taken.count == 13 + 3 * 11)
  }

  @Test func `a record is not made for a refusal that is not logged`() {
    var made = 0
    func counted() -> AccessLog.Record {
      made += 1
      return record()
    }
    let log = log(.on)
    for _ in 0..<1000 {
      log.refused(counted(), .refusedAddress, outcome: "blocked", rule: nil, on: loop)
    }
    #expect(made == 10)
  }
}
