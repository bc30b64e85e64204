import Foundation
import Testing

/// Tests moving from Courier to ocean and back, as clients see it that leave their mail on the server.
///
/// Courier's program is `courierpop3d` of package courier-pop, which `Tests/setup` unpacks: it cannot be
/// installed beside dovecot-pop3d.
@Suite(.enabled(if: Courier.canRun, "Tests/setup was not run, or this is not root"))
struct MovingFromCourierTests {
  private let workspace: Workspace
  private let clients: LeavingClients

  init() throws {
    workspace = try Workspace()
    try workspace.write("anna@example.org:{PLAIN}\(Workspace.secret)::::::\n", to: "users.passwd")
    clients = try LeavingClients(workspace)
    let config = workspace.read("ocean.yaml")
    try workspace.write(
      config.replacing("mail: { maildir:", with: "mail: { uidl: courier, maildir:"), to: "ocean.yaml")
  }

  @Test func `clients fetch nothing twice`() throws {
    var courier = try Courier(workspace)
    for number in [3, 1, 2] { try clients.deliver(number) }
    try clients.expect(new: [1, 2, 3], "from Courier")
    try clients.deliver(4)
    try clients.expect(new: [4], "from Courier")
    try courier.stop()

    let server = try Server(workspace)
    try clients.expect(new: [], "from ocean")
    try clients.deliver(5)
    try clients.expect(new: [5], "from ocean")
    try clients.expect(new: [], "from ocean")
    let check = try workspace.ocean("mailbox", "check", "anna@example.org", workspace.config)
    #expect(check.status == .exited(0), "\(check.output)\(check.errorOutput)")
    try server.stop()
    let again = try Server(workspace)
    try clients.expect(new: [], "from ocean, started again")
    try again.stop()

    courier = try Courier(workspace)
    // A message that ocean met first is new to Courier.
    try clients.expect(new: [5], "from Courier again")
    try clients.deliver(6)
    try clients.expect(new: [6], "from Courier again")
    try courier.stop()
  }
}

/// Debian's Courier with the mailbox of anna@example.org: its program behind the test's own login.
struct Courier {
  private static let program =
    (URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent()
    / ".build/courier/usr/lib/courier/courier/courierpop3d").path
  static let canRun = geteuid() == 0 && access(program, X_OK) == 0

  private let process: Command

  init(_ workspace: Workspace) throws {
    let script = """
      import socket, subprocess, sys
      program, maildir, user, address, port = sys.argv[1:]
      environment = dict(AUTHENTICATED='anna', AUTHADDR='anna', TCPREMOTEIP=address)
      server = socket.create_server((address, int(port)))
      while True:
          client, _ = server.accept()
          lines = client.makefile('rb', buffering=0)
          client.sendall(b'+OK\\r\\n')
          while (line := lines.readline()) and not line.upper().startswith(b'PASS '):
              client.sendall(b'+OK\\r\\n' if line.upper().startswith(b'USER ') else b'-ERR\\r\\n')
          if line:
              subprocess.run([program, maildir], stdin=client, stdout=client, env=environment, user=user, cwd='/')
          lines.close()
          client.close()
      """
    process = try Command(
      "python3",
      [
        "-c", script, Self.program, workspace.maildir().path, LeavingClients.user, workspace.address,
        "\(Workspace.port)",
      ], directory: workspace.directory)
    try eventually("Courier serves POP3") { () -> Bool? in
      guard let client = try? POP3Client(workspace.address, port: Workspace.port) else { return nil }
      return try client.line().hasPrefix("+OK") ? true : nil
    }
  }

  func stop() throws {
    process.signal(SIGTERM)
    #expect(try process.wait() == .signalled(SIGTERM))
  }
}
