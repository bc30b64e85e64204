import Foundation
import Testing

/// Tests the monitor of a running server, as Prometheus, browsers and others ask it.
@Suite struct MonitorTests {
  static let port = 9464
  static let token = "correct-horse-battery"
  private static let deploy = ExampleServeTests.folder.deletingLastPathComponent().appending(path: "deploy")

  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private func addMonitor(_ text: String? = nil, drain: String = "0s") throws {
    try workspace.writeConfig(server: ["drain_timeout: \(drain)", "limits: { connections_per_ip: 199 }"])
    let config = workspace.read("ocean.yaml")
    try workspace.write(
      config + (text ?? "monitor: { bind: [\"\(workspace.address):\(Self.port)\"] }\n"), to: "ocean.yaml")
  }

  private func addToken() throws {
    try workspace.write(Self.token + "\n", to: "monitor.token")
    try workspace.setMode(0o600, of: "monitor.token")
    try addMonitor(
      "monitor: { bind: [\"\(workspace.address):\(Self.port)\"], token: { file: monitor.token } }\n")
  }

  /// - Returns: the answer with its head.
  @discardableResult
  private func ask(_ path: String, _ options: String...) throws -> String {
    let url = "http://\(workspace.address):\(Self.port)\(path)"
    let curl = try workspace.run("curl", ["-sS", "-i", "--max-time", "20"] + options + [url])
    return curl.output + curl.errorOutput
  }

  private func status(_ path: String, _ options: String...) throws -> String {
    let url = "http://\(workspace.address):\(Self.port)\(path)"
    return try workspace.run(
      "curl", ["-sS", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "20"] + options + [url]
    ).output
  }

  @Test func `a scrape counts what clients did, and promtool finds nothing wrong`() throws {
    try addMonitor()
    try workspace.deliver("Subject: x\r\n\r\nhello\r\n", as: "1.a.b")
    let server = try Server(workspace)
    let client = try server.loggedIn()
    _ = try client.retrieve(1)
    for command in ["NOOP", "DELE 1"] { try client.ok(command) }
    try client.ok("QUIT")
    let failing = try server.greeted()
    #expect(try failing.logIn("anna", "wrong").hasPrefix("-ERR"))
    let waiting = try server.loggedIn("berta")

    let metrics = try ask("/metrics")
    #expect(metrics.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8"))
    for line in [
      "ocean_connections_total{service=\"pop3\",tls=\"none\"} 3",
      "ocean_connections{service=\"pop3\",state=\"transaction\"} 1",
      "ocean_logins_total{service=\"pop3\",mechanism=\"user\",result=\"ok\"} 2",
      "ocean_logins_total{service=\"pop3\",mechanism=\"user\",result=\"credentials\"} 1",
      "ocean_login_duration_seconds_count 3",
      "ocean_commands_total{command=\"retr\",result=\"ok\"} 1",
      "ocean_commands_total{command=\"pass\",result=\"error\"} 1",
      "ocean_commands_total{command=\"pass\",result=\"ok\"} 2",
      "ocean_commands_total{command=\"quit\",result=\"ok\"} 1",
      "ocean_messages_retrieved_total 1", "ocean_messages_removed_total 1",
      "ocean_log_lines_dropped_total 0", "ocean_login_failures_total{counted=\"true\"} 0",
    ] {
      #expect(metrics.contains(line + "\n"), "\(line) in:\n\(metrics)")
    }
    #expect(!metrics.contains("anna") && !metrics.contains(workspace.address))

    let text = metrics.components(separatedBy: "\r\n\r\n").dropFirst().joined()
    let promtool = try Command("promtool", ["check", "metrics"], input: text, directory: workspace.directory)
    try promtool.wait()
    #expect(promtool.status == .exited(0) && promtool.errorOutput.isEmpty, "\(promtool.errorOutput)")
    client.close()
    try waiting.ok("QUIT")
    try server.stop()
  }

