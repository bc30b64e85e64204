import Foundation
import Testing

/// Tests `ocean status`, `sessions` and `kick` against a server with live sessions.
@Suite struct ControlTests {
  private struct Status: Decodable {
    struct Service: Decodable, Equatable {
      let name: String
      let sessions: Int
      let max_sessions: Int
      let refused: Int
    }

    let state: String
    let plan: String
    let file: String
    let pid: pid_t
    let services: [Service]
    let file_unchanged: Bool?
  }

  private struct Sessions: Decodable {
    struct Session: Decodable {
      let id: Int
      let user: String?
      let state: String
      let retrieved: Int
      let bytes: Int
    }

    let sessions: [Session]
  }

  @Test func `status tells what runs`() throws {
    let workspace = try Workspace()
    try workspace.writeConfig(service: ["max_connections: 1"])
    let server = try Server(workspace)
    let client = try server.loggedIn()
    #expect(try server.client().rest().hasPrefix("-ERR [SYS/TEMP]"))

    let status: Status = try workspace.ocean("status", workspace.config, "--format", "json").json()
    #expect(status.state == "serving")
    #expect(status.pid == server.process.pid)
    #expect(status.file == workspace.config)
    #expect(status.services == [.init(name: "pop3", sessions: 1, max_sessions: 1, refused: 1)])
    let plan = try workspace.ocean("plan", workspace.config, "--format", "json")
    #expect(plan.output.contains(status.plan))

    let words = try workspace.ocean("status", workspace.config)
    #expect(words.status == .exited(0))
    #expect(words.output.contains("\(workspace.config): same as running\n"))
    #expect(words.output.contains("\npop3     \(workspace.address):1110 plain    1 of 1          1\n"))
    try workspace.writeConfig(service: ["max_connections: 7"])
    #expect(try workspace.ocean("status", workspace.config).output.contains("differs from what runs"))
    try client.ok("QUIT")
    try server.stop()
  }

  /// The config is not compiled for it.
  @Test func `a file that nobody touched is known to be what runs`() throws {
    let workspace = try Workspace()
    let unconfirmed = try Server(workspace)
    func status() throws -> Status {
      try workspace.ocean("status", workspace.config, "--format", "json").json()
    }
    // Written just before the server read it, it may have been written again.
    #expect(try status().file_unchanged == nil)
    try unconfirmed.stop()

    try waitUntilOld(workspace)
    let server = try Server(workspace)
    #expect(try status().file_unchanged == true)
    let words = { try workspace.ocean("status", workspace.config).output }
    #expect(try words().contains("\(workspace.config): same as running\n"))

    // Accounts are not in a plan, but a config without its accounts has an error.
    try FileManager.default.removeItem(at: workspace.directory / "users.passwd")
    #expect(try status().file_unchanged == nil)
    #expect(try words().contains("\(workspace.config): has 1 error ('ocean check' names them)\n"))
    try server.stop()
  }

  @Test func `a file that comes to match a pattern of the config is missed by no status`() throws {
    let workspace = try Workspace()
    try workspace.write("log: { logins: off }\n", to: "10-log.yaml")
    try workspace.write("include: '[0-9]*.yaml'\n" + workspace.read("ocean.yaml"), to: "ocean.yaml")
    try waitUntilOld(workspace)
    let server = try Server(workspace)
    let words = { try workspace.ocean("status", workspace.config).output }
    #expect(try words().contains("\(workspace.config): same as running\n"))
    try workspace.write("server: { drain_timeout: 7s }\n", to: "20-other.yaml")
    #expect(try !words().contains("same as running"))
    try server.stop()
  }

  /// Waits until another write to the config or its accounts would give them another stamp.
  private func waitUntilOld(_ workspace: Workspace) throws {
    try eventually("the files are old") {
      let read = ["(", "-name", "*.yaml", "-o", "-name", "users.passwd", ")"]
      let found = try workspace.run(
        "find", [workspace.directory.path] + read + ["-newerct", "3 seconds ago"])
      return found.status == .exited(0) && found.output.isEmpty ? true : nil
    }
  }

