import Foundation
import Testing

/// A server whose accounts are in a file and in a database, and what clients, logs and commands say while the database is
/// away.
@Suite(
  .enabled(
    if: FileManager.default.isExecutableFile(atPath: "/usr/bin/sqlite3"), "needs Debian's package sqlite3"))
struct DatabaseTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.makeMaildir("cleo")
  }

  /// - Parameter rest: what stands beside the section of the database.
  private func configure(_ source: String, beside rest: String = "") throws {
    try workspace.writeConfig(server: ["drain_timeout: 0s"])
    let config = workspace.read("ocean.yaml")
    try workspace.write(
      config.replacing(
        "  main: { passwd_file: users.passwd }",
        with: "  main: { passwd_file: users.passwd }\n  panel: { sql: { \(source) }\(rest) }"),
      to: "ocean.yaml")
  }

  private func sqlite(_ statements: String) throws {
    let made = try workspace.run("sqlite3", [workspace.path("mail.db"), statements])
    #expect(made.status == .exited(0), "\(made.errorOutput)")
  }

  private func makeTable() throws {
    try sqlite(
      """
      CREATE TABLE mailbox (username PRIMARY KEY, password, home, active);
      INSERT INTO mailbox VALUES ('cleo@example.org', '{PLAIN}\(Workspace.secret)', NULL, 1);
      INSERT INTO mailbox VALUES ('dora@example.org', '{PLAIN}\(Workspace.secret)', '../../etc', 1);
      """)
  }

  private static let query =
    "query: \"SELECT password, home, 1 - active AS nologin, username FROM mailbox WHERE username = {address}\""

  @Test func `an account in SQLite logs in, is explained, and is refused with a sentence`() throws {
    try makeTable()
    try configure("url: sqlite:mail.db, \(Self.query)")
    let checked = try workspace.ocean("check", workspace.path("ocean.yaml"))
    #expect(
      checked.output.contains("0 errors") || checked.status == .exited(0),
      "\(checked.output)\(checked.errorOutput)")
    let server = try Server(workspace)
    let client = try server.loggedIn("cleo")
    try client.ok("QUIT")
    for (user, password) in [
      ("cleo", "wrong"), ("nobody", "x"), ("'OR'1'='1", "x"), ("dora", Workspace.secret),
    ] {
      #expect(try server.greeted().logIn(user, password).hasPrefix("-ERR [AUTH]"), "\(user)")
    }
    try server.waitForLog("the column home is not an absolute path; the account cannot log in")
    try server.stop()
    let found = try workspace.ocean(
      "explain", workspace.path("ocean.yaml"), "--from", "127.0.0.1", "--to", "pop3", "--user", "cleo")
    #expect(found.output.contains("cleo@example.org (in sqlite:"), "\(found.output)")
    let refused = try workspace.ocean(
      "explain", workspace.path("ocean.yaml"), "--from", "127.0.0.1", "--to", "pop3", "--user", "dora")
    #expect(refused.output.contains("the column home is not an absolute path"), "\(refused.output)")
    workspace.expectNoSecret(in: server.log + found.output + refused.output + checked.output)
  }

  /// An old password is good until the logins with it are forgotten, or their time is over.
  @Test func `logins are remembered, and forgotten when an administrator says so`() throws {
    try makeTable()
    try configure("url: sqlite:mail.db, \(Self.query)", beside: ", cache: 1h")
    let config = workspace.path("ocean.yaml")
    let plan = try workspace.ocean("plan", "--against", "none", config)
    #expect(plan.output.contains("cache") && plan.output.contains("1h"), "\(plan.output)")
    let server = try Server(workspace)
    func logIn(_ password: String) throws -> String { try server.greeted().logIn("cleo", password) }
    #expect(try logIn(Workspace.secret).hasPrefix("+OK"))
    try sqlite("UPDATE mailbox SET password = '{PLAIN}new-\(Workspace.secret)'")
    #expect(try logIn(Workspace.secret).hasPrefix("+OK"))
    #expect(try logIn("new-\(Workspace.secret)").hasPrefix("+OK"))
    #expect(try logIn("wrong").hasPrefix("-ERR [AUTH]"))
    #expect(try workspace.ocean("status", config).output.contains("2 logins remembered"))
    let nobody = try workspace.ocean("accounts", "flush", "nobody", "-c", config)
    #expect(nobody.status == .exited(0) && nobody.output.contains("no login of nobody was remembered"))
    let flushed = try workspace.ocean("accounts", "flush", "cleo", "-c", config)
    #expect(flushed.status == .exited(0), "\(flushed.errorOutput)")
    #expect(flushed.output.contains("forgotten: 2 logins of panel"), "\(flushed.output)")
    #expect(try logIn(Workspace.secret).hasPrefix("-ERR [AUTH]"))
    #expect(try logIn("new-\(Workspace.secret)").hasPrefix("+OK"))
    let all = try workspace.ocean("accounts", "flush", "--format", "json", "-c", config)
    #expect(all.output.contains(#""forgotten":1"#), "\(all.output)")
    let explained = try workspace.ocean(
      "explain", config, "--from", "127.0.0.1", "--to", "pop3", "--user", "cleo")
    #expect(explained.output.contains("which remembers logins for 1h"), "\(explained.output)")
    try server.stop()
    let late = try workspace.ocean("accounts", "flush", "-c", config)
    #expect(late.status == .exited(1) && late.errorOutput.contains("no server is running"))
    workspace.expectNoSecret(in: server.log + flushed.output + all.output + explained.output)
  }

  @Test func `while a database is away its users are told to come again, and others notice nothing`() throws {
    // Nobody listens there.
    try workspace.write("Secret-of-the-database\n", to: "db.password")
    try workspace.setMode(0o600, of: "db.password")
    try configure(
      "url: \"postgresql://ocean@\(workspace.address):5/mail\", password: { file: db.password }, \(Self.query)"
    )
    let server = try Server(workspace)
    let away = try server.greeted()
    for _ in 0..<3 { #expect(try away.logIn("cleo", "x").hasPrefix("-ERR [SYS/TEMP]")) }
    let client = try server.loggedIn("anna")
    // Whether a password is wrong is not said either: it would tell who is in the file.
    #expect(try server.greeted().logIn("anna", "wrong").hasPrefix("-ERR [SYS/TEMP]"))
    let status = try workspace.ocean("status", workspace.path("ocean.yaml"))
    #expect(status.output.contains("its users cannot log in for now"), "\(status.output)")
    try client.ok("QUIT")
    try server.stop()
    #expect(server.log.components(separatedBy: "an account source is away").count == 2, "\(server.log)")
    let plan = try workspace.ocean("plan", "--format", "json", workspace.path("ocean.yaml"))
    #expect(!(server.log + status.output + plan.output).contains("Secret-of-the-database"))
  }
}
