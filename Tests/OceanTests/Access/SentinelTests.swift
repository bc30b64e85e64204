import Foundation
import Testing

/// Tests servers whose engine is the one that Sentinels name, by real engines and Sentinels.
@Suite struct SentinelTests {
  private static let attacker = "127.80.0.1"

  /// Servers that ask the same Sentinels, each in a workspace of its own.
  private final class Fleet {
    let watched: WatchedEngines
    let hosts: [Workspace]
    var servers: [Server]

    var old: Engine { watched.engines[0] }
    var new: Engine { watched.engines[1] }

    init(_ watched: WatchedEngines? = nil, count: Int = 2) throws {
      let watched = try watched ?? WatchedEngines()
      self.watched = watched
      hosts = try (0..<count).map { _ in
        let host = try Workspace()
        try host.writeShared(
          "sentinel: { master: mymaster, at: [\(watched.places)] }, tls: off",
          server: ["anti_hammering: { max_failures: 1, block_for: 1h }"])
        return host
      }
      servers = try hosts.map { try Server($0) }
      for number in 0..<count { try waitUntil(number, by: old) }
    }

    func stop() throws {
      for server in servers { try server.stop() }
    }

    func waitUntil(_ number: Int, by engine: Engine) throws {
      // Sentinels that find their own host slow do nothing for half a minute.
      try eventually("server \(number) counts by \(engine.url): \(servers[number].log)", within: 90) {
        let state = try hosts[number].sharedState()
        return state.state == "together" && state.url == engine.url ? true : nil
      }
    }

    func blocked(_ number: Int) throws -> [String] { try hosts[number].blockedAddresses() }

    /// A wrong password, and another, which blocks.
    func block(_ address: String, at number: Int) throws {
      let first = try servers[number].greeted(from: address)
      #expect(try first.logIn("anna", "one").hasPrefix("-ERR [AUTH]"))
      let second = try servers[number].greeted(from: address)
      try second.ok("USER anna")
      try second.send("PASS last\r\n")
      #expect(try second.rest(within: 30) == "")
    }

    func waitUntilBlocked(_ number: Int, _ addresses: [String]) throws {
      try eventually("server \(number) blocks \(addresses): \(servers[number].log)") {
        try Set(blocked(number)) == Set(addresses.map { "\($0)/32" }) ? true : nil
      }
    }
  }

  /// How often a server has said that it counts by an engine.
  private func count(_ server: Server, _ engine: Engine) -> Int {
    server.log.split(separator: "\n").count {
      $0.contains("counted together with other servers") && $0.contains("\(engine.address):6379")
    }
  }