  @Test func `sessions are shown with what they do`() throws {
    let workspace = try Workspace()
    try workspace.deliver("Subject: one\r\n\r\none\r\n", as: "1.M1P1.test")
    let server = try Server(workspace)
    let anna = try server.loggedIn()
    let stranger = try server.greeted()
    _ = try anna.retrieve(1)
    try anna.ok("NOOP")

    let list: Sessions = try workspace.ocean("sessions", workspace.config, "--format", "json").json()
    #expect(list.sessions.map(\.id) == [1, 2])
    #expect(list.sessions.map(\.user) == ["anna@example.org", nil])
    #expect(list.sessions.map(\.state) == ["transaction", "authorization"])
    #expect(list.sessions.map(\.retrieved) == [1, 0])
    #expect(list.sessions.map(\.bytes) == [21, 0])

    func shown(_ filter: String...) throws -> String {
      try workspace.run(oceanBinary(), ["sessions", workspace.config] + filter).output
    }
    #expect(try shown().hasSuffix("\n2 sessions\n"))
    #expect(try shown("--user", "Anna@example.org").hasSuffix("\n1 session\n"))
    #expect(try shown("--peer", "127.0.0.1").hasSuffix("\n2 sessions\n"))
    #expect(try shown("--peer", "127.0.0.1", "--user", "berta@example.org") == "no sessions\n")
    #expect(try shown("--peer", "192.0.2.1") == "no sessions\n")

    try stranger.ok("QUIT")
    try eventually("one session is left") { try shown().hasSuffix("\n1 session\n") ? true : nil }
    let next = try server.greeted()
    let later: Sessions = try workspace.curl("/v1/sessions").json()
    #expect(later.sessions.map(\.id) == [1, 3])
    next.close()
    try server.stop()
  }

  @Test func `kicked sessions are told and remove nothing`() throws {
    let workspace = try Workspace()
    try workspace.deliver("Subject: one\r\n\r\none\r\n", as: "1.M1P1.test")
    let server = try Server(workspace)
    let anna = try server.loggedIn()
    let berta = try server.loggedIn("berta")
    try anna.ok("DELE 1")

    let byUser = try workspace.ocean("kick", workspace.config, "--user", "anna@example.org")
    #expect(byUser.status == .exited(0))
    #expect(byUser.output == "ended 1 session: 1\n")
    #expect(try anna.rest().hasPrefix("-ERR [SYS/TEMP] "))
    let again = try server.loggedIn()
    #expect(try again.ok("STAT") == "+OK 1 21")

    let byID = try workspace.ocean("kick", workspace.config, "2", "99")
    #expect(byID.output == "ended 1 session: 2\nno such session: 99\n")
    #expect(try berta.rest().hasPrefix("-ERR [SYS/TEMP] "))
    let nobody = try workspace.ocean("kick", workspace.config, "2")
    #expect(nobody.status == .exited(1))
    #expect(nobody.output == "no such session: 2\n")

    let byPeer = try workspace.ocean("kick", "--socket", workspace.socket, "--peer", "127.0.0.1")
    #expect(byPeer.output == "ended 1 session: 3\n")
    #expect(try again.rest().hasPrefix("-ERR [SYS/TEMP] "))
    try server.stop()
    #expect(try server.accessLog.map { $0["outcome"] as? String } == ["kicked", "kicked", "kicked"])
  }

  @Test(arguments: [
    ["kick"], ["kick", "a.yaml", "b.yaml", "1"], ["kick", "1", "--user", "anna"], ["kick", "--peer", "x"],
    ["sessions", "--peer", "nowhere"], ["status", "--format", "xml"],
  ])
  func `wrong usage`(_ arguments: [String]) throws {
    let workspace = try Workspace()
    let command = try workspace.run(oceanBinary(), arguments)
    #expect(command.status == .exited(2))
    #expect(command.output.isEmpty)
    #expect(!command.errorOutput.isEmpty)
  }

  @Test func `without a server the answer is one sentence`() throws {
    let workspace = try Workspace()
    for arguments in [["status"], ["sessions"], ["kick", "1"]] {
      let command = try workspace.run(oceanBinary(), arguments + [workspace.config])
      #expect(command.status == .exited(1))
      #expect(command.output.isEmpty)
      #expect(
        command.errorOutput.hasPrefix("ocean: no server is running: nothing listens on \(workspace.socket)"))
    }
    // The socket of another server is never asked by mistake.
    try workspace.write("services: [", to: "ocean.yaml")
    let mistaken = try workspace.ocean("status", workspace.config)
    #expect(mistaken.status == .exited(1))
    #expect(mistaken.errorOutput.contains("has mistakes that hide its server.state"))
    let unreadable = try workspace.ocean("status", "/nowhere/ocean.yaml")
    #expect(unreadable.status == .exited(1))
    #expect(unreadable.errorOutput.hasPrefix("ocean: cannot read /nowhere/ocean.yaml"))
  }
}
