import Foundation
import Testing

/// Tests moving from Cyrus to ocean, as clients see it that leave their mail on the server.
@Suite(.enabled(if: Cyrus.canRun, "Tests/setup was not run, or this is not root"))
struct MovingFromCyrusTests {
  private let workspace: Workspace
  private let clients: LeavingClients

  init() throws {
    workspace = try Workspace()
    clients = try LeavingClients(workspace)
    try workspace.write("anna@example.org:{PLAIN}\(Workspace.secret)::::::\n", to: "users.passwd")
    try FileManager.default.removeItem(at: workspace.maildir())
    try clients.own("mail")
  }

  /// Each `uidl_format` of Cyrus with the `mail.uidl` that belongs to it.
  @Test(arguments: [("cyrus", "%v.%u"), ("uidonly", "%u"), ("dovecot", "%08Xu%08Xv"), ("courier", "%v-%u")])
  func `clients fetch nothing twice`(format: String, ours: String) throws {
    let cyrus = try Cyrus(workspace, format: format)
    for number in [3, 1, 2] { try cyrus.deliver(number) }
    try clients.expect(new: [1, 2, 3], "from Cyrus")
    try cyrus.imap(
      """
      box.append('INBOX', '(\\\\Seen \\\\Flagged)', imaplib.Time2Internaldate(1500000000), b'Subject: message 4\\r\\n\\r\\n'),
      box.store('2', '+FLAGS', '(\\\\Deleted)'), box.expunge(), box.store('1', '+FLAGS', '(\\\\Seen)')
      """)
    try cyrus.deliver(5)
    try clients.expect(new: [4, 5], "from Cyrus")

    // Cyrus is running.
    let folder = try cyrus.folder()
    #expect(
      try take(folder) == [
        "4 messages in \(workspace.maildir().path): UIDs 1 to 5", "4 came in, 0 expunged, 0 with other flags",
      ])
    try cyrus.imap(
      "box.store('2', '+FLAGS', '(\\\\Deleted)'), box.expunge(), box.store('1', '-FLAGS', '(\\\\Seen)')")
    try cyrus.deliver(6)
    let ids = try uidls()
    #expect(ids.count == 4)
    try cyrus.stop()
    #expect(
      try take(folder) == [
        "4 messages in \(workspace.maildir().path): UIDs 1 to 6", "1 came in, 1 expunged, 1 with other flags",
      ])

    let config = workspace.read("ocean.yaml")
    try workspace.write(
      config.replacing("mail: { maildir:", with: "mail: { uidl: { dovecot: \"\(ours)\" }, maildir:"),
      to: "ocean.yaml")
    try clients.own("state")
    let server = try Server(workspace)
    #expect(try uidls() == ids)
    try clients.expect(new: [6], "from ocean")
    try clients.deliver(7)
    try clients.expect(new: [7], "from ocean")
    try clients.expect(new: [], "from ocean")
    let check = try workspace.ocean("mailbox", "check", "anna@example.org", workspace.config)
    #expect(check.status == .exited(0), "\(check.output)\(check.errorOutput)")
    try server.stop()
  }

  /// Imports the folder.
  ///
  /// - Returns: the first two lines of the output, up to the first "of", and from "by this run" on.
  private func take(_ folder: String) throws -> [String] {
    let run = try workspace.ocean("import", "cyrus", folder, workspace.maildir().path)
    #expect(run.status == .exited(0), "\(run.errorOutput)")
    let lines = run.output.split(separator: "\n")
    return [lines[0].split(separator: " of ")[0], lines[1].split(separator: ": ")[1]].map(String.init)
  }

  private func uidls() throws -> [String] {
    let script = """
      import poplib, sys
      box = poplib.POP3(sys.argv[1], int(sys.argv[2]), timeout=20)
      box.user('anna@example.org')
      box.pass_(sys.argv[3])
      print(b'\\n'.join(box.uidl()[1]).decode())
      box.quit()
      """
    let run = try workspace.run(
      "python3", ["-c", script, workspace.address, "\(Workspace.port)", Workspace.secret])
    #expect(run.status == .exited(0), "\(run.errorOutput)")
    return run.output.split(separator: "\n").map(String.init)
  }
}
