import Foundation
import Testing

/// Tests what the process may do, and the sockets it is given.
struct PrivilegeTests {
  @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
  func `the server gives up everything but low ports`() throws {
    let workspace = try Workspace()
    try workspace.deliver("Subject: one\n\nbody\n", as: "1.M1P1.host")
    try workspace.writeConfig(server: ["user: nobody", "drain_timeout: 0s"], ports: [110])
    let chown = try workspace.run(
      "chown", ["-R", "nobody", workspace.path("mail"), workspace.path("state"), workspace.directory.path])
    #expect(chown.status == .exited(0))
    let server = try Server(workspace)

    let status = try String(contentsOfFile: "/proc/\(server.process.pid)/status", encoding: .utf8)
    var fields: [String: String] = [:]
    for line in status.split(separator: "\n") {
      let words = line.split { $0.isWhitespace || $0 == ":" }
      fields[String(words[0])] = words.dropFirst().joined(separator: " ")
    }
    let user = try #require(getpwnam("nobody")).pointee
    #expect(fields["Uid"] == Array(repeating: "\(user.pw_uid)", count: 4).joined(separator: " "))
    #expect(fields["Gid"] == Array(repeating: "\(user.pw_gid)", count: 4).joined(separator: " "))
    #expect(fields["Groups"] == "\(user.pw_gid)")
    let bindService = String(repeating: "0", count: 13) + "400"
    #expect(fields["CapEff"] == bindService)
    #expect(fields["CapPrm"] == bindService)
    #expect(fields["CapInh"] == String(repeating: "0", count: 16))
    #expect(fields["CapAmb"] == String(repeating: "0", count: 16))
    #expect(fields["NoNewPrivs"] == "1")
    // This holds for every thread.
    for thread in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(server.process.pid)/task") {
      let status = try String(
        contentsOfFile: "/proc/\(server.process.pid)/task/\(thread)/status", encoding: .utf8)
      #expect(status.contains("CapEff:\t\(bindService)\n") && status.contains("NoNewPrivs:\t1\n"))
    }
    let limits = try String(contentsOfFile: "/proc/\(server.process.pid)/limits", encoding: .utf8)
    #expect(limits.contains(/Max core file size +0 +0/))
    // Root owns the files in /proc of a process that cannot be dumped.
    var file = stat()
    #expect(stat("/proc/\(server.process.pid)/environ", &file) == 0 && file.st_uid == 0)

    let client = try server.loggedIn(port: 110)
    _ = try client.retrieve(1)
    try client.ok("DELE 1")
    try client.ok("QUIT")
    #expect(try workspace.messages().isEmpty)

