import Foundation
import Testing

/// Tests file calls that fail while a server runs: the client or administrator concerned is told so, and
/// nobody else notices.
@Suite(.enabled(if: Faults.canRun || Faults.mustRun, "there is no C compiler"))
struct FaultErrorTests {
  private let workspace: Workspace
  private let faults: Faults
  private let server: Server

  init() throws {
    workspace = try Workspace()
    for number in 1...4 {
      try workspace.deliver("Subject: \(number)\n\nbody\n", as: "\(number).M1P1.host")
    }
    try workspace.deliver(Array(repeating: 0x78, count: 1 << 20), as: "5.M1P1.host")
    faults = try Faults(workspace)
    server = try Server(workspace, environment: faults.environment)
  }

  // MARK: - Mail

  @Test(arguments: [EIO, EACCES, ENOMEM]) func `a message that cannot be read`(errno: Int32) throws {
    let client = try server.loggedIn()
    for calls in [Faults.Calls.read, .open] {
      faults.arm(calls, on: ["/new/1.M1"], .fail(errno))
      let reply = "-ERR [SYS/\(errno == EACCES ? "PERM" : "TEMP")] message cannot be read"
      #expect(try client.command("RETR 1") == reply)
      #expect(try client.command("TOP 1 0") == reply)
      #expect(try client.retrieve(2).count == 20)
      #expect(faults.met >= 2)
      faults.disarm()
      #expect(try client.retrieve(1).count == 20)
    }
    try client.ok("QUIT")
    // The log has it once for each of the two calls, however often the client tried.
    let reason = "1.M1P1.host: \(String(cString: strerror(errno)))\",\"user\":\"anna@example.org\""
    try server.waitForLog(reason, count: 2)
    #expect(server.log.components(separatedBy: "a message cannot be sent").count == 3, "\(server.log)")
    let line = try server.accessLogLine { $0["event"] as? String == "session" }
    #expect(line["outcome"] as? String == "quit" && line["failed"] as? Int == 4)
    try server.stop()
  }

  /// The client has a part of it already: only the end of the connection can tell it.
  @Test func `a message that cannot be read to its end`() throws {
    let client = try server.loggedIn()
    try client.ok("DELE 1")
    faults.arm(.read, on: ["/new/5.M1"], .fail(EIO), first: 3)
    try client.ok("RETR 5")
    let rest = try client.rest()
    #expect((1..<(1 << 20)).contains(rest.utf8.count) && rest.allSatisfy { $0 == "x" })
    faults.disarm()
    let line = try server.accessLogLine { $0["event"] as? String == "session" }
    #expect(line["outcome"] as? String == "message_truncated" && line["deleted"] as? Int == 0)
    try server.waitForLog("cannot read \(workspace.maildir().path)/new/5.M1P1.host: Input/output error")
    #expect(try server.loggedIn().command("STAT").hasPrefix("+OK 5 "))
    try server.stop()
  }

  @Test(arguments: [
    (EIO, "[SYS/TEMP]"), (ENOMEM, "[SYS/TEMP]"), (EMFILE, "[SYS/TEMP]"), (EACCES, "[SYS/PERM]"),
    (ENOTDIR, "[SYS/PERM]"),
  ]) func `a folder that cannot be read`(errno: Int32, code: String) throws {
    let bystander = try server.loggedIn("berta")
    for (calls, folder) in [(Faults.Calls.open, "new"), (.list, "cur"), (.status, "cur"), (.list, "new")] {
      // The Maildir must be read again.
      try workspace.deliver("x\n", as: "6.M1P1.host", folder: folder)
      try FileManager.default.removeItem(at: workspace.maildir() / "\(folder)/6.M1P1.host")
      faults.arm(calls, on: ["/anna/\(folder)"], .fail(errno))
      let client = try server.greeted()
      #expect(try client.logIn().hasPrefix("-ERR \(code) "), "\(calls)")
      #expect(faults.met > 0)
      faults.disarm()
      #expect(try client.logIn().hasPrefix("+OK 5 "))
      try client.ok("QUIT")
    }
    try bystander.ok("NOOP")
    try server.stop()
  }

