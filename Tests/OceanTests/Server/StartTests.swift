import Foundation
import Testing

/// Tests `ocean serve`: what it runs, and what it refuses to run.
struct StartTests {
  let workspace: Workspace

  init() throws { workspace = try Workspace() }

  @Test func `the digest of what runs is told, the one that plan showed`() throws {
    let plan = try workspace.ocean("plan", workspace.path("ocean.yaml"))
    #expect(plan.status == .exited(0))
    let digest = try #require(plan.output.firstMatch(of: /plan ([0-9a-f]+):/)).1

    let server = try Server(workspace)
    #expect(server.log.contains("\"plan\":\"\(digest)\""))
    #expect(server.log.contains("pop3 on \(workspace.address):1110"))
    #expect(try server.client().line() == "+OK mail.example.org POP3 server ready")
    try server.stop()
  }

  @Test func `nobody waits for a long account file but logins, and what is appended to it is found`() throws {
    let comments = String(repeating: "#" + String(repeating: "x", count: 60_000) + "\n", count: 75)
    try workspace.write(
      workspace.read("users.passwd") + "broken:{PLAIN}x::::::proxy\n" + comments, to: "users.passwd")
    let server = try Server(workspace)
    #expect(server.log.contains("not checked: the accounts in \(workspace.path("users.passwd"))"))
    _ = try server.loggedIn()
    // It is said later, as `check` says it.
    try server.waitForLog("the field proxy is not supported; the account cannot log in")
    let file = try #require(fopen(workspace.path("users.passwd"), "a"))
    fputs("ben:{PLAIN}\(Workspace.secret)\n", file)
    fclose(file)
    _ = try server.loggedIn("ben")
    _ = try server.loggedIn()
    try server.stop()
  }

  // MARK: - Saved plans

  private func savePlan() throws {
    let plan = try workspace.ocean(
      "plan", workspace.path("ocean.yaml"), "--out", workspace.path("saved.plan"))
    try #require(plan.status == .exited(0), "\(plan.errorOutput)")
  }

  @Test func `a saved plan is private, and runs`() throws {
    try savePlan()
    var status = stat()
    #expect(stat(workspace.path("saved.plan"), &status) == 0 && status.st_mode & 0o7777 == 0o600)
    workspace.expectNoSecret(in: workspace.read("saved.plan"))

    let server = try Server(workspace, serving: "saved.plan")
    #expect(!server.log.contains("has changed"))
    _ = try server.loggedIn()
    try server.stop()
  }

  @Test func `a saved plan runs as it is, whatever became of its config`() throws {
    try savePlan()
    try workspace.writeConfig(ports: [1111])
    let server = try Server(workspace, serving: "saved.plan")
    #expect(server.log.contains("ocean.yaml has changed since"))
    _ = try server.greeted(port: 1110)
    #expect(throws: POP3Client.ConnectError.self) { try server.client(port: 1111) }
    try server.stop()

    try FileManager.default.removeItem(atPath: workspace.path("ocean.yaml"))
    try Server(workspace, serving: "saved.plan").stop()
  }

  @Test func `a saved plan without its accounts is refused`() throws {
    try savePlan()
    try FileManager.default.removeItem(atPath: workspace.path("users.passwd"))
    try expectRefusal(of: "saved.plan", saying: "users.passwd, which")
  }

  @Test func `a plan that somebody changed is refused`() throws {
    try savePlan()
    try workspace.write(
      workspace.read("saved.plan").replacingOccurrences(of: "1110", with: "1111"), to: "saved.plan")
    try expectRefusal(of: "saved.plan", saying: "is not a usable plan")
    try workspace.write("{\"digest\": 1", to: "saved.plan")
    try expectRefusal(of: "saved.plan", saying: "is not a usable plan")
  }

  // MARK: - Refusals

