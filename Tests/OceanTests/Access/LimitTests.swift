import Foundation
import Testing

/// Tests that the numbers of the config are enforced.
struct LimitTests {
  private func serve(_ settings: String..., ports: [Int] = [1110]) throws -> (Workspace, Server) {
    let workspace = try Workspace()
    try workspace.deliver("Subject: one\n\nbody\n", as: "1.M1P1.host")
    try workspace.writeConfig(service: settings, ports: ports)
    return (workspace, try Server(workspace))
  }

  /// A client that is connected can read mail, remove it and end, and the administrator can ask.
  @Test func `clients do not get the last descriptors`() throws {
    let workspace = try Workspace()
    try workspace.deliver("Subject: one\n\n1\n", as: "1")
    try workspace.writeConfig()
    let server = try Server(workspace, wrapper: ["prlimit", "--nofile=64:64"])
    #expect(server.log.contains("OC0432"), "\(server.log)")
    // The descriptors used for starting are free a moment later.
    let session = try eventually("the first gets in") { try? server.loggedIn() }
    // Some clients stay, others are refused or give way.
    let silent = try (0..<80).map { try server.client(from: "127.71.\($0 % 3).\(1 + $0 / 20)") }
    try server.waitForLog("open files are running out")
    #expect(try session.retrieve(1).count > 0)
    try session.ok("DELE 1")
    #expect(try workspace.ocean("status", workspace.config).status == .exited(0))
    try session.ok("QUIT")
    #expect(try workspace.messages().isEmpty)
    // Another connection gives way, and its descriptor is free a moment later.
    let other = try eventually("another network gets in") { try? server.greeted(from: "127.72.0.1") }
    #expect(try other.logIn("berta").hasPrefix("+OK"))
    withExtendedLifetime(silent) {}
    server.process.signal(SIGTERM)
    #expect(try server.process.wait() == .exited(0))
  }

  @Test func `max_connections is exact over all ports, however many come at once`() throws {
    let (_, server) = try serve("max_connections: 5", ports: [1110, 1111])
    for _ in 0..<3 {
      // All are connected before the first one is looked at.
      let clients = try (0..<60).map { try server.client(port: 1110 + $0 % 2) }
      let lines = try clients.map { try $0.line() }
      #expect(lines.count { $0.hasPrefix("+OK") } == 5)
      for (client, line) in zip(clients, lines) where !line.hasPrefix("+OK") {
        #expect(line == "-ERR [SYS/TEMP] too many connections, try again later")
        #expect(try client.rest() == "")
      }
      let inside = zip(clients, lines).filter { $1.hasPrefix("+OK") }.map { $0.0 }
      #expect(try server.client().line().hasPrefix("-ERR [SYS/TEMP]"))

      // One client ends, another gets in; after a reset as after QUIT.
      try inside[0].ok("QUIT")
      #expect(try inside[0].rest() == "")
      let next = try eventually("a place is free") { try? server.greeted(port: 1111) }
      next.reset()
      let last = try eventually("the place is free again") { try? server.greeted() }
      #expect(try server.client(port: 1111).line().hasPrefix("-ERR [SYS/TEMP]"))
      withExtendedLifetime(last) {}
      for client in inside { client.close() }
      last.close()
      try eventually("all places are free") {
        let all = try (0..<5).map { _ in try server.client() }
        return try all.allSatisfy { try $0.line().hasPrefix("+OK") } ? true : nil
      }
      try eventually("they are again") {
        let all = try (0..<5).map { _ in try server.client() }
        return try all.allSatisfy { try $0.line().hasPrefix("+OK") } ? true : nil
      }
    }
    _ = try server.accessLogLine {
      $0["event"] as? String == "refused" && $0["outcome"] as? String == "max_connections"
    }
    try server.stop()
  }

  @Test func `a client that runs away leaves its password check in its place`() throws {
    let (workspace, server) = try serve("max_connections: 2")
    // This hash takes about a second.
    let line = try workspace.run(
      "python3",
      [
        "-W", "ignore", "-c",
        "import crypt; print(crypt.crypt('\(Workspace.secret)', '$6$rounds=900000$saltsalt$'))",
      ])
    try workspace.write(
      "anna:{CRYPT}\(line.output.trimmingCharacters(in: .newlines))::::::\n", to: "users.passwd")
    for _ in 0..<2 {
      let client = try server.greeted()
      try client.send("USER anna\r\nPASS wrong\r\n")
      _ = try client.line()
      usleep(50_000)
      client.reset()
    }
    // Otherwise connections that are never counted fill the queue of password checks without end.
    #expect(try server.client().line().hasPrefix("-ERR [SYS/TEMP]"))
    _ = try eventually("the places are free") { try? server.greeted() }
    _ = try server.accessLogLine { $0["outcome"] as? String == "wrong_credentials" }
    try server.stop()
  }

