import Foundation
import Testing

/// Tests servers that count failures and blocks together, by a real engine.
@Suite struct SharedStateTests {
  private static let attacker = "127.80.0.1"

  /// Servers with one engine, each in a workspace of its own.
  private final class Fleet {
    let engine: Engine
    let hosts: [Workspace]
    let servers: [Server]

    init(_ count: Int = 2, server: [String] = []) throws {
      engine = try Engine()
      let url = engine.url
      hosts = try (0..<count).map { _ in
        let host = try Workspace()
        try host.writeShared("url: \"\(url)\"", server: server)
        return host
      }
      servers = try hosts.map { try Server($0) }
    }

    func stop() throws {
      for server in servers { try server.stop() }
    }

    /// The addresses that a server blocks.
    func blocked(_ number: Int) throws -> [String] { try hosts[number].blockedAddresses() }

    func waitUntil(_ number: Int, _ state: String) throws {
      try eventually("server \(number) counts \(state): \(servers[number].log)") {
        try hosts[number].sharedState().state == state ? true : nil
      }
    }
  }

  /// One wrong password, with its answer.
  private func fail(_ server: Server, _ password: String, from source: String = attacker) throws {
    let client = try server.greeted(from: source)
    #expect(try client.logIn("anna", password).hasPrefix("-ERR [AUTH]"))
  }

  /// A wrong password that blocks.
  private func beBlocked(_ server: Server, _ password: String = "last", from source: String = attacker) throws
  {
    let client = try server.greeted(from: source)
    try client.ok("USER anna")
    try client.send("PASS \(password)\r\n")
    #expect(try client.rest(within: 30) == "")
  }

  private func failures(_ fleet: Fleet, of address: String = attacker) throws -> String {
    try fleet.engine.cli("HGET", "ocean:failures:\(address)/32", "n")
  }

  // MARK: - Together

