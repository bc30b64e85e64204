import Foundation
import Testing

/// Tests the output of `ocean import cyrus`.
struct ImportCyrusTests {
  private let workspace: Workspace
  private let folder: String
  private let maildir: String

  init() throws {
    workspace = try Workspace()
    folder = workspace.path("cyrus")
    maildir = workspace.path("mail/new")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    for uid in 1...9 { try workspace.write("Subject: \(uid)\r\n\r\n\(uid)\r\n", to: "cyrus/\(uid).") }
    try index("17")
  }

  private func index(_ name: String) throws {
    let source =
      URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
      / "OceanStoreTests/CyrusIndexes/\(name).index"
    try Data(contentsOf: source).write(to: URL(filePath: folder + "/cyrus.index"))
  }

  /// - Returns: the exit code, and the output.
  private func run(_ arguments: String...) throws -> (
    code: Command.ExitStatus?, output: String, error: String
  ) {
    let command = try Command(
      try oceanBinary(), ["import", "cyrus"] + arguments, directory: workspace.directory)
    try command.wait()
    return (command.status, command.output, command.errorOutput)
  }

  @Test func `says what came in, and what has changed since`() throws {
    try index("early")
    var run = try run(folder, maildir)
    #expect(run.code == .exited(0) && run.error.isEmpty)
    #expect(
      run.output == """
        5 messages in \(maildir): UIDs 1 to 6 of UIDVALIDITY 1795637049, 1 seen
          by this run: 5 came in, 0 expunged, 0 with other flags
          unique ids: mail.uidl: { dovecot: "%v.%u" }
          with uidl_format in imapd.conf: "%u" for uidonly, "%v-%u" for courier, "%08Xu%08Xv" for dovecot

        """)
    try index("17")
    try FileManager.default.removeItem(atPath: folder + "/7.")
    try workspace.write("x\n", to: "mail/new/new/1800000000.a")
    run = try self.run(folder, maildir)
    #expect(run.code == .exited(1))
    #expect(
      run.output.hasPrefix(
        """
        6 messages in \(maildir): UIDs 1 to 9 of UIDVALIDITY 1795637049, 2 seen
          by this run: 2 came in, 0 expunged, 0 with other flags
          other mail is in there: only what is new was taken over from Cyrus

        """), "\(run.output)")
    #expect(run.error == "ocean: \(folder): no file for 1 message, 7.: \(Self.advice)\n")
  }

  private static let advice =
    "Cyrus cannot send them either; if it expunged them just now, or they turn up, run this again"

  @Test func `says why it does nothing`() throws {
    var run = try run(maildir + "x", maildir)
    #expect(run.code == .exited(1))
    #expect(run.error == "ocean: cannot open \(maildir)x: No such file or directory\n")
    run = try self.run(workspace.path("mail"), maildir)
    #expect(
      run.error.hasPrefix("ocean: \(workspace.path("mail")): not a mailbox of Cyrus: it has no cyrus.index"))
    run = try self.run(folder, maildir + "/a/b")
    #expect(
      run.error == "ocean: make the directory \(maildir)/a first; its owner will own the mail\n")
    run = try self.run(folder, workspace.maildir().path + "\u{1B}/")
    #expect(run.code == .exited(0))
    #expect(run.output.contains("\\u{1b}") && !run.output.contains("\u{1B}"), "\(run.output)")

    try workspace.deliver("x\n", as: "1800000000.a")
    run = try self.run(folder, workspace.maildir().path)
    #expect(run.code == .exited(1) && run.output.isEmpty)
    #expect(run.error.contains("it holds mail that did not come from Cyrus (new/1800000000.a)"))

    var bytes = Array(try Data(contentsOf: URL(filePath: folder + "/cyrus.index")))
    bytes[11] = 20
    try Data(bytes).write(to: URL(filePath: folder + "/cyrus.index"))
    run = try self.run(folder, maildir)
    #expect(
      run.error == """
        ocean: \(folder): cyrus.index has version 20; only 12 to 17 are understood, of Cyrus 2.4 to 3.8: Cyrus's \
        'reconstruct -V 17' converts it

        """)
    #expect(!FileManager.default.fileExists(atPath: maildir))
    #expect(try self.run(folder).code == .exited(2))
  }
}
