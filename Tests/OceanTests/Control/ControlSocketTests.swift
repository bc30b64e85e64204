import Foundation
import Testing

/// Tests the control socket itself: who may speak, and what it withstands.
@Suite struct ControlSocketTests {
  /// The type and permissions; nil if nothing is there.
  private func mode(_ path: String) -> mode_t? {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode : nil
  }

  private static let socketMode = S_IFSOCK | 0o660

  private func isAnswered(_ workspace: Workspace) throws -> Bool {
    try workspace.ocean("status", workspace.config).status == .exited(0)
  }

  @Test func `its mode is exact and it goes with the server`() throws {
    let workspace = try Workspace()
    let server = try Server(workspace, wrapper: ["sh", "-c", "umask 077; exec \"$@\"", "sh"])
    #expect(mode(workspace.socket) == Self.socketMode)
    #expect(mode(workspace.socket + ".new") == nil)
    try server.stop()
    #expect(mode(workspace.socket) == nil)
  }

  @Test func `what a crashed server left is replaced`() throws {
    let workspace = try Workspace()
    var server = try Server(workspace)
    server.process.signal(SIGKILL)
    try server.process.wait()
    #expect(mode(workspace.socket) == Self.socketMode)
    #expect(try workspace.ocean("status", workspace.config).errorOutput.contains("no server is running"))
    server = try Server(workspace)
    #expect(try isAnswered(workspace))
    try server.stop()

    try workspace.write("not a socket", to: "state/control.sock")
    server = try Server(workspace)
    #expect(mode(workspace.socket) == Self.socketMode)
    #expect(try isAnswered(workspace))
    try server.stop()
  }

  @Test func `mail is served without a control socket`() throws {
    let workspace = try Workspace()
    try FileManager.default.createDirectory(
      at: URL(filePath: workspace.socket), withIntermediateDirectories: false)
    let server = try Server(workspace)
    try server.waitForLog("no control socket \(workspace.socket)")
    try server.loggedIn().ok("QUIT")
    try server.stop()
  }

  /// A client that a careless mode lets through is refused because of the credentials of its process.
  @Test(.enabled(if: geteuid() == 0, "only root can become other users"))
  func `only root the servers user and the group may speak`() throws {
    let workspace = try Workspace()
    let server = try Server(workspace)
    func ask(as groups: String) throws -> Command {
      try workspace.run(
        "setpriv",
        ["--reuid=65534", "--regid=65534", groups, "curl", "-s", "--unix-socket", workspace.socket]
          + ["http://ocean/v1/status"])
    }
    #expect(try ask(as: "--clear-groups").status == .exited(7))
    chmod(workspace.socket, 0o666)
    let refused = try ask(as: "--clear-groups")
    #expect(refused.status != .exited(0))
    #expect(refused.output.isEmpty)

    // The administrator may give the socket to another group; a supplementary group counts.
    chmod(workspace.socket, 0o660)
    chown(workspace.socket, 0, 4711)
    #expect(try ask(as: "--groups=4712").status == .exited(7))
    let member = try ask(as: "--groups=4712,4711")
    #expect(member.status == .exited(0))
    #expect(member.output.contains("\"state\":\"serving\""))
    try server.stop()
  }

