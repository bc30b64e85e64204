import Foundation
import Testing

/// Tests SIGTERM.
struct StopTests {
  let workspace: Workspace
  let server: Server

  init() throws {
    workspace = try Workspace()
    try workspace.deliver("Subject: one\n\nbody\n", as: "1.M1P1.host")
    try workspace.writeConfig(server: ["drain_timeout: 1m", "limits: { connections_per_ip: 199 }"])
    server = try Server(workspace)
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func `those without a login are told, the others may finish`(signal: Int32) throws {
    let waiting = try server.greeted()
    let client = try server.loggedIn()
    server.process.signal(signal)
    #expect(try waiting.line() == "-ERR [SYS/TEMP] server is shutting down")
    #expect(try waiting.rest() == "")
    try eventually("nobody is let in") { (try? server.client()) == nil ? true : nil }
    // Nothing is reloaded any more.
    server.process.signal(SIGHUP)
    #expect(try client.retrieve(1).count == 22)
    try client.ok("DELE 1")
    try client.ok("QUIT")
    #expect(try server.process.wait() == .exited(0))
    #expect(try workspace.messages().isEmpty)
    let line = try #require(try server.accessLog.first { $0["user"] is String })
    #expect(line["outcome"] as? String == "quit" && line["deleted"] as? Int == 1)
  }

  @Test func `a second signal ends them at once, and deletes nothing`() throws {
    let client = try server.loggedIn()
    try client.ok("DELE 1")
    let waiting = try server.greeted()
    server.process.signal(SIGTERM)
    #expect(try waiting.line().hasPrefix("-ERR [SYS/TEMP]"))
    try client.ok("NOOP")
    server.process.signal(SIGTERM)
    #expect(try client.line() == "-ERR [SYS/TEMP] server is shutting down")
    #expect(try server.process.wait() == .exited(0))
    #expect(try workspace.messages().count == 1)
    let line = try #require(try server.accessLog.first { $0["user"] is String })
    #expect(line["outcome"] as? String == "shutdown" && line["deleted"] as? Int == 0)
  }

  @Test func `drain_timeout ends those that stay`() throws {
    try workspace.writeConfig(server: ["drain_timeout: 1s"])
    try server.reload()
    let client = try server.loggedIn()
    server.process.signal(SIGTERM)
    let start = ContinuousClock.now
    #expect(try client.line() == "-ERR [SYS/TEMP] server is shutting down")
    #expect(ContinuousClock.now - start > .milliseconds(800))
    #expect(try server.process.wait() == .exited(0))
  }

  @Test func `no line of the access log is lost`() throws {
    let clients = try (0..<30).map { _ in try server.greeted() }
    for client in clients.prefix(10) { client.reset() }
    for client in clients.dropFirst(20) { try client.ok("QUIT") }
    server.process.signal(SIGTERM)
    #expect(try server.process.wait() == .exited(0))
    #expect(try server.accessLog.count { $0["event"] as? String == "session" } == 30)
  }

  /// A config with long lists takes a while to compile.
  @Test func `a stop ends a start that has not come to its end`() throws {
    let other = try Workspace()
    let list = (0..<40_000).map { "11.\(($0 / 256) % 256).\($0 % 256).0/25\n" }.joined()
    try other.write(list, to: "long.netset")
    try other.writeConfig(service: ["ip_control: { black_list: [{ file: long.netset }] }"])
    let serve = try Command(try oceanBinary(), ["serve", other.config], directory: other.directory)
    try eventually("a process that waits for a signal") {
      try? String(contentsOfFile: "/proc/\(serve.pid)/status", encoding: .utf8)
        .split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
        .flatMap { UInt64($0.split(separator: "\t")[1], radix: 16) }
        .flatMap { $0 & 1 << 14 != 0 ? true : nil }
    }
    let start = ContinuousClock.now
    serve.signal(SIGTERM)
    #expect(try serve.wait() == .exited(0))
    #expect(ContinuousClock.now - start < .seconds(2))
    #expect(!serve.errorOutput.contains("\"message\":\"serving\""))
    // Nothing has begun.
    #expect(try FileManager.default.contentsOfDirectory(atPath: other.path("state")).isEmpty)
  }
}
