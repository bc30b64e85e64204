import Foundation
import Testing

/// Tests moving from Dovecot to ocean and back, as clients see it that leave their mail on the server.
///
/// Needs root, because Dovecot does, and its packages. If they are missing this does not run, unless CI=true.
@Suite(
  .enabled(
    if: geteuid() == 0 && Command.find("/usr/sbin/dovecot") != nil
      || ProcessInfo.processInfo.environment["CI"] == "true", "dovecot-pop3d is not installed"))
struct MovingTests {
  let workspace: Workspace
  private let clients: LeavingClients
  private let user = LeavingClients.user
  private static let imapPort = 1143

  init() throws {
    workspace = try Workspace()
    try workspace.write("anna@example.org:{PLAIN}\(Workspace.secret)::::::\n", to: "users.passwd")
    try FileManager.default.createDirectory(
      at: workspace.directory / "dovecot", withIntermediateDirectories: false)
    clients = try LeavingClients(workspace)
    try clients.own("state")
  }

  /// - Parameters:
  ///   - format: Dovecot's `pop3_uidl_format`.
  ///   - isTold: whether Dovecot's list gets the ids that ocean gave, before going back.
  @Test(arguments: [("%08Xu%08Xv", false), ("%08Xu%08Xv", true), ("%f", false)])
  func `clients fetch nothing twice`(format: String, isTold: Bool) throws {
    for number in [3, 1, 2] { try deliver(number) }
    var dovecot = try startDovecot(format)
    try expect(new: [1, 2, 3], "from Dovecot")
    try deliver(4)
    try expect(new: [4], "from Dovecot")

    // Dovecot's IMAP keeps running.
    try configure("imap", format)
    dovecot.signal(SIGHUP)
    try eventually("Dovecot closes POP3") {
      (try? POP3Client(workspace.address, port: Workspace.port)) == nil ? true : nil
    }
    let server = try serveImported(format)
    try expect(new: [], "from ocean")
    try imap("SELECT")
    try imap("STORE 1:2 +FLAGS (\\Seen \\Flagged)")
    try expect(new: [], "after IMAP renamed files")
    // Dovecot numbers the message before ocean sees it.
    try deliver(5)
    try imap("SELECT")
    try expect(new: [5], "from ocean")
    try expect(new: [], "from ocean")
    let delivery = try Command(
      "/usr/lib/dovecot/dovecot-lda",
      ["-c", workspace.path("dovecot/dovecot.conf"), "-d", "anna@example.org"],
      input: LeavingClients.message(7), directory: workspace.directory)
    #expect(try delivery.wait() == .exited(0), "\(delivery.errorOutput)")
    try expect(new: [7], "from ocean")
    // This time ocean sees it first.
    try deliver(6)
    try expect(new: [6], "from ocean")
    try imap("SELECT")
    try imap("STORE 2 +FLAGS (\\Answered)")
    try expect(new: [], "after IMAP renamed files")
    let check = try workspace.ocean("mailbox", "check", "anna@example.org", workspace.config)
    #expect(check.status == .exited(0), "\(check.output)\(check.errorOutput)")
    try server.stop()

    // The index outlives the server.
    let again = try Server(workspace)
    try expect(new: [], "from ocean, started again")
    try again.stop()

    if isTold {
      dovecot.signal(SIGTERM)
      #expect(try dovecot.wait() == .exited(0))
      let list = "mail/example.org/anna/dovecot-uidlist"
      let told = workspace.read(list).replacing(" :1700000006.M6P1.host", with: " P :1700000006.M6P1.host")
      try workspace.write(told, to: list)
      try clients.own(list)
      dovecot = try startDovecot(format)
    } else {
      try configure("pop3 imap", format)
      dovecot.signal(SIGHUP)
      try waitForDovecot()
    }
    // A message that ocean met first is new to Dovecot, unless both name it after its file.
    try expect(new: isTold || format == "%f" ? [] : [6], "from Dovecot again")
    try expect(new: [], "from Dovecot again")
    dovecot.signal(SIGTERM)
    #expect(try dovecot.wait() == .exited(0))
  }

  // MARK: - Servers

  private func configure(_ protocols: String, _ format: String) throws {
    try workspace.write(
      """
      protocols = \(protocols)
      listen = \(workspace.address)
      base_dir = \(workspace.path("dovecot/run"))
      state_dir = \(workspace.path("dovecot/state"))
      log_path = \(workspace.path("dovecot/log"))
      ssl = no
      disable_plaintext_auth = no
      mail_location = maildir:\(workspace.path("mail"))/%d/%n
      mail_uid = \(user)
      mail_gid = nogroup
      first_valid_uid = 1
      pop3_uidl_format = \(format)
      passdb {
        driver = passwd-file
        args = \(workspace.path("users.passwd"))
      }
      userdb {
        driver = static
        args = uid=\(user) gid=nogroup home=\(workspace.path("mail"))/%d/%n
      }
      service pop3-login {
        inet_listener pop3 {
          port = \(Workspace.port)
        }
        inet_listener pop3s {
          port = 0
        }
      }
      service imap-login {
        inet_listener imap {
          port = \(Self.imapPort)
        }
        inet_listener imaps {
          port = 0
        }
      }

      """, to: "dovecot/dovecot.conf")
  }

  private func startDovecot(_ format: String) throws -> Command {
    try configure("pop3 imap", format)
    let dovecot = try Command(
      "/usr/sbin/dovecot", ["-F", "-c", workspace.path("dovecot/dovecot.conf")],
      directory: workspace.directory)
    try waitForDovecot()
    return dovecot
  }

  private func waitForDovecot() throws {
    try eventually("Dovecot serves POP3", within: 90) { () -> Bool? in
      guard let client = try? POP3Client(workspace.address, port: Workspace.port) else { return nil }
      return (try? client.line())?.hasPrefix("+OK") == true ? true : nil
    }
  }

  /// Starts ocean with the config it makes of Dovecot's, except for the state directory.
  private func serveImported(_ format: String) throws -> Server {
    try configure("pop3 imap", format)
    let imported = try workspace.ocean(
      "import", "dovecot", workspace.path("dovecot/dovecot.conf"), "--out", workspace.directory.path,
      "--force")
    #expect(imported.status == .exited(0), "\(imported.errorOutput)")
    try configure("imap", format)
    let config = workspace.read("ocean.yaml")
    #expect(config.contains(format == "%f" ? "uidl: { dovecot: \"%f\" }" : "uidl: dovecot"))
    try workspace.write(config.replacing("server:\n", with: "server:\n  state: state\n"), to: "ocean.yaml")
    return try Server(workspace)
  }

  private func deliver(_ number: Int) throws { try clients.deliver(number) }

  private func imap(_ command: String) throws {
    let script = """
      import imaplib, sys
      host, port, password, command, *arguments = sys.argv[1:]
      box = imaplib.IMAP4(host, int(port), timeout=20)
      box.login('anna@example.org', password)
      assert box.select()[0] == 'OK'
      if command != 'SELECT': assert box.xatom(command, *arguments)[0] == 'OK'
      box.logout()
      """
    let words = command.split(separator: " ", maxSplits: 2).map(String.init)
    let run = try workspace.run(
      "python3", ["-c", script, workspace.address, "\(Self.imapPort)", Workspace.secret] + words)
    #expect(run.status == .exited(0), "\(run.errorOutput)")
  }

  private func expect(new: [Int], _ what: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    try clients.expect(new: new, what, sourceLocation: sourceLocation)
  }
}