  /// A closed directory hides whether there is a server at all; the socket's own mode does not.
  @Test(.enabled(if: geteuid() == 0, "only root can become other users"))
  func `who may not ask is told why`() throws {
    let workspace = try Workspace()
    let server = try Server(workspace)
    func ask(_ arguments: String...) throws -> Command {
      let user = ["--reuid=65534", "--regid=4711", "--clear-groups", try oceanBinary()]
      return try workspace.run("setpriv", user + arguments)
    }
    let state = workspace.path("state")
    chmod(workspace.path("users.passwd"), 0o644)
    chmod(workspace.config, 0o644)
    chmod(state, 0o755)
    #expect(
      try ask("status", workspace.config).errorOutput.hasPrefix(
        "ocean: \(workspace.socket) is not for this user: root, "))
    for isRunning in [true, false] {
      chmod(state, 0o700)
      let hidden = "cannot tell whether a server runs: this user may not enter \(state). "
      #expect(try ask("status", workspace.config).errorOutput.hasPrefix("ocean: \(hidden)"))
      let plan = try ask("plan", workspace.config)
      #expect(plan.status == .exited(0), "\(plan.errorOutput)")
      #expect(plan.output.hasPrefix("against   nothing: \(hidden)"), "\(plan.output)")
      let json = try ask("plan", workspace.config, "--format", "json")
      #expect(json.errorOutput.contains("not compared with a running server: \(hidden)"))
      let failing = try ask("plan", workspace.config, "--fail-on", "listener-opened")
      #expect(failing.status == .exited(1))
      #expect(failing.errorOutput.contains("ocean: --fail-on cannot be judged: \(hidden)"))
      chmod(state, 0o755)
      if isRunning {
        chown(state, 0, 4711)
        chown(workspace.socket, 0, 4711)
        chmod(state, 0o750)
        #expect(try ask("status", workspace.config).status == .exited(0))
        try server.stop()
      } else {
        #expect(try ask("plan", workspace.config, "--fail-on", "listener-opened").status == .exited(0))
      }
    }
  }

  struct Garbage: CustomTestStringConvertible {
    let testDescription: String
    let text: String

    init(_ description: String, _ text: String) {
      testDescription = description
      self.text = text
    }
  }

  @Test(arguments: [
    Garbage("binary", "\0\u{1}\u{2}\u{3}garbage\r\n\r\n"),
    Garbage("POP3", "USER anna\r\nPASS secret\r\n"),
    Garbage("unknown version", "GET / HTTP/9.9\r\n\r\n"),
    Garbage(
      "long header", "GET /v1/status HTTP/1.1\r\nX: " + String(repeating: "x", count: 100_000) + "\r\n\r\n"),
    Garbage(
      "many headers", "GET /v1/status HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 1000) + "\r\n"),
    Garbage(
      "long length", "POST /v1/sessions/kick HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
    Garbage("bad chunk", "POST /v1/sessions/kick HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
  ])
  func `garbage is answered at most with an error`(_ garbage: Garbage) throws {
    let workspace = try Workspace()
    let server = try Server(workspace)
    let client = try workspace.startClients(sending: garbage.text)
    #expect(try client.wait() == .exited(0))
    let answer = client.output.dropFirst("ready\n".count)
    #expect(answer.isEmpty || answer.hasPrefix("b'HTTP/1.1 4"), "\(answer)")
    #expect(try isAnswered(workspace))
    try server.stop()
  }

  @Test(arguments: [
    ("/v1/nothing", nil, "404"), ("/v1/status?x=1", nil, "200"), ("/v1/sessions/kick", nil, "405"),
    ("/v1/status", "{}", "405"), ("/v1/sessions/kick", "{", "400"), ("/v1/sessions/kick", "{}", "400"),
    ("/v1/sessions/kick", "[1]", "400"), ("/v1/sessions/kick", #"{"ids":[1],"user":"anna"}"#, "400"),
    ("/v1/sessions/kick", #"{"ids":[-1]}"#, "400"), ("/v1/sessions/kick", #"{"peer":"nowhere"}"#, "400"),
    ("/v1/sessions/kick", #"{"ids":[1],"format_version":2}"#, "400"),
    ("/v1/sessions/kick", #"{"ids":[18446744073709551615]}"#, "200"),
  ])
  func `requests and their status`(_ uri: String, _ body: String?, _ code: String) throws {
    let workspace = try Workspace()
    let server = try Server(workspace)
    let answer = try workspace.curl(uri, ["-w", "%{http_code}"] + (body.map { ["-d", $0] } ?? [])).output
    #expect(answer.hasSuffix(code), "\(answer)")
    #expect(answer.contains("\"error\":\"") == (code != "200"))
    try server.stop()
  }

  @Test func `a body beyond the limit is not collected`() throws {
    let workspace = try Workspace()
    let server = try Server(workspace)
    try workspace.write(String(repeating: " ", count: 3 << 20), to: "body")
    let answer = try workspace.curl(
      "/v1/sessions/kick",
      ["-w", "%{http_code}", "-H", "Expect:", "--data-binary", "@\(workspace.path("body"))"])
    #expect(answer.output.hasSuffix("413"))
    #expect(try isAnswered(workspace))
    try server.stop()
  }

  @Test func `clients that stall delay nobody and are cut off`() throws {
    let workspace = try Workspace()
    let server = try Server(workspace)
    let stalled = try workspace.startClients(8, sending: "GET /v1/status HTTP/1.1\r\nX-Slow: ")
    #expect(try isAnswered(workspace))
    try server.loggedIn().ok("QUIT")
    #expect(stalled.isRunning)
    #expect(try stalled.wait() == .exited(0))
    #expect(stalled.output == "ready\n")
    try server.stop()
  }
}