  /// Expects one sentence on standard error, and exit code 1.
  private func expectRefusal(
    of file: String = "ocean.yaml", saying reason: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let command = try workspace.ocean("serve", workspace.path(file))
    #expect(command.status == .exited(1), sourceLocation: sourceLocation)
    #expect(command.output.isEmpty, sourceLocation: sourceLocation)
    // Warnings about the config, if any, come before it.
    let last = command.errorOutput.split(separator: "\n").last ?? ""
    #expect(
      last.hasPrefix("ocean: ") && last.contains(reason), "\(command.errorOutput)",
      sourceLocation: sourceLocation)
  }

  @Test func `no such file`() throws {
    try expectRefusal(of: "other.yaml", saying: "cannot read \(workspace.path("other.yaml"))")
  }

  @Test func `a config with mistakes is shown with all of them`() throws {
    try workspace.writeConfig(service: ["idle_timeout: 10", "max_conections: 5"])
    let command = try workspace.ocean("serve", workspace.path("ocean.yaml"))
    #expect(command.status == .exited(1))
    let findings = try logLines(command.errorOutput)
    #expect(findings.map { $0["code"] } == ["OC0410", "OC0206", "OC0200"], "\(command.errorOutput)")
    #expect(findings.last?["help"] == "did you mean 'max_connections'?")
    #expect(command.errorOutput.hasSuffix("ocean.yaml: 2 errors\n"))
  }

  @Test func `a state directory that is missing`() throws {
    try FileManager.default.removeItem(atPath: workspace.path("state"))
    let command = try workspace.ocean("serve", workspace.path("ocean.yaml"))
    #expect(command.status == .exited(1))
    #expect(command.errorOutput.contains("the state directory \(workspace.path("state")) does not exist"))
  }

  @Test func `a saved plan whose state directory is gone`() throws {
    try savePlan()
    try FileManager.default.removeItem(atPath: workspace.path("state"))
    try expectRefusal(
      of: "saved.plan", saying: "state directory \(workspace.path("state")): No such file or directory")
  }

  @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
  func `a state directory that the server may not write`() throws {
    try workspace.writeConfig(server: ["user: nobody", "drain_timeout: 0s"])
    let state = workspace.path("state")
    let refused = try workspace.ocean("serve", workspace.path("ocean.yaml"))
    #expect(refused.status == .exited(1))
    #expect(refused.errorOutput.contains("the user 'nobody' may not write to the state directory \(state)"))
    // The plan was saved before that.
    _ = try workspace.run(
      "chown", ["-R", "nobody", state, workspace.directory.path, workspace.path("users.passwd")])
    try savePlan()
    _ = try workspace.run("chown", ["root", state])
    try expectRefusal(
      of: "saved.plan",
      saying: "the user 'nobody' cannot write to the state directory \(state): Permission denied; "
        + "as root: install -d -o nobody -m 750 \(state)")
  }

  @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
  func `accounts that the server may not read`() throws {
    try workspace.writeConfig(server: ["user: nobody", "drain_timeout: 0s"])
    chmod(workspace.path("users.passwd"), 0o600)
    #expect(
      try workspace.run("chown", ["-R", "nobody", workspace.directory.path]).status
        == .exited(0))
    let accounts = workspace.path("users.passwd")
    _ = try workspace.run("chown", ["root", accounts])
    let refused = try workspace.ocean("serve", workspace.path("ocean.yaml"))
    #expect(refused.status == .exited(1))
    #expect(refused.errorOutput.contains("the user 'nobody' may not read \(accounts)"))
    _ = try workspace.run("chown", ["nobody", accounts])
    try savePlan()
    _ = try workspace.run("chown", ["root", accounts])
    try expectRefusal(of: "saved.plan", saying: "cannot read the accounts in \(accounts): Permission denied")
  }

  @Test func `a second server on one state directory`() throws {
    let server = try Server(workspace)
    try workspace.writeConfig(ports: [1111])
    try expectRefusal(saying: "another ocean uses the state directory \(workspace.path("state"))")
    _ = try server.loggedIn()
    try server.stop()
  }

  @Test(arguments: [false, true])
  func `a port that another program has`(sharesItsPort: Bool) throws {
    let other = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(other) }
    var one: Int32 = 1
    setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &one, 4)
    if sharesItsPort { setsockopt(other, SOL_SOCKET, SO_REUSEPORT, &one, 4) }
    try #require(bindSocket(other, to: workspace.address, port: 1110))
    listen(other, 1)

    let problem =
      "cannot listen on \(workspace.address):1110 for service 'pop3': another program listens there"
    try expectRefusal(saying: problem)
  }

  @Test(arguments: 0..<12)
  func `a stop while it starts is a stop`(round: Int) throws {
    let process = try Command(
      try oceanBinary(), ["serve", workspace.path("ocean.yaml")], directory: workspace.directory)
    usleep(UInt32(round) * 8000)
    process.signal(SIGTERM)
    // Before it has taken over the signal, it just ends.
    #expect([.exited(0), .signalled(SIGTERM)].contains(try process.wait()), "\(process.errorOutput)")
  }
}