  @Test func `rules and dashboard name metrics that there are`() throws {
    try addMonitor()
    let server = try Server(workspace)
    let metrics = try eventually("the file has been looked at") { () -> String? in
      let text = try ask("/metrics")
      return text.contains("ocean_config_valid 1") ? text : nil
    }
    #expect(metrics.contains("ocean_config_drift 0\n"))
    var known = Set(
      metrics.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.compactMap {
        $0.split(separator: " ").dropFirst(2).first.map(String.init)
      })
    known.insert("ocean_plan_reverts_timestamp_seconds")
    for name in ["prometheus/ocean.rules", "grafana/ocean.json"] {
      let text = try String(contentsOf: Self.deploy.appending(path: name), encoding: .utf8)
      let named = Set(text.matches(of: /\bocean_[a-z_]+/).map { String($0.output) })
      #expect(named.count > 8)
      for metric in named {
        #expect(known.contains(metric.replacing(/_bucket$/, with: "")), "\(metric) in \(name)")
      }
    }
    for (verb, file) in [("check", "ocean.rules"), ("test", "ocean.test.yaml")] {
      let path = Self.deploy.appending(path: "prometheus/\(file)").path
      let promtool = try Command("promtool", [verb, "rules", path], directory: workspace.directory)
      try promtool.wait()
      #expect(promtool.status == .exited(0), "\(promtool.output)\(promtool.errorOutput)")
    }
    try server.stop()
  }

  @Test func `a changed file shows as drift, a broken one as invalid`() throws {
    try addMonitor()
    let server = try Server(workspace)
    try eventually("the file has been looked at") {
      try ask("/metrics").contains("ocean_config_valid 1") ? true : nil
    }
    let config = workspace.read("ocean.yaml")
    try workspace.write(config + "acknowledge: 7\n", to: "ocean.yaml")
    try server.reload(expecting: "not reloaded")
    let page = try eventually("the page says so") { () -> String? in
      let page = try ask("/")
      return page.contains("The last reload failed") ? page : nil
    }
    #expect(page.contains("Attention"))
    #expect(try ask("/metrics").contains("ocean_config_last_reload_successful 0\n"))
    try server.stop()
  }

  @Test func `the token opens it, and nothing else does`() throws {
    try addToken()
    let server = try Server(workspace)
    #expect(try status("/metrics") == "401")
    #expect(try ask("/").contains("WWW-Authenticate: Basic"))
    #expect(try status("/metrics", "-H", "Authorization: Bearer wrong-horse-battery") == "401")
    #expect(try status("/metrics", "-H", "Authorization: Bearer \(Self.token)") == "200")
    #expect(try status("/", "-u", "me:\(Self.token)") == "200")
    #expect(try status("/metrics", "-H", "Host: mx.internal", "-u", "x:\(Self.token)") == "200")
    #expect(try status("/healthz") == "200")
    #expect(try status("/readyz") == "200")

    // A reload reads the token again, though the plan is the same.
    try workspace.write("another-horse-battery\n", to: "monitor.token")
    try workspace.setMode(0o600, of: "monitor.token")
    try server.reload(expecting: "reloaded: no change")
    #expect(try status("/metrics", "-H", "Authorization: Bearer \(Self.token)") == "401")
    #expect(try status("/metrics", "-H", "Authorization: Bearer another-horse-battery") == "200")
    #expect(!server.log.contains(Self.token))
    try server.stop()
  }

  @Test func `rules close connections without a byte, and are counted`() throws {
    let (welcome, other) = ("127.113.0.9", "127.51.100.7")
    func monitor(_ control: String) -> String {
      "monitor: { bind: [\"\(workspace.address):\(Self.port)\"], ip_control: { \(control) } }\n"
    }
    try addMonitor(monitor("default: refuse, white_list: [127.113.0.0/24]"))
    let server = try Server(workspace)
    func ask(from address: String, _ path: String) throws -> Command {
      try workspace.run(
        "curl",
        [
          "-sS", "--max-time", "20", "--interface", address,
          "http://\(workspace.address):\(Self.port)\(path)",
        ])
    }
    #expect(try ask(from: welcome, "/healthz").output == "alive\n")
    for _ in 0..<3 {
      // 52: nothing came before the end; 56: the connection was reset.
      let refused = try ask(from: other, "/healthz")
      #expect(refused.output.isEmpty && [.exited(52), .exited(56)].contains(refused.status))
    }
    let counted = try eventually("the refusals are counted") {
      let metrics = try ask(from: welcome, "/metrics").output
      return metrics.contains("ocean_monitor_refusals_total{reason=\"ip_control_default\"} 3\n")
        ? metrics : nil
    }
    #expect(!counted.contains(other))
    #expect(server.log.contains("connections to the monitor are refused") && server.log.contains(other))

    // A reload gives the others what the rules give them.
    try addMonitor(monitor("black_list: [127.113.0.9]"))
    try server.reload()
    #expect(try ask(from: welcome, "/healthz").output.isEmpty)
    #expect(try ask(from: other, "/healthz").output == "alive\n")
    let client = try server.loggedIn()
    try client.ok("QUIT")
    try server.stop()
  }

