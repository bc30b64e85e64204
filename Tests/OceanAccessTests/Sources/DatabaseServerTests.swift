import Foundation
import OceanAddresses
import OceanBase
import OceanPlan
import Synchronization
import TestSupport
import Testing

@testable import OceanAccess

/// Accounts in PostgreSQL and MariaDB, which are killed, stopped, started again and cut off in the middle.
@Suite(.serialized) struct DatabaseServerTests {
  private static let statements = """
    CREATE TABLE mailbox (username VARCHAR(255) PRIMARY KEY, password TEXT, maildir TEXT, active INT);
    INSERT INTO mailbox VALUES ('anna@example.org', '{PLAIN}x', '/mail/anna', 1);
    INSERT INTO mailbox VALUES ('berta@example.org', '{PLAIN}x', NULL, 0);
    INSERT INTO mailbox VALUES ('long@example.org', '{PLAIN}x', REPEAT('x', 10000000), 1);
    INSERT INTO mailbox VALUES ('number@example.org', '{PLAIN}7', NULL, 1);
    """
  private static let query =
    "SELECT username AS \"user\", password, maildir AS mail, 1 - active AS nologin FROM mailbox WHERE username = {address}"

  /// - Parameter away: who is told when the source goes and comes.
  private func settings(
    _ server: DatabaseServer, port: Int? = nil, query: String? = nil, tls: Plan.SourceTLS = .off,
    ca: String? = nil,
    timeout: Int = 5
  ) throws -> Plan.SQL {
    let scheme = server.kind == .postgresql ? "postgresql" : "mysql"
    let text =
      query ?? (server.kind == .postgresql ? Self.query : Self.query.replacing("\"", with: "`"))
    var sql = Plan.SQL(
      url: try DatabaseURL(parsing: "\(scheme)://ocean@127.0.0.1:\(port ?? server.port)/mail"),
      query: try SQLQuery(parsing: text), tls: tls, ca: ca)
    sql.timeoutSeconds = timeout
    return sql
  }

  private func source(
    _ sql: Plan.SQL, password: String = "secret-of-ocean", _ changes: Changes = Changes()
  ) -> SQLSource {
    SQLSource(sql, password: SecretBytes(password), observer: changes.observer)
  }

  private final class Changes: Sendable {
    let seen = Mutex<[String]>([])

    var observer: BackendObserver {
      BackendObserver(
        changed: { _, trouble in self.seen.withLock { $0.append(trouble == nil ? "back" : "away") } },
        answered: { _, _, _ in })
    }
  }

  private func login(_ login: String, _ source: SQLSource, _ password: String = "x") -> String {
    let candidate = AccountDirectory([source], defaultDomain: "example.org") { 0 }.lookup(
      login, service: "pop3", peer: somewhere)
    if let reason = candidate.reason { return reason }
    do {
      guard let found = try candidate.verify(SecretBytes(password)).identity else { return "wrong" }
      return "\(found.name) \(found.maildir ?? "-")"
    } catch {
      return "temporary"
    }
  }

  @Test(.enabled(if: DatabaseServer.postgresql != nil, "needs Debian's package postgresql"))
  func `PostgreSQL`() throws {
    try all(DatabaseServer(.postgresql, Self.statements))
  }

  @Test(.enabled(if: DatabaseServer.mariadb != nil, "needs Debian's package mariadb-server"))
  func `MariaDB`() throws {
    // A TEXT of MariaDB has 64 KiB at most.
    try all(DatabaseServer(.mariadb, Self.statements.replacing("maildir TEXT", with: "maildir LONGTEXT")))
  }

  /// One server for all of it: starting one takes seconds.
  private func all(_ server: DatabaseServer) throws {
    let first = source(try settings(server))
    try waitUntil { login("anna", first) != "temporary" }
    try rows(server)
    try transport(server)
    try columns(server)
    try cutOff(server)
    try stopped(server)
    let remembering = try settings(server, timeout: 1)
    try checkRememberedLogins(
      login: "anna", password: "x", of: "anna@example.org",
      {
        SQLSource(remembering, password: SecretBytes("secret-of-ocean"), cacheSeconds: $0, observer: .nobody)
      },
      server.kill)
    try killed(server)
  }

