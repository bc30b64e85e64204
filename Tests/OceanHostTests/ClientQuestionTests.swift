import Glibc
import OceanAddresses
import OceanControlAPI
import OceanHost
import OceanPlan
import TestPlans
import Testing

/// Tests the answers of `ocean explain`, and what it says to questions that have none.
@Suite struct ClientQuestionTests {
  private let folder: ConfigFolder

  init() throws { folder = try ConfigFolder() }

  private func question(
    _ from: String, to: String? = nil, via: String? = nil, tls: String? = nil, user: String? = nil
  ) throws -> ClientQuestion {
    ClientQuestion(
      from: from, to: to, via: via, tls: try tls.map { try #require(ClientQuestion.TLS($0)) }, user: user)
  }

  private func plan() throws -> PlanFile {
    try folder.configure()
    return try folder.plan()
  }

  private func verdict(_ question: ClientQuestion, _ file: PlanFile) throws -> Explanation.Verdict {
    try question.answer(in: file, state: nil).explanation.verdict
  }

  private func failure(_ question: ClientQuestion, _ file: PlanFile) -> String? {
    do {
      _ = try question.answer(in: file, state: nil)
      return nil
    } catch {
      return error.message
    }
  }

  @Test func `the rules decide about an address`() throws {
    let file = try folder.plan("ip_control: { black_list: [127.0.2.0/24] }")
    #expect(try verdict(question("127.0.2.7"), file) == .refused)
    #expect(try verdict(question("127.0.2.7", to: "pop3"), file) == .refused)
    #expect(try verdict(question("127.0.3.7", to: "127.0.0.1:1110"), file) == .allowed)
  }

  @Test func `a login needs more than a connection`() throws {
    let file = try folder.plan("plaintext_login: [127.0.5.0/24]")
    #expect(try verdict(question("127.0.0.9"), file) == .allowed)
    #expect(try verdict(question("127.0.0.9", user: "anna"), file) == .refused)
    #expect(try verdict(question("127.0.0.9", tls: "none"), file) == .refused)
    #expect(try verdict(question("127.0.5.9", user: "anna"), file) == .allowed)
    #expect(try verdict(question("127.0.5.9", user: "nobody"), file) == .refused)
    #expect(try verdict(question("127.0.5.9", tls: "none"), file) == .allowed)
    #expect(try verdict(question("127.0.5.9", tls: "1.3"), file) == .refused)
  }

  @Test func `an account that cannot be read is said to be unknown`() throws {
    let file = try plan()
    #expect(rename(folder.path("users.passwd"), folder.path("users.gone")) == 0)
    let (explanation, unknown) = try question("127.0.0.1", user: "anna").answer(in: file, state: nil)
    #expect(explanation.verdict == .allowed)
    #expect(unknown?.hasPrefix("whether anna can log in is not known: ") == true)
  }

  @Test func `a running server is asked about the client, at the service that is meant`() throws {
    let file = try plan()
    var asked: [AddressQuestion] = []
    let blocked = AddressState(block: .init(until: "2026-12-01T10:00:00Z", failures: 6))
    let (explanation, _) = try question("127.0.0.9").answer(in: file) { question throws(Failure) in
      asked.append(question)
      return blocked
    }
    #expect(asked.map(\.service) == ["pop3"] && asked.map(\.address.description) == ["127.0.0.9"])
    #expect(explanation.verdict == .refused)
    #expect(try verdict(question("127.0.0.9"), file) == .allowed)
  }

  @Test func `what is not an address, a service or a listener is named`() throws {
    let file = try plan()
    #expect(failure(try question("192.0.2"), file) == "'192.0.2' is not an IP address")
    #expect(
      failure(try question("127.0.0.1", via: "proxy\u{7}"), file) == "'proxy\\u{07}' is not an IP address")
    #expect(
      failure(try question("::ffff:192.0.2.1"), file)
        == "'::ffff:192.0.2.1' is an IPv4 address in IPv6 form: write it as an IPv4 address")
    for target in ["imap", "127.0.0.1:110"] {
      #expect(
        failure(try question("127.0.0.1", to: target), file)
          == "nothing there: '\(target)' is neither a service nor a listener (services: pop3)")
    }
  }

  @Test func `one of several services must be named, unless the others are off`() throws {
    func file(_ enabled: Bool) throws -> PlanFile {
      try folder.configure(
        rest: "  other: { enabled: \(enabled), ports: [1111] }\n")
      return try folder.plan()
    }
    #expect(
      failure(try question("127.0.0.1"), try file(true))
        == "which service? Write --to with one of: other, pop3")
    #expect(try verdict(question("127.0.0.1"), file(false)) == .allowed)
  }

  @Test func `the monitor has no logins`() throws {
    try folder.configure(rest: "monitor: { bind: [127.0.0.1:9464] }\n")
    let file = try folder.plan()
    #expect(try verdict(question("127.0.0.1", to: "monitor"), file) == .allowed)
    #expect(
      failure(try question("127.0.0.1", to: "monitor", user: "anna"), file)
        == "the monitor has no logins and no proxies: leave out --user, --tls and --via")
  }

  @Test func `TLS is none, or a version that there still is`() {
    #expect(ClientQuestion.TLS.allCases.map(\.text) == ["none", "1.0", "1.1", "1.2", "1.3"])
    #expect(ClientQuestion.TLS("3") == nil && ClientQuestion.TLS("") == nil)
  }
}
