import Foundation
import Testing

/// Tests who may connect: address rules and limits of a running server, with `ocean explain` beside it.
@Suite struct AccessTests {
  private func serve(_ service: [String], server lines: [String] = []) throws -> (Workspace, Server) {
    let workspace = try Workspace()
    try workspace.writeConfig(server: ["drain_timeout: 0s"] + lines, service: service)
    return (workspace, try Server(workspace))
  }

  /// Whether the server greets an address; otherwise it closes without a byte.
  private func greets(_ server: Server, _ source: String) throws -> Bool {
    let client = try server.client(from: source)
    guard let line = try client.bytesOfLine() else { return false }
    #expect(String(decoding: line, as: UTF8.self).hasPrefix("+OK"))
    return true
  }

  @Test func `the white list overrules the black list, and explain agrees with the server`() throws {
    let workspace = try Workspace()
    try workspace.write("127.30.1.0/24\n127.30.2.7 # one\n", to: "drop.netset")
    try workspace.writeConfig(
      service: [
        "ip_control:",
        "  black_list: [127.20.0.0/16, \"127.40.*.*\", 127.50.0.1-127.50.0.9, { file: drop.netset }]",
        "  white_list: [127.20.0.9, 127.40.7.0/24]",
      ])
    let server = try Server(workspace)
    let sources = [
      "127.20.0.8", "127.20.0.9", "127.20.0.10", "127.40.6.255", "127.40.7.0", "127.40.7.255", "127.40.8.0",
      "127.50.0.1", "127.50.0.9", "127.50.0.10", "127.30.0.255", "127.30.1.0", "127.30.1.255", "127.30.2.6",
      "127.30.2.7", "127.0.0.1",
    ]
    let refused: Set = [
      "127.20.0.8", "127.20.0.10", "127.40.6.255", "127.40.8.0", "127.50.0.1", "127.50.0.9", "127.30.1.0",
      "127.30.1.255", "127.30.2.7",
    ]
    for source in sources {
      #expect(try greets(server, source) == !refused.contains(source), "\(source)")
      let explained = try workspace.ocean("explain", workspace.config, "--from", source, "--live")
      #expect(explained.status == .exited(refused.contains(source) ? 1 : 0), "\(explained.output)")
    }
    let line = try server.accessLogLine { $0["peer"] as? String == "127.30.2.7" }
    #expect(line["event"] as? String == "refused" && line["outcome"] as? String == "black_list")
    #expect(line["rule"] as? String == "drop.netset:2")
    let status = try workspace.ocean("status", workspace.config).output
    #expect(status.contains(" of 200          9\n"), "\(status)")
    try server.stop()
  }

  @Test func `with default refuse only the white list comes in`() throws {
    let (_, server) = try serve(["ip_control: { default: refuse, white_list: [127.60.0.0/16] }"])
    #expect(try greets(server, "127.60.1.2"))
    #expect(try !greets(server, "127.61.1.2"))
    let line = try server.accessLogLine { $0["event"] as? String == "refused" }
    #expect(line["outcome"] as? String == "ip_control_default")
    try server.stop()
  }

  @Test func `lists that are switched off do nothing`() throws {
    let (_, server) = try serve(["ip_control: { black_list: { enabled: false, entries: [127.0.0.0/8] } }"])
    #expect(try greets(server, "127.60.1.2"))
    try server.stop()
  }

  @Test func `a changed rule holds for new connections, not for sessions`() throws {
    let (workspace, server) = try serve([])
    let client = try server.greeted(from: "127.60.1.2")
    try workspace.writeConfig(service: ["ip_control: { black_list: [127.60.0.0/16] }"])
    try server.reload()
    #expect(try !greets(server, "127.60.1.2"))
    #expect(try client.logIn().hasPrefix("+OK"))
    try server.stop()
  }