  @Test func `a master that was killed is replaced, and blocks, lifts and counts go on`() throws {
    let fleet = try Fleet()
    try fleet.block(Self.attacker, at: 0)
    try fleet.waitUntilBlocked(1, [Self.attacker])
    // What the replica has not got yet, hosts tell it.
    fleet.old.process.signal(SIGKILL)
    try fleet.old.process.wait()
    try fleet.block("127.80.0.2", at: 1)
    for number in 0..<2 {
      try fleet.waitUntil(number, by: fleet.new)
      try fleet.waitUntilBlocked(number, [Self.attacker, "127.80.0.2"])
      #expect(try fleet.servers[number].client(from: Self.attacker).rest() == "")
    }
    let status = try fleet.hosts[0].ocean("status", fleet.hosts[0].config).output
    #expect(
      status.contains("counts    together by mymaster at \(fleet.new.url) (\(try fleet.new.name()) "),
      "\(status)")
    #expect(
      try fleet.hosts[1].ocean("unblock", Self.attacker, "--config", fleet.hosts[1].config).status
        == .exited(0))
    try fleet.waitUntilBlocked(0, ["127.80.0.2"])

    // The old master comes back, as a replica. A server that starts now does not use it.
    try fleet.old.start()
    try eventually("it is a replica") { try fleet.old.cli("ROLE").hasPrefix("slave") ? true : nil }
    try fleet.servers[0].stop()
    fleet.servers[0] = try Server(fleet.hosts[0])
    try fleet.waitUntil(0, by: fleet.new)
    try fleet.block("127.80.0.3", at: 0)
    try fleet.waitUntilBlocked(1, ["127.80.0.2", "127.80.0.3"])
    #expect(count(fleet.servers[0], fleet.old) == 0 && count(fleet.servers[1], fleet.old) == 1)
    // The log has each change of state once.
    #expect(count(fleet.servers[1], fleet.new) == 1)
    #expect(
      fleet.servers[1].log.components(separatedBy: "the shared state is away").count == 2,
      "\(fleet.servers[1].log)")
    try fleet.stop()
  }

  @Test func `a master that stopped and goes on is not used any more`() throws {
    let fleet = try Fleet()
    fleet.old.process.signal(SIGSTOP)
    for number in 0..<2 {
      #expect(try fleet.servers[number].greeted().logIn().hasPrefix("+OK"))
      try fleet.waitUntil(number, by: fleet.new)
    }
    // It takes itself for the master, until a Sentinel tells it otherwise.
    fleet.old.process.signal(SIGCONT)
    #expect(try fleet.new.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") != "0")
    try fleet.block(Self.attacker, at: 0)
    try fleet.waitUntilBlocked(1, [Self.attacker])
    try eventually("it is a replica") { try fleet.old.cli("ROLE").hasPrefix("slave") ? true : nil }
    for number in 0..<2 {
      try fleet.waitUntil(number, by: fleet.new)
      #expect(count(fleet.servers[number], fleet.old) == 1)
    }
    try fleet.stop()
  }

  @Test func `a failover that was asked for is followed`() throws {
    let fleet = try Fleet()
    // The others must not take the new master for a replica that went astray, before they have heard of it.
    for sentinel in fleet.watched.sentinels {
      #expect(try sentinel.cli("SENTINEL", "DEBUG", "publish-period", "2000") == "OK")
    }
    try eventually("it is accepted") {
      try fleet.watched.sentinels[0].cli("SENTINEL", "FAILOVER", "mymaster") == "OK" ? true : nil
    }
    for number in 0..<2 { try fleet.waitUntil(number, by: fleet.new) }
    try fleet.block(Self.attacker, at: 0)
    try fleet.waitUntilBlocked(1, [Self.attacker])
    try fleet.stop()
  }

  @Test func `an engine that answers is left only when most Sentinels name another`() throws {
    let first = try Engine()
    let second = try Engine()
    let sentinels = try (0..<3).map { _ in try Sentinel(of: first) }
    let host = try Workspace()
    let places = sentinels.map(\.address).joined(separator: ", ")
    try host.writeShared("sentinel: { master: mymaster, at: [\(places)] }, tls: off")
    let server = try Server(host)
    func waitUntil(by engine: Engine) throws {
      try eventually("by \(engine.url): \(server.log)", within: 60) {
        let state = try host.sharedState()
        return state.state == "together" && state.url == engine.url ? true : nil
      }
    }
    try waitUntil(by: first)
    func move(_ sentinel: Sentinel) throws {
      #expect(try sentinel.cli("SENTINEL", "REMOVE", "mymaster") == "OK")
      #expect(try sentinel.cli("SENTINEL", "MONITOR", "mymaster", second.address, "6379", "2") == "OK")
    }
    try move(sentinels[0])
    // Not even a new connection is to what one of them names.
    #expect(try first.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") != "0")
    try eventually("it counts again: \(server.log)") { count(server, first) == 2 ? true : nil }
    #expect(count(server, second) == 0)
    try move(sentinels[1])
    try waitUntil(by: second)
    // It was away once, when its connection was closed.
    #expect(server.log.components(separatedBy: "the shared state is away").count == 2, "\(server.log)")

    // Without Sentinels all goes on, and it is said.
    for sentinel in sentinels { sentinel.process.signal(SIGKILL) }
    let trouble = try eventually("it is noticed", within: 60) { try host.sharedState().sentinel_trouble }
    #expect(
      trouble
        == "no Sentinel says where 'mymaster' is: "
        + sentinels.map { "\($0.address):26379" }.joined(separator: ", ") + ": Connection refused")
    #expect(try host.sharedState().state == "together")
    let status = try host.ocean("status", host.config).output
    #expect(status.contains("NO SENTINEL: no Sentinel says where 'mymaster' is: "), "\(status)")
    #expect(server.log.contains("no failover would be noticed: Sentinel is away"))
    try server.stop()
  }

  // MARK: - Sentinels that cannot be used

  @Test func `Sentinels that name no engine are told with the reason of each, and mail goes on`() throws {
    let engine = try Engine()
    let ignorant = try Sentinel(of: engine)
    #expect(try ignorant.cli("SENTINEL", "REMOVE", "mymaster") == "OK")
    let closed = try Sentinel(of: engine)
    #expect(try closed.cli("CONFIG", "SET", "requirepass", "other").contains("OK") || true)
    let stopped = try Sentinel(of: engine)
    stopped.process.signal(SIGSTOP)
    let none = try Workspace()
    let other = try Workspace()
    let pop3 = try Server(other)
    let places = [
      ignorant.address, "\(engine.address):6379", stopped.address, none.address,
      "\(other.address):\(Workspace.port)", "does-not-exist.invalid",
    ]
    let host = try Workspace()
    try host.writeShared(
      "sentinel: { master: mymaster, at: [\(places.map { "\"\($0)\"" }.joined(separator: ", "))] }, tls: off")
    let server = try Server(host)
    let reason = try eventually("server counts alone: \(server.log)") { try host.sharedState().reason }
    for part in [
      "no Sentinel says where 'mymaster' is: \(ignorant.address):26379: it knows no master of that name",
      "\(engine.address):6379: it is not a Sentinel",
      "\(stopped.address):26379: it does not answer in time",
      "\(none.address):26379: Connection refused",
      "does-not-exist.invalid:26379: its name has no address",
    ] {
      #expect(reason.contains(part), "\(part): \(reason)")
    }
    #expect(try server.greeted().logIn().hasPrefix("+OK"))
    #expect(server.log.components(separatedBy: "the shared state is away").count == 2)
    try server.stop()
    try pop3.stop()
  }

  @Test func `an engine that Sentinel names and that cannot be used is told with its place`() throws {
    let engine = try Engine()
    let sentinel = try Sentinel(of: engine)
    let host = try Workspace()
    try host.writeShared("sentinel: { master: mymaster, at: [\(sentinel.address)] }, tls: off")
    engine.process.signal(SIGKILL)
    try engine.process.wait()
    let server = try Server(host)
    let reason = try eventually("server counts alone: \(server.log)") { try host.sharedState().reason }
    #expect(reason == "Sentinel names \(engine.address):6379: Connection refused")
    #expect(try server.greeted().logIn().hasPrefix("+OK"))
    try server.stop()
  }

  @Test func `a Sentinel in the place of an engine is named`() throws {
    let engine = try Engine()
    let sentinel = try Sentinel(of: engine)
    let host = try Workspace()
    try host.writeShared("url: \"valkey://\(sentinel.address):26379\"")
    let server = try Server(host)
    let reason = try eventually("server counts alone: \(server.log)") { try host.sharedState().reason }
    #expect(reason.hasPrefix("it is a Sentinel, and not an engine: "))
    try server.stop()
  }

  // MARK: - Passwords and TLS

  @Test func `users with few rights are enough at Sentinels and engines, over TLS`() throws {
    func tls(_ workspace: Workspace) throws -> [(String, String)] {
      _ = try workspace.run(
        "openssl",
        [
          "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
          "/CN=engine", "-addext", "subjectAltName=IP:\(workspace.address)", "-keyout",
          workspace.path("tls.key"), "-out", workspace.path("tls.crt"),
        ])
      return [
        ("tls-cert-file", workspace.path("tls.crt")), ("tls-key-file", workspace.path("tls.key")),
        ("tls-ca-cert-file", workspace.path("tls.crt")), ("tls-auth-clients", "no"),
      ]
    }
    let engine = try Engine { workspace in
      ["--tls-port", "6380"] + (try tls(workspace)).flatMap { ["--\($0)", $1] }
    }
    let sentinel = try Sentinel(of: engine) { workspace in
      ["tls-port 26380", "user ocean on >\(Workspace.secret)-2 -@all +sentinel|get-master-addr-by-name"]
        + (try tls(workspace)).map { "\($0) \($1)" }
    }
    // What it watches has no port for TLS; what it names has.
    #expect(try sentinel.cli("SENTINEL", "SET", "mymaster", "down-after-milliseconds", "60000") == "OK")
    #expect(try engine.cli(["ACL", "SETUSER", "ocean"] + SharedStateTests.rights(Workspace.secret)) == "OK")

    let host = try Workspace()
    try host.write(engine.workspace.read("tls.crt") + sentinel.workspace.read("tls.crt"), to: "ca.pem")
    for (name, password) in [("engine", ""), ("sentinel", "-2"), ("wrong", "-3")] {
      try host.write("\(Workspace.secret)\(password)\n", to: "\(name).password")
      try host.setMode(0o600, of: "\(name).password")
    }
    func write(_ password: String) throws {
      try host.writeShared(
        "sentinel: { master: mymaster, at: [\"\(sentinel.address):26380\"], user: ocean, password: { file: \(password).password } }, "
          + "user: ocean, password: { file: engine.password }, ca: ca.pem")
    }
    try write("wrong")
    let server = try Server(host)
    let refused = try eventually("server counts alone: \(server.log)") { try host.sharedState().reason }
    #expect(refused.hasSuffix("\(sentinel.address):26380: it refuses the user or the password"))
    try write("sentinel")
    try server.reload()
    // It names the port without TLS.
    try eventually("Sentinel is asked: \(server.log)") {
      try host.sharedState().reason?.hasPrefix("Sentinel names \(engine.address):6379: ") == true ? true : nil
    }
    #expect(try sentinel.cli("SENTINEL", "REMOVE", "mymaster") == "OK")
    #expect(try sentinel.cli("SENTINEL", "MONITOR", "mymaster", engine.address, "6380", "1") == "OK")
    try eventually("together: \(server.log)") { try host.sharedState().state == "together" ? true : nil }
    #expect(!server.log.contains(Workspace.secret))
    try server.stop()
  }
}
