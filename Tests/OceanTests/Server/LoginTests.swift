import Foundation
import Testing

/// Tests what the server tells about logins: its own log, the journal, and `ocean mailbox who`.
struct LoginTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.deliver("Subject: one\n\nbody\n", as: "1.M1P1.host")
    try workspace.deliver("Subject: two\n\nbody\n", as: "2.M1P1.host")
  }

  private func configure(log: String, server: [String] = [], service: [String] = []) throws {
    try workspace.writeConfig(server: ["drain_timeout: 0s"] + server, service: service)
    let config = workspace.read("ocean.yaml")
    try workspace.write(config.replacing("log: { access: access.jsonl }", with: log), to: "ocean.yaml")
  }

  private func messages(_ server: Server) throws -> [String] {
    try logLines(server.log).compactMap { $0["message"] }.filter { $0.hasPrefix("pop3: ") }
  }

  /// One login, one that fails, one client that is refused.
  private func visit(_ server: Server) throws {
    let client = try server.loggedIn()
    _ = try server.client().line()
    try client.ok("QUIT")
    let failing = try eventually("a place is free") { try? server.greeted() }
    #expect(try failing.logIn("anna", "wrong").hasPrefix("-ERR [AUTH]"))
  }

  @Test func `without an access log the server's log has logins, failures and refusals`() throws {
    try configure(log: "", service: ["max_connections: 1"])
    let server = try Server(workspace)
    try visit(server)
    try server.stop()
    let lines = try logLines(server.log).filter { $0["service"] == "pop3" }
    #expect(
      lines.compactMap { $0["message"] }.filter { !$0.hasPrefix("pop3: refused") } == [
        "pop3: login anna@example.org from 127.0.0.1 without TLS",
        "pop3: login failed from 127.0.0.1 without TLS: wrong credentials, user anna",
      ])
    #expect(lines.contains { $0["message"] == "pop3: refused 127.0.0.1: max connections" })
    #expect(lines[0]["user"] == "anna@example.org" && lines[0]["peer"] == "127.0.0.1")
  }

  @Test func `with an access log the server's log has them only if it is told to`() throws {
    for (log, count) in [
      ("log: { access: access.jsonl }", 0), ("log: { access: access.jsonl, logins: failures }", 1),
    ] {
      try configure(log: log)
      let server = try Server(workspace)
      try visit(server)
      try server.stop()
      #expect(try messages(server).count == count, "\(server.log)")
      #expect(workspace.read("access.jsonl").contains("login_failed"))
    }
  }

  @Test func `names that mean harm are escaped in the log, and a password is never in it`() throws {
    try configure(log: "")
    let server = try Server(workspace)
    for name in ["\u{202e}anna", "a\u{85}b\u{9b}31m", "\u{1b}]0;x\u{7}", "a\"b"] {
      let client = try server.greeted()
      try client.send("USER \(name)\r\nPASS \(Workspace.secret)\r\nQUIT\r\n")
      _ = try client.rest()
    }
    try server.stop()
    #expect(
      server.log.unicodeScalars.allSatisfy { scalar in
        scalar == "\n"
          || scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value) && scalar.value != 0x202e
      })
    #expect(try messages(server).contains { $0.hasSuffix("user \u{202e}anna") })
  }

  // MARK: - The journal

  /// A socket like the journal's.
  private final class JournalReader {
    private let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    private(set) var entries: [String] = []

    init(_ path: String) throws {
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
      let result = withUnsafePointer(to: address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      guard result == 0, chmod(path, 0o666) == 0 else { throw Failure("no socket at \(path)") }
    }

    deinit { close(descriptor) }

    func wait(for field: String) throws -> String {
      try eventually("\(field) in the journal, which has:\n\(entries)") {
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while case let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT)), count > 0 {
          entries.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
        return entries.first { $0.contains(field) }
      }
    }
  }

  @Test(.enabled(if: geteuid() == 0, "only root can mount"))
  func `started by systemd, the log goes to the journal with a field for each value`() throws {
    try configure(log: "")
    let folder = workspace.directory / "journal"
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    let journal = try JournalReader(folder.path + "/socket")
    let setup = """
      mount -t tmpfs none /run && mkdir -p /run/systemd/journal && mount --bind \(folder.path) /run/systemd/journal \
      && export JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) && exec "$0" "$@"
      """
    let server = try Command(
      "unshare", ["-m", "sh", "-c", setup, oceanBinary(), "serve", workspace.config],
      directory: workspace.directory)
    _ = try journal.wait(for: "MESSAGE=serving")
    let client = try POP3Client(workspace.address, port: Workspace.port)
    _ = try client.line()
    #expect(try client.logIn().hasPrefix("+OK"))
    let login = try journal.wait(for: "MESSAGE=pop3: login")
    let fields = login.split(separator: "\n")
    #expect(fields.first == "MESSAGE=pop3: login anna@example.org from 127.0.0.1 without TLS")
    for field in [
      "PRIORITY=6", "SYSLOG_IDENTIFIER=ocean", "OCEAN_USER=anna@example.org", "OCEAN_PEER=127.0.0.1",
      "OCEAN_SERVICE=pop3",
    ] { #expect(fields.contains(Substring(field)), "\(fields)") }
    #expect(fields.contains { $0.hasPrefix("OCEAN_PLAN=") })
    server.signal(SIGTERM)
    _ = try journal.wait(for: "MESSAGE=stopped")
    #expect(try server.wait() == .exited(0))
    #expect(server.errorOutput.isEmpty, "\(server.errorOutput)")
  }

  @Test func `without a journal the log goes to standard error`() throws {
    let server = try Server(
      workspace,
      wrapper: [
        "sh", "-c", "export JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2); exec \"$0\" \"$@\"",
      ])
    try server.stop()
  }

  // MARK: - ocean mailbox who

  private func who(_ user: String = "anna") throws -> [String: Any] {
    let command = try workspace.ocean("mailbox", "who", user, "-c", workspace.config, "--format", "json")
    #expect(command.status == .exited(0), "\(command.errorOutput)")
    let object = try JSONSerialization.jsonObject(with: Data(command.output.utf8)) as? [String: Any]
    return try #require(object)
  }

  private func waitForTable(_ text: String, count: Int = 1) throws {
    try eventually("\(text) in the table") {
      workspace.read("state/logins").components(separatedBy: text).count > count ? true : nil
    }
  }

  @Test func `the last logins outlive a kill, and a line that was cut off`() throws {
    let server = try Server(workspace)
    let client = try server.loggedIn()
    _ = try client.retrieve(1)
    try client.ok("DELE 2")
    try client.ok("QUIT")
    #expect(try server.greeted().logIn("Anna", "wrong").hasPrefix("-ERR"))
    #expect(try server.greeted().logIn("nobody", "wrong").hasPrefix("-ERR"))
    try waitForTable("quit")
    try waitForTable("wrong_credentials")
    #expect(!workspace.read("state/logins").contains("nobody"))
    server.process.signal(SIGKILL)
    _ = try server.process.wait()
    let handle = try FileHandle(forWritingTo: workspace.directory / "state/logins")
    try handle.seekToEnd()
    try handle.write(contentsOf: Data("S\t17959464".utf8))
    try handle.close()

    let logins = try who()
    #expect(logins["account"] as? String == "anna@example.org")
    let session = try #require((logins["sessions"] as? [[String: Any]])?.first)
    #expect(session["retrieved"] as? Int == 1 && session["deleted"] as? Int == 1)
    #expect(session["bytes"] as? Int == 22 && session["outcome"] as? String == "quit")
    #expect(session["peer"] as? String == "127.0.0.1" && session["service"] as? String == "pop3")
    let failure = try #require((logins["failures"] as? [[String: Any]])?.first)
    #expect(failure["outcome"] as? String == "wrong_credentials")

    let again = try Server(workspace)
    try again.loggedIn().ok("QUIT")
    try waitForTable("quit", count: 2)
    try again.stop()
    #expect(!again.log.contains("last logins"))
    #expect((try who("ANNA@example.org")["sessions"] as? [Any])?.count == 2)
    let text = try workspace.ocean("mailbox", "who", "anna", workspace.config)
    #expect(text.output.hasPrefix("CONNECTED ") && text.output.contains("\n\nFAILED "), "\(text.output)")
  }

  @Test func `a login that is refused without TLS is seen, and is not a guess`() throws {
    try configure(
      log: "log: { access: access.jsonl, logins: failures }",
      server: ["anti_hammering: { max_failures: 1 }"], service: ["plaintext_login: [127.77.0.0/16]"])
    let server = try Server(workspace)
    for user in ["anna", "nobody-of-that-name"] {
      let client = try server.greeted(from: "127.80.0.1")
      #expect(try client.command("USER \(user)") == "-ERR login needs TLS here")
      #expect(try client.command("USER \(user)") == "-ERR login needs TLS here")
      try server.waitForLog(
        "pop3: login refused from 127.80.0.1 without TLS: the service needs TLS, user \(user)")
    }
    let line = try server.accessLogLine { $0["outcome"] as? String == "needs_tls" }
    #expect(line["event"] as? String == "login_failed" && line["user"] as? String == "anna")
    try waitForTable("needs_tls")
    // Guesses would have blocked it.
    _ = try server.greeted(from: "127.80.0.1")
    try server.stop()
    #expect(!workspace.read("state/logins").contains("nobody"))
    let failures = try #require(try who()["failures"] as? [[String: Any]])
    #expect(failures.map { $0["outcome"] as? String } == ["needs_tls"])
    let text = try workspace.ocean("mailbox", "who", "anna", workspace.config).output
    #expect(text.contains("  none  needs TLS\n"), "\(text)")
  }

  @Test func `a damaged table keeps no server from starting, and is set aside`() throws {
    try workspace.write("S\t12\tanna\n", to: "state/logins")
    let command = try workspace.ocean("mailbox", "who", "anna", workspace.config)
    #expect(command.status == .exited(1))
    #expect(
      command.errorOutput
        == "ocean: \(workspace.path("state/logins")) cannot be read: it is not a table of logins of this version; the server sets it aside when the next session ends\n"
    )
    let server = try Server(workspace)
    try server.loggedIn().ok("QUIT")
    try server.waitForLog("some last logins are lost")
    try waitForTable("quit")
    try server.stop()
    #expect(workspace.read("state/logins.damaged") == "S\t12\tanna\n")
    #expect((try who()["sessions"] as? [Any])?.count == 1)
  }

  @Test func `who is told what is not there, and what cannot be read`() throws {
    let none = try workspace.ocean("mailbox", "who", "berta", workspace.config)
    #expect(none.status == .exited(0))
    #expect(
      none.output.hasPrefix("no login of berta@example.org is kept in \(workspace.path("state/logins"))\n"))
    let bad = try workspace.ocean("mailbox", "who", "a/b", workspace.config)
    #expect(bad.status == .exited(1))
    #expect(bad.errorOutput == "ocean: 'a/b' cannot be the name of an account\n")
    let config = try workspace.ocean("mailbox", "who", "anna", workspace.path("missing.yaml"))
    #expect(config.status == .exited(1) && config.errorOutput.contains("missing.yaml"))
    let saved = try workspace.ocean("plan", workspace.config, "--out", workspace.path("plan.json"))
    #expect(saved.status == .exited(0), "\(saved.errorOutput)")
    let plan = try workspace.ocean("mailbox", "who", "berta", workspace.path("plan.json"))
    #expect(plan.output == none.output)
    #expect(try workspace.ocean("mailbox", "who").status == .exited(2))
  }

  @Test(.enabled(if: geteuid() == 0, "only root can become somebody without rights"))
  func `the table is for root, the server's user and its group`() throws {
    let server = try Server(workspace)
    try server.loggedIn().ok("QUIT")
    try waitForTable("quit")
    try server.stop()
    func who(_ group: String) throws -> Command {
      try workspace.run(
        "setpriv",
        [
          "--reuid", "games", "--regid", group, "--clear-groups", oceanBinary(), "mailbox", "who", "anna",
          workspace.config,
        ])
    }
    #expect(try who("root").output.contains("quit"))
    let other = try who("games")
    #expect(other.status == .exited(1))
    #expect(other.errorOutput.contains("root, the server's user and its group may"), "\(other.errorOutput)")
  }
}
