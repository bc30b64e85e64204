import Foundation
import Testing

/// Tests messages that take long to open, which a user can put into his own Maildir, and a disk that does not
/// answer.
@Suite(.enabled(if: Faults.canRun || Faults.mustRun)) struct AbandonTests {
  let workspace: Workspace
  let faults: Faults
  let server: Server

  init() throws {
    workspace = try Workspace()
    try workspace.deliver("Subject: one\n\nbody\n", as: "1.M1P1.host", to: "berta")
    // The size in its name is wrong: the message is counted when it is opened, which takes the better part of
    // a minute.
    let message = [UInt8](repeating: UInt8(ascii: "x"), count: 32 << 20)
    try workspace.deliver(message, as: "1.M1P1.host,S=33554432,W=33554440")
    try workspace.writeConfig(server: ["drain_timeout: 1m", "limits: { connections_per_ip: 199 }"])
    faults = try Faults(workspace)
    faults.arm(.read, on: ["/anna/new/1.M1P1.host"], .slow)
    // The server has four threads for files.
    server = try Server(workspace, wrapper: ["taskset", "-c", "0"], environment: faults.environment)
  }

  /// Returns a client whose message is being opened.
  private func waiting(_ command: String = "RETR 1") throws -> POP3Client {
    let client = try eventually("the mailbox is free") { try? server.loggedIn() }
    let before = faults.met
    try client.send("\(command)\r\n")
    try eventually("the message is read") { faults.met > before ? true : nil }
    return client
  }

  @Test(arguments: ["RETR 1", "TOP 1 0"])
  func `no thread works for a client that is gone`(_ command: String) throws {
    for _ in 0..<5 { try waiting(command).reset() }
    let other = try server.loggedIn("berta")
    #expect(try other.retrieve(1).count == 22)
    try other.ok("QUIT")
    try server.stop()
  }

  @Test func `the mailbox is in use until the thread has ended, and no longer`() throws {
    faults.arm(.read, on: ["/anna/new/1.M1P1.host"], .hang)
    let client = try waiting()
    client.reset()
    for _ in 0..<3 { #expect(try server.greeted().logIn().hasPrefix("-ERR [IN-USE]")) }
    faults.disarm()
    _ = try eventually("the mailbox is free again") { try? server.loggedIn() }
    try server.stop()
  }

  @Test func `a client that has closed its side is not waited for as long as an idle one`() throws {
    try waiting().closeSending()
    _ = try eventually("the mailbox is free again") { try? server.loggedIn() }
    try server.stop()
  }

  @Test func `a second signal ends the server whatever is being read`() throws {
    let client = try waiting()
    server.process.signal(SIGTERM)
    try server.waitForLog("\"message\":\"stopping\"")
    server.process.signal(SIGTERM)
    #expect(try server.process.wait(within: 20) == .exited(0))
    #expect(try client.rest() == "-ERR [SYS/TEMP] server is shutting down\r\n")
  }

  @Test func `the end of the drain ends the server, though a thread hangs`() throws {
    faults.arm(.read, on: ["/anna/new/1.M1P1.host"], .hang)
    try workspace.writeConfig(server: ["drain_timeout: 0s"])
    try server.reload()
    let client = try waiting()
    server.process.signal(SIGTERM)
    #expect(try server.process.wait(within: 30) == .exited(0))
    #expect(try client.rest() == "-ERR [SYS/TEMP] server is shutting down\r\n")
  }
}
