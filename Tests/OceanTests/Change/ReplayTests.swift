import Foundation
import Testing

/// Tests `ocean replay`: yesterday's clients under tomorrow's rules.
@Suite struct ReplayTests {
  @Test func `a log of the server itself is replayed`() throws {
    let workspace = try Workspace()
    try workspace.writeConfig(service: ["ip_control: { black_list: [127.40.0.0/16] }"])
    let server = try Server(workspace)
    for source in ["127.41.0.1", "127.41.0.1", "127.42.0.1"] {
      let client = try server.greeted(from: source)
      #expect(try client.logIn().hasPrefix("+OK"))
      try client.ok("QUIT")
    }
    #expect(try server.client(from: "127.40.0.1").rest() == "")
    _ = try server.accessLogLine { $0["event"] as? String == "refused" }
    try eventually("all sessions are in the log") { try server.accessLog.count == 4 ? true : nil }
    try server.stop()

    let log = workspace.path("access.jsonl")
    let same = try workspace.ocean("replay", workspace.config, "--log", log)
    #expect(same.status == .exited(0))
    #expect(same.output.hasPrefix("4 connections from 3 addresses in the log, 20"), "\(same.output)")
    #expect(same.output.hasSuffix("\nnobody would be treated differently\n"), "\(same.output)")

    try workspace.write(workspace.read("ocean.yaml"), to: "old.yaml")
    try workspace.writeConfig(service: ["ip_control: { black_list: [127.41.0.0/16] }"])
    for arguments in [[], ["--baseline", workspace.path("old.yaml")]] {
      let command = try workspace.run(
        oceanBinary(), ["replay", workspace.config, "--log", log] + arguments)
      #expect(command.status == .exited(2))
      #expect(command.output.contains("\n1 would be refused\n"), "\(command.output)")
      #expect(command.output.contains("\n127.41.0.1  pop3               2  20"), "\(command.output)")
      #expect(command.output.contains("anna@example.org  127.41.0.0/16, \(workspace.config):"))
      #expect(command.output.contains("\n1 would be let in\n"))
      #expect(command.output.contains("127.40.0.1"))
    }
    try workspace.write("{\"time\":1}\n", to: "access.jsonl")
    let broken = try workspace.ocean("replay", workspace.config, "--log", log)
    #expect(broken.status == .exited(1) && broken.errorOutput.contains("access.jsonl:1: this is not a line"))
    #expect(try workspace.run("gzip", ["-k", log]).status == .exited(0))
    let zipped = try workspace.ocean("replay", workspace.config, "--log", log + ".gz")
    #expect(
      zipped.status == .exited(1) && zipped.errorOutput.contains("access.jsonl.gz:1: this is not a line"))
    #expect(try workspace.ocean("replay", workspace.config, "--log", "/nowhere").status == .exited(1))
  }

  /// The server's own log says when its clients came and failed, to the millisecond.
  @Test func `blocks and limits of another config are those that its server would have had`() throws {
    let workspace = try Workspace()
    let never = "anti_hammering: { never_block: [127.99.0.1] }"
    try workspace.writeConfig(server: [never])
    let server = try Server(workspace)
    let first = try server.greeted(from: "127.51.0.1")
    let client = try server.greeted(from: "127.50.0.1")
    for user in ["one", "two"] { #expect(try client.logIn(user, "wrong").hasPrefix("-ERR")) }
    try client.ok("QUIT")
    let later = try server.greeted(from: "127.50.0.1")
    #expect(try later.logIn().hasPrefix("+OK"))
    let second = try server.greeted(from: "127.51.0.1")
    // What ends within a millisecond of an arrival may have ended before it.
    let arrived = ContinuousClock.now
    try eventually("some time passes") { arrived.duration(to: .now) > .milliseconds(20) ? true : nil }
    for client in [later, second, first] { try client.ok("QUIT") }
    try eventually("all sessions are in the log") { try server.accessLog.count == 6 ? true : nil }
    try server.stop()

    let log = workspace.path("access.jsonl")
    let same = try workspace.ocean("replay", workspace.config, "--log", log)
    #expect(same.status == .exited(0), "\(same.output)\(same.errorOutput)")
    try workspace.writeConfig(server: [
      "anti_hammering: { max_failures: 1, block_for: 10m, never_block: [127.99.0.1] }",
      "limits: { connections_per_ip: 1 }",
    ])
    let other = try workspace.ocean("replay", workspace.config, "--log", log)
    #expect(other.status == .exited(2))
    for part in [
      "\n2 would be refused\n", "\n127.50.0.1  pop3               1  20",
      "anti_hammering, \(workspace.config):",
      "\n127.51.0.1  pop3               1  20", "connections_per_ip, \(workspace.config):",
      "\n1 would be blocked, for 10m each time\n",
    ] {
      #expect(other.output.contains(part), "\(part): \(other.output)")
    }
    struct Report: Decodable {
      struct Block: Decodable {
        let address: String
        let refused: Int
        let failures: Int
      }
      let blocked: [Block]
      let block_seconds: Int
    }
    let json: Report = try workspace.ocean("replay", workspace.config, "--log", log, "--format", "json")
      .json()
    #expect(json.blocked.map(\.address) == ["127.50.0.1"] && json.block_seconds == 600)
    #expect(json.blocked.first?.refused == 1 && json.blocked.first?.failures == 2)
  }

  private func line(
    _ peer: String, _ event: String = "session", _ outcome: String = "quit", proxy: String? = nil
  ) -> String {
    let proxy = proxy.map { "\"proxy\":\"\($0)\"," } ?? ""
    return
      "{\"time\":\"2026-11-25T10:00:00Z\",\"event\":\"\(event)\",\"service\":\"pop3\",\"peer\":\"\(peer)\",\(proxy)\"outcome\":\"\(outcome)\"}\n"
  }

  /// The log says how each of them came, and the same way it would come again.
  @Test func `ports and logins without TLS count, and names of services do not`() throws {
    let workspace = try Workspace()
    let address = workspace.address
    func line(_ peer: String, _ port: Int, _ tls: String) -> String {
      "{\"time\":\"2026-11-28T20:12:31.824Z\",\"event\":\"session\",\"service\":\"pop3\",\"peer\":\"\(peer)\","
        + "\"local\":\"\(address):\(port)\",\"tls\":\(tls),\"user\":\"anna\",\"outcome\":\"quit\"}\n"
    }
    try workspace.write(
      line("127.0.8.1", 1110, "null") + line("127.0.8.2", 1110, "\"TLSv1.2\"")
        + line("127.0.8.3", 1111, "null"),
      to: "access.jsonl")
    func replay(_ services: String) throws -> Command {
      try workspace.writeConfig(services: services)
      return try workspace.ocean("replay", workspace.config, "--log", workspace.path("access.jsonl"))
    }
    let renamed = try replay("  mail: { ports: [1110, 1111] }\n")
    #expect(renamed.output.contains("\n1 could connect but not log in\n"), "\(renamed.output)")
    // There is no STLS any more.
    #expect(
      renamed.output.contains("\n127.0.8.2  pop3               1  2026-11-28T20:12:31  anna   no TLS there"))
    let closed = try replay("  pop3: { ports: [1111] }\n")
    #expect(closed.output.contains("\n2 would be refused\n"), "\(closed.output)")
    #expect(closed.output.contains("nothing listens there"))
    let never = try replay("  pop3: { ports: [1110, 1111], plaintext_login: [127.0.8.1] }\n")
    #expect(never.status == .exited(2) && never.output.contains("plaintext_login, \(workspace.config):"))
  }

  /// A full disk leaves half a line, and a log is rotated anywhere.
  @Test func `several logs, and what in them is not a connection`() throws {
    let workspace = try Workspace()
    try workspace.writeConfig(service: ["ip_control: { black_list: [192.0.2.0/24] }"])
    let torn =
      "0Z\",\"event\":\"session\"}\n" + line("192.0.2.1") + "{\"time\":\"2026-11-25T1\n" + line("192.0.2.2")
    try workspace.write(torn, to: "torn.jsonl")
    try workspace.write(
      line("192.0.2.1", "refused", "black_list") + line("192.0.2.1", "login_failed", "auth")
        + line("192.0.2.3", proxy: "192.0.2.3") + line("192.0.2.4", "refused", "blocked"), to: "two.jsonl")
    let (one, two) = (workspace.path("torn.jsonl"), workspace.path("two.jsonl"))
    let replayed = try workspace.ocean("replay", workspace.config, "--log", one, "--log", two)
    #expect(replayed.status == .exited(2), "\(replayed.errorOutput)")
    #expect(
      replayed.output.hasPrefix(
        """
        4 connections from 3 addresses in the log, 2026-11-25
        not read: 2 broken lines, \(one):1, \(one):3

        2 would be refused

        """), "\(replayed.output)")
    // A client that was refused already is not among them.
    #expect(replayed.output.contains("\n192.0.2.1  pop3               1  "), "\(replayed.output)")

    let input = try workspace.ocean("replay", workspace.config, "--log", "-", input: line("192.0.2.9"))
    #expect(input.output.hasPrefix("1 connection from 1 address"), "\(input.errorOutput)")
    let empty = try workspace.ocean("replay", workspace.config, "--log", "-")
    #expect(empty.status == .exited(1) && empty.errorOutput == "ocean: standard input: the log is empty\n")
    let directory = try workspace.ocean("replay", workspace.config, "--log", workspace.directory.path)
    #expect(directory.status == .exited(1))
    #expect(directory.errorOutput.contains("it is a directory; give the log itself"))
  }

  @Test func `a default has its place, and one address is one`() throws {
    let workspace = try Workspace()
    try workspace.writeConfig(service: ["ip_control:", "  default: refuse", "  white_list: [192.0.2.1]"])
    let line = try #require(
      workspace.read("ocean.yaml").split(separator: "\n", omittingEmptySubsequences: false)
        .firstIndex { $0.contains("default: refuse") })
    try workspace.write(
      #"{"time":"2026-11-25T10:00:00Z","event":"session","service":"pop3","peer":"192.0.2.9","outcome":"quit"}"#
        + "\n", to: "access.jsonl")
    let log = workspace.path("access.jsonl")
    let human = try workspace.ocean("replay", workspace.config, "--log", log)
    #expect(human.output.hasPrefix("1 connection from 1 address in the log, 2026-11-25\n"), "\(human.output)")
    #expect(human.output.contains(" ip_control.default, \(workspace.config):\(line + 1)"), "\(human.output)")
    struct Report: Decodable {
      struct Affected: Decodable {
        struct Place: Decodable { let line: Int }
        let rule: String?
        let span: Place?
      }
      let affected: [Affected]
    }
    let json: Report = try workspace.ocean("replay", workspace.config, "--log", log, "--format", "json")
      .json()
    #expect(json.affected.map(\.span?.line) == [line + 1] && json.affected.first?.rule == nil)
  }
}
