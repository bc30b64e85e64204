import Foundation
import Testing

/// What the server tells the service manager that started it, with a socket of the test's own in its place.
@Suite struct NotifyTests {
  /// Reads datagrams, as systemd does.
  private final class Manager {
    private let descriptor: Int32
    private(set) var messages: [String] = []

    /// - Parameter name: a path, or an abstract name behind `@`.
    init(_ name: String) throws {
      descriptor = socket(
        AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name.utf8) }
      if name.hasPrefix("@") { address.sun_path.0 = 0 }
      let length = name.hasPrefix("@") ? 2 + name.utf8.count : MemoryLayout<sockaddr_un>.size
      let result = withUnsafePointer(to: address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(length)) }
      }
      guard result == 0 else { throw Failure("no socket \(name): \(String(cString: strerror(errno)))") }
    }

    deinit { close(descriptor) }

    private func read() {
      var buffer = [UInt8](repeating: 0, count: 4096)
      while case let count = recv(descriptor, &buffer, buffer.count, 0), count >= 0 {
        messages.append(String(decoding: buffer[..<count], as: UTF8.self))
      }
    }

    /// Waits for a message that came behind others.
    @discardableResult
    func message(_ prefix: String, after count: Int = 0) throws -> String {
      try eventually("\(prefix), among: \(messages)") {
        read()
        return messages.dropFirst(count).first { $0.hasPrefix(prefix) }
      }
    }
  }

  private func serve(_ workspace: Workspace, on name: String, watchdog: String? = nil) throws -> Server {
    var environment = ["NOTIFY_SOCKET": name]
    environment["WATCHDOG_USEC"] = watchdog
    return try Server(workspace, environment: environment)
  }

  @Test func `start, reload and stop are told, and what is served`() throws {
    let workspace = try Workspace()
    let manager = try Manager(workspace.path("notify"))
    let server = try serve(workspace, on: workspace.path("notify"))
    try manager.message("READY=1")
    let digest = try #require(
      logLines(server.log).first { $0["message"] == "serving" }?["plan"])
    try manager.message("STATUS=plan \(digest), 0 sessions")
    let client = try server.loggedIn()
    try manager.message("STATUS=plan \(digest), 1 session")
    #expect(!manager.messages.contains { $0.hasPrefix("WATCHDOG") }, "nobody asked")

    var count = manager.messages.count
    try workspace.writeConfig(server: ["drain_timeout: 100s"])
    try server.reload()
    let reloading = try manager.message("RELOADING=1\nMONOTONIC_USEC=", after: count)
    let told = try #require(reloading.split(separator: "=").last.flatMap { Double($0) })
    #expect(abs(told / 1e6 - ProcessInfo.processInfo.systemUptime) < 60)
    try manager.message("READY=1", after: count)

    // A config with mistakes leaves the server as ready as it was.
    count = manager.messages.count
    try workspace.write("version: 2\n", to: "ocean.yaml")
    try server.reload(expecting: "not reloaded; the old plan keeps running")
    try manager.message("RELOADING=1", after: count)
    try manager.message("READY=1", after: count)

    // The drain, what a stop may take beyond it, and some more: longer than the unit says.
    server.process.signal(SIGTERM)
    try manager.message("STOPPING=1\nEXTEND_TIMEOUT_USEC=120000000")
    try manager.message("STATUS=plan", after: manager.messages.count)
    #expect(manager.messages.last?.hasSuffix(", 1 session, ending") == true)
    try client.ok("QUIT")
    try server.process.wait()
    #expect(server.process.status == .exited(0))
  }

  @Test func `a watchdog hears again and again from a server that answers`() throws {
    let workspace = try Workspace()
    let name = "@ocean-test-\(UUID().uuidString)"
    let manager = try Manager(name)
    let server = try serve(workspace, on: name, watchdog: "600000")
    for _ in 0..<3 { try manager.message("WATCHDOG=1", after: manager.messages.count) }
    try server.stop()
  }

  @Test(arguments: ["relative", "@", "/nowhere/notify", String(repeating: "/x", count: 60)])
  func `a server that cannot tell anybody serves`(name: String) throws {
    let workspace = try Workspace()
    let server = try serve(workspace, on: name, watchdog: "1")
    try server.loggedIn().ok("QUIT")
    try server.stop()
  }
}
