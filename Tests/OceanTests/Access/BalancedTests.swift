import Foundation
import Testing

/// Two servers behind HAProxy, which asks the monitor of each whether it is ready and tells the clients' addresses.
struct BalancedTests {
  private static let balancer = "127.92.0.1"
  private static let port = 2110

  /// A server whose sessions have time to end when it stops.
  private func host() throws -> (Workspace, Server) {
    let workspace = try Workspace()
    try workspace.writeConfig(
      server: ["drain_timeout: 60s"],
      service: ["proxy_from: [\(Self.balancer)]", "plaintext_login: always"])
    let monitor = "monitor: { bind: [\"\(workspace.address):9464\"] }\n"
    try workspace.write(workspace.read("ocean.yaml") + "\n" + monitor, to: "ocean.yaml")
    return (workspace, try Server(workspace))
  }

  private func balance(_ hosts: [Workspace]) throws -> Command {
    let first = hosts[0]
    let servers = hosts.enumerated().map { number, host in
      "  server mx\(number + 1) \(host.address):\(Workspace.port)\n"
    }
    try first.write(
      """
      defaults
        mode tcp
        timeout connect 5s
        timeout client 30s
        timeout server 30s
        timeout check 2s
        option redispatch
        default-server check port 9464 inter 100ms fall 1 rise 1 send-proxy-v2 source \(Self.balancer)
      listen pop3
        bind \(first.address):\(Self.port)
        balance roundrobin
        option httpchk GET /readyz
        http-check expect status 200
      \(servers.joined())
      """, to: "haproxy.cfg")
    return try Command("haproxy", ["-f", first.path("haproxy.cfg"), "-db"], directory: first.directory)
  }

  private func sessions(_ host: Workspace) throws -> Int {
    try host.ocean("sessions", host.config).output.components(separatedBy: "127.92.0.9").count - 1
  }

  @Test func `a server that stops ends its sessions in peace, and new clients come to the other`() throws {
    let (first, one) = try host()
    let (second, two) = try host()
    let haproxy = try balance([first, second])
    defer { haproxy.signal(SIGKILL) }
    func client() throws -> POP3Client { try one.greeted(port: Self.port, from: "127.92.0.9") }
    // In turn, to both.
    var open: [POP3Client] = []
    _ = try eventually("both serve, says HAProxy:\n\(haproxy.errorOutput)") { () -> Bool? in
      guard let next = try? client(), try next.logIn().hasPrefix("+OK") else {
        return nil
      }
      open.append(next)
      return try sessions(first) > 0 && sessions(second) > 0 ? true : nil
    }
    one.process.signal(SIGTERM)
    try one.waitForLog("\"message\":\"stopping\"")
    for _ in 0..<20 {
      let next = try client()
      #expect(try next.logIn("berta").hasPrefix("+OK"))
      try next.ok("QUIT")
    }
    for session in open {
      try session.ok("STAT")
      try session.ok("QUIT")
    }
    #expect(try one.process.wait() == .exited(0))
    haproxy.signal(SIGTERM)
    try haproxy.wait()
    try two.stop()
  }
}