  @Test func `a change of its rules is told, and who is let in is explained`() throws {
    func monitor(_ control: String) -> String {
      "monitor: { bind: [127.0.0.1:9464], ip_control: { \(control) } }\n"
    }
    try addMonitor(monitor("default: refuse, white_list: [127.113.0.0/24]"))
    try workspace.write(workspace.read("ocean.yaml"), to: "old.yaml")
    try addMonitor(monitor("default: refuse, white_list: [127.113.0.0/25, 127.51.100.7]"))
    let diff = try workspace.ocean("diff", workspace.path("old.yaml"), workspace.path("ocean.yaml"))
    for text in [
      "pop3: equivalent; the monitor: incomparable", "newly refused: 128 IPv4", "newly allowed: 1 IPv4",
      "access-narrowed, access-widened, ip-control", "weakened: the monitor access-widened",
      "monitor.ip_control.white_list",
    ] {
      #expect(diff.output.contains(text), "\(text) in \(diff.output)")
    }
    for (address, status) in [("127.51.100.7", Int32(0)), ("127.113.0.200", 1)] {
      let explained = try workspace.ocean("explain", workspace.config, "--from", address, "--to", "monitor")
      #expect(explained.status == .exited(status), "\(explained.output)\(explained.errorOutput)")
      #expect(explained.output.contains("none is needed"))
    }
    let login = try workspace.ocean(
      "explain", workspace.config, "--from", "127.0.0.1", "--to", "monitor", "--user", "anna")
    #expect(login.status == .exited(2) && login.errorOutput.contains("the monitor has no logins"))
  }