    // It can bind another low port later, with the privilege it kept.
    try workspace.writeConfig(server: ["user: nobody", "drain_timeout: 0s"], ports: [110, 109])
    try server.reload()
    _ = try server.greeted(port: 109)
    #expect(stat(workspace.path("access.jsonl"), &file) == 0 && file.st_uid == user.pw_uid)
    try server.stop()
  }

  /// A thread that wants a priority above the usual does not get it without rights, and libdispatch writes that to
  /// the system's log. Root gets it, which can be seen.
  @Test(.enabled(if: geteuid() == 0, "only root may raise priorities"))
  func `no thread but that of timers wants a priority above the usual`() throws {
    let workspace = try Workspace()
    let server = try Server(workspace)
    try server.loggedIn().ok("QUIT")
    try workspace.writeConfig(server: ["drain_timeout: 1s"])
    try server.reload()
    let threads = "/proc/\(server.process.pid)/task"
    let niceValues = try FileManager.default.contentsOfDirectory(atPath: threads).map { thread in
      let stat = try String(contentsOfFile: "\(threads)/\(thread)/stat", encoding: .utf8)
      // proc_pid_stat(5): the 17th field behind the name.
      let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
      return try #require(Int(fields[17]))
    }
    // The thread of libdispatch's timers has no other; deploy/ocean.service allows it.
    #expect(niceValues.filter { $0 < 0 }.allSatisfy { $0 == -4 } && niceValues.count { $0 < 0 } <= 1)
    try server.stop()
  }

  private func configure(_ workspace: Workspace, _ hostname: String) throws {
    try workspace.writeConfig(server: ["user: nobody"], service: ["tls: { implicit: [1995] }"])
    try workspace.write(
      workspace.read("ocean.yaml").replacingOccurrences(of: "hostname: mail", with: "hostname: \(hostname)")
        + "\ncertificates: { main: { chain: tls/mail.example.org.crt, key: tls/mail.example.org.key } }\n",
      to: "ocean.yaml")
  }

  /// Starts a server that became nobody, with a key that only root may read.
  private func startAsNobody(_ workspace: Workspace) throws -> Server {
    _ = try workspace.ocean("cert", "new", "mail.example.org", "--out", workspace.path("tls"))
    try configure(workspace, "mail")
    let chown = try workspace.run(
      "chown", ["-R", "nobody"] + ["mail", "state", "users.passwd"].map(workspace.path))
    #expect(chown.status == .exited(0))
    _ = try workspace.run("chown", ["nobody", workspace.directory.path])
    return try Server(workspace)
  }

  @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
  func `changes need no key that only root may read`() throws {
    let workspace = try Workspace()
    let server = try startAsNobody(workspace)
    // Only root may read the key, and the server is nobody now.
    for (number, hostname) in ["mx", "pop"].enumerated() {
      try configure(workspace, hostname)
      if number == 0 { try server.reload() } else { _ = try workspace.ocean("apply", workspace.config) }
      #expect(try server.client().line() == "+OK \(hostname).example.org POP3 server ready")
    }
    let back = try workspace.ocean("rollback", "--config", workspace.config)
    #expect(back.status == .exited(0), "\(back.errorOutput)")
    #expect(try server.client().line() == "+OK mx.example.org POP3 server ready")
    try workspace.python("over_tls().log_in()")
    try server.stop()
  }

  /// The server's user owns the state directory, and could have written something there to make it root at
  /// the next start.
  @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
  func `a plan in the state directory gives no privileges`() throws {
    let workspace = try Workspace()
    try workspace.writeConfig(server: ["user: nobody", "drain_timeout: 0s"])
    _ = try workspace.run("chown", ["-R", "nobody", workspace.directory.path])
    try Server(workspace).stop()
    func uid(_ server: Server) throws -> String? {
      try String(contentsOfFile: "/proc/\(server.process.pid)/status", encoding: .utf8)
        .split(separator: "\n").first { $0.hasPrefix("Uid:") }?.split(separator: "\t").last.map(String.init)
    }
    // Keeps the plan of a config without a user as if it were the last one confirmed, and reverts that of the
    // config.
    let config = workspace.read("ocean.yaml")
    try workspace.write(
      config.replacingOccurrences(of: "user: nobody", with: "drain_timeout: 1s")
        .replacingOccurrences(of: "drain_timeout: 0s\n", with: "\n")
        .replacingOccurrences(of: "hostname: mail", with: "hostname: root"), to: "root.yaml")
    try workspace.python(
      """
      import json, subprocess
      plan = subprocess.run(['\(try oceanBinary())', 'plan', 'root.yaml', '--format', 'json'],
          cwd='\(workspace.directory.path)', capture_output=True, text=True).stdout
      state = '\(workspace.path("state"))/plans/'
      envelope, _ = open(state + '000001.json').read().split('\\n', 1)
      envelope = json.loads(envelope)
      real = dict(envelope['mark'])
      del envelope['octets'], envelope['sha256']
      envelope['mark'] = {'plan': json.loads(plan)['digest'], 'lists': []}
      open(state + '000009.json', 'w').write(json.dumps(envelope) + '\\n' + plan)
      taken = {'mark': real, 'at': envelope['confirmed'], 'after': 1, 'source': 'x', 'confirmed': False, 'settled': False,
          'returned': False}
      open(state + 'withheld', 'w').write(json.dumps({'taken_back': [taken]}))
      """)
    let server = try Server(workspace)
    #expect(
      try server.client().line() == "+OK root.example.org POP3 server ready", "it is that plan that runs")
    #expect(try uid(server) == "\(try #require(getpwnam("nobody")).pointee.pw_uid)")
    try server.stop()
  }

  @Test func `signals that are for others end nothing`() throws {
    let workspace = try Workspace()
    let server = try Server(workspace)
    let client = try server.loggedIn()
    for signal in [SIGUSR1, SIGUSR2] { kill(server.process.pid, signal) }
    try client.ok("NOOP")
    try client.ok("QUIT")
    try server.stop()
  }

  @Test func `descriptors that are closed are not given to files`() throws {
    let workspace = try Workspace()
    let server = try Server(workspace, wrapper: ["sh", "-c", "exec \"$@\" 0<&- 1>&-", "sh"])
    for fd in 0...1 {
      let target = try FileManager.default.destinationOfSymbolicLink(
        atPath: "/proc/\(server.process.pid)/fd/\(fd)")
      #expect(target == "/dev/null")
    }
    try server.stop()
  }

  @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
  func `a renewed key that the server may not read is named, and stops nothing from before`() throws {
    let workspace = try Workspace()
    let server = try startAsNobody(workspace)
    try configure(workspace, "mx")
    _ = try workspace.ocean("apply", workspace.config)
    try configure(workspace, "pop")
    let saved = workspace.path("saved.plan")
    _ = try workspace.ocean("plan", workspace.config, "--out", saved)
    let renewed = try workspace.ocean(
      "cert", "new", "mail.example.org", "--out", workspace.path("tls"), "--force")
    #expect(renewed.status == .exited(0))

    let refused = try workspace.ocean("apply", workspace.config)
    #expect(refused.status == .exited(1))
    #expect(
      refused.errorOutput.contains(
        "cannot present the certificate 'main': the user 'nobody' may not read "
          + workspace.path("tls/mail.example.org.key")), "\(refused.errorOutput)")
    // A plan made before keeps the running certificate, and so does a plan that comes back.
    let applied = try workspace.ocean("apply", saved)
    #expect(applied.status == .exited(0), "\(applied.errorOutput)")
    #expect(try server.client().line() == "+OK pop.example.org POP3 server ready")
    let back = try workspace.ocean("rollback", "--config", workspace.config)
    #expect(back.status == .exited(0), "\(back.errorOutput)")
    #expect(try server.client().line() == "+OK mx.example.org POP3 server ready")
    try server.stop()
  }

  @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
  func `a user that does not exist`() throws {
    let workspace = try Workspace()
    try workspace.writeConfig(server: ["user: no-such-user", "drain_timeout: 0s"])
    let command = try workspace.ocean("serve", workspace.path("ocean.yaml"))
    #expect(command.status == .exited(1))
    #expect(command.errorOutput.contains("there is no user 'no-such-user' on this host"))
  }

  /// Binds, listens, and becomes the program that its arguments name.
  private static let passSocket = """
    import os, socket, sys
    host, port, kind, *command = sys.argv[1:]
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, int(port)))
    if kind == 'listening': listener.listen(16)
    if listener.fileno() != 3: os.dup2(listener.fileno(), 3)
    os.set_inheritable(3, True)
    os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))
    os.execv(command[0], command)
    """

  @Test func `a socket that systemd passes is used`() throws {
    let workspace = try Workspace()
    try workspace.writeConfig(ports: [1110, 1111])
    let server = try Server(
      workspace, wrapper: ["python3", "-c", Self.passSocket, workspace.address, "1110", "listening"])
    // There is one socket if it was passed, and one for each loop if the server made them.
    let octets = workspace.address.split(separator: ".").compactMap { UInt8($0) }
    let hex = octets.reversed().map { String(format: "%02X", $0) }.joined()
    // While other connections come and go, a reading of the table may lack some.
    try eventually("one socket listens") {
      let table = try String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)
      return table.components(separatedBy: "\(hex):0456 00000000:0000 0A").count == 2 ? true : nil
    }
    for port in [1110, 1111] {
      let clients = try (0..<8).map { _ in try server.greeted(port: port) }
      #expect(try clients[7].logIn().hasPrefix("+OK"))
      try clients[7].ok("QUIT")
    }
    try server.stop()
  }

  @Test(arguments: [
    ("bound", 1110, "descriptor 3 from LISTEN_FDS is not a listening TCP socket"),
    ("listening", 1112, ":1112, where no service of the plan listens"),
  ])
  func `a descriptor that is of no use is refused`(kind: String, port: Int, reason: String) throws {
    let workspace = try Workspace()
    let command = try workspace.run(
      "python3",
      [
        "-c", Self.passSocket, workspace.address, "\(port)", kind, try oceanBinary(), "serve",
        workspace.path("ocean.yaml"),
      ])
    #expect(command.status == .exited(1))
    let last = command.errorOutput.split(separator: "\n").last ?? ""
    #expect(last.hasPrefix("ocean: ") && last.hasSuffix(reason), "\(command.errorOutput)")
  }
}
