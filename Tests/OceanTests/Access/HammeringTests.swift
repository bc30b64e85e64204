import Foundation
import Testing

/// Tests guessing passwords, by a tool made for it and by hand.
@Suite struct HammeringTests {
  private static let attacker = "127.80.0.1"

  private func serve(
    _ numbers: String = "max_failures: 3", service: [String] = ["max_login_attempts: 10"]
  ) throws -> (Workspace, Server) {
    let workspace = try Workspace()
    try workspace.writeConfig(
      server: ["drain_timeout: 0s", "anti_hammering: { \(numbers) }"], service: service)
    return (workspace, try Server(workspace))
  }

  private struct Blocks: Decodable {
    struct Block: Decodable {
      let address: String
      let failures: Int
      let seconds_left: Int
    }
    let blocks: [Block]
  }

  private func blocks(_ workspace: Workspace) throws -> [Blocks.Block] {
    let list: Blocks = try workspace.ocean("blocks", workspace.config, "--format", "json").json()
    return list.blocks
  }

  /// Sends different wrong passwords; the last of them blocks, which closes the connection without an answer.
  private func beBlocked(_ server: Server, failures: Int, from source: String = attacker) throws {
    for number in 1..<failures {
      let client = try server.greeted(from: source)
      #expect(try client.logIn("anna", "wrong-\(number)").hasPrefix("-ERR [AUTH]"))
    }
    let client = try server.greeted(from: source)
    try client.ok("USER anna")
    try client.send("PASS wrong-\(failures)\r\n")
    #expect(try client.rest(within: 30) == "")
  }

  @Test func `hydra is stopped at one failure too many, and a neighbour is not hurt`() throws {
    let (workspace, server) = try serve()
    let neighbour = try server.greeted(from: "127.80.0.2")
    #expect(try neighbour.logIn().hasPrefix("+OK"))
    try workspace.write((1...40).map { "guess-\($0)\n" }.joined() + "\(Workspace.secret)\n", to: "guesses")
    // hydra cannot choose the address it comes from. HAProxy does that for it, here without a PROXY header.
    let haproxy = try workspace.haproxy(port: 2110, source: Self.attacker)
    defer { haproxy.signal(SIGKILL) }
    let hydra = try Command(
      "hydra",
      [
        "-l", "anna", "-P", workspace.path("guesses"), "-t", "4", "-w", "5", "-I", "-f", "-s", "2110",
        "pop3://\(workspace.address)",
      ], directory: workspace.directory)
    defer { hydra.signal(SIGKILL) }
    let block = try eventually("the attacker is blocked", within: 60) {
      try blocks(workspace).first
    }
    #expect(block.address == "\(Self.attacker)/32")
    // Logins that were under way at the fourth failure count as well.
    #expect((4...7).contains(block.failures))
    #expect(try server.client(from: Self.attacker).rest() == "")
    #expect(!hydra.output.contains(Workspace.secret))
    try neighbour.ok("NOOP")
    #expect(try server.greeted(from: "127.80.0.2").logIn("berta").hasPrefix("+OK"))
    let guesses = try eventually("the log has the guesses") {
      let lines = try server.accessLog.filter { $0["peer"] as? String == Self.attacker }
      return lines.count { $0["event"] as? String == "login_failed" } >= 4 ? lines : nil
    }
    #expect(guesses.count { $0["event"] as? String == "login_failed" } <= 7)
    #expect(guesses.allSatisfy { $0["event"] as? String != "session" || $0["retrieved"] as? Int == 0 })
    try server.stop()
  }

  @Test func `a block ends live sessions, outlives a kill, and can be lifted`() throws {
    let (workspace, server) = try serve("max_failures: 1, block_for: 1h")
    let inside = try server.greeted(from: Self.attacker)
    #expect(try inside.logIn("berta").hasPrefix("+OK"))
    try beBlocked(server, failures: 2)
    #expect(try inside.rest() == "")
    #expect(try server.client(from: Self.attacker).rest() == "")
    let line = try server.accessLogLine { $0["outcome"] as? String == "blocked" && $0["user"] is String }
    #expect(line["deleted"] as? Int == 0)
    _ = try eventually("the block is on disk") { workspace.read("state/blocks").isEmpty ? nil : true }

    server.process.signal(SIGKILL)
    try server.process.wait()
    let again = try Server(workspace)
    #expect(try again.client(from: Self.attacker).rest() == "")
    let block = try #require(try blocks(workspace).first)
    #expect((3000...3600).contains(block.seconds_left))
    let explained = try workspace.ocean("explain", workspace.config, "--from", Self.attacker, "--live")
    #expect(explained.output.hasPrefix("REFUSED by block: blocked until "), "\(explained.output)")
    let shown = try workspace.ocean("status", workspace.config).output
    #expect(shown.contains("\nblocks    1 (ocean blocks -c \(workspace.config))"))

    // The names that these commands had before.
    #expect(try workspace.ocean("bans", workspace.config).output.contains("\n1 address blocked\n"))
    #expect(
      try workspace.ocean("unban", "192.0.2.1", "--config", workspace.config).output
        == "nothing was blocked there\n")