  private func rows(_ server: DatabaseServer) throws {
    let source = source(try settings(server))
    #expect(login("anna", source) == "anna@example.org /mail/anna")
    #expect(login("anna@example.org", source, "wrong") == "wrong")
    #expect(login("berta", source) == "wrong")
    #expect(login("' OR 1=1 --", source) == "wrong")
    #expect(login("x' OR '1'='1", source) == "wrong")
    #expect(login("number", source, "7") == "number@example.org -")
    let long = login("long", source)
    #expect(long == "temporary" || long.hasPrefix("the column mail has more than 64 KiB"), "\(long)")
    // On a busy host its 10 MB may take longer than a login may, and the connection is then made again.
    try waitUntil { login("anna", source) == "anna@example.org /mail/anna" }
    // MariaDB compares without case and accents.
    let accent = login("ánna", source)
    #expect(accent == "wrong" || accent.hasPrefix("the column user is another name"), "\(accent)")

    let everybody = self.source(
      try settings(server, query: "SELECT password FROM mailbox WHERE username <> {address}"))
    #expect(login("anna", everybody) == "temporary")
    #expect(login("anna", everybody) == "temporary")
    #expect(everybody.lastHealth.problem == nil)
    let refused = self.source(
      try settings(server, query: "SELECT nothing FROM mailbox WHERE username = {address}"))
    #expect(login("anna", refused) == "temporary")
    #expect(refused.lastHealth.problem == nil)
    let forbidden = self.source(try settings(server), password: "wrong")
    #expect(login("anna", forbidden) == "temporary")
    #expect(forbidden.lastHealth.problem != nil)
  }

  private func transport(_ server: DatabaseServer) throws {
    let ca = "\(server.directory.path)/server.pem"
    #expect(login("anna", source(try settings(server, tls: .require))) == "anna@example.org /mail/anna")
    #expect(
      login("anna", source(try settings(server, tls: .verify, ca: ca))) == "anna@example.org /mail/anna")
    // The system's CAs do not know it.
    #expect(login("anna", source(try settings(server, tls: .verify))) == "temporary")
  }

  private func columns(_ server: DatabaseServer) throws {
    let columns = try DatabaseProbe.columns(try settings(server), password: SecretBytes("secret-of-ocean"))
    #expect(columns.names == ["user", "password", "mail", "nologin"])
    #expect(columns.missing.isEmpty && columns.unknown.isEmpty)
    #expect(throws: BackendError.self) {
      try DatabaseProbe.columns(
        try settings(server, query: "SELECT x FROM y WHERE z = {user}"),
        password: SecretBytes("secret-of-ocean"))
    }
  }

  /// Wherever an answer is cut off, it is no answer.
  private func cutOff(_ server: DatabaseServer) throws {
    let proxy = try CutOff(to: server.port)
    defer { proxy.stop() }
    let whole = source(try settings(server, port: proxy.port))
    #expect(login("anna", whole) == "anna@example.org /mail/anna")
    for limit in stride(from: 0, to: 400, by: 23) {
      proxy.limit.withLock { $0 = limit }
      let found = login("anna", source(try settings(server, port: proxy.port)))
      #expect(found == "temporary" || found == "anna@example.org /mail/anna", "\(limit): \(found)")
    }
    proxy.limit.withLock { $0 = .max }
    // The connection from before is still there, and used.
    #expect(login("anna", whole) == "anna@example.org /mail/anna")
  }

  /// A server that hangs answers nobody, and nobody waits long for it.
  private func stopped(_ server: DatabaseServer) throws {
    let changes = Changes()
    let source = source(try settings(server, timeout: 1), changes)
    #expect(login("anna", source) == "anna@example.org /mail/anna")
    server.kill(SIGSTOP)
    let start = ContinuousClock.now
    #expect(login("anna", source) == "temporary")
    #expect(ContinuousClock.now - start < .seconds(3))
    while source.lastHealth.problem == nil { #expect(login("anna", source) == "temporary") }
    // Now it is known to be away, and costs no time; not even a wrong password.
    let later = ContinuousClock.now
    #expect(login("anna", source, "wrong") == "temporary")
    #expect(ContinuousClock.now - later < .milliseconds(500))
    server.kill(SIGCONT)
    try waitUntil { login("anna", source) == "anna@example.org /mail/anna" }
    #expect(changes.seen.withLock { $0 } == ["away", "back"])
  }

  private func killed(_ server: DatabaseServer) throws {
    let changes = Changes()
    let source = source(try settings(server), changes)
    #expect(login("anna", source) == "anna@example.org /mail/anna")
    server.kill(SIGKILL)
    #expect(login("anna", source) == "temporary")
    #expect(login("anna", source, "wrong") == "temporary")
    try server.start()
    try waitUntil { login("anna", source) == "anna@example.org /mail/anna" }
    #expect(changes.seen.withLock { $0 } == ["away", "back"])
  }
}
