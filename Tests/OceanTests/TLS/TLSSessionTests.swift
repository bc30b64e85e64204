import Foundation
import Testing

/// Tests what happens under TLS, before it and beside it.
struct TLSSessionTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.makeCertificate()
    try workspace.writeTLSConfig()
  }

  // MARK: - STLS

  @Test func `before TLS nobody logs in, and CAPA says so`() throws {
    let server = try Server(workspace)
    try workspace.python(
      """
      client = greeted()
      before = client.capabilities()
      assert 'STLS' in before and 'USER' not in before, before
      client.expect('USER anna', '-ERR')
      client.expect('PASS ' + SECRET, '-ERR')
      client.expect('STLS', '+OK')
      client.start_tls(trusting(MAIL_CRT))
      after = client.capabilities()
      assert 'USER' in after and 'STLS' not in after, after
      client.expect('STLS', '-ERR')
      client.log_in()
      client.expect('STLS', '-ERR')
      client.expect('QUIT', '+OK')

      client = over_tls()
      assert 'STLS' not in client.capabilities() and 'USER' in client.capabilities()
      client.expect('STLS', '-ERR')
      """)
    try server.stop()
  }

  /// RFC 2595 §4: somebody between client and server may have put it there.
  @Test(arguments: ["USER anna", "QUIT", "CAPA", "USER anna\r\nPASS \(Workspace.secret)", "US"])
  func `nothing behind STLS is carried out`(injected: String) throws {
    try workspace.writeTLSConfig("explicit: optional", login: "always")
    let server = try Server(workspace)
    try workspace.python(
      """
      client = greeted()
      client.send('STLS\\r\\n' + ARGS[0])
      assert client.line().startswith('+OK')
      client.start_tls(trusting(MAIL_CRT))
      # One reply, and no name to go with the password.
      client.expect('PASS ' + SECRET, '-ERR')
      client.expect('STAT', '-ERR')
      client.log_in()
      client.expect('STAT', '+OK')
      """, [injected == "US" ? injected : injected + "\r\n"])
    try server.stop()
  }

  @Test func `what was said before STLS is forgotten`() throws {
    try workspace.writeTLSConfig("explicit: optional", login: "always")
    let server = try Server(workspace)
    try workspace.python(
      """
      client = greeted()
      client.expect('USER anna', '+OK')
      client.expect('STLS', '+OK')
      client.start_tls(trusting(MAIL_CRT))
      client.expect('PASS ' + SECRET, '-ERR')
      client.log_in()
      """)
    try server.stop()
  }

  // MARK: - Tickets

  @Test(arguments: ["-tls1_2", "-tls1_3"])
  func `a session is resumed on another host with the secret, until the secret is another`(
    version: String
  ) throws {
    let other = try Workspace()
    for host in [workspace, other] {
      for file in ["tls/\(Workspace.hostName).crt", "tls/\(Workspace.hostName).key"] where host !== workspace
      {
        try FileManager.default.createDirectory(at: host.directory / "tls", withIntermediateDirectories: true)
        try host.write(workspace.read(file), to: file)
        try host.setMode(0o600, of: file)
      }
      try host.write("0123456789abcdef0123456789abcdef\n", to: "ticket.secret")
      try host.setMode(0o600, of: "ticket.secret")
      try host.writeTLSConfig()
      let config = host.read("ocean.yaml").replacing(
        "  state: state\n", with: "  state: state\n  ticket_secret: { file: ticket.secret }\n")
      try host.write(config, to: "ocean.yaml")
    }
    let servers = [try Server(workspace), try Server(other)]
    let full = try workspace.sClient([version, "-sess_out", workspace.path("session")])
    #expect(full.output.contains("New, TLSv1"), "\(full.output)\(full.errorOutput)")
    func isResumed(on host: Workspace) throws -> Bool {
      let again = try host.sClient([version, "-sess_in", workspace.path("session")])
      #expect(again.output.contains("+OK"), "\(again.output)\(again.errorOutput)")
      return again.output.contains("Reused, TLSv1")
    }
    #expect(try isResumed(on: other))
    #expect(try isResumed(on: workspace))

    try other.write("fedcba9876543210fedcba9876543210\n", to: "ticket.secret")
    try other.setMode(0o600, of: "ticket.secret")
    try servers[1].reload(expecting: "reloaded: no change")
    // Tickets that were sealed before are good until they expire.
    #expect(try isResumed(on: other))
    let later = try other.sClient([version, "-sess_out", workspace.path("session")])
    #expect(later.output.contains("New, TLSv1"))
    #expect(try !isResumed(on: workspace))
    #expect(try isResumed(on: other))
    for server in servers { try server.stop() }
  }

  // MARK: - Strangers

  @Test func `whatever else arrives at the TLS port hurts nobody`() throws {
    let server = try Server(workspace)
    try workspace.python(
      """
      import random
      random.seed(1)
      other = over_tls()
      other.log_in()
      strange = [
          b'USER anna\\r\\nPASS x\\r\\n', b'GET / HTTP/1.1\\r\\n\\r\\n', b'\\0' * 20000, b'\\x16\\x03\\x01\\xff\\xff',
          b'\\x16\\x03\\x01\\x00\\x05\\x01\\x00\\xff\\xff\\xff', b'\\x80\\x2e\\x01\\x00\\x02', b'']
      strange += [random.randbytes(random.randrange(1, 3000)) for _ in range(20)]
      for octets in strange:
          client = Client(TLS)
          try:
              client.socket.sendall(octets)
              client.socket.shutdown(socket.SHUT_WR)
              while got := client.socket.recv(65536): assert not got.startswith(b'+OK'), octets
          except (ConnectionError, OSError): pass
          other.expect('NOOP', '+OK')
      # Garbage in the middle of a session is the end of that one alone.
      client = over_tls()
      raw = socket.socket(fileno=os.dup(client.socket.fileno()))
      raw.settimeout(10)
      raw.sendall(b'garbage garbage garbage')
      try:
          while raw.recv(65536): pass
      except ConnectionError: pass
      other.expect('QUIT', '+OK')
      """)
    let line = try server.accessLogLine { ($0["outcome"] as? String)?.hasPrefix("tls_failed") == true }
    #expect(line["tls"] is NSNull)
    #expect(line["user"] is NSNull)
    try server.stop()
  }

  @Test func `a client that stops reading costs little, and is ended by the idle timeout`() throws {
    try workspace.writeTLSConfig(idleTimeout: "1s")
    try workspace.deliver(Array(repeating: UInt8(ascii: "x"), count: 8 << 20), as: "1.M1P1.host")
    let server = try Server(workspace)
    func peak() throws -> Int {
      let status = try String(contentsOfFile: "/proc/\(server.process.pid)/status", encoding: .utf8)
      return try #require(status.firstMatch(of: /VmHWM:\s+(\d+) kB/).flatMap { Int($0.1) })
    }
    let client = try workspace.startPython(
      """
      client = over_tls()
      client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
      client.log_in()
      print('ready', flush=True)
      while not os.path.exists(ARGS[0]): client.expect('NOOP', '+OK')
      client.expect('RETR 1', '+OK')
      while not os.path.exists(ARGS[1]): time.sleep(0.1)
      """, [workspace.path("go"), workspace.path("stop")])
    try eventually("it is logged in") { client.output == "ready\n" ? true : nil }
    let before = try peak()
    try workspace.write("", to: "go")
    _ = try server.accessLogLine { $0["outcome"] as? String == "idle_timeout" }
    // The kernel takes about 4 MiB; half of the rest would be too much.
    #expect(try peak() - before < 2 << 10)
    #expect(client.isRunning, "\(client.errorOutput)")
    try workspace.write("", to: "stop")
    #expect(try client.wait() == .exited(0), "\(client.errorOutput)")
    try server.stop()
  }

  // MARK: - Renewal

  @Test func `a certificate that is replaced is presented, and sessions go on`() throws {
    let server = try Server(workspace)
    try FileManager.default.copyItem(atPath: workspace.certificate(), toPath: workspace.path("old.crt"))
    let session = try workspace.startPython(
      """
      client = over_tls()
      client.log_in()
      print('ready', flush=True)
      while not os.path.exists(ARGS[0]):
          client.expect('NOOP', '+OK')
          time.sleep(0.1)
      client.expect('STAT', '+OK')
      client.expect('QUIT', '+OK')
      """, [workspace.path("stop")])
    try eventually("the session is there") { session.output == "ready\n" ? true : nil }
    let refused = "new certificate refused; the old one stays"
    // The key arrives before its certificate.
    try workspace.makeCertificate(in: "new")
    try replace("key")
    try waitForRenewal(of: server, refused)
    try expectPresented("old.crt")
    try replace("crt")
    try waitForRenewal(of: server, "\"message\":\"renewed\"")
    try expectPresented("tls/mail.example.org.crt")
    #expect(session.isRunning, "\(session.errorOutput)")

    try FileManager.default.copyItem(atPath: workspace.certificate(), toPath: workspace.path("good.crt"))
    try workspace.write("garbage\n", to: "tls/mail.example.org.crt")
    try waitForRenewal(of: server, refused, count: 2)
    try expectPresented("good.crt")
    let status = try workspace.ocean("status", workspace.config)
    #expect(
      status.output.contains(#/; new file REFUSED 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ: /#), "\(status.output)")
    #expect(status.output.contains(": \(workspace.certificate()) holds no certificate"), "\(status.output)")

    try workspace.write("", to: "stop")
    #expect(try session.wait() == .exited(0), "\(session.errorOutput)")
    try server.stop()
  }

  /// The files hold the new certificate: the one before is only in memory.
  @Test func `another certificate that nobody confirms goes, and the one before comes back`() throws {
    let server = try Server(workspace)
    try workspace.write(workspace.read("tls/mail.example.org.crt"), to: "before.crt")
    let other = try workspace.ocean("cert", "new", "pop.example.net", "--out", workspace.path("tls"))
    #expect(other.status == .exited(0))
    for kind in ["key", "crt"] {
      rename(workspace.path("tls/pop.example.net.\(kind)"), workspace.path("tls/mail.example.org.\(kind)"))
    }
    let waiting = try workspace.ocean("apply", workspace.config, "--confirm-within", "1h")
    #expect(waiting.status == .exited(0), "\(waiting.errorOutput)")
    try expectPresented("tls/mail.example.org.crt")
    let back = try workspace.ocean("rollback", "--config", workspace.config)
    #expect(back.status == .exited(0), "\(back.errorOutput)")
    try expectPresented("before.crt")
    let applied = try workspace.ocean("apply", workspace.config)
    #expect(
      applied.output.hasSuffix(
        "  undo: put back the certificate's old files, then ocean apply \(workspace.config)\n"),
      "\(applied.output)\(applied.errorOutput)")
    try server.stop()
  }

  @Test func `an apply takes a renewed certificate, noticed or not, and so does a plan from before`() throws {
    let server = try Server(workspace)
    func change(_ idle: String) throws { try workspace.writeTLSConfig(idleTimeout: idle) }
    func renew() throws {
      try? FileManager.default.removeItem(atPath: workspace.path("new"))
      try workspace.makeCertificate(in: "new")
      try replace("key")
      try replace("crt")
    }
    try change("20m")
    try renew()
    let applied = try workspace.ocean("apply", workspace.config)
    #expect(applied.status == .exited(0), "\(applied.errorOutput)")
    #expect(applied.output.contains(", exactly as planned."), "\(applied.output)")
    try expectPresented("tls/mail.example.org.crt")

    try change("30m")
    let saved = workspace.path("saved.plan")
    #expect(try workspace.ocean("plan", workspace.config, "--out", saved).status == .exited(2))
    try renew()
    let later = try workspace.ocean("apply", saved)
    #expect(later.status == .exited(0), "\(later.errorOutput)")
    try expectPresented("tls/mail.example.org.crt")

    // The plan that it was made for comes back with the certificate of today.
    try change("40m")
    #expect(try workspace.ocean("plan", workspace.config, "--out", saved).status == .exited(2))
    try change("50m")
    #expect(try workspace.ocean("apply", workspace.config).status == .exited(0))
    try renew()
    let dry = try workspace.ocean("rollback", "--dry-run", "--config", workspace.config)
    #expect(
      dry.output.contains("\nnote: the certificate 'c0' is as it is now in \(workspace.certificate())\n"),
      "\(dry.output)")
    #expect(try workspace.ocean("rollback", "--config", workspace.config).status == .exited(0))
    try expectPresented("tls/mail.example.org.crt")
    let again = try workspace.ocean("apply", saved)
    #expect(again.status == .exited(0), "\(again.errorOutput)")

    // A certificate with other names is a different one from the one that was reviewed.
    try change("60m")
    #expect(try workspace.ocean("plan", workspace.config, "--out", saved).status == .exited(2))
    let other = try workspace.ocean("cert", "new", "pop.example.net", "--out", workspace.path("tls"))
    #expect(other.status == .exited(0))
    for kind in ["key", "crt"] {
      rename(workspace.path("tls/pop.example.net.\(kind)"), workspace.path("tls/mail.example.org.\(kind)"))
    }
    let refused = try workspace.ocean("apply", saved)
    #expect(refused.status == .exited(1))
    #expect(
      refused.errorOutput.contains("the certificate 'c0' has changed since the plan was made"),
      "\(refused.errorOutput)")
    try server.stop()
  }

  /// Hardly any client accepts a certificate without its intermediate.
  @Test func `what clients would refuse is held back until somebody decides`() throws {
    let script = """
      set -e
      cd "$0"
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=Root -keyout root.key -out root.pem
      openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=Int -keyout int.key -out int.csr
      printf 'basicConstraints=critical,CA:true\n' > int.ext
      openssl x509 -req -in int.csr -CA root.pem -CAkey root.key -CAcreateserial -days 900 -extfile int.ext -out int.pem
      openssl req -new -key tls/mail.example.org.key -subj /CN=mail.example.org -out leaf.csr
      printf 'subjectAltName=DNS:mail.example.org\n' > leaf.ext
      for n in 1 2; do
        openssl x509 -req -in leaf.csr -CA int.pem -CAkey int.key -CAcreateserial -days 30$n -extfile leaf.ext -out l$n.pem
      done
      cat l1.pem int.pem > full.pem
      """
    let made = try workspace.run("/bin/sh", ["-c", script, workspace.directory.path])
    try #require(made.status == .exited(0), "\(made.errorOutput)")
    func install(_ file: String) throws {
      try workspace.write(workspace.read(file), to: "tls/mail.example.org.crt")
    }
    try install("full.pem")
    let server = try Server(workspace)
    try install("l2.pem")
    try waitForRenewal(of: server, "new certificate held back; the old one stays")
    try expectPresented("l1.pem")
    let reason =
      "no longer sends: CN=Int: clients would refuse it; 'ocean apply \(workspace.config)' uses it all the same"
    #expect(server.log.contains(reason), "\(server.log)")
    #expect(try workspace.ocean("status", workspace.config).output.contains(reason))
    // A rollback is not that decision.
    try workspace.writeTLSConfig(idleTimeout: "20m")
    try install("full.pem")
    #expect(try workspace.ocean("apply", workspace.config).status == .exited(0))
    try install("l2.pem")
    #expect(try workspace.ocean("rollback", "--config", workspace.config).status == .exited(0))
    try expectPresented("l1.pem")
    let diff = try workspace.ocean("plan", workspace.config, "--fail-on", "certificate")
    #expect(
      diff.status == .exited(3) && diff.output.contains("\n    no longer sends: CN=Int\n"), "\(diff.output)")
    #expect(try workspace.ocean("apply", workspace.config).status == .exited(0))
    try expectPresented("l2.pem")
    #expect(try !workspace.ocean("status", workspace.config).output.contains("new file"))
    try server.stop()
  }

  /// The running server takes up renewals alone; another certificate is for somebody to decide.
  @Test func `another certificate of another CA is held back, and an apply takes it`() throws {
    let script = """
      set -e
      cd "$0"
      for ca in one two; do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 900 -subj /CN=$ca -keyout $ca.key -out $ca.pem
      done
      printf 'subjectAltName=DNS:mail.example.org\n' > leaf.ext
      openssl req -new -key tls/mail.example.org.key -subj /CN=mail.example.org -out leaf.csr
      sign() { openssl x509 -req -in leaf.csr -CA $1.pem -CAkey $1.key -CAcreateserial -days $2 -extfile leaf.ext -out $3; }
      sign one 300 first.pem
      sign one 301 renewed.pem
      sign one 200 shorter.pem
      sign two 302 other.pem
      """
    let made = try workspace.run("/bin/sh", ["-c", script, workspace.directory.path])
    try #require(made.status == .exited(0), "\(made.errorOutput)")
    func install(_ file: String) throws {
      try workspace.write(workspace.read(file), to: "tls/mail.example.org.crt")
    }
    try install("first.pem")
    let server = try Server(workspace)
    try install("renewed.pem")
    try waitForRenewal(of: server, "\"message\":\"renewed\"")
    try expectPresented("renewed.pem")
    for (file, reason) in [
      ("other.pem", "signed by CN=two, before by CN=one"), ("shorter.pem", "ends earlier: "),
    ] {
      try install(file)
      try waitForRenewal(of: server, reason)
      try expectPresented("renewed.pem")
      let status = try workspace.ocean("status", workspace.config)
      #expect(
        status.output.contains("new file HELD BACK ") && status.output.contains(reason)
          && status.output.contains(
            ": not a renewal; 'ocean apply \(workspace.config)' uses it all the same"),
        "\(status.output)")
      let json = try workspace.ocean("status", workspace.config, "--format", "json")
      #expect(json.output.contains("\"held_back\":true"), "\(json.output)")
      let plan = try workspace.ocean("plan", workspace.config, "--fail-on", "certificate")
      #expect(plan.status == .exited(3) && plan.output.contains("not a renewal: \(reason)"), "\(plan.output)")
    }
    let applied = try workspace.ocean("apply", workspace.config)
    #expect(applied.status == .exited(0), "\(applied.errorOutput)")
    try expectPresented("shorter.pem")
    #expect(try !workspace.ocean("status", workspace.config).output.contains("new file"))
    try server.stop()
  }

  private func replace(_ kind: String) throws {
    let name = "mail.example.org.\(kind)"
    guard rename(workspace.path("new/\(name)"), workspace.path("tls/\(name)")) == 0 else {
      throw Failure("cannot rename \(name)")
    }
  }

  /// The server looks every ten seconds.
  private func waitForRenewal(of server: Server, _ text: String, count: Int = 1) throws {
    try eventually("\(text) in the log, which has:\n\(server.log)", within: 40) {
      server.log.components(separatedBy: text).count > count ? true : nil
    }
  }

  private func expectPresented(_ file: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    try workspace.python(
      """
      got = over_tls(trusting_all()).socket.getpeercert(binary_form=True)
      assert got == ssl.PEM_cert_to_DER_cert(open(ARGS[0]).read()), ARGS[0]
      """, [workspace.path(file)], sourceLocation: sourceLocation)
  }

  // MARK: - Secrets

  @Test func `no output shows the key`() throws {
    let key = workspace.read("tls/mail.example.org.key")
    let lines = key.split(separator: "\n").filter { !$0.hasPrefix("-----") }
    try #require(lines.count >= 2)
    let server = try Server(workspace)
    try workspace.python("over_tls().log_in()")
    _ = try server.accessLogLine { $0["event"] as? String == "session" }
    var texts = [server.log, workspace.read("access.jsonl")]
    for arguments in [
      ["plan", workspace.config], ["plan", workspace.config, "--format", "json"],
      ["plan", workspace.config, "--out", workspace.path("saved.plan")], ["check", workspace.config],
      ["status", workspace.config], ["status", workspace.config, "--format", "json"],
      ["sessions", workspace.config],
    ] {
      let command = try workspace.run(oceanBinary(), arguments)
      #expect(command.status == .exited(0), "\(arguments): \(command.errorOutput)")
      texts += [command.output, command.errorOutput]
    }
    texts.append(workspace.read("saved.plan"))
    for text in texts {
      #expect(!text.contains("PRIVATE KEY"))
      for line in lines { #expect(!text.contains(line)) }
    }
    try server.stop()
  }
}