  @Test func `failures at several servers add up, the block is everywhere, and unblocking too`() throws {
    let fleet = try Fleet(3)
    for number in 0..<3 { try fleet.waitUntil(number, "together") }
    // The same wrong password counts once, wherever it is tried.
    for server in fleet.servers { try fail(server, "old") }
    for (number, server) in fleet.servers.enumerated() {
      if number < 2 { try fail(server, "wrong-\(number)") } else { try beBlocked(server) }
      try eventually("the engine has counted", within: 10) {
        try failures(fleet) == "\(number + 2)" || fleet.blocked(0).count == 1 ? true : nil
      }
      if number == 1 { #expect(try fleet.blocked(0).isEmpty) }
    }
    for number in 0..<3 {
      try eventually("server \(number) blocks") {
        try fleet.blocked(number) == ["\(Self.attacker)/32"] ? true : nil
      }
      #expect(try fleet.servers[number].client(from: Self.attacker).rest() == "")
      #expect(try fleet.servers[number].greeted(from: "127.80.0.2").logIn().hasPrefix("+OK"))
    }
    #expect(
      try fleet.hosts[1].ocean("unblock", Self.attacker, "--config", fleet.hosts[1].config).status
        == .exited(0))
    for number in 0..<3 {
      try eventually("server \(number) lifts") { try fleet.blocked(number).isEmpty ? true : nil }
      #expect(try fleet.servers[number].greeted(from: Self.attacker).logIn().hasPrefix("+OK"))
    }
    // Everything expires; what is gone by now has.
    for key in try fleet.engine.cli("KEYS", "*").split(separator: "\n") {
      #expect(key.hasPrefix("ocean:"))
      #expect(try fleet.engine.cli("PTTL", String(key)) != "-1", "\(key)")
    }
    let status = try fleet.hosts[0].ocean("status", fleet.hosts[0].config).output
    #expect(
      status.contains("counts    together by \(fleet.engine.url) (\(try fleet.engine.name()) "), "\(status)")
    try fleet.stop()
  }

  @Test func `a device with an old password that comes to all servers blocks nobody`() throws {
    let fleet = try Fleet(3)
    for number in 0..<3 { try fleet.waitUntil(number, "together") }
    func counted(_ count: Int) throws {
      try eventually("the engine has counted") { try failures(fleet) == "\(count)" ? true : nil }
    }
    for (number, password) in ["old", "wrong-1", "wrong-2"].enumerated() {
      try fail(fleet.servers[number], password)
      try counted(number + 1)
    }
    for server in fleet.servers { try fail(server, "old") }
    for server in fleet.servers { #expect(try server.greeted(from: Self.attacker).logIn().hasPrefix("+OK")) }
    #expect(try failures(fleet) == "3")
    try fleet.stop()
  }

  @Test func `a block ends sessions at other servers, and outlives a restart there`() throws {
    let fleet = try Fleet()
    for number in 0..<2 { try fleet.waitUntil(number, "together") }
    let inside = try fleet.servers[1].greeted(from: Self.attacker)
    #expect(try inside.logIn("berta").hasPrefix("+OK"))
    for number in 0..<3 { try fail(fleet.servers[0], "wrong-\(number)") }
    try beBlocked(fleet.servers[0])
    #expect(try inside.rest() == "")
    try fleet.servers[1].waitForLog("blocked by other servers")
    _ = try eventually("the block is on disk") { fleet.hosts[1].read("state/blocks").isEmpty ? nil : true }
    fleet.engine.process.signal(SIGKILL)
    try fleet.servers[1].stop()
    let again = try Server(fleet.hosts[1])
    #expect(try again.client(from: Self.attacker).rest() == "")
    try again.stop()
    try fleet.servers[0].stop()
  }

  @Test func `connections of an address count over all servers, until a server dies`() throws {
    let fleet = try Fleet(server: ["limits: { connections_per_ip: 4 }"])
    for number in 0..<2 { try fleet.waitUntil(number, "together") }
    var clients = try (0..<3).map { _ in try fleet.servers[0].greeted(from: Self.attacker) }
    func live(_ number: Int) throws -> String {
      try fleet.hosts[number].ocean(
        "explain", fleet.hosts[number].config, "--from", Self.attacker, "--live"
      ).output
    }
    try eventually("the other knows") { try live(1).contains("3 of 4 per address") ? true : nil }
    clients.append(try fleet.servers[1].greeted(from: Self.attacker))
    let refused = try fleet.servers[1].client(from: Self.attacker)
    #expect(try refused.line().hasPrefix("-ERR [SYS/TEMP] too many connections from your address"))
    _ = try fleet.servers[1].greeted(from: "127.80.0.2")

    fleet.servers[0].process.signal(SIGKILL)
    try eventually("the dead server's connections do not count") {
      try live(1).contains("1 of 4 per address") ? true : nil
    }
    _ = try fleet.servers[1].greeted(from: Self.attacker)
    try fleet.servers[1].stop()
  }

  @Test func `only addresses with half of their limit are told to all servers, until they have none`() throws
  {
    let fleet = try Fleet(server: ["limits: { connections_per_ip: 6 }"])
    for number in 0..<2 { try fleet.waitUntil(number, "together") }
    func told() throws -> [String] {
      try fleet.engine.cli("ZRANGE", "ocean:connections", "0", "-1").split(separator: "\n").map(String.init)
    }
    let address = "\(Self.attacker)/32"
    func counted(_ count: Int) throws {
      try eventually("the engine has \(count)") {
        let counts = try fleet.engine.cli("HVALS", "ocean:connections:\(address)").split(separator: "\n")
        return counts.compactMap { Int($0) }.reduce(0, +) == count ? true : nil
      }
    }
    var clients = try (0..<2).map { try fleet.servers[$0].greeted(from: Self.attacker) }
    try counted(2)
    #expect(try told().isEmpty)
    clients.append(try fleet.servers[0].greeted(from: Self.attacker))
    try counted(3)
    #expect(try told() == [address])
    try eventually("the other knows") {
      let text = try fleet.hosts[1].ocean(
        "explain", fleet.hosts[1].config, "--from", Self.attacker, "--live")
      return text.output.contains("3 of 6 per address") ? true : nil
    }
    for client in clients { _ = try client.command("QUIT") }
    try counted(0)
    #expect(try told() == [address])
    // As if a minute had gone by.
    #expect(try fleet.engine.cli("ZADD", "ocean:connections", "1", address) == "0")
    try eventually("nobody is told any more") { try told().isEmpty ? true : nil }
    try fleet.stop()
  }

  @Test func `a user and an address are kicked on all servers, and can come back`() throws {
    let fleet = try Fleet()
    for number in 0..<2 { try fleet.waitUntil(number, "together") }
    let here = try fleet.servers[0].loggedIn()
    let there = try fleet.servers[1].loggedIn()
    let other = try fleet.servers[1].loggedIn("berta")
    let kicked = try fleet.hosts[0].ocean(
      "kick", "--user", "anna@example.org", "--config", fleet.hosts[0].config)
    #expect(
      kicked.output.hasPrefix("ended 1 session: ")
        && kicked.output.hasSuffix("\nthe other servers are told\n"))
    for client in [here, there] { _ = try client.rest(within: 10) }
    #expect(try fleet.servers[1].loggedIn().command("NOOP").hasPrefix("+OK"))
    #expect(try other.command("NOOP").hasPrefix("+OK"))
    try fleet.stop()
  }

  @Test func `a fleet asks its engine less than twice a session`() throws {
    let fleet = try Fleet()
    for number in 0..<2 { try fleet.waitUntil(number, "together") }
    func commands() throws -> Int {
      let lines = try fleet.engine.cli("INFO", "commandstats").split(separator: "\n")
      let line = lines.first { $0.hasPrefix("cmdstat_evalsha:") } ?? ""
      return Int(line.firstMatch(of: /calls=(\d+)/)?.output.1 ?? "") ?? 0
    }
    let before = try commands()
    let start = ContinuousClock.now
    let sessions = 100
    for number in 0..<sessions {
      let client = try fleet.servers[number % 2].greeted(from: "127.80.1.\(number + 1)")
      #expect(try client.logIn().hasPrefix("+OK"))
      try client.ok("QUIT")
    }
    let seconds = Double((ContinuousClock.now - start).components.seconds) + 2
    // Twice a second each of them asks what is new, whatever happens.
    #expect(try Double(commands() - before) < Double(sessions) + seconds * 4)
    try fleet.stop()
  }

  // MARK: - Away

  @Test func `an engine that was killed is missed by nobody, and what happened meanwhile is merged`() throws {
    let fleet = try Fleet(server: ["anti_hammering: { max_failures: 1, block_for: 1h }"])
    for number in 0..<2 { try fleet.waitUntil(number, "together") }
    try fail(fleet.servers[0], "one", from: "127.80.0.9")
    try beBlocked(fleet.servers[0], from: "127.80.0.9")
    try eventually("the other blocks") { try fleet.blocked(1).count == 1 ? true : nil }

    fleet.engine.process.signal(SIGKILL)
    try fleet.engine.process.wait()
    for number in 0..<2 { try fleet.waitUntil(number, "alone") }
    try eventually("the reason is that of the last try") {
      try fleet.hosts[0].sharedState().reason == "Connection refused" ? true : nil
    }
    let status = try fleet.hosts[0].ocean("status", fleet.hosts[0].config).output
    #expect(status.contains("counts    ALONE since "), "\(status)")
    // A known block is not forgotten, new ones are made, and one is lifted.
    #expect(try fleet.servers[1].client(from: "127.80.0.9").rest() == "")
    try fail(fleet.servers[0], "one")
    try beBlocked(fleet.servers[0])
    #expect(try fleet.servers[1].greeted(from: Self.attacker).logIn().hasPrefix("+OK"))
    #expect(
      try fleet.hosts[1].ocean("unblock", "127.80.0.9", "--config", fleet.hosts[1].config).status
        == .exited(0))
    #expect(try fleet.blocked(0).count == 2)

    // It has lost everything.
    try fleet.engine.start()
    for number in 0..<2 {
      try fleet.waitUntil(number, "together")
      try eventually("server \(number) has merged: \(fleet.blocked(number))") {
        try fleet.blocked(number) == ["\(Self.attacker)/32"] ? true : nil
      }
    }
    for server in fleet.servers {
      #expect(server.log.components(separatedBy: "the shared state is away").count == 2, "\(server.log)")
      #expect(server.log.components(separatedBy: "counted together with other servers").count == 3)
    }
    try fleet.stop()
  }

  @Test func `what an engine forgets while it runs is told again`() throws {
    let fleet = try Fleet(server: ["anti_hammering: { max_failures: 1, block_for: 1h }"])
    for number in 0..<2 { try fleet.waitUntil(number, "together") }
    try fail(fleet.servers[0], "one")
    try beBlocked(fleet.servers[0])
    try eventually("the other blocks") { try fleet.blocked(1).count == 1 ? true : nil }
    #expect(try fleet.engine.cli("FLUSHALL") == "OK")
    #expect(try fleet.engine.cli("SCRIPT", "FLUSH") == "OK")
    try eventually("the engine knows the block again") {
      try fleet.engine.cli("HEXISTS", "ocean:blocks", "\(Self.attacker)/32") == "1" ? true : nil
    }
    #expect(try fleet.blocked(1).count == 1)
    try fleet.stop()
  }

  @Test func `nobody waits for an engine that has stopped`() throws {
    let fleet = try Fleet()
    for number in 0..<2 { try fleet.waitUntil(number, "together") }
    fleet.engine.process.signal(SIGSTOP)
    let start = ContinuousClock.now
    for number in 0..<20 {
      let client = try fleet.servers[number % 2].greeted()
      #expect(try client.logIn().hasPrefix("+OK"))
      // The mailbox is free once this is answered.
      #expect(try client.command("QUIT").hasPrefix("+OK"))
    }
    #expect(ContinuousClock.now - start < .seconds(4))
    for number in 0..<2 { try fleet.waitUntil(number, "alone") }
    #expect(try fleet.hosts[0].sharedState().reason == "it does not answer in time")
    fleet.engine.process.signal(SIGCONT)
    for number in 0..<2 { try fleet.waitUntil(number, "together") }
    try fleet.stop()
  }

  // MARK: - Engines that cannot be used

  @Test(arguments: [
    (["CONFIG", "SET", "maxmemory", "1"], "its memory is full (maxmemory)"),
    (["REPLICAOF", "127.0.0.1", "1"], "it is a replica, which takes no changes"),
    (["ACL", "SETUSER", "default", "-hset"], "its user may not do all that is needed: "),
    (["CONFIG", "SET", "requirepass", "other"], "it wants a password"),
    (["SET", "ocean:fleet", "1"], "its keys 'ocean:…' are not ocean's: write another prefix"),
    (["HSET", "ocean:fleet", "form", "1/56"], "are of servers that count otherwise (1/56, here 2/64)"),
    (["HSET", "ocean:fleet", "a", "b"], "its keys 'ocean:…' are not ocean's: write another prefix"),
    (["SET", "ocean:blocks", "1"], "its keys 'ocean:…' are not ocean's: write another prefix"),
  ])
  func `an engine that cannot be used is named with the reason, and mail goes on`(
    command: [String], reason: String
  ) throws {
    let engine = try Engine()
    #expect(try !engine.cli(command).hasPrefix("ERR"))
    let host = try Workspace()
    try host.writeShared("url: \"\(engine.url)\"")
    let server = try Server(host)
    let found = try eventually("server counts alone: \(server.log)") { try host.sharedState().reason }
    #expect(found.contains(reason), "\(found)")
    #expect(try server.greeted().logIn().hasPrefix("+OK"))
    try server.stop()
  }

  @Test func `an engine is asked over TLS, and its certificate is checked`() throws {
    let engine = try Engine { workspace in
      _ = try workspace.run(
        "openssl",
        [
          "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
          "/CN=engine",
          "-addext", "subjectAltName=IP:\(workspace.address)", "-keyout", workspace.path("tls.key"), "-out",
          workspace.path("tls.crt"),
        ])
      return [
        "--tls-port", "6380", "--tls-cert-file", workspace.path("tls.crt"), "--tls-key-file",
        workspace.path("tls.key"), "--tls-auth-clients", "no",
      ]
    }
    for (settings, reason) in [
      ("tls: verify, ca: \(engine.workspace.path("tls.crt"))", nil),
      ("tls: verify", "its certificate is not accepted: self-signed certificate"),
      ("tls: require", nil), ("tls: off", "Connection reset by peer"),
    ] as [(String, String?)] {
      let host = try Workspace()
      try host.writeShared("url: \"valkey://\(engine.workspace.address):6380\", \(settings)")
      let server = try Server(host)
      if let reason {
        let found = try eventually("alone: \(server.log)") { try host.sharedState().reason }
        // What is no TLS is cut off, before or after something was read.
        let cut = ["it closes the connection", "Broken pipe"]
        #expect(
          found == reason || settings == "tls: off" && cut.contains(found), "\(settings): \(found)")
      } else {
        try eventually("together with \(settings): \(server.log)") {
          try host.sharedState().state == "together" ? true : nil
        }
      }
      try server.stop()
    }
  }

  @Test func `what is no engine is named, and mail goes on`() throws {
    let host = try Workspace()
    let other = try Workspace()
    let pop3 = try Server(other)
    try host.writeShared("url: \"valkey://\(other.address):\(Workspace.port)\"")
    let server = try Server(host)
    let reason = try eventually("server counts alone: \(server.log)") { try host.sharedState().reason }
    // The greeting comes before or after what ocean says, which ends the connection.
    let reasons = [
      "it does not answer as Valkey and Redis do", "it does not speak the protocol of Valkey and Redis",
      "it closes the connection",
    ]
    #expect(reasons.contains(reason))
    #expect(try server.greeted().logIn().hasPrefix("+OK"))
    try server.stop()
    try pop3.stop()
  }

  /// What the user of the engine is allowed, as docs/several-machines.md says.
  static func rights(_ password: String) -> [String] {
    let rights =
      "resetkeys ~ocean:* resetchannels -@all +hello +script|load +evalsha +time +type +del +hmget +hset +hget +hdel "
      + "+hgetall +hincrby +hexists +hkeys +zadd +zrem +zscore +zrange +zrangebyscore +zremrangebyscore +zrevrange "
      + "+pttl +pexpire +pexpireat"
    return ["reset", "on", ">\(password)"] + rights.split(separator: " ").map(String.init)
  }

  @Test func `a user of the engine with few rights is enough, and its password is replaced by a reload`()
    throws
  {
    let engine = try Engine()
    #expect(try engine.cli(["ACL", "SETUSER", "ocean"] + Self.rights(Workspace.secret)) == "OK")
    let host = try Workspace()
    try host.write("wrong-one\n", to: "valkey.password")
    try host.setMode(0o600, of: "valkey.password")
    try host.writeShared(
      "url: \"\(engine.url)\", user: ocean, password: { file: valkey.password }",
      server: ["anti_hammering: { max_failures: 1, block_for: 1h }"])
    let server = try Server(host)
    let reason = try eventually("server counts alone: \(server.log)") { try host.sharedState().reason }
    #expect(reason == "it refuses the user or the password")
    try host.write(Workspace.secret + "\n", to: "valkey.password")
    try host.setMode(0o600, of: "valkey.password")
    try server.reload(expecting: "reloaded: no change")
    try eventually("together") { try host.sharedState().state == "together" ? true : nil }
    try fail(server, "one")
    try beBlocked(server)
    #expect(try host.ocean("unblock", "--all", "--config", host.config).status == .exited(0))
    try eventually("all is told") { try host.sharedState().waiting == 0 ? true : nil }
    #expect(try host.sharedState().state == "together")
    try server.stop()
  }
}
