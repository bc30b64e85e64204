import Foundation
import Testing

/// Two clients that leave their mail on the server, fetchmail and getmail, and the mail of anna@example.org
/// that they fetch.
struct LeavingClients {
  /// The owner of the mail.
  static let user = "nobody"
  private let workspace: Workspace

  init(_ workspace: Workspace) throws {
    self.workspace = workspace
    for folder in ["getmail", "got"] {
      try FileManager.default.createDirectory(
        at: workspace.directory / folder, withIntermediateDirectories: true)
    }
    try own("got")
    // A server that becomes another user reads the file, and so does Dovecot's user.
    try workspace.setMode(0o644, of: "users.passwd")
  }

  func own(_ path: String) throws {
    let command = try workspace.run("chown", ["-R", "\(Self.user):nogroup", workspace.path(path)])
    #expect(command.status == .exited(0))
  }

  func deliver(_ number: Int) throws {
    try workspace.deliver(Self.message(number), as: "170000000\(number).M\(number)P1.host")
    try own("mail")
  }

  static func message(_ number: Int) -> String {
    "From: berta@example.org\nSubject: message \(number)\n\n\(number)\n"
  }

  /// Both clients poll, and must get these messages and no other.
  func expect(new: [Int], _ what: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let fetched = try fetchmail()
    #expect(fetched == new, "fetchmail \(what)", sourceLocation: sourceLocation)
    let got = try getmail()
    #expect(got == new, "getmail \(what)", sourceLocation: sourceLocation)
  }

  private func fetchmail() throws -> [Int] {
    try? FileManager.default.removeItem(at: workspace.directory / "fetched")
    try workspace.write(
      """
      set no bouncemail
      set idfile "\(workspace.path("fetchids"))"
      poll \(workspace.address) service \(Workspace.port) protocol pop3 uidl timeout 20
        user "anna@example.org" password "\(Workspace.secret)" keep sslproto "" no rewrite
        mda "cat >> '\(workspace.path("fetched"))'"
      """, to: "fetchmailrc")
    chmod(workspace.path("fetchmailrc"), 0o600)
    let run = try workspace.run(
      "fetchmail",
      [
        "--fetchmailrc", workspace.path("fetchmailrc"), "--pidfile", workspace.path("fetchmail.pid"),
        "--invisible", "--nosyslog",
      ],
      environment: ["FETCHMAILHOME": workspace.directory.path, "LC_ALL": "C"])
    // Status 1 means that there was no mail.
    #expect(run.status == .exited(0) || run.status == .exited(1), "\(run.output)\(run.errorOutput)")
    return Self.numbers(in: [workspace.read("fetched")])
  }

  /// Runs getmail. It misses a child that ends before it waits for it, and its own child that writes into a
  /// Maildir may do so: hence the sleep.
  private func getmail() throws -> [Int] {
    try workspace.write(
      """
      [retriever]
      type = SimplePOP3Retriever
      server = \(workspace.address)
      port = \(Workspace.port)
      username = anna@example.org
      password = \(Workspace.secret)
      timeout = 20
      [destination]
      type = MDA_external
      path = /bin/sh
      arguments = ("-c", "cat >\(workspace.path("got"))/$$; sleep 0.1")
      [options]
      read_all = false
      delete = false
      """, to: "getmail/getmailrc")
    chmod(workspace.path("getmail/getmailrc"), 0o600)
    try own("getmail")
    // getmail does not deliver as root.
    let run = try workspace.run(
      "runuser",
      [
        "-u", Self.user, "--", "getmail", "--getmaildir", workspace.path("getmail"), "--rcfile", "getmailrc",
      ])
    #expect(run.status == .exited(0), "\(run.output)\(run.errorOutput)")
    let folder = workspace.directory / "got"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    defer { for name in names { try? FileManager.default.removeItem(at: folder / name) } }
    return Self.numbers(in: names.map { workspace.read("got/\($0)") })
  }

  /// The numbers of the messages in the texts, in order.
  private static func numbers(in texts: [String]) -> [Int] {
    texts.flatMap { $0.split(whereSeparator: \.isNewline) }
      .compactMap { $0.hasPrefix("Subject: message ") ? Int($0.dropFirst(17)) : nil }.sorted()
  }
}
