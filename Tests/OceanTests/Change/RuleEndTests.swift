import Foundation
import Testing

/// A rule with an end, in a server that runs when it comes.
@Suite struct RuleEndTests {
  @Test func `the rule ends by itself, and nothing else changes`() throws {
    let workspace = try Workspace()
    let formatter = ISO8601DateFormatter()
    let end = formatter.string(from: Date(timeIntervalSinceNow: 12))
    func configure(_ more: String...) throws {
      try workspace.writeConfig(
        service: [
          "ip_control: { black_list: [{ address: 127.61.0.0/16, until: \"\(end)\" }, 127.62.0.0/16] }"
        ] + more)
    }
    try configure()
    let server = try Server(workspace)
    #expect(server.log.contains("127.61.0.0/16 is here until \(end)"), "\(server.log)")
    #expect(try server.client(from: "127.61.0.1").rest() == "")
    let explained = try workspace.run(
      oceanBinary(), ["explain", workspace.config, "--from", "127.61.0.1", "--to", "pop3"])
    #expect(explained.output.contains("127.61.0.0/16 until \(end)"), "\(explained.output)")
    let client = try server.loggedIn()
    // The config is not read when the end comes.
    try configure("max_connections: 7")
    let saved = workspace.path("saved.plan")
    #expect(
      try workspace.run(oceanBinary(), ["plan", workspace.config, "--out", saved]).status == .exited(2))

    try server.waitForLog("\"message\":\"ended\"")
    let ended = try logLines(server.log).filter { $0["message"] == "ended" }.compactMap { $0["change"] }
    #expect(
      ended.contains { $0.hasPrefix("services.pop3.ip_control.black_list: ") && $0.contains("127.61.0.0/16") }
        && ended.contains { $0.hasPrefix("ends: ") } && ended.count == 2, "\(ended)")
    try client.ok("NOOP")
    _ = try server.greeted(from: "127.61.0.1")
    #expect(try server.client(from: "127.62.0.1").rest() == "")
    let history = try workspace.ocean("history", workspace.config).output
    let status = try workspace.ocean("status", workspace.config).output
    let running = try #require(status.split(separator: " ").dropFirst().first { !$0.isEmpty }?.prefix(6))
    #expect(history.contains(" \(running) "), "\(history)\n\(status)")

    // A plan that was made before is not stale, and does not bring the rule back.
    let applied = try workspace.run(oceanBinary(), ["apply", saved, "--yes"])
    #expect(applied.status == .exited(0), "\(applied.output)\(applied.errorOutput)")
    #expect(
      applied.output.contains("max_connections") && !applied.output.contains("127.61"), "\(applied.output)")
    _ = try server.greeted(from: "127.61.0.1")
    // Nor does a rollback, or a restart.
    let back = try workspace.run(oceanBinary(), ["rollback", "--config", workspace.config])
    #expect(back.status == .exited(0), "\(back.errorOutput)")
    _ = try server.greeted(from: "127.61.0.1")
    try server.stop()
    let again = try Server(workspace)
    _ = try again.greeted(from: "127.61.0.1")
    #expect(try again.client(from: "127.62.0.1").rest() == "")
    let check = try workspace.run(oceanBinary(), ["check", workspace.config])
    #expect(check.output.contains("127.61.0.0/16 was to be here until \(end)"), "\(check.output)")
    try again.stop()
  }
}
