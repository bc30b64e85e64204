import Foundation
import Testing

/// Tests a server behind a proxy that tells the client's address, such as HAProxy.
@Suite struct ProxyTests {
  private static let proxy = "127.90.0.1"

  private func serve(
    _ rules: String = "black_list: [203.0.113.0/24]"
  ) throws -> (Workspace, Server) {
    let workspace = try Workspace()
    try workspace.writeConfig(
      service: [
        "proxy_from: [\(Self.proxy)]", "plaintext_login: always", "ip_control: { \(rules) }",
      ])
    return (workspace, try Server(workspace))
  }

  @Test func `rules, logs and sessions see the client`() throws {
    let (workspace, server) = try serve()
    let client = try server.client(from: Self.proxy)
    try client.send("PROXY TCP4 198.51.100.7 192.0.2.1 4711 110\r\nCAPA\r\n")
    #expect(try client.line().hasPrefix("+OK"))
    #expect(try client.line().hasPrefix("+OK"))
    _ = try client.body()
    #expect(try client.logIn().hasPrefix("+OK"))
    #expect(try workspace.ocean("sessions", workspace.config).output.contains("198.51.100.7"))

    let refused = try server.client(from: Self.proxy)
    try refused.send("PROXY TCP4 203.0.113.9 192.0.2.1 4711 110\r\n")
    #expect(try refused.rest() == "")
    let line = try server.accessLogLine { $0["peer"] as? String == "203.0.113.9" }
    #expect(line["proxy"] as? String == Self.proxy && line["local"] as? String == "192.0.2.1:110")
    #expect(line["outcome"] as? String == "black_list")
    try server.stop()
  }

  @Test func `from a proxy a header is required, from others it is an error`() throws {
    let (_, server) = try serve()
    for text in ["USER anna\r\n", "PROXY TCP4 1.2.3.4\r\n", "\r\n\r\n\0\r\nQUIT\n1234"] {
      let client = try server.client(from: Self.proxy)
      try client.send(text)
      #expect(try client.rest() == "", "\(text)")
    }
    let hasty = try server.client(from: Self.proxy)
    hasty.closeSending()
    #expect(try hasty.rest() == "")
    _ = try server.accessLogLine { $0["outcome"] as? String == "no_proxy_header" }
    let other = try server.greeted(from: "127.90.0.2")
    #expect(try other.command("PROXY TCP4 198.51.100.7 192.0.2.1 4711 110").hasPrefix("-ERR"))
    try server.stop()
  }

  @Test func `a header may come byte by byte, and LOCAL is the proxy itself`() throws {
    let (_, server) = try serve()
    let slow = try server.client(from: Self.proxy)
    for byte in "PROXY TCP6 2001:db8::7 2001:db8::1 4711 110\r\n".utf8 { try slow.send([byte]) }
    #expect(try slow.line().hasPrefix("+OK"))
    try slow.ok("QUIT")
    let local = try server.client(from: Self.proxy)
    try local.send([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x20, 0x00, 0, 0])
    #expect(try local.line().hasPrefix("+OK"))
    try local.ok("QUIT")
    try server.stop()
  }

