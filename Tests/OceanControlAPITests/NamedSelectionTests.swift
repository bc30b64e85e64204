import OceanAddresses
import OceanControlAPI
import OceanPlan
import Testing

/// Tests what the words of a person select: sessions, and plans to go back to.
@Suite struct NamedSelectionTests {
  private func session(_ user: String?, _ peer: String) -> SessionInfo {
    SessionInfo(
      id: 7, service: "pop3", peer: peer, local: "127.0.0.1:1110", tls: nil, user: user, state: .transaction,
      since: "", seconds: 0, idleSeconds: 0, retrieved: 0, bytes: 0)
  }

  @Test func `a user is named in any case`() {
    let selection = SessionSelection(user: "Anna@Example.ORG")
    #expect(selection == .user("anna@example.org"))
    #expect(selection.contains(session("anna@example.org", "192.0.2.1")))
    #expect(!selection.contains(session("bert@example.org", "192.0.2.1")))
    #expect(!selection.contains(session(nil, "192.0.2.1")))
  }

  @Test func `an address is the same however it is written`() throws {
    let selection = SessionSelection.peer(try IPAddress(parsing: "2001:db8:0::1"))
    #expect(selection.contains(session(nil, "2001:db8::1")))
    #expect(!selection.contains(session(nil, "2001:db8::2")))
    #expect(!selection.contains(session(nil, "nowhere")))
    #expect(SessionSelection.ids([7]).contains(session(nil, "192.0.2.1")))
  }

  @Test(
    arguments: [
      (nil, nil, nil), ("1", 1, nil), ("99999", 99_999, nil), ("123456", nil, "123456"),
      ("abcdef", nil, "abcdef"),
      ("sha256:abcdef", nil, "sha256:abcdef"), ("abc", nil, "abc"), ("-1", -1, nil),
    ] as [(String?, Int?, String?)])
  func `a number is a count of plans, unless it has the digits of a digest`(
    _ target: String?, _ steps: Int?, _ plan: String?
  ) throws {
    let comment = try ChangeComment("why")
    let request = RollbackRequest(to: target, confirmSeconds: 60, comment: comment)
    #expect(request == RollbackRequest(steps: steps, plan: plan, confirmSeconds: 60, comment: comment))
  }
}
