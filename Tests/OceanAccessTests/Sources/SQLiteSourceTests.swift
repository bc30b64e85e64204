import Foundation
import OceanAddresses
import OceanBase
import OceanPlan
import Synchronization
import TestSupport
import Testing

@testable import OceanAccess

/// Accounts in a file of SQLite, and what becomes of rows that make no sense. What is true of rows here is true for
/// every engine.
@Suite(.enabled(if: SQLiteFile.isInstalled, "needs Debian's package sqlite3")) struct SQLiteSourceTests {
  private static let byAddress = "SELECT * FROM users WHERE name = {address}"

  private func source(
    _ statements: String, query: String = byAddress, timeout: Int = 3, in directory: TemporaryDirectory
  ) throws -> SQLSource {
    try source(SQLiteFile.make(statements, in: directory), query: query, timeout: timeout)
  }

  private func source(_ path: String, query: String = byAddress, timeout: Int = 3) throws -> SQLSource {
    var sql = Plan.SQL(url: try DatabaseURL(parsing: "sqlite:\(path)"), query: try SQLQuery(parsing: query))
    sql.timeoutSeconds = timeout
    return SQLSource(sql, password: nil, observer: .nobody)
  }

  /// The identity that a login gets, or a sentence on why it does not.
  private func login(
    _ login: String, _ source: SQLSource, _ password: String = "x", peer: IPAddress = somewhere
  ) -> String {
    let directory = AccountDirectory([source], defaultDomain: "example.org") { 0 }
    let candidate = directory.lookup(login, service: "pop3", peer: peer)
    if let reason = candidate.reason { return reason }
    do {
      guard let found = try candidate.verify(SecretBytes(password)).identity else { return "wrong" }
      return "\(found.name) \(found.home ?? "-") \(found.maildir ?? "-")"
    } catch {
      return "temporary"
    }
  }

  private static let table = "CREATE TABLE users (name TEXT, password, home, mail, allow_nets, nologin);"

  private func insert(_ values: String) -> String { "\(Self.table)INSERT INTO users VALUES (\(values));" }

  @Test func `an account is found by its address`() throws {
    let directory = try TemporaryDirectory()
    let source = try source(
      insert("'anna@example.org', '{PLAIN}x', '/home/anna', '/mail/anna/', NULL, NULL"), in: directory)
    #expect(login("anna@example.org", source) == "anna@example.org /home/anna /mail/anna")
    #expect(login("ANNA@Example.ORG", source) == "anna@example.org /home/anna /mail/anna")
    #expect(login("anna", source) == "anna@example.org /home/anna /mail/anna")
    #expect(login("anna", source, "wrong") == "wrong")
    #expect(login("berta", source) == "wrong")
  }

  @Test func `what a client sends is never part of the query`() throws {
    let directory = try TemporaryDirectory()
    let source = try source(insert("'anna@example.org', '{PLAIN}x', NULL, NULL, NULL, NULL"), in: directory)
    for login in [
      "' OR 1=1 --", "x' OR '1'='1", "\" OR \"\"=\"", "anna@example.org' --", "*)(uid=*", "%", "_", "\\",
    ] {
      #expect(self.login(login, source) == "wrong", "\(login)")
    }
  }

  /// Two accounts of other domains have the same user's name.
  @Test func `a query by the user alone is for the default domain`() throws {
    let directory = try TemporaryDirectory()
    let query = "SELECT password FROM users WHERE name = {user}"
    let source = try source(insert("'anna', '{PLAIN}x', NULL, NULL, NULL, NULL"), query: query, in: directory)
    #expect(login("anna", source) == "anna@example.org - -")
    #expect(login("anna@example.org", source) == "anna@example.org - -")
    #expect(login("anna@example.net", source) == "wrong")
  }

  /// Anna of another domain must not get the mailbox of a user who has nothing but the name in common.
  @Test func `what may be found by the user alone must name the domain`() throws {
    let directory = try TemporaryDirectory()
    let query = "SELECT password FROM users WHERE name = {user} OR mail = {address}"
    let values = "'anna', '{PLAIN}x', NULL, 'anna@example.org', NULL, NULL"
    let path = try SQLiteFile.make(insert(values), in: directory)
    let source = try source(path, query: query)
    #expect(login("anna", source) == "anna@example.org - -")
    #expect(login("anna@example.net", source).hasPrefix("it may be of another domain"))
    let bare = try self.source(path, query: query.replacing("password", with: "password, name AS user"))
    #expect(login("anna", bare) == "anna@example.org - -")
    #expect(login("anna@example.net", bare).contains("another name than that of the login"))
    let whole = try self.source(path, query: query.replacing("password", with: "password, mail AS user"))
    #expect(login("anna", whole) == "anna@example.org - -")
    #expect(login("anna@example.net", whole).contains("another name than that of the login"))
    // Both are asked for: there is nothing to be mixed up.
    let both = try self.source(
      path, query: "SELECT password FROM users WHERE name = {user} AND 'example.net' = {domain}")
    #expect(login("anna@example.net", both) == "anna@example.net - -")
  }

  @Test func `service and client are parameters too`() throws {
    let directory = try TemporaryDirectory()
    let query = """
      SELECT '{PLAIN}x' AS password WHERE {user} = 'anna' AND {domain} = 'example.org' AND {service} = 'pop3'
        AND {client} = '192.0.2.1'
      """
    let source = try source(Self.table, query: query, in: directory)
    #expect(login("anna", source) == "anna@example.org - -")
    #expect(login("anna", source, peer: .loopback(.v4)) == "wrong")
  }

  @Test(arguments: [
    ("'{PLAIN}x', NULL, NULL, '192.0.2.0/24, ::1', NULL", "anna@example.org - -"),
    ("'{PLAIN}x', NULL, NULL, '198.51.100.0/24', NULL", "wrong"),
    (
      "'{PLAIN}x', NULL, NULL, 'somewhere', NULL",
      "allow_nets has an entry that is not an address or CIDR block"
    ),
    ("'{PLAIN}x', NULL, NULL, NULL, 'Y'", "wrong"), ("'{PLAIN}x', NULL, NULL, NULL, 1", "wrong"),
    ("'{PLAIN}x', NULL, NULL, NULL, 0", "anna@example.org - -"),
    ("'{PLAIN}x', NULL, NULL, NULL, 'false'", "anna@example.org - -"),
    ("'!{PLAIN}x', NULL, NULL, NULL, NULL", "wrong"),
    ("NULL, NULL, NULL, NULL, NULL", "the password is empty"),
    ("'', NULL, NULL, NULL, NULL", "the password is empty"),
    ("'x', NULL, NULL, NULL, NULL", "the password is not a well-formed hash"),
    ("'{NTLM}00', NULL, NULL, NULL, NULL", "the password scheme NTLM is not supported"),
    ("'{PLAIN}x', '../../etc', NULL, NULL, NULL", "the column home is not an absolute path"),
    ("'{PLAIN}x', '/home/../etc', NULL, NULL, NULL", "the column home has '..' in its path"),
    ("'{PLAIN}x', '/home/a', '~/../../etc', NULL, NULL", "the column mail has '..' in its path"),
    ("'{PLAIN}x', '/home/a', 'maildir:~/Maildir', NULL, NULL", "anna@example.org /home/a /home/a/Maildir"),
    (
      "'{PLAIN}x', NULL, 'maildir:/m/a:INBOX=/etc', NULL, NULL",
      "the column mail is not the path of a Maildir"
    ),
    ("'{PLAIN}x', NULL, 'example.org/anna/', NULL, NULL", "the column mail is not an absolute path"),
    ("'{PLAIN}x', NULL, '/m/%u', NULL, NULL", "the column mail contains a % variable"),
    (
      "CAST(x'7b504c41494e7d780079' AS TEXT), NULL, NULL, NULL, NULL",
      "the column password contains a NUL byte"
    ),
    ("'{PLAIN}x', x'2f00', NULL, NULL, NULL", "the column home contains a NUL byte"),
    ("'{PLAIN}x', x'2fff', NULL, NULL, NULL", "the column home is not UTF-8"),
    ("'{PLAIN}x', zeroblob(10000000), NULL, NULL, NULL", "the column home has more than 64 KiB"),
    ("zeroblob(10000000), NULL, NULL, NULL, NULL", "the column password has more than 64 KiB"),
  ])
  func `a row is read as a line of a password file is, or refused with a sentence`(
    values: String, result: String
  ) throws {
    let directory = try TemporaryDirectory()
    let source = try source(insert("'anna@example.org', \(values)"), in: directory)
    let found = login("anna", source)
    #expect(found.hasPrefix(result), "\(found)")
    // The next login is not harmed.
    #expect(login("berta", source) == "wrong")
    #expect(source.lastHealth.problem == nil)
  }

  @Test func `several rows for a login are an answer that makes no sense`() throws {
    let directory = try TemporaryDirectory()
    let row = "INSERT INTO users VALUES ('anna@example.org', '{PLAIN}x', NULL, NULL, NULL, NULL);"
    let source = try source(Self.table + row + row, in: directory)
    #expect(login("anna", source) == "temporary")
    let answer = source.lookup(
      AccountQuestion(
        names: [try name("anna@example.org")], defaultDomain: nil, service: "pop3", client: somewhere))
    #expect(answer.reason == "its query gives several rows for anna@example.org")
  }

  @Test func `rows without end are not read to the end`() throws {
    let directory = try TemporaryDirectory()
    let query = """
      WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t)
      SELECT '{PLAIN}x' AS password FROM t WHERE {user} = 'anna'
      """
    #expect(login("anna", try source(Self.table, query: query, in: directory)) == "temporary")
  }

  @Test func `a query without end is ended`() throws {
    let directory = try TemporaryDirectory()
    let query = """
      WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t)
      SELECT '{PLAIN}x' AS password FROM t WHERE {user} = n
      """
    #expect(login("anna", try source(Self.table, query: query, timeout: 1, in: directory)) == "temporary")
  }

  /// SQL compares as it likes: without case, without accents, without blanks at the end.
  @Test func `the row of another account is refused`() throws {
    let directory = try TemporaryDirectory()
    let query = "SELECT name AS user, password FROM users WHERE name LIKE {address}"
    let source = try source(
      insert("'anna@example.org', '{PLAIN}x', NULL, NULL, NULL, NULL"), query: query, in: directory)
    #expect(login("anna", source) == "anna@example.org - -")
    #expect(login("ann_", source).hasPrefix("the column user is another name than that of the login"))
  }

  @Test(arguments: [
    ("SELECT name FROM users WHERE name = {address}", "its query gives no column 'password'"),
    ("SELECT password, password FROM users WHERE name = {address}", "its query gives two columns 'password'"),
    ("SELECT pw FROM users WHERE name = {address}", "it refuses the query: no such column: pw"),
    ("SELECT password FROM users WHERE name = {address}; DROP TABLE users", "it has more than one statement"),
    (
      "SELECT password FROM users WHERE name = {address} OR name = ?",
      "it has a parameter that is not in braces"
    ),
    ("DELETE FROM users WHERE name = {address}", "readonly database"),
  ])
  func `a query that gives no account is temporary trouble`(query: String, reason: String) throws {
    let directory = try TemporaryDirectory()
    let source = try source(
      insert("'anna@example.org', '{PLAIN}x', NULL, NULL, NULL, NULL"), query: query, in: directory)
    #expect(login("anna", source) == "temporary")
    let answer = source.lookup(
      AccountQuestion(
        names: [try name("anna@example.org")], defaultDomain: nil, service: "pop3", client: somewhere))
    let told = answer.reason ?? source.lastHealth.problem?.reason ?? ""
    #expect(told.contains(reason), "\(told)")
  }

  @Test func `a file that is not there is temporary trouble, and over once it is there`() throws {
    let directory = try TemporaryDirectory()
    let source = try source("\(directory.path)/users.db")
    #expect(login("anna", source) == "temporary")
    #expect(source.lastHealth.problem == .away("unable to open database file"))
    _ = try SQLiteFile.make(insert("'anna@example.org', '{PLAIN}x', NULL, NULL, NULL, NULL"), in: directory)
    let deadline = ContinuousClock.now + .seconds(10)
    while login("anna", source) == "temporary", ContinuousClock.now < deadline { sched_yield() }
    #expect(login("anna", source) == "anna@example.org - -")
    #expect(source.lastHealth.problem == nil)
  }

  @Test func `an unknown login costs a check like that of most accounts`() throws {
    let directory = try TemporaryDirectory()
    let hash = "$6$rounds=5000$saltsalt$" + String(repeating: "a", count: 86)
    let source = try source(insert("'anna@example.org', '\(hash)', NULL, NULL, NULL, NULL"), in: directory)
    let accounts = AccountDirectory([source], defaultDomain: nil) { 0 }
    // Before and after an account was seen.
    for login in ["nobody@example.org", "anna@example.org", "nobody@example.org"] {
      #expect(accounts.lookup(login, service: "pop3", peer: somewhere).isExpensive)
    }
  }

  @Test func `columns are told without a row`() throws {
    let directory = try TemporaryDirectory()
    let path = try SQLiteFile.make(Self.table, in: directory)
    let sql = Plan.SQL(
      url: try DatabaseURL(parsing: "sqlite:\(path)"),
      query: try SQLQuery(
        parsing:
          "SELECT name, home AS userdb_home, mail AS quota, nologin AS proxy, home FROM users WHERE name = {user}"
      ))
    let columns = try DatabaseProbe.columns(sql, password: nil)
    #expect(columns.names == ["name", "userdb_home", "quota", "proxy", "home"])
    #expect(columns.missing == ["password"])
    #expect(columns.unknown == ["name", "quota"])
    #expect(columns.refusing == ["proxy"])
  }
}

/// A database in a file.
enum SQLiteFile {
  static let isInstalled = FileManager.default.isExecutableFile(atPath: "/usr/bin/sqlite3")

  static func make(_ statements: String, in directory: TemporaryDirectory) throws -> String {
    let path = "\(directory.path)/users.db"
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/sqlite3")
    process.arguments = ["-batch", path, statements]
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return path
  }
}