  @Test func `connections without a header are counted, and the oldest give way`() throws {
    let workspace = try Workspace()
    try workspace.writeConfig(
      server: ["drain_timeout: 0s", "limits: { prelogin_connections: 3 }"],
      service: ["proxy_from: [\(Self.proxy)]"])
    let server = try Server(workspace)
    let silent = try (0..<5).map { _ in try server.client(from: Self.proxy) }
    for client in silent[..<2] { #expect(try client.rest() == "") }
    let line = try server.accessLogLine { $0["outcome"] as? String == "gave_way" }
    #expect(line["peer"] as? String == Self.proxy && line["event"] as? String == "refused")
    let client = try server.client(from: Self.proxy)
    try client.send("PROXY TCP4 198.51.100.7 192.0.2.1 4711 110\r\n")
    #expect(try client.line().hasPrefix("+OK"))
    #expect(try silent[2].rest() == "")
    try server.stop()
  }

  private static let signature: [UInt8] = [
    0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
  ]

  @Test func `a health check is let in, for everything but a login`() throws {
    let (_, server) = try serve("default: refuse")
    let check = try server.client(from: Self.proxy)
    try check.send(Self.signature + [0x20, 0, 0, 0])
    #expect(try check.line().hasPrefix("+OK"))
    try check.ok("CAPA")
    #expect(!String(decoding: try check.body(), as: UTF8.self).contains("USER"))
    #expect(try check.command("USER anna") == "-ERR login is not offered on this connection")
    #expect(try check.command("PASS \(Workspace.secret)") == "-ERR login is not offered on this connection")
    try check.ok("QUIT")
    try server.stop()
  }

  /// A client that the proxy does not name would be free of every rule.
  @Test(arguments: [
    Array("PROXY UNKNOWN\r\n".utf8), Array("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n".utf8),
    signature + [0x21, 0x00, 0, 0], signature + [0x21, 0x31, 0, 216] + [UInt8](repeating: 0, count: 216),
  ])
  func `a client without an address is refused`(_ header: [UInt8]) throws {
    let (_, server) = try serve()
    let client = try server.client(from: Self.proxy)
    try client.send(header)
    #expect(try client.rest() == "")
    let line = try server.accessLogLine { $0["outcome"] as? String == "no_client_address" }
    #expect(line["event"] as? String == "refused" && line["peer"] as? String == Self.proxy)
    try server.stop()
  }

  @Test func `a client at the proxy's own address is a client`() throws {
    let (_, server) = try serve("default: refuse")
    for header in [
      "PROXY TCP4 \(Self.proxy) 192.0.2.1 4711 110\r\n",
      "PROXY TCP6 ::ffff:\(Self.proxy) ::ffff:192.0.2.1 4711 110\r\n",
    ] {
      let client = try server.client(from: Self.proxy)
      try client.send(header)
      #expect(try client.rest() == "")
    }
    try eventually("the refusals are logged") {
      try server.accessLog.count { $0["outcome"] as? String == "ip_control_default" } == 2 ? true : nil
    }
    try server.stop()
  }

  @Test func `failed logins count for a client at the proxy's own address`() throws {
    let workspace = try Workspace()
    try workspace.writeConfig(
      server: ["drain_timeout: 0s", "anti_hammering: { max_failures: 1 }"],
      service: ["proxy_from: [\(Self.proxy)]", "plaintext_login: always"])
    let server = try Server(workspace)
    let clients = try (0..<2).map { _ in try server.client(from: Self.proxy) }
    for (number, client) in clients.enumerated() {
      try client.send("PROXY TCP4 \(Self.proxy) 192.0.2.1 4711 110\r\nUSER anna\r\nPASS wrong-\(number)\r\n")
    }
    for client in clients { _ = try client.rest() }
    _ = try server.accessLogLine {
      $0["event"] as? String == "session" && $0["outcome"] as? String == "blocked"
    }
    try server.stop()
  }

  @Test func `TLS from the first octet follows the header`() throws {
    let workspace = try Workspace()
    _ = try workspace.ocean("cert", "new", "mail.example.org", "--out", workspace.path("tls"))
    try workspace.writeConfig(service: [
      "proxy_from: [127.0.0.1]", "tls: { implicit: [1995] }", "ip_control: { black_list: [203.0.113.0/24] }",
    ])
    try workspace.write(
      workspace.read("ocean.yaml")
        + "\ncertificates: { main: { chain: tls/mail.example.org.crt, key: tls/mail.example.org.key } }\n",
      to: "ocean.yaml")
    let server = try Server(workspace)
    try workspace.python(
      """
      def connect(source):
          raw = socket.create_connection((HOST, 1995), timeout=10)
          raw.sendall(b'PROXY TCP4 ' + source + b' 192.0.2.1 4711 995\\r\\n')
          return raw
      tls = ssl._create_unverified_context().wrap_socket(connect(b'198.51.100.7'))
      assert tls.recv(100).startswith(b'+OK'), 'no greeting'
      tls.sendall(b'QUIT\\r\\n')
      assert tls.recv(100).startswith(b'+OK')
      assert connect(b'203.0.113.9').recv(100) == b''
      """)
    try server.stop()
  }

  @Test(arguments: ["send-proxy", "send-proxy-v2"]) func `HAProxy in front`(_ option: String) throws {
    let (workspace, server) = try serve()
    let haproxy = try workspace.haproxy(port: 2110, source: Self.proxy, "\(option) check inter 200ms")
    defer { haproxy.signal(SIGTERM) }
    let client = try eventually("HAProxy forwards, which says:\n\(haproxy.errorOutput)") {
      try? server.greeted(port: 2110, from: "127.91.0.5")
    }
    #expect(try client.logIn().hasPrefix("+OK"))
    let sessions = try workspace.ocean("sessions", workspace.config).output
    #expect(sessions.contains("127.91.0.5"), "\(sessions)")
    try client.ok("QUIT")
    _ = try server.accessLogLine {
      $0["peer"] as? String == "127.91.0.5" && $0["proxy"] as? String == Self.proxy
    }
    haproxy.signal(SIGTERM)
    try haproxy.wait()
    try server.stop()
  }
}
