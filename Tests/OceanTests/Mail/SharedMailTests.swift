import Foundation
import Testing

/// Tests two servers with state directories of their own that serve the same mail, as those of two hosts do.
@Suite struct SharedMailTests {
  private let workspace: Workspace
  private let other: Workspace
  private let shared: String

  init() throws {
    workspace = try Workspace()
    other = try Workspace()
    shared = "maildir: \"\(workspace.path("mail"))/{domain}/{user}\", locks: shared"
    for workspace in [workspace, other] { try workspace.writeConfig(mail: shared) }
    for number in 1...200 { try workspace.deliver("Subject: \(number)\n\nbody\n", as: "\(number).M1P1.host") }
  }

  private var shard: String {
    get throws {
      let folder = workspace.path("mail/.ocean-locks")
      return try folder + "/" + #require(FileManager.default.contentsOfDirectory(atPath: folder).first)
    }
  }

  @Test func `one session on all servers`() throws {
    let (one, two) = (try Server(workspace), try Server(other))
    let client = try one.loggedIn()
    #expect(try two.greeted().logIn() == "-ERR [IN-USE] mailbox is in use by another session")
    _ = try two.loggedIn("berta")
    try client.ok("DELE 1")
    try client.ok("QUIT")
    // The lock was given up before the reply, and the other server sees what was removed.
    let second = try two.loggedIn()
    try second.send("STAT\r\n")
    #expect(try second.line().hasPrefix("+OK 199 "))
    #expect(try one.greeted().logIn().hasPrefix("-ERR [IN-USE]"))
    try one.stop()
    try two.stop()
  }

  @Test func `a killed server holds nothing`() throws {
    let (one, two) = (try Server(workspace), try Server(other))
    let client = try one.loggedIn()
    try client.ok("DELE 1")
    #expect(try two.greeted().logIn().hasPrefix("-ERR [IN-USE]"))
    one.process.signal(SIGKILL)
    try one.process.wait()
    let second = try two.loggedIn()
    try second.send("STAT\r\n")
    #expect(try second.line().hasPrefix("+OK 200 "))
    try two.stop()
  }

  /// Killed between two removals, in the second batch.
  @Test(.enabled(if: Faults.canRun || Faults.mustRun)) func `a kill between batches`() throws {
    let faults = try Faults(workspace)
    faults.arm(.write, on: ["/.ocean-locks/"], .kill, first: 1)
    let one = try Server(workspace, environment: faults.environment)
    let client = try one.loggedIn()
    for number in 1...200 { try client.ok("DELE \(number)") }
    try client.send("QUIT\r\n")
    try one.process.wait()
    #expect(try workspace.messages().count == 200 - 64)
    let two = try Server(other)
    let second = try two.loggedIn()
    try second.send("STAT\r\n")
    #expect(try second.line().hasPrefix("+OK 136 "))
    try two.stop()
  }

  /// NFS answers with EIO to each write after it has taken the lock back.
  @Test(.enabled(if: Faults.canRun || Faults.mustRun), arguments: [0, 1, 2])
  func `a lock that is lost in the middle of QUIT removes nothing more`(batch: Int) throws {
    let faults = try Faults(workspace)
    faults.arm(.write, on: ["/.ocean-locks/"], .fail(EIO), first: batch)
    let one = try Server(workspace, environment: faults.environment)
    let client = try one.loggedIn()
    for number in 1...200 { try client.ok("DELE \(number)") }
    try client.send("QUIT\r\n")
    #expect(try client.line() == "-ERR [SYS/TEMP] some deleted messages not removed")
    #expect(try workspace.messages().count == 200 - 64 * batch)
    try one.waitForLog("the lock of the mailbox, in \(try shard), was lost")
    faults.disarm()
    let again = try one.loggedIn()
    try again.send("STAT\r\n")
    #expect(try again.line().hasPrefix("+OK \(200 - 64 * batch) "))
    try one.stop()
  }

  @Test func `a directory that cannot be used is named`() throws {
    try FileManager.default.createSymbolicLink(
      atPath: workspace.path("mail/.ocean-locks"), withDestinationPath: "/tmp")
    let one = try Server(workspace)
    #expect(try one.greeted().logIn() == "-ERR [SYS/TEMP] login is not possible now")
    try one.waitForLog(
      "\(workspace.path("mail/.ocean-locks")): it must be a directory, and neither a link nor a file")
    // It is mended without a restart.
    try FileManager.default.removeItem(atPath: workspace.path("mail/.ocean-locks"))
    _ = try one.loggedIn()
    try one.stop()
  }

  /// What is local becomes shared, and the other way round, without a moment in which two sessions could have one mailbox.
  @Test func `a reload changes the place of the locks`() throws {
    try workspace.writeConfig(mail: shared.replacing("locks: shared", with: "locks: local"))
    let one = try Server(workspace)
    let client = try one.loggedIn()
    try workspace.writeConfig(mail: shared)
    try one.reload()
    #expect(try one.greeted().logIn().hasPrefix("-ERR [IN-USE]"))
    try client.ok("QUIT")
    let second = try one.loggedIn()
    let two = try Server(other)
    #expect(try two.greeted().logIn().hasPrefix("-ERR [IN-USE]"))
    try workspace.writeConfig(mail: shared.replacing("locks: shared", with: "locks: local"))
    try one.reload()
    #expect(try one.greeted().logIn().hasPrefix("-ERR [IN-USE]"))
    try second.ok("QUIT")
    try one.stop()
    try two.stop()
  }
}