  @Test(arguments: [
    (EIO, "TEMP"), (EROFS, "PERM"), (EACCES, "PERM"), (EPERM, "PERM"), (ENOSPC, "TEMP"), (EBUSY, "TEMP"),
  ]) func `a message that cannot be removed`(errno: Int32, code: String) throws {
    let client = try server.loggedIn()
    for number in 1...3 { try client.ok("DELE \(number)") }
    faults.arm(.unlink, on: ["/anna/"], .fail(errno), first: 1, count: 1)
    #expect(try client.command("QUIT") == "-ERR [SYS/\(code)] some deleted messages not removed")
    faults.disarm()
    // The other messages are gone: RFC 1939 §6 leaves that to the server, and a client asks again for the
    // rest.
    #expect(
      try workspace.messages().keys.sorted() == ["new/2.M1P1.host", "new/4.M1P1.host", "new/5.M1P1.host"])
    let line = try server.accessLogLine { $0["event"] as? String == "session" }
    #expect(line["outcome"] as? String == "update_incomplete" && line["deleted"] as? Int == 2)
    let path = "\(workspace.maildir().path)/new/2.M1P1.host"
    try server.waitForLog(
      "\"messages are not removed\",\"reason\":\"cannot remove \(path): \(String(cString: strerror(errno)))\""
    )
    #expect(try server.loggedIn().command("STAT").hasPrefix("+OK 3 "))
    try server.stop()
  }

  @Test func `a removal that may not be on disk`() throws {
    let client = try server.loggedIn()
    try client.ok("DELE 1")
    faults.arm(.sync, on: ["/anna/new"], .fail(EIO))
    #expect(try client.command("QUIT").hasPrefix("-ERR [SYS/TEMP] "))
    #expect(faults.met == 1)
    try server.waitForLog("cannot synchronize \(workspace.maildir().path)/new: Input/output error")
    try server.stop()
  }

  @Test func `a message that cannot be marked as seen is not a failure`() throws {
    let client = try server.loggedIn()
    _ = try client.retrieve(1)
    faults.arm(.rename, on: ["/anna/"], .fail(EROFS))
    try client.ok("QUIT")
    #expect(faults.met == 1)
    #expect(try workspace.messages().keys.contains("new/1.M1P1.host"))
    try server.waitForLog("a message is not marked as seen")
    try server.stop()
  }

  // MARK: - Another machine, by way of NFS

  @Test func `messages that another machine took away`() throws {
    let client = try server.loggedIn()
    faults.arm(.open, on: ["/new/1.M1"], .fail(ESTALE))
    #expect(try client.command("RETR 1").hasSuffix("message was removed by another program"))
    #expect(faults.met > 1)
    faults.disarm()
    #expect(try client.retrieve(1).count == 20)
    for number in 1...2 { try client.ok("DELE \(number)") }
    faults.arm(.unlink, on: ["/anna/"], .fail(ESTALE), count: 1)
    try client.ok("QUIT")
    #expect(faults.met > 1)
    #expect(try workspace.messages().keys.sorted() == (3...5).map { "new/\($0).M1P1.host" })
    try server.stop()
  }

  @Test func `lists and indexes that another machine replaced while they were read`() throws {
    try server.stop()
    try workspace.write(
      "3 V17 N9\n7 :2.M1P1.host\n8 :1.M1P1.host\n", to: "mail/example.org/anna/dovecot-uidlist")
    let config = workspace.read("ocean.yaml")
    try workspace.write(
      config.replacing("mail: {", with: "mail: { uidl: { dovecot: \"%v.%u\" },"), to: "ocean.yaml")
    for file in ["/dovecot-uidlist", "/index/"] {
      let server = try Server(workspace, environment: faults.environment)
      faults.arm(.read, on: [file], .fail(ESTALE), count: 1)
      let client = try server.loggedIn()
      try client.ok("UIDL")
      let ids = String(decoding: try client.body(), as: UTF8.self).split(separator: "\r\n").prefix(3)
      #expect(ids == ["1 17.7", "2 17.8", "3 3.M1P1.host"])
      #expect(faults.met > 1)
      faults.disarm()
      try client.ok("QUIT")
      try server.stop()
      try? FileManager.default.removeItem(at: workspace.maildir() / "dovecot-uidlist")
    }
  }

  // MARK: - What the server keeps

  @Test func `an index that cannot be written is missed by nobody`() throws {
    for calls in [Faults.Calls.open, .write, .rename, .status] {
      try server.loggedIn().ok("QUIT")
      // A missing index is written from the start, which takes more calls than appending.
      if calls != .status { try FileManager.default.removeItem(atPath: workspace.path("state/index")) }
      mkdir(workspace.path("state/index"), 0o700)
      try workspace.deliver("x\n", as: "6.M1P1.host")
      faults.arm(calls, on: ["/index/"], .fail(ENOSPC))
      let client = try server.loggedIn()
      #expect(try client.retrieve(1).count == 20)
      try client.ok("DELE 6")
      try client.ok("QUIT")
      #expect(faults.met > 0)
      faults.disarm()
      let next = try server.loggedIn()
      try next.ok("UIDL")
      let ids = String(decoding: try next.body(), as: UTF8.self)
      #expect(ids == (1...5).map { "\($0) \($0).M1P1.host\r\n" }.joined(), "\(calls)")
      try next.ok("QUIT")
    }
    try server.waitForLog("an index is not saved", count: 3)
    #expect(server.log.contains("/state/index/"))
    try server.stop()
  }

  /// An index is a cache, except for ids that nothing else could tell again.
  @Test func `no login waits for an index to be on disk unless ids depend on it`() throws {
    func logIn(_ expected: [Substring], syncs: Int, sourceLocation: SourceLocation = #_sourceLocation) throws
    {
      faults.arm(.sync, on: ["/index/"], .fail(EIO), count: 0)
      let client = try server.loggedIn("berta")
      try client.ok("UIDL")
      #expect(
        String(decoding: try client.body(), as: UTF8.self).split(separator: "\r\n") == expected,
        sourceLocation: sourceLocation)
      #expect(faults.met == syncs, sourceLocation: sourceLocation)
      faults.disarm()
      try client.ok("QUIT")
    }
    try workspace.deliver("x\n", as: "1.M1P1.host", to: "berta")
    try logIn(["1 1.M1P1.host"], syncs: 0)
    try workspace.deliver("x\n", as: "2.M1P1.host", to: "berta")
    try logIn(["1 1.M1P1.host", "2 2.M1P1.host"], syncs: 0)
    let config = workspace.read("ocean.yaml")
    try workspace.write(
      config.replacing("mail: {", with: "mail: { uidl: { dovecot: \"%v.%u\" },"), to: "ocean.yaml")
    try server.reload()
    func list(_ lines: String) throws {
      try workspace.write("3 V17 N9\n\(lines)", to: "mail/example.org/berta/dovecot-uidlist")
    }
    try list("7 :1.M1P1.host\n8 :2.M1P1.host\n")
    // A new file holds another server's ids.
    try logIn(["1 17.7", "2 17.8"], syncs: 1)
    try workspace.deliver("x\n", as: "3.M1P1.host", to: "berta")
    try list("7 :1.M1P1.host\n8 :2.M1P1.host\n9 :3.M1P1.host\n")
    try logIn(["1 17.7", "2 17.8", "3 17.9"], syncs: 0)
    // Dovecot may number this message later, when the client knows it by its name.
    try workspace.deliver("x\n", as: "4.M1P1.host", to: "berta")
    try logIn(["1 17.7", "2 17.8", "3 17.9", "4 4.M1P1.host"], syncs: 1)
    try server.stop()
  }

  @Test func `an account file that cannot be read any more is in the log, once`() throws {
    for _ in 0..<2 {
      faults.arm([.open, .status], on: ["users.passwd"], .fail(EACCES))
      try server.loggedIn().ok("QUIT")
    }
    faults.disarm()
    try server.waitForLog("cannot read \(workspace.path("users.passwd")): Permission denied")
    #expect(server.log.components(separatedBy: "cannot read an account file").count == 2)
    try server.stop()
  }

  @Test func `an access log on a full disk`() throws {
    faults.arm(.write, on: ["access.jsonl"], .fail(ENOSPC))
    for _ in 0..<3 { try server.loggedIn().ok("QUIT") }
    try server.waitForLog("cannot write the access log")
    #expect(workspace.read("access.jsonl") == "")
    faults.disarm()
    let client = try server.loggedIn("berta")
    try client.ok("QUIT")
    _ = try server.accessLogLine { $0["user"] as? String == "berta@example.org" }
    server.process.signal(SIGTERM)
    #expect(try server.process.wait() == .exited(0))
  }

  @Test func `an access log that cannot be opened again`() throws {
    try FileManager.default.moveItem(atPath: workspace.path("access.jsonl"), toPath: workspace.path("old"))
    faults.arm(.open, on: ["access.jsonl"], .fail(EACCES))
    for _ in 0..<3 { try server.loggedIn().ok("QUIT") }
    try server.waitForLog("cannot open the new access log")
    try eventually("three lines") { workspace.read("old").split(separator: "\n").count == 3 ? true : nil }
    #expect(server.log.components(separatedBy: "cannot open the new access log").count == 2)
    faults.disarm()
    try server.loggedIn("berta").ok("QUIT")
    _ = try server.accessLogLine { $0["user"] as? String == "berta@example.org" }
    try server.stop()
  }

  @Test func `blocks on a full disk hold, and are kept once it is not full`() throws {
    try workspace.writeConfig(
      server: ["drain_timeout: 0s", "anti_hammering: { max_failures: 1, block_for: 1h }"])
    try server.reload()
    let attackers = ["127.81.0.1", "127.81.0.2"]
    for attacker in attackers {
      if attacker == attackers[0] { faults.arm(.write, on: ["/state/blocks"], .fail(ENOSPC)) }
      let client = try server.greeted(from: attacker)
      #expect(try client.logIn("anna", "wrong").hasPrefix("-ERR [AUTH]"))
      #expect(try server.client(from: attacker).logInUntilClosed("another"))
      #expect(try server.client(from: attacker).rest() == "")
      if attacker == attackers[0] { try server.waitForLog("blocks are not on disk") }
      try server.loggedIn().ok("QUIT")
      faults.disarm()
    }
    try eventually("the blocks are on disk") { workspace.read("state/blocks").isEmpty ? nil : true }
    server.process.signal(SIGKILL)
    try server.process.wait()
    let again = try Server(workspace)
    for attacker in attackers { #expect(try again.client(from: attacker).rest() == "") }
    try again.stop()
  }

  @Test func `plans that cannot be kept`() throws {
    try workspace.writeConfig(service: ["max_connections: 77"])
    for errno in [ENOSPC, EIO, EROFS, EACCES] {
      for calls in [Faults.Calls.open, .write, .sync, .rename] {
        faults.arm(calls, on: ["/state/plans/"], .fail(errno))
        let applied = try workspace.ocean("apply", workspace.config, "--confirm-within", "1m")
        #expect(applied.status == .exited(1))
        let reason = errno == EACCES ? "this user may not write there" : String(cString: strerror(errno))
        let sentence = applied.errorOutput.split(separator: "\n").last ?? ""
        #expect(sentence.contains("/state/plans") && sentence.contains(reason), "\(applied.errorOutput)")
        #expect(try workspace.ocean("status", workspace.config).output.contains("differs from what runs"))
      }
    }
    try server.loggedIn().ok("QUIT")
    // The plan is applied even if it cannot be kept, and the log says that a rollback will not know it.
    faults.arm(.write, on: ["/state/plans/"], .fail(ENOSPC))
    #expect(try workspace.ocean("apply", workspace.config).status == .exited(0))
    #expect(server.log.contains("'ocean rollback' will not know this plan"))
    faults.disarm()
    try workspace.writeConfig(service: ["max_connections: 78"])
    #expect(try workspace.ocean("apply", workspace.config, "--confirm-within", "1m").status == .exited(0))
    try server.stop()
  }

  /// The two calls write the note that a plan waits to be confirmed, and the name of that note.
  @Test func `what a restart must know is on disk before the plan runs`() throws {
    try workspace.writeConfig(service: ["max_connections: 77"])
    faults.arm(.sync, on: ["/state/plans"], .fail(EIO), count: 0)
    #expect(try workspace.ocean("apply", workspace.config, "--confirm-within", "1m").status == .exited(0))
    #expect(faults.met == 2)
    try server.stop()
  }

  /// A killed process may have had the number of this one: in a container all have the same.
  @Test func `halves of plans do not stand in the way`() throws {
    let process = server.process.pid
    for name in ["withheld", "000001.json", "000002.json"] {
      try workspace.write("half", to: "state/plans/\(name).\(process).tmp")
    }
    try workspace.writeConfig(service: ["max_connections: 77"])
    let applied = try workspace.ocean("apply", workspace.config, "--confirm-within", "1m")
    #expect(applied.status == .exited(0), "\(applied.errorOutput)")
    let digits = String(try workspace.runningPlan().dropFirst("sha256:".count))
    let confirmed = try workspace.ocean("confirm", digits, workspace.config)
    #expect(confirmed.status == .exited(0), "\(confirmed.errorOutput)")
    try server.stop()
  }

  @Test func `halves of certificates do not stand in the way`() throws {
    let script = """
      mkdir tls && touch tls/a.test.key.$$.tmp tls/a.test.crt.$$.tmp tls/a.test.key.$$.old && exec "$0" cert new a.test --out tls
      """
    let command = try workspace.run(
      "sh", ["-c", "cd '\(workspace.directory.path)' && " + script, try oceanBinary()])
    #expect(command.status == .exited(0), "\(command.errorOutput)")
    let files = try FileManager.default.contentsOfDirectory(atPath: workspace.path("tls"))
    #expect(files.sorted() == ["a.test.crt", "a.test.csr", "a.test.key"])
  }
}

extension POP3Client {
  /// Whether the connection ends without an answer to the password.
  fileprivate func logInUntilClosed(_ password: String) throws -> Bool {
    guard try line().hasPrefix("+OK") else { return false }
    try ok("USER anna")
    try send("PASS \(password)\r\n")
    return try rest() == ""
  }
}