  @Test func `connections_per_ip counts all services, and has exceptions`() throws {
    let workspace = try Workspace()
    try workspace.writeConfig(
      server: ["limits: { connections_per_ip: 3, except: [{ from: 127.70.0.2, connections_per_ip: 5 }] }"],
      services: "  a: { ports: [1110] }\n  b: { ports: [1111] }\n")
    let server = try Server(workspace)
    for (source, limit) in [("127.70.0.1", 3), ("127.70.0.2", 5)] {
      let clients = try (0..<limit).map { try server.greeted(port: 1110 + $0 % 2, from: source) }
      let refused = try server.client(from: source)
      #expect(
        try refused.line() == "-ERR [SYS/TEMP] too many connections from your address, try again later")
      #expect(try refused.rest() == "")
      clients[0].reset()
      _ = try eventually("the place is free") { try? server.greeted(from: source) }
    }
    _ = try server.greeted(from: "127.70.0.3")
    let live = try workspace.ocean("explain", workspace.config, "--from", "127.70.0.3", "--to", "a", "--live")
    #expect(live.output.contains(" of 3 per address"), "\(live.output)")
    try server.stop()
  }

  @Test func `logins that are to come are bounded, and so is the rate of connections`() throws {
    let (_, server) = try serve(
      [], server: ["limits: { prelogin_connections: 2, connections_per_minute: 4 }"])
    let first = try server.greeted(from: "127.70.1.1")
    let second = try server.greeted(from: "127.70.1.1")
    // The client with the most connections already gets no more.
    let third = try server.client(from: "127.70.1.1")
    #expect(try third.line() == "-ERR [SYS/TEMP] too many connections, try again later")
    #expect(try first.logIn().hasPrefix("+OK"))
    _ = try server.greeted(from: "127.70.1.3")
    try second.ok("QUIT")
    for _ in 0..<3 { _ = try? server.client(from: "127.70.1.4").line() }
    let lines = try (0..<3).map { _ in try server.client(from: "127.70.1.4").line() }
    #expect(lines.last == "-ERR [SYS/TEMP] too many connections from your address, try again later")
    try server.stop()
  }

  /// The connections send nothing, in clear text and before a handshake.
  @Test(arguments: [Workspace.port, Workspace.tlsPort])
  func `whoever holds the most places gives one to somebody else, but for sessions`(_ port: Int) throws {
    let workspace = try Workspace()
    try workspace.makeCertificate()
    try workspace.writeTLSConfig("explicit: optional", login: "always", maxConnections: 6)
    let server = try Server(workspace)
    let session = try server.loggedIn()
    let silent = try (0..<5).map { number in
      let client = try server.client(port: port, from: "127.71.0.\(1 + number % 2)")
      if port != Workspace.tlsPort { _ = try client.line() }
      // They connect one after the other, on whichever loops they are: the first must be the oldest.
      _ = try eventually("its place is taken") {
        try workspace.ocean("explain", workspace.config, "--from", "127.72.0.1", "--live").output
          .contains("\(number + 2) of 6 in all") ? true : nil
      }
      return client
    }
    // `explain` knows that one connection gives way, and for which clients no connection does.
    func explained(_ source: String) throws -> Command.ExitStatus? {
      try workspace.ocean("explain", workspace.config, "--from", source, "--live").status
    }
    #expect(try explained("127.72.0.1") == .exited(0))
    #expect(try explained("127.71.0.1") == .exited(1))
    let newcomer = try server.greeted(from: "127.72.0.1")
    if port != Workspace.tlsPort {
      #expect(try silent[0].line() == "-ERR [SYS/TEMP] too many connections, try again later")
    }
    #expect(try silent[0].rest() == "")
    let line = try server.accessLogLine { $0["outcome"] as? String == "gave_way" }
    #expect(line["peer"] as? String == "127.71.0.1")
    let attacker = try server.client(from: "127.71.0.1")
    #expect(try attacker.line() == "-ERR [SYS/TEMP] too many connections, try again later")
    try newcomer.ok("CAPA")
    try session.ok("NOOP")
    try server.stop()
  }

  // MARK: - explain

  @Test func `explain says which rule won`() throws {
    let workspace = try Workspace()
    try workspace.writeConfig(
      service: [
        "ip_control:",
        "  black_list: [127.113.0.0/24]",
        "  white_list: [127.113.0.9]",
      ])
    let refused = try workspace.ocean("explain", workspace.config, "--from", "127.113.0.77", "--user", "anna")
    #expect(refused.status == .exited(1))
    #expect(refused.output.hasPrefix("REFUSED by black list, \(workspace.config):"), "\(refused.output)")
    #expect(refused.output.contains("\nblack list   127.113.0.0/24 "))
    #expect(refused.output.contains("\nif it were allowed\n"))
    #expect(refused.output.contains("\naccount      anna@example.org "))
    #expect(refused.output.contains("mailbox      \(workspace.maildir().path)"))

    let allowed = try workspace.ocean(
      "explain", workspace.config, "--from", "127.113.0.9", "--format", "json")
    #expect(allowed.status == .exited(0))
    struct Explanation: Decodable {
      struct Step: Decodable {
        let stage: String
        let outcome: String
        let decisive: Bool
      }
      let verdict: String
      let steps: [Step]
    }
    let explanation: Explanation = try allowed.json()
    #expect(explanation.verdict == "allowed")
    #expect(explanation.steps.filter(\.decisive).map(\.stage) == ["white_list"])

    let plan = workspace.path("saved.plan")
    _ = try workspace.ocean("plan", workspace.config, "--out", plan)
    #expect(
      try workspace.ocean("explain", plan, "--from", "127.113.0.77", "--user", "anna").output
        == refused.output)
    #expect(
      try workspace.ocean("explain", workspace.config, "--from", "127.113.0.9", "--user", "nobody").status
        == .exited(1))
    for wrong in [
      ["--from", "203.0.113"], ["--from", "::ffff:127.0.2.1"], ["--from", "127.0.2.1", "--to", "x"],
    ] {
      #expect(try workspace.run(oceanBinary(), ["explain", workspace.config] + wrong).status == .exited(2))
    }
    #expect(
      try workspace.ocean("explain", workspace.config, "--from", "127.0.2.1", "--live").status == .exited(2))
  }

  @Test func `explain looks at the whole way in`() throws {
    let workspace = try Workspace()
    try workspace.writeConfig(service: ["plaintext_login: [10.0.0.1]", "proxy_from: [127.0.0.9]"])
    func explain(_ arguments: String...) throws -> String {
      let command = try workspace.run(oceanBinary(), ["explain", workspace.config] + arguments)
      #expect(
        command.status == .exited(command.output.hasPrefix("ALLOWED") ? 0 : 1), "\(command.errorOutput)")
      return command.output
    }
    // HAProxy may forward clients of either family, by whatever family it connects.
    let proxied = try explain("--from", "2001:db8::1")
    #expect(proxied.contains("\nproxy        only through a proxy: 127.0.0.9 "), "\(proxied)")
    #expect(try explain("--from", "2001:db8::1", "--via", "127.0.0.9").hasPrefix("ALLOWED"))
    #expect(try explain("--from", "2001:db8::1", "--via", "127.0.0.8").hasPrefix("REFUSED by proxy, "))
    #expect(try explain("--from", "127.0.0.9").hasPrefix("REFUSED by proxy, "))
    // A client that can connect but not log in is refused, if the question is about a login.
    #expect(try explain("--from", "127.0.0.1").hasPrefix("ALLOWED"))
    #expect(try explain("--from", "127.0.0.1", "--user", "anna").hasPrefix("REFUSED by login, "))
    #expect(try explain("--from", "127.0.0.1", "--tls", "none").hasPrefix("REFUSED by login, "))
    #expect(try explain("--from", "127.0.0.1", "--tls", "1.2").hasPrefix("REFUSED by login"))
    try workspace.writeConfig(service: ["ip_control: { black_list: [127.0.0.7] }"])
    #expect(try explain("--from", "10.0.0.1").hasPrefix("REFUSED by listener, "))
    // What is not known may be what refuses them.
    try workspace.writeConfig(
      service: ["bind: [mail.invalid]", "plaintext_login: [10.0.0.1]"],
      services: nil)
    try workspace.write(
      workspace.read("ocean.yaml")
        + "\nexpect: [{ from: 0.0.0.0/0, can: login_plaintext, verdict: refuse }]\n",
      to: "ocean.yaml")
    let offline = try workspace.ocean("check", workspace.config, "--offline")
    #expect(!offline.output.contains("OC0327"), "\(offline.output)")
    try workspace.writeConfig(service: ["ip_control: { black_list: [127.0.0.7] }"])
    #expect(try explain("--from", "2001:db8::1").contains("not reachable over IPv6"))
  }

  /// Asks about accounts that do not exist, or that do not accept this client.
  @Test(
    arguments: [
      ("anna", nil, nil),
      ("ghost", "account: ghost: no account of that name", "127.113.0.9"),
      ("shut", "account, %:3", "127.113.0.9"), ("netted", "account, %:4", "127.113.0.9"),
      ("netted", nil, "127.0.2.1"),
      // A client that cannot even connect is refused for that reason.
      ("ghost", "black list, ", "127.51.100.1"), ("shut", "black list, ", "127.51.100.1"),
    ] as [(String, String?, String?)])
  func `explain names the account if that is what refuses`(
    _ user: String, _ reason: String?, _ source: String?
  ) throws {
    let workspace = try Workspace()
    try workspace.write(
      workspace.read("users.passwd")
        + "shut:{PLAIN}x::::::nologin\nnetted:{PLAIN}x::::::allow_nets=127.0.2.0/24\n", to: "users.passwd")
    try workspace.makeMaildir("netted")
    try workspace.writeConfig(service: ["ip_control: { default: allow, black_list: [127.51.100.0/24] }"])
    let arguments = ["explain", workspace.config, "--from", source ?? "127.113.0.9", "--user", user]
    let human = try workspace.run(oceanBinary(), arguments)
    let first = reason.map { "REFUSED by " + $0.replacing("%", with: workspace.path("users.passwd")) }
    #expect(human.output.hasPrefix(first ?? "ALLOWED by ip_control.default, "), "\(human.output)")
    #expect(human.status == .exited(reason == nil ? 0 : 1))
    #expect(human.output.contains("if it were allowed") == (source == "127.51.100.1"), "\(human.output)")
    struct Explanation: Decodable {
      struct Step: Decodable {
        let stage: String
        let decisive: Bool
      }
      let verdict: String
      let steps: [Step]
    }
    let json: Explanation = try workspace.run(oceanBinary(), arguments + ["--format", "json"]).json()
    #expect(json.verdict == (reason == nil ? "allowed" : "refused"))
    let stage =
      reason == nil ? "default" : reason?.hasPrefix("account") == true ? "account" : "black_list"
    #expect(json.steps.filter(\.decisive).map(\.stage) == [stage])
  }
}
