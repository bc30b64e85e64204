import Foundation
import Testing

/// Tests SIGHUP, and changes without any signal.
struct ReloadTests {
  let workspace: Workspace
  let server: Server

  init() throws {
    workspace = try Workspace()
    try workspace.deliver("Subject: one\n\nbody\n", as: "1.M1P1.host")
    try workspace.writeConfig(service: ["max_connections: 10"], ports: [1110, 1111])
    server = try Server(workspace)
  }

  @Test func `listeners come and go, sessions stay`() throws {
    let client = try server.loggedIn(port: 1111)
    try workspace.writeConfig(service: ["max_connections: 10"], ports: [1110, 1112])
    try server.reload()

    _ = try server.greeted(port: 1112)
    _ = try server.greeted(port: 1110)
    try eventually("the old port is closed") { () -> Bool? in
      do {
        _ = try server.client(port: 1111)
        return nil
      } catch let error as POP3Client.ConnectError {
        return error.code == ECONNREFUSED ? true : nil
      }
    }
    #expect(try client.retrieve(1) == Array("Subject: one\r\n\r\nbody\r\n".utf8))
    try client.ok("DELE 1")
    try client.ok("QUIT")
    #expect(try workspace.messages().isEmpty)
    #expect(server.log.contains("pop3 listens on \(workspace.address):1112"))
    #expect(server.log.contains("pop3 no longer listens on \(workspace.address):1111"))
    try server.stop()
  }

  @Test func `limits change for new sessions, the count goes on`() throws {
    let first = try server.loggedIn()
    let second = try server.greeted()
    try workspace.writeConfig(service: ["max_connections: 2", "max_bad_commands: 1"], ports: [1110, 1111])
    try server.reload(expecting: "services.pop3.max_connections: 10 -> 2")
    #expect(try server.client().line().hasPrefix("-ERR [SYS/TEMP]"))

    #expect(try first.command("NONSENSE").hasPrefix("-ERR"))
    try first.ok("NOOP")
    second.close()
    let third = try eventually("a place is free") { try? server.greeted() }
    #expect(try third.command("NONSENSE").hasPrefix("-ERR"))
    #expect(try third.rest() == "")
    try server.stop()
  }

  @Test func `a broken config changes nothing`() throws {
    let client = try server.loggedIn()
    try workspace.writeConfig(service: ["max_connections: none"], ports: [1112])
    try server.reload(expecting: "not reloaded; the old plan keeps running")
    try client.ok("NOOP")
    _ = try server.greeted(port: 1110)
    #expect(throws: POP3Client.ConnectError.self) { try server.client(port: 1112) }

    // A port is taken: nothing else of the change happens either.
    let other = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(other) }
    try #require(bindSocket(other, to: workspace.address, port: 1114))
    listen(other, 1)
    try workspace.writeConfig(ports: [1110, 1111, 1113, 1114])
    try server.reload(expecting: "not reloaded; the old plan keeps running")
    #expect(server.log.contains("cannot listen on \(workspace.address):1114"))
    try eventually("the port that could be opened is closed again") {
      (try? server.client(port: 1113)) == nil ? true : nil
    }
    try client.ok("NOOP")
    try server.stop()
  }

  @Test func `a reload that is refused says why, each mistake in a line of the log`() throws {
    try workspace.write("192.0.2.1/99\n300.1.1.1\n192.0.2.7\n10.0.0.5/8\n", to: "drop.netset")
    try workspace.writeConfig(service: ["ip_control: { black_list: [{ file: drop.netset }] }"])
    try server.reload(expecting: "not reloaded; the old plan keeps running")
    let lines = try logLines(server.log)
    let errors = lines.filter { $0["level"] == "error" }
    #expect(errors.dropLast().map { $0["code"] } == ["OC0325", "OC0325", "OC0325"], "\(server.log)")
    #expect(errors.dropLast().allSatisfy { $0["place"] == "\(workspace.config):17:40" })
    for (error, message) in zip(errors, ["drop.netset:1:11: ", "drop.netset:2:1: ", "drop.netset:4:1: "]) {
      #expect(error["message"]?.hasPrefix(message) == true)
    }
    #expect(errors.last?["message"]?.hasSuffix("ocean.yaml: 3 errors") == true)
    try server.stop()
  }

  @Test func `a reload without a change says so`() throws {
    try server.reload(expecting: "reloaded: no change")
    try server.stop()
  }

  @Test func `the last of many reloads wins`() throws {
    for limit in 11...30 {
      try workspace.writeConfig(service: ["max_connections: \(limit)"], ports: [1110, 1111])
      server.process.signal(SIGHUP)
    }
    try server.waitForLog("-> 30")
    #expect(!server.log.contains("not reloaded"))
    try server.stop()
  }

  @Test func `a port goes over to another service with its settings`() throws {
    try workspace.writeConfig(services: "  renamed:\n    ports: [1110]\n    max_connections: 1\n")
    try server.reload()
    let client = try server.greeted()
    #expect(try server.client().line().hasPrefix("-ERR [SYS/TEMP]"))
    try client.ok("QUIT")
    _ = try server.accessLogLine {
      $0["service"] as? String == "renamed" && $0["event"] as? String == "session"
    }
    try server.stop()
  }

  @Test func `what cannot change while it runs is refused`() throws {
    try FileManager.default.createDirectory(
      at: workspace.directory / "elsewhere", withIntermediateDirectories: false)
    try workspace.write(
      workspace.read("ocean.yaml").replacingOccurrences(of: "state: state", with: "state: elsewhere"),
      to: "ocean.yaml")
    try server.reload(expecting: "server.state can only change with a restart")
    _ = try server.loggedIn()
    try server.stop()
  }

  @Test func `accounts change without a signal`() throws {
    let client = try server.greeted()
    #expect(try client.logIn("clara").hasPrefix("-ERR [AUTH]"))
    try workspace.makeMaildir("clara")
    try workspace.write(
      "clara:{PLAIN}\(Workspace.secret)::::::\nanna:{PLAIN}\(Workspace.secret)::::::nologin\n",
      to: "users.passwd")
    #expect(try client.logIn("clara").hasPrefix("+OK"))

    let disabled = try server.greeted()
    #expect(try disabled.logIn("anna") == "-ERR [AUTH] wrong user name or password")
    #expect(try disabled.logIn("berta") == "-ERR [AUTH] wrong user name or password")
    try server.stop()
  }
}
