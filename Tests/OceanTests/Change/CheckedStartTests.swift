import Foundation
import Testing

/// Tests that `check` reports what would keep the server from starting.
@Suite struct CheckedStartTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private func check(_ wrapper: String...) throws -> Command {
    let words = wrapper + [try oceanBinary(), "check", workspace.path("ocean.yaml")]
    return try workspace.run(words[0], Array(words.dropFirst()))
  }

  private func shell(_ script: String) throws {
    let run = try workspace.run("sh", ["-c", "cd '\(workspace.directory.path)' && \(script)"])
    try #require(run.status == .exited(0), "\(run.errorOutput)")
  }

  @Test func `every address and one of them is every address`() throws {
    try workspace.write(
      workspace.read("ocean.yaml").replacing(
        "bind: [\(workspace.address)]", with: "bind: [\"0.0.0.0\", \(workspace.address)]"
      ).replacing("ports: [1110]", with: "ports: [\(freePort())]\n    plaintext_login: always"),
      to: "ocean.yaml")
    try workspace.write(workspace.read("ocean.yaml") + "acknowledge: []\n", to: "ocean.yaml")
    let check = try check()
    // The server may not be root and bind every address.
    #expect(
      check.output.contains(
        "warning[OC0216]: \(workspace.address) is part of 0.0.0.0, which is every address"), "\(check.output)"
    )
    guard geteuid() == 0 else { return }
    try workspace.write(
      workspace.read("ocean.yaml").replacing("  state: state", with: "  state: state\n  user: games"),
      to: "ocean.yaml")
    try shell("chown games . state users.passwd")
    try Server(workspace).stop()
  }

  /// Returns a port that is free on every address.
  private func freePort() -> Int {
    let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(fd) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        _ = bind(fd, address, length)
        _ = getsockname(fd, address, &length)
      }
    }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  @Test(.enabled(if: geteuid() == 0, "only root can mount"))
  func `nobody can write to a state directory that is mounted read-only`() throws {
    let state = workspace.path("state")
    for user in ["", "  user: games\n"] {
      try workspace.writeConfig(server: user.isEmpty ? [] : ["user: games"])
      try shell("chown games . state users.passwd")
      let check = try check(
        "unshare", "-m", "sh", "-c",
        "mount --bind \(state) \(state) && mount -o remount,ro,bind \(state) && exec \"$0\" \"$@\"")
      #expect(check.status == .exited(1), "\(check.output)\(check.errorOutput)")
      #expect(
        check.output.contains(
          "error[OC0328]: nobody can write to the state directory \(state): its file system is mounted read-only"
        ),
        "\(check.output)")
    }
  }

  @Test(.enabled(if: geteuid() == 0, "only root can become somebody without rights"))
  func `what only others may is not checked`() throws {
    try workspace.writeConfig(server: [], ports: [110, 1110])
    try shell("chmod 644 users.passwd && chmod 755 state")
    let check = try check("setpriv", "--reuid", "games", "--regid", "games", "--clear-groups")
    #expect(check.status == .exited(0), "\(check.output)\(check.errorOutput)")
    #expect(check.output.contains("not checked: whether the server can listen on port 110 (below 1024"))
    #expect(
      check.output.contains(
        "not checked: whether the server can write to the state directory \(workspace.path("state")) (this user may not)"
      ))
    #expect(check.output.contains("not checked: whether the server can write to the access log"))
    let root = try self.check()
    #expect(!root.output.contains("not checked"), "\(root.output)")
  }

  @Test func `a control socket does not fit below a long path`() throws {
    let name = String(repeating: "s", count: 90)
    try FileManager.default.createDirectory(
      at: workspace.directory / name, withIntermediateDirectories: false)
    try workspace.write(
      workspace.read("ocean.yaml").replacing("state: state", with: "state: \(name)"), to: "ocean.yaml")
    let check = try check()
    #expect(check.status == .exited(1))
    #expect(check.output.contains("error[OC0330]"), "\(check.output)")
    // A server that starts again does not stay down for this.
    let server = try Server(workspace)
    #expect(server.log.contains("OC0330"))
    try server.stop()
  }

  // MARK: - The access log

  @Test func `what is not a file is not an access log, and keeps nobody waiting`() throws {
    let server = try Server(workspace)
    try workspace.write(
      workspace.read("ocean.yaml").replacing("access.jsonl", with: "other.jsonl"), to: "ocean.yaml")
    let saved = workspace.path("saved.plan")
    #expect(try workspace.ocean("plan", workspace.path("ocean.yaml"), "--out", saved).status != .exited(1))
    mkfifo(workspace.path("other.jsonl"), 0o600)
    let check = try check()
    #expect(check.status == .exited(1))
    #expect(
      check.output.contains("error[OC0329]: the access log \(workspace.path("other.jsonl")) is a pipe (FIFO)")
    )
    // A plan saved before that is applied to the running server, and started by a new one.
    let apply = try workspace.ocean("apply", saved)
    #expect(apply.status == .exited(1))
    #expect(apply.errorOutput.contains("cannot open the access log"), "\(apply.errorOutput)")
    #expect(apply.errorOutput.contains("it is not a regular file"), "\(apply.errorOutput)")
    #expect(try workspace.ocean("status", workspace.path("ocean.yaml")).status == .exited(0))
    try server.greeted().ok("QUIT")
    try server.stop()
    let start = try workspace.ocean("serve", saved)
    #expect(start.status == .exited(1))
    #expect(start.errorOutput.contains("it is not a regular file"), "\(start.errorOutput)")
  }

  @Test func `a FIFO in the place of a rotated log is told once, and lines go on`() throws {
    let server = try Server(workspace)
    try server.greeted().ok("QUIT")
    _ = try server.accessLogLine { $0["event"] as? String == "session" }
    let (path, old) = (workspace.path("access.jsonl"), workspace.path("access.jsonl.1"))
    rename(path, old)
    mkfifo(path, 0o600)
    for count in 2...3 {
      try server.greeted().ok("QUIT")
      try eventually("line \(count) in the old file") {
        workspace.read("access.jsonl.1").split(separator: "\n").count == count ? true : nil
      }
    }
    #expect(server.log.components(separatedBy: "cannot open the new access log").count == 2, "\(server.log)")
    // The file is put back.
    unlink(path)
    try server.greeted().ok("QUIT")
    _ = try server.accessLogLine { $0["event"] as? String == "session" }
    try server.stop()
  }

  // MARK: - What is in the state directory already

  @Test(arguments: ["ocean.lock", "mailbox.locks"])
  func `a directory in the place of a file of locks is an error`(name: String) throws {
    let path = workspace.path("state/\(name)")
    mkdir(path, 0o700)
    let check = try check()
    #expect(check.status == .exited(1))
    #expect(check.output.contains("error[OC0331]: \(path), where the server keeps "), "\(check.output)")
    let serve = try workspace.ocean("serve", workspace.path("ocean.yaml"))
    #expect(serve.status == .exited(1), "\(serve.errorOutput)")
    // What the help says helps.
    rename(path, path + ".old")
    #expect(try self.check().status == .exited(0))
    try Server(workspace).stop()
  }

  @Test(arguments: ["locks", "index", "plans", "blocks", "control.sock"])
  func `something else in the place of what the server can do without is a warning`(name: String) throws {
    let path = workspace.path("state/\(name)")
    if ["blocks", "control.sock"].contains(name) { mkdir(path, 0o700) } else { mkfifo(path, 0o600) }
    let check = try check()
    #expect(check.status == .exited(0))
    #expect(check.output.contains("warning[OC0331]: \(path), where the server keeps "), "\(check.output)")
    let server = try Server(workspace)
    try server.greeted().ok("QUIT")
    server.process.signal(SIGTERM)
    #expect(try server.process.wait() == .exited(0))
  }

  @Test func `a kept plan that cannot be read is a warning`() throws {
    try Server(workspace).stop()
    let plan = workspace.path("state/plans/000001.json")
    try workspace.write("", to: "state/plans/000001.json")
    let check = try check()
    #expect(check.status == .exited(0))
    #expect(
      check.output.contains(
        "warning[OC0435]: what the server keeps is damaged: \(plan) cannot be used: it is empty"),
      "\(check.output)")
    #expect(!check.output.contains("not checked"))
    try workspace.write("{", to: "state/plans/withheld")
    #expect(try self.check().output.contains("not checked: whether a server that starts runs this config"))
    let serve = try workspace.ocean("serve", workspace.path("ocean.yaml"))
    #expect(serve.status == .exited(1))
    #expect(
      serve.errorOutput.contains("there is no confirmed plan to run in its place: \(plan) cannot be used"))
    #expect(
      serve.errorOutput.contains("mv \(workspace.path("state/plans/withheld")) "), "\(serve.errorOutput)")
  }

  @Test func `a name that is too long is an error`() throws {
    let name = String(repeating: "a", count: 256)
    try workspace.write(workspace.read("ocean.yaml").replacing("access.jsonl", with: name), to: "ocean.yaml")
    let check = try check()
    #expect(check.status == .exited(1))
    #expect(
      check.output.contains("error[OC0332]: the access log has a name that is too long"), "\(check.output)")
  }

  @Test(
    .enabled(if: geteuid() == 0, "only root can mount"),
    arguments: [("nr_inodes=1", "has no free inodes"), ("size=4k,nr_blocks=1", "is full")])
  func `a file system without room is not checked`(options: String, reason: String) throws {
    let state = workspace.path("state")
    let check = try check(
      "unshare", "-m", "sh", "-c",
      "mount -t tmpfs -o \(options) none \(state) && head -c 4096 /dev/zero 2>&- >\(state)/x; exec \"$0\" \"$@\""
    )
    #expect(check.status == .exited(0), "\(check.output)\(check.errorOutput)")
    #expect(
      check.output.contains(
        "not checked: whether the server can write to the state directory \(state) (its file system \(reason))"
      ),
      "\(check.output)")
  }

  // MARK: - Open files

  /// Runs a command that may have so many open files.
  private func limited(_ files: Int, _ command: String) throws -> Command {
    try Command(
      "sh",
      ["-c", "ulimit -n \(files) && exec '\(oceanBinary())' \(command) '\(workspace.path("ocean.yaml"))'"],
      directory: workspace.directory)
  }

  @Test func `a server that could serve nobody does not start, and check says so`() throws {
    let check = try limited(24, "check")
    #expect(try check.wait() == .exited(1))
    #expect(
      check.output.contains("error[OC0432]: a process may have 24 open files here, and the server has "),
      "\(check.output)")
    let serve = try limited(24, "serve")
    #expect(try serve.wait() == .exited(1))
    let text = serve.errorOutput
    #expect(text.contains("ocean: a process may have 24 open files here, and the server has "), "\(text)")
    let number = try #require(text.firstMatch(of: /allow at least ([0-9]+)/)?.1)
    #expect(check.output.contains("allow the server at least \(number)"), "\(check.output)\(text)")
    // With so many somebody is served, and with one less nobody.
    let least = try #require(Int(number))
    #expect(try limited(least - 1, "check").wait() == .exited(1))
    #expect(try limited(least, "check").wait() == .exited(0))
    let server = try limited(least, "serve")
    try eventually("a server") { server.errorOutput.contains("\"message\":\"serving\"") ? true : nil }
    try POP3Client(workspace.address, port: Workspace.port).ok("QUIT")
    server.signal(SIGTERM)
    #expect(try server.wait() == .exited(0))
  }
}
