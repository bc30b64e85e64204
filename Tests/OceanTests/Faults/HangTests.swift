import Foundation
import Testing

/// Tests files and loops that do not answer: which other clients are served, and that the server ends when it
/// is told to.
@Suite(.enabled(if: Faults.canRun || Faults.mustRun)) struct HangTests {
  let workspace: Workspace
  let faults: Faults

  init() throws {
    workspace = try Workspace()
    try workspace.deliver("Subject: one\n\nbody\n", as: "1.M1P1.host", to: "berta")
    faults = try Faults(workspace)
  }

  private func server() throws -> Server {
    // The server has one event loop, and four threads for each file system.
    try Server(workspace, wrapper: ["taskset", "-c", "0"], environment: faults.environment)
  }

  @Test func `mailboxes on a file system that hangs keep nobody of another one waiting`() throws {
    // A file system other than that of temporary files; accounts lead there by links.
    let other = URL(filePath: "/dev/shm/ocean-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: other) }
    let users = (0..<9).map { "hung\($0)" }
    for user in users {
      try FileManager.default.createDirectory(at: other / "\(user)/new", withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(
        at: workspace.maildir(user), withDestinationURL: other / user)
    }
    try workspace.write(
      (["anna", "berta"] + users).map { "\($0):{PLAIN}\(Workspace.secret)::::::\n" }.joined(),
      to: "users.passwd")
    try workspace.writeConfig(server: ["drain_timeout: 0s", "limits: { connections_per_ip: 1000 }"])
    let server = try server()
    faults.arm([.open, .status, .list], on: [other.path], .hang)
    let waiting = try users.map { user in
      let client = try server.greeted()
      try client.ok("USER \(user)")
      try client.send("PASS \(Workspace.secret)\r\n")
      return client
    }
    try eventually("all threads of the file system hang") { faults.met >= 4 ? true : nil }

    let berta = try server.loggedIn("berta")
    #expect(try berta.retrieve(1).count == 22)
    try berta.ok("DELE 1")
    try berta.ok("QUIT")
    #expect(try workspace.messages(of: "berta").isEmpty)
    for client in waiting {
      #expect(try client.line().hasPrefix("-ERR [SYS/TEMP]"))
      try client.ok("USER anna")
    }
    // The login that hangs has the lock; the client is not told that another session goes on.
    #expect(try server.greeted().logIn("hung0").hasPrefix("-ERR [SYS/TEMP]"))
    #expect(server.log.components(separatedBy: "\"message\":\"a file system does not answer").count == 2)
    let status = try workspace.ocean("status", workspace.config)
    #expect(status.status == .exited(0))
    #expect(status.output.contains("files     /dev/shm (tmpfs) has NOT ANSWERED for"), "\(status.output)")

    faults.disarm()
    try server.waitForLog("\"message\":\"a file system answers again\"")
    _ = try eventually("the mailbox is free") { try? server.loggedIn("hung0") }
    for client in waiting { client.close() }
    server.process.signal(SIGTERM)
    #expect(try server.process.wait() == .exited(0))
  }

  @Test func `a state directory that hangs is named, and not the mail`() throws {
    let server = try server()
    faults.arm(.open, on: ["/state/index/"], .hang)
    let client = try server.greeted()
    try client.ok("USER berta")
    try client.send("PASS \(Workspace.secret)\r\n")
    try eventually("the index is asked") { faults.met > 0 ? true : nil }
    #expect(try client.line().hasPrefix("-ERR [SYS/TEMP]"))
    try server.waitForLog("\"message\":\"files of the server do not answer")
    let status = try workspace.ocean("status", workspace.config)
    let state = workspace.path("state")
    #expect(status.output.contains("files     \(state) has NOT ANSWERED for"), "\(status.output)")
    #expect(status.output.components(separatedBy: "NOT ANSWERED").count == 2, "\(status.output)")
    #expect(!server.log.contains("a file system does not answer"))
    faults.disarm()
    try server.waitForLog("\"message\":\"files of the server answer again\"")
    _ = try eventually("the mailbox is free") { try? server.loggedIn("berta") }
    client.close()
    try server.stop()
  }

  @Test func `accounts that hang are told in the status, which does not wait for them`() throws {
    let server = try server()
    faults.arm([.open, .status], on: ["/users.passwd"], .hang)
    let client = try server.greeted()
    try client.ok("USER anna")
    try client.send("PASS \(Workspace.secret)\r\n")
    try eventually("the accounts are asked") { faults.met > 0 ? true : nil }
    let status = try workspace.ocean("status", "--format", "json", workspace.config)
    #expect(status.output.contains("its file system does not answer"), "\(status.output)")
    #expect(try workspace.ocean("blocks", workspace.config).status == .exited(0))
    faults.disarm()
    try server.stop()
  }

  @Test func `of many reloads one is under way and one follows`() throws {
    let server = try server()
    faults.arm(.open, on: ["/ocean.yaml"], .hang)
    server.process.signal(SIGHUP)
    try eventually("the reload hangs") { faults.met > 0 ? true : nil }
    for _ in 0..<50 { server.process.signal(SIGHUP) }
    faults.disarm()
    try server.waitForLog("\"message\":\"reloaded: no change\"", count: 2)
    try workspace.writeConfig(server: ["drain_timeout: 1s"])
    try server.reload()
    #expect(server.log.components(separatedBy: "\"message\":\"reloaded: no change\"").count == 3)
    try server.stop()
  }

  @Test func `a stop does not wait for a reload that hangs`() throws {
    try workspace.writeConfig(server: ["drain_timeout: 0s"])
    let server = try server()
    faults.arm(.open, on: ["/ocean.yaml"], .hang)
    for _ in 0..<3 { server.process.signal(SIGHUP) }
    try eventually("the reload hangs") { faults.met > 0 ? true : nil }
    try server.stop()
  }

  @Test func `a loop that hangs does not keep the process from ending`() throws {
    try workspace.writeConfig(server: ["drain_timeout: 0s"])
    let server = try server()
    let client = try server.greeted()
    faults.arm(.write, on: ["socket:["], .hang)
    try client.send("NOOP\r\n")
    try eventually("the loop hangs") { faults.met > 0 ? true : nil }
    server.process.signal(SIGTERM)
    #expect(try server.process.wait(within: 40) == .exited(1))
    #expect(server.log.contains("event loop 1 of 1 does not answer"))
  }
}