  @Test func `other hosts, other sites and other methods get nothing`() throws {
    try addMonitor()
    let server = try Server(workspace)
    #expect(try status("/", "-H", "Host: evil.example") == "421")
    #expect(try status("/", "-H", "Host: mail.example.org:9464") == "200")
    #expect(try status("/", "-H", "Host: localhost") == "200")
    #expect(try status("/metrics", "-H", "Origin: http://evil.example") == "403")
    #expect(
      try status("/metrics", "-H", "Sec-Fetch-Site: cross-site", "-H", "Sec-Fetch-Mode: no-cors") == "403")
    #expect(try status("/", "-H", "Sec-Fetch-Site: cross-site", "-H", "Sec-Fetch-Mode: navigate") == "200")
    #expect(try status("/", "-X", "POST", "-d", "x=1") == "413")
    #expect(try status("/", "-X", "DELETE") == "405")
    #expect(try status("/etc/passwd") == "404")
    #expect(try ask("/", "-I").contains("Content-Length: "))
    let page = try ask("/")
    #expect(page.contains("Content-Security-Policy: default-src 'none'; style-src 'sha256-"))
    #expect(!page.contains("<script") && !page.contains(" style=\""))
    try server.stop()
  }

  @Test func `a user's name is text on the page`() throws {
    let name = "<script>alert(1)"
    try addToken()
    try workspace.write(
      "\(name):{PLAIN}\(Workspace.secret)::::\(workspace.maildir().path)::\n", to: "users.passwd")
    let config = workspace.read("ocean.yaml").replacingOccurrences(of: "mail/{domain}/{user}", with: "{home}")
    try workspace.write(config, to: "ocean.yaml")
    let server = try Server(workspace)
    let client = try server.loggedIn(name)
    // What the page shows is a second old at most.
    let page = try eventually("the session is on the page") {
      let page = try ask("/", "-u", "me:\(Self.token)")
      return page.contains("&lt;script&gt;alert(1)") ? page : nil
    }
    #expect(!page.contains("<script"))
    #expect(try !ask("/metrics", "-u", "me:\(Self.token)").contains("alert"))
    try client.ok("QUIT")
    try server.stop()
  }

  @Test(.enabled(if: Browser.isThere, Browser.missing))
  func `a screen reader is told what the page shows`() throws {
    try addToken()
    let server = try Server(workspace)
    let client = try server.loggedIn()
    _ = try eventually("the session is on the page") {
      try ask("/", "-u", "me:\(Self.token)").contains("transaction") ? true : nil
    }
    let browser = try Browser(
      "http://me:\(Self.token)@\(workspace.address):\(Self.port)/?still", in: workspace)
    #expect(browser.faults == [])
    #expect(
      browser.names("heading").starts(with: [
        "mail.example.org", "Attention", "Services", "The last 24 hours",
      ]))
    #expect(
      browser.names("image").map { $0.prefix { $0 != "," } } == ["Sessions", "Logins", "Refused connections"])
    #expect(browser.names("meter") == ["1 of 200 sessions"])
    #expect(browser.names("rowheader").contains { $0.hasPrefix("anna") })
    try client.ok("QUIT")
    try server.stop()
  }

  @Test func `it says that it is not ready before a session ends`() throws {
    try addMonitor(drain: "30s")
    let server = try Server(workspace)
    let client = try server.loggedIn()
    server.process.signal(SIGTERM)
    try server.waitForLog("\"message\":\"stopping\"")
    try eventually("it is not ready") { try status("/readyz") == "503" ? true : nil }
    #expect(try status("/healthz") == "200")
    #expect(try client.ok("NOOP").hasPrefix("+OK"))
    try client.ok("QUIT")
    #expect(try server.process.wait() == .exited(0))
  }

  @Test func `a port that is taken leaves the old plan whole`() throws {
    try addMonitor()
    let server = try Server(workspace)
    let other = try Command(
      "python3",
      [
        "-c",
        "import socket,time; s=socket.create_server(('\(workspace.address)',9465)); print('up',flush=True); time.sleep(60)",
      ], directory: workspace.directory)
    try eventually("the other program listens") { other.output.contains("up") ? true : nil }
    try addMonitor(
      "monitor: { bind: [\"\(workspace.address):9465\", \"\(workspace.address):9466\"] }\n")
    try server.reload(expecting: "not reloaded")
    #expect(
      server.log.contains("cannot listen on \(workspace.address):9465 for the monitor"), "\(server.log)")
    #expect(try status("/healthz") == "200")
    other.signal(SIGTERM)
    try other.wait()
    try server.reload()
    #expect(try status("/healthz") == "000")
    #expect(
      try workspace.run("curl", ["-sS", "http://\(workspace.address):9466/healthz"]).output == "alive\n")
    try server.stop()
  }

  @Test func `slow, greedy and sly clients keep out nobody`() throws {
    try addMonitor()
    let server = try Server(workspace)
    let clients = try workspace.run(
      "python3", ["-c", Self.attack, workspace.address, "\(Self.port)"])
    #expect(clients.status == .exited(0), "\(clients.output)\(clients.errorOutput)")
    #expect(server.log.contains("the monitor has too many connections"))
    let client = try server.loggedIn()
    try client.ok("QUIT")
    try server.stop()
  }

  /// A thousand browsers that say nothing, requests that never read, headers without end, requests within
  /// requests.
  private static let attack = """
    import resource, socket, sys, urllib.request
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    place = (sys.argv[1], int(sys.argv[2]))
    def scrape():
        return urllib.request.urlopen('http://%s:%d/metrics' % place, timeout=10).read()
    def raw(data):
        with socket.create_connection(place, timeout=15) as s:
            try:
                s.sendall(data)
            except OSError:
                pass
            got = b''
            try:
                while chunk := s.recv(65536): got += chunk
            except OSError:
                pass
            return got
    slow = [socket.create_connection(place, timeout=10) for _ in range(1000)]
    assert b'ocean_build_info' in scrape()
    for s in slow[-60:]:
        try:
            s.sendall(b'GET /metrics HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n')
        except OSError:
            pass
    assert b'ocean_build_info' in scrape()
    host = b'Host: localhost\\r\\n'
    answers = [
        (b'GET / HTTP/1.1\\r\\n' + host + b'X: ' + b'a' * 100000 + b'\\r\\n\\r\\n', b'431'),
        (b'GET / HTTP/1.1\\r\\n' + host + b''.join(b'X%d: a\\r\\n' % n for n in range(500)) + b'\\r\\n', b'431'),
        (b'GET / HTTP/1.1\\r\\n\\r\\n', b'400'),
        (b'GET / HTTP/1.1\\r\\n' + host + b'Host: other\\r\\n\\r\\n', b'400'),
        (b'GET / HTTP/1.1\\r\\n' + host + b'Content-Length: 5\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n', b'4'),
        (b'GET / HTTP/1.1\\r\\n' + host + b'Transfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n', b'413'),
        (b'\\x16\\x03\\x01\\x02\\x00\\x01', b'400'),
        (b'USER anna\\r\\nPASS x\\r\\n', b'400'),
    ]
    for data, status in answers:
        got = raw(data)
        assert got[9:].startswith(status), (data[:60], got[:80])
    two = b'GET /healthz HTTP/1.1\\r\\n' + host + b'\\r\\n'
    assert raw(two + two).count(b'HTTP/1.1') == 1
    assert b'ocean_build_info' in scrape()
    """
}
