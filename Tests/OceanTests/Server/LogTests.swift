import Foundation
import Testing

/// Tests the server's own log, on standard error.
@Suite struct LogTests {
  /// A named pipe that is the server's standard error; nobody reads it unless told to.
  private final class Log {
    private let descriptor: Int32
    private(set) var text = ""

    init(_ path: String) throws {
      guard mkfifo(path, 0o600) == 0 else { throw Failure("no pipe") }
      descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
    }

    deinit { close(descriptor) }

    /// Fills the pipe until nothing more fits in.
    func fill() {
      let line = Array("-\n".utf8)
      while write(descriptor, line, line.count) == line.count {}
    }

    func read() {
      var buffer = [UInt8](repeating: 0, count: 64 * 1024)
      while case let count = Glibc.read(descriptor, &buffer, buffer.count), count > 0 {
        text += String(decoding: buffer[..<count], as: UTF8.self)
      }
    }

    func wait(for line: String) throws {
      try eventually("\(line) in the log, which has:\n\(text)") {
        read()
        return text.contains(line) ? true : nil
      }
    }
  }

  @Test func `a log that nobody reads holds up no session, no reload and no end`() throws {
    let workspace = try Workspace()
    try workspace.writeConfig(server: ["drain_timeout: 0s", "anti_hammering: { max_failures: 1 }"])
    let log = try Log(workspace.path("log"))
    let words = [try oceanBinary(), "serve", workspace.config]
    // No other event loop can take over for one that stands still, because there is only one.
    let process = try Command(
      "taskset", ["-c", "0", "sh", "-c", "exec 2<>'\(workspace.path("log"))'; exec \"$@\"", "sh"] + words,
      directory: workspace.directory)
    try log.wait(for: "\"message\":\"serving\"")
    log.fill()

    func client(_ source: String? = nil) throws -> POP3Client {
      let client = try POP3Client(workspace.address, port: Workspace.port, from: source)
      _ = try client.line()
      return client
    }
    let attackers = try (0..<6).map { try client("127.82.0.\($0 / 2)") }
    for (index, attacker) in attackers.enumerated() {
      try attacker.send("USER anna\r\nPASS wrong-\(index)\r\n")
    }
    // The second failure of each address blocks it, which is logged.
    for attacker in attackers { _ = try attacker.rest() }
    #expect(try client().logIn().hasPrefix("+OK"))
    try workspace.writeConfig(ports: [Workspace.port, 1111])
    process.signal(SIGHUP)
    try eventually("the reload") { try? POP3Client(workspace.address, port: 1111) }

    try log.wait(for: "\"message\":\"applied\"")
    process.signal(SIGTERM)
    try log.wait(for: "\"message\":\"stopped\"")
    #expect(try process.wait() == .exited(0))
    let messages = log.text.matches(of: /"message":"([a-z]+)/).map { String($0.1) }.drop { $0 != "serving" }
    #expect(messages.starts(with: ["serving", "blocked", "blocked", "blocked", "applied"]), "\(messages)")
    #expect(messages.last == "stopped")
  }

  @Test func `a server whose log is full ends all the same`() throws {
    let workspace = try Workspace()
    let log = try Log(workspace.path("log"))
    let process = try Command(
      "sh",
      [
        "-c", "exec 2<>'\(workspace.path("log"))'; exec \"$@\"", "sh", try oceanBinary(), "serve",
        workspace.config,
      ], directory: workspace.directory)
    try log.wait(for: "\"message\":\"serving\"")
    log.fill()
    process.signal(SIGTERM)
    #expect(try process.wait(within: 20) == .exited(0))
  }
}
