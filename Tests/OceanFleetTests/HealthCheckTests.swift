import OceanCompiler
import OceanControlAPI
import OceanFleet
import OceanPlan
import Testing

/// Compares servers before and after.
@Suite struct HealthCheckTests {
  private let check = HealthCheck(Fleet.Health())

  private func status(
    _ counts: ServerCounts?, pid: Int32 = 1, _ change: (inout ServerStatus) -> Void = { _ in }
  ) -> ServerStatus {
    var status = ServerStatus(
      state: .serving, plan: Digest(of: []), file: "/etc/ocean/ocean.yaml", unconfirmed: nil, takenBack: [],
      pid: pid, since: "2026-11-28T06:00:00Z", uptimeSeconds: 100, services: [], blocked: 0, certificates: [],
      accounts: .init(active: 1, disabled: 0, problems: []), lostLogLines: nil, unanswered: [], counts: counts
    )
    change(&status)
    return status
  }

  private func logins(_ ok: Int, temporary: Int = 0, credentials: Int = 0) -> ServerStatus {
    status(ServerCounts(logins: ["ok": ok, "temporary": temporary, "credentials": credentials]))
  }

  @Test func `a share is compared with what it was`() {
    let before = logins(90, credentials: 10)
    #expect(check.troubles(logins(180, credentials: 20), before: before) == [])
    // One in four, and one in ten before: 15% more are healthy, 40% more are not.
    #expect(check.troubles(logins(105, credentials: 15), before: before) == [])
    #expect(
      check.troubles(logins(100, credentials: 20), before: before) == [
        "10 of 20 logins failed, 50.0%, before 10.0%; 20% more would be healthy"
      ])
  }

  @Test func `few failures are none`() {
    #expect(check.troubles(logins(0, temporary: 2), before: logins(0)) == [])
    #expect(check.troubles(logins(0, temporary: 3), before: logins(0)).count == 2)
    #expect(
      check.troubles(logins(197, temporary: 3), before: logins(0)) == [
        "3 of 200 logins failed because something was away, 1.5%, before 0.0%; 1% more would be healthy"
      ])
  }

  @Test func `handshakes and each reason of a refusal are looked at`() {
    let before = status(ServerCounts(connections: 100, refused: ["black_list": 10], handshakes: 100))
    let after = status(
      ServerCounts(
        connections: 110, refused: ["black_list": 12, "default": 8], handshakes: 110, handshakesFailed: 5))
    #expect(
      check.troubles(after, before: before) == [
        "5 of 15 TLS handshakes failed, 33.3%, before 0.0%; 10% more would be healthy",
        "8 of 20 connections were refused (default), 40.0%, before 0.0%; 20% more would be healthy",
      ])
  }

  @Test func `what was away before is not held against the plan`() {
    func away(_ paths: [String]) -> ServerStatus {
      status(nil) { status in
        status.accounts.problems = paths.map { .init(path: $0, reason: "away", isAway: true) }
      }
    }
    #expect(check.troubles(away(["sql"]), before: away(["sql"])) == [])
    #expect(check.troubles(away(["sql", "ldap"]), before: away(["sql"])) == ["accounts: ldap: away"])
    #expect(check.troubles(status(nil, pid: 2), before: status(nil)) == ["the server was started again"])
    #expect(check.troubles(status(nil) { $0.state = .draining }, before: status(nil)) == ["it is stopping"])
  }

  @Test func `nodes with few clients are judged together`() {
    let node = (after: logins(1, temporary: 1), before: logins(50))
    #expect(check.troubles(node.after, before: node.before) == [])
    #expect(check.troubles([node, node]) == [])
    // The numbers of `after` are since the start.
    let bad = (after: logins(51, temporary: 1), before: logins(50))
    #expect(check.troubles([bad, bad, bad]).count == 2)
  }

  @Test func `numbers that cannot be do no harm`() {
    let after = status(
      ServerCounts(
        connections: .max, refused: ["a": .max, "b": .max], logins: ["temporary": .max, "ok": .max],
        handshakes: .min, handshakesFailed: .max))
    _ = check.troubles(after, before: logins(.min))
    _ = check.troubles([(after, logins(.min)), (after, logins(.max))])
  }
}
