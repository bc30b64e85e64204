import Foundation
import Testing

/// Debian's Cyrus with the mailbox of anna@example.org, on the ports of a workspace.
///
/// `Tests/setup` unpacks it, because it cannot be installed beside Dovecot. The test's own saslauthd checks
/// passwords.
struct Cyrus {
  static let lmtpPort = 1124
  static let imapPort = 1143
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: ".build/cyrus")
  private static let programs = root.appending(path: "usr/lib/cyrus/bin").path
  static let canRun = geteuid() == 0 && access(programs + "/master", X_OK) == 0
  private static let environment = [
    "LD_LIBRARY_PATH": (try? FileManager.default.contentsOfDirectory(atPath: root.path + "/usr/lib"))?
      .filter { $0.hasSuffix("-linux-gnu") }.map { "\(root.path)/usr/lib/\($0)" }.joined(separator: ":")
      ?? "",
    "CYRUS_USER": LeavingClients.user,
  ]

  private let workspace: Workspace
  private let passwords: Command
  private let master: Command

  /// - Parameter format: the `uidl_format` of Cyrus.
  init(_ workspace: Workspace, format: String) throws {
    self.workspace = workspace
    let directory = workspace.path("cyrus")
    for folder in ["proc", "socket", "lock", "db", "spool"] {
      try FileManager.default.createDirectory(
        atPath: "\(directory)/\(folder)", withIntermediateDirectories: true)
    }
    try workspace.write(
      """
      configdirectory: \(directory)
      defaultpartition: default
      partition-default: \(directory)/spool
      admins: cyrus
      servername: localhost
      virtdomains: userid
      allowplaintext: 1
      sasl_mech_list: PLAIN
      sasl_pwcheck_method: saslauthd
      sasl_saslauthd_path: \(directory)/mux
      autocreate_quota: 0
      autocreate_post: 1
      uidl_format: \(format)

      """, to: "cyrus/imapd.conf")
    let services = [("imapd", Self.imapPort), ("pop3d", Workspace.port), ("lmtpd -a", Self.lmtpPort)].map {
      """
        \($1 == Workspace.port ? "pop" : "s\($1)") cmd="\(Self.programs)/\($0) -C \(directory)/imapd.conf" \
      listen="\(workspace.address):\($1)" prefork=0
      """
    }
    try workspace.write(
      "START {\n}\nSERVICES {\n\(services.joined(separator: "\n"))\n}\nEVENTS {\n}\n", to: "cyrus/cyrus.conf")
    #expect(
      try workspace.run("chown", ["-R", "\(LeavingClients.user):nogroup", directory]).status == .exited(0))
    let script = """
      import os, socket, struct, sys
      server = socket.socket(socket.AF_UNIX)
      server.bind(sys.argv[1])
      os.chmod(sys.argv[1], 0o666)
      server.listen()
      while True:
          client, _ = server.accept()
          fields = client.makefile('rb')
          user, password, *_ = [fields.read(*struct.unpack('>H', fields.read(2))) for _ in range(4)]
          answer = b'OK' if password == sys.argv[2].encode() else b'NO'
          client.sendall(struct.pack('>H', 2) + answer)
          client.close()
      """
    unlink("\(directory)/mux")
    passwords = try Command(
      "python3", ["-c", script, "\(directory)/mux", Workspace.secret], directory: workspace.directory)
    master = try Command(
      Self.programs + "/master",
      [
        "-D", "-C", "\(directory)/imapd.conf", "-M", "\(directory)/cyrus.conf", "-p",
        "\(directory)/master.pid",
      ], environment: Self.environment, directory: workspace.directory)
    try eventually("Cyrus serves POP3") { () -> Bool? in
      guard let client = try? POP3Client(workspace.address, port: Workspace.port) else { return nil }
      return try client.line().hasPrefix("+OK") ? true : nil
    }
  }

  func deliver(_ number: Int) throws {
    try python(
      """
      import smtplib
      with smtplib.LMTP(host, \(Self.lmtpPort)) as server:
          server.sendmail('berta@example.org', ['anna@example.org'], sys.argv[3].encode().replace(b'\\n', b'\\r\\n'))
      """, LeavingClients.message(number))
  }

  /// - Parameter commands: Python code, with anna's `box`; its INBOX is selected.
  func imap(_ commands: String) throws {
    try python(
      """
      import imaplib
      with imaplib.IMAP4(host, \(Self.imapPort), timeout=20) as box:
          box.login('anna@example.org', password)
          assert box.select()[0] == 'OK'
          assert all(reply[0] == 'OK' for reply in [\(commands)])
      """, "")
  }

  private func python(_ script: String, _ argument: String) throws {
    let run = try workspace.run(
      "python3",
      [
        "-c", "import sys\nhost, password = sys.argv[1:3]\n" + script, workspace.address, Workspace.secret,
        argument,
      ])
    #expect(run.status == .exited(0), "\(run.errorOutput)")
  }

  /// The folder where Cyrus keeps anna's mail.
  func folder() throws -> String {
    let run = try Command(
      Self.programs + "/mbpath", ["-C", workspace.path("cyrus/imapd.conf"), "-u", "anna@example.org"],
      environment: Self.environment, directory: workspace.directory)
    #expect(try run.wait() == .exited(0), "\(run.errorOutput)")
    return run.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  func stop() throws {
    master.signal(SIGTERM)
    #expect(try master.wait() == .exited(0))
    passwords.signal(SIGTERM)
    #expect(try passwords.wait() == .signalled(SIGTERM))
  }
}