    let lifted = try workspace.ocean("unblock", Self.attacker, "--config", workspace.config)
    #expect(lifted.output == "lifted: \(Self.attacker)\n")
    #expect(try again.greeted(from: Self.attacker).logIn().hasPrefix("+OK"))
    #expect(try workspace.ocean("unblock", "--all", "--config", workspace.config).status == .exited(1))
    try again.stop()
    let third = try Server(workspace)
    #expect(try blocks(workspace).isEmpty)
    try third.stop()
  }

  @Test func `the same wrong password counts once`() throws {
    let (workspace, server) = try serve("max_failures: 2")
    for _ in 0..<4 {
      let client = try server.greeted(from: Self.attacker)
      #expect(try client.logIn("anna", "old-password").hasPrefix("-ERR [AUTH]"))
    }
    #expect(try blocks(workspace).isEmpty)
    let live = try workspace.ocean("explain", workspace.config, "--from", Self.attacker, "--live")
    #expect(live.output.contains("not blocked, 1 of 2 failures"), "\(live.output)")
    try server.stop()
  }

  @Test func `the same wrong password is hashed once`() throws {
    let workspace = try Workspace()
    // Each hash takes a third of a second.
    let made = try workspace.ocean("passwd", "anna", "--scheme", "bcrypt", input: Workspace.secret + "\n")
    try workspace.write(made.output, to: "users.passwd")
    let server = try Server(workspace)
    let clients = try (0..<30).map { _ in try server.greeted() }
    let first = try server.greeted()
    #expect(try first.logIn("anna", "wrong").hasPrefix("-ERR [AUTH]"))
    let before = try server.processorTime()
    for client in clients { try client.send("USER anna\r\nPASS wrong\r\n") }
    for client in clients {
      _ = try client.line()
      #expect(try client.line().hasPrefix("-ERR [AUTH]"))
    }
    let used = try server.processorTime() - before
    // Otherwise it would be thirty times the time of one hash.
    let once = try server.processorTime()
    #expect(try first.logIn().hasPrefix("+OK"))
    let hash = try server.processorTime() - once
    #expect(used < 15 * hash, "\(used) and \(hash)")
    try server.stop()
  }

  /// Nobody has guessed wrong, and clients get the same answer as for a name that does not exist.
  @Test func `logins of an account that is not understood do not count`() throws {
    let (workspace, server) = try serve("max_failures: 2", service: ["max_login_attempts: 10"])
    try workspace.write(workspace.read("users.passwd") + "clara:{CRAM-MD5}00:::::: \n", to: "users.passwd")
    let client = try server.greeted(from: Self.attacker)
    for number in 0..<4 {
      #expect(
        try client.logIn("clara", "\(number)") == "-ERR [AUTH] wrong user name or password", "\(number)")
    }
    #expect(try blocks(workspace).isEmpty)
    try server.waitForLog("a login failed because of a mistake in its account")
    #expect(server.log.contains("clara"))
    try server.stop()
  }

  @Test func `never_block, and services that take no part`() throws {
    let workspace = try Workspace()
    try workspace.writeConfig(
      server: ["anti_hammering: { max_failures: 1, never_block: [127.80.0.9] }"],
      services: "  a: { ports: [1110] }\n  b: { ports: [1111], anti_hammering: false }\n")
    let server = try Server(workspace)
    for source in ["127.80.0.9", "127.0.0.1"] {
      let client = try server.greeted(from: source)
      for number in 1...2 { #expect(try client.logIn("anna", "wrong-\(number)").hasPrefix("-ERR [AUTH]")) }
    }
    let outside = try server.greeted(port: 1111, from: Self.attacker)
    for number in 1...2 { #expect(try outside.logIn("anna", "wrong-\(number)").hasPrefix("-ERR [AUTH]")) }
    #expect(try blocks(workspace).isEmpty)
    try beBlocked(server, failures: 2)
    #expect(try blocks(workspace).count == 1)
    #expect(try server.greeted(port: 1111, from: Self.attacker).logIn().hasPrefix("+OK"))
    try server.stop()
  }

  @Test func `more connections do not get more guesses`() throws {
    let (_, server) = try serve("max_failures: 100")
    let first = try server.greeted(from: Self.attacker)
    try first.send("USER anna\r\nPASS wrong-0\r\n")
    _ = try server.accessLogLine { $0["event"] as? String == "login_failed" }
    let start = ContinuousClock.now
    let second = try server.greeted(from: Self.attacker)
    // Even the right password waits for the turn of this address.
    #expect(try second.logIn("berta").hasPrefix("+OK"))
    #expect(ContinuousClock.now - start > .milliseconds(1000))
    let other = try server.greeted(from: "127.80.0.2")
    let begin = ContinuousClock.now
    #expect(try other.logIn("anna").hasPrefix("+OK"))
    #expect(ContinuousClock.now - begin < .milliseconds(1000))
    try server.stop()
  }

  @Test func `a damaged file of blocks is set aside`() throws {
    let workspace = try Workspace()
    try workspace.write("garbage", to: "state/blocks")
    let server = try Server(workspace)
    #expect(server.log.contains("some earlier blocks are lost"))
    #expect(workspace.read("state/blocks.damaged") == "garbage")
    _ = try server.loggedIn()
    try server.stop()
  }
}

extension Server {
  /// The time of all its threads, in clock ticks.
  fileprivate func processorTime() throws -> Int {
    let line = try String(contentsOfFile: "/proc/\(process.pid)/stat", encoding: .utf8)
    let words = line.split(separator: ")").last?.split(separator: " ").compactMap { Int($0) } ?? []
    // utime and stime; the first of these words is not a number.
    guard words.count > 12 else { throw Failure("no times in \(line)") }
    return words[10] + words[11]
  }
}