  /// Serves clients that send one wrong password many times and do not wait for the answer.
  private func hashingServer(_ settings: String...) throws -> (Workspace, Server) {
    let workspace = try Workspace()
    // This hash takes some tenths of a second.
    let line = try workspace.run(
      "python3",
      [
        "-W", "ignore", "-c",
        "import crypt; print(crypt.crypt('\(Workspace.secret)', '$6$rounds=200000$saltsalt$'))",
      ])
    let hash = line.output.trimmingCharacters(in: .newlines)
    try workspace.write("anna:{CRYPT}\(hash)::::::\nberta:{CRYPT}\(hash)::::::\n", to: "users.passwd")
    try workspace.writeConfig(
      server: ["drain_timeout: 0s", "limits: { connections_per_ip: 199 }"], service: settings)
    // The server has one thread for hashes.
    return (workspace, try Server(workspace, wrapper: ["taskset", "-c", "0"]))
  }

  private func failedLogins(_ server: Server) throws -> Int {
    try server.accessLog.count { $0["event"] as? String == "login_failed" }
  }

  private func guess(_ count: Int, at server: Server) throws -> [POP3Client] {
    let clients = try (0..<count).map { _ in try server.greeted(from: "127.83.0.1") }
    for client in clients { try client.ok("USER anna") }
    for client in clients { try client.send("PASS wrong\r\n") }
    return clients
  }

  @Test func `one address's guesses do not hold up the logins of others`() throws {
    let (_, server) = try hashingServer()
    let guessers = try guess(12, at: server)
    let other = try server.greeted()
    #expect(try other.logIn("berta").hasPrefix("+OK"))
    #expect(try failedLogins(server) < 8)
    for guesser in guessers { _ = try guesser.line() }
    try server.stop()
  }

  @Test func `nothing is hashed for clients that are gone`() throws {
    let (_, server) = try hashingServer()
    for guesser in try guess(12, at: server) { guesser.reset() }
    try eventually("they are gone") {
      try server.accessLog.count { $0["outcome"] as? String == "dropped" } == 12 ? true : nil
    }
    #expect(try failedLogins(server) < 6)
    try server.stop()
  }

  @Test func `whoever runs away from a wrong password's answer keeps the place until it is due`() throws {
    let (_, server) = try serve("max_connections: 1")
    let start = ContinuousClock.now
    let client = try server.greeted()
    try client.send("USER anna\r\nPASS wrong\r\n")
    _ = try client.line()
    _ = try server.accessLogLine { $0["event"] as? String == "login_failed" }
    client.reset()
    _ = try server.accessLogLine { $0["outcome"] as? String == "dropped" }
    _ = try eventually("the place is free") { try? server.greeted() }
    #expect(ContinuousClock.now - start >= .milliseconds(1900))
    try server.stop()
  }

  @Test func `without descriptors it waits instead of trying again and again`() throws {
    let workspace = try Workspace()
    try workspace.writeConfig(
      server: ["drain_timeout: 0s", "limits: { connections_per_ip: 199 }"], service: ["login_timeout: 2s"])
    let server = try Server(workspace)
    func processorTime() throws -> Double {
      let fields =
        try String(contentsOfFile: "/proc/\(server.process.pid)/stat", encoding: .utf8)
        .split(separator: ")").last?.split(separator: " ") ?? []
      guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
        throw Failure("no times in /proc")
      }
      return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
    let first = try server.greeted()
    // This is less than the server knows of: it counts on more.
    let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(server.process.pid)/fd").count
    let lowered = try workspace.run(
      "prlimit", ["--pid", "\(server.process.pid)", "--nofile=\(open + 2):\(open + 2)"])
    #expect(lowered.status == .exited(0), "\(lowered.errorOutput)")
    // There are more clients than descriptors allowed. Some descriptors were open for a moment only.
    let clients = try (0..<20).map { _ in try server.client() }
    try server.waitForLog("no connection can be accepted until others have ended")
    let before = try processorTime()
    // The connection is ended after a second or two, because nobody logged in.
    _ = try first.rest()
    #expect(try processorTime() - before < 0.5)
    for client in clients { #expect(try client.line(within: 60).hasPrefix("+OK")) }
    #expect(server.log.components(separatedBy: "no connection can be accepted").count == 2, "\(server.log)")
    try server.stop()
  }

  @Test func `max_login_attempts ends the connection`() throws {
    let (_, server) = try serve("max_login_attempts: 2")
    let client = try server.greeted()
    #expect(try client.logIn("anna", "wrong") == "-ERR [AUTH] wrong user name or password")
    try client.send("USER anna\r\nPASS wrong\r\nUSER anna\r\nPASS \(Workspace.secret)\r\n")
    #expect(try client.rest() == "+OK send the password\r\n-ERR [AUTH] wrong user name or password\r\n")
    try server.stop()
  }

  @Test func `max_bad_commands ends the connection`() throws {
    let (_, server) = try serve("max_bad_commands: 3")
    let client = try server.greeted()
    for _ in 0..<2 { #expect(try client.command("HELO there") == "-ERR unknown command") }
    try client.ok("CAPA")
    _ = try client.body()
    for _ in 0..<2 {
      #expect(try client.command(String(repeating: "x", count: 300)) == "-ERR line is too long")
    }
    #expect(try client.command("HELO there") == "-ERR too many bad commands")
    #expect(try client.rest() == "")
    try server.stop()
  }

  @Test func `login_timeout, whatever the client keeps saying`() throws {
    let (_, server) = try serve("login_timeout: 1s")
    let silent = try server.greeted()
    let talking = try server.greeted()
    let start = ContinuousClock.now
    try talking.send("NOOP\r\nUSER ann")
    #expect(try silent.line(within: 4) == "-ERR closed because nobody logged in")
    #expect(try silent.rest() == "")
    #expect(try talking.rest().hasSuffix("-ERR closed because nobody logged in\r\n"))
    #expect(ContinuousClock.now - start > .milliseconds(900))
    try server.stop()
  }

  @Test func `idle_timeout deletes nothing`() throws {
    let (workspace, server) = try serve("idle_timeout: 1s")
    #expect(server.log.contains("RFC 1939 wants an idle timeout of at least 10m"))
    let client = try server.loggedIn()
    try client.ok("DELE 1")
    let start = ContinuousClock.now
    #expect(try client.line(within: 4) == "-ERR closed after being idle for too long")
    #expect(ContinuousClock.now - start > .milliseconds(900))
    #expect(try client.rest() == "")
    #expect(try workspace.messages().count == 1)
    _ = try server.accessLogLine { $0["outcome"] as? String == "idle_timeout" && $0["deleted"] as? Int == 0 }
    _ = try server.loggedIn()
    try server.stop()
  }

  @Test func `a client that does not read is ended by the idle timeout`() throws {
    let (workspace, server) = try serve("idle_timeout: 1s")
    try workspace.deliver(Array(repeating: UInt8(ascii: "x"), count: 8 << 20), as: "2.M1P1.host")
    let client = try server.client(receiveBuffer: 4096)
    _ = try client.line()
    _ = try client.logIn()
    try client.send("RETR 2\r\n")
    _ = try server.accessLogLine { $0["outcome"] as? String == "idle_timeout" }
    _ = try server.loggedIn()
    try server.stop()
  }

  @Test func `a failed login is answered late, and holds up nobody`() throws {
    let (_, server) = try serve()
    let failing = try server.greeted()
    _ = try failing.command("USER nobody-of-that-name")
    let start = ContinuousClock.now
    try failing.send("PASS wrong\r\n")
    let others = try (0..<20).map { _ in try server.greeted() }
    for other in others { try other.ok("CAPA") }
    let inside = try server.loggedIn()
    #expect(try inside.retrieve(1).count == 22)
    #expect(ContinuousClock.now - start < .milliseconds(1400))
    #expect(try failing.line() == "-ERR [AUTH] wrong user name or password")
    #expect(ContinuousClock.now - start >= .milliseconds(1500))
    try server.stop()
  }

  @Test func `plaintext_login decides by the client's network`() throws {
    let (workspace, server) = try serve("plaintext_login: [127.77.0.0/16]")
    let outside = try server.greeted(from: "127.78.0.1")
    try outside.ok("CAPA")
    #expect(!String(decoding: try outside.body(), as: UTF8.self).contains("USER"))
    #expect(try outside.command("USER anna") == "-ERR login needs TLS here")
    #expect(try outside.command("PASS \(Workspace.secret)") == "-ERR login needs TLS here")

    let inside = try server.greeted(from: "127.77.0.1")
    try inside.ok("CAPA")
    #expect(String(decoding: try inside.body(), as: UTF8.self).contains("USER\r\n"))
    #expect(try inside.logIn().hasPrefix("+OK 1 messages"))
    _ = workspace
    try server.stop()
  }
}
