import Foundation
import Testing

/// Tests `ocean apply --probe`: it tries what a client would meet, and reverts a change at once that does not
/// serve it.
@Suite struct ProbeTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try writePassword(Workspace.secret + "\n")
  }

  private func writePassword(_ text: String) throws {
    try workspace.write(text, to: "probe.password")
    try setMode(0o600, "probe.password")
  }

  private func setMode(_ mode: Int, _ name: String) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: workspace.path(name))
  }

  private func probe(_ extra: String..., user: String = "anna") throws -> Command {
    let login = ["--probe", "--probe-user", user, "--probe-password", "file:probe.password"]
    let command = try workspace.run(
      "sh",
      ["-c", "cd '\(workspace.directory.path)' && exec \"$@\"", "sh", try oceanBinary(), "apply"]
        + [workspace.config] + login + extra)
    workspace.expectNoSecret(in: command.output + command.errorOutput)
    return command
  }

  private struct Status: Decodable {
    struct Unconfirmed: Decodable {}
    let plan: String
    let unconfirmed: Unconfirmed?
  }

  private func status() throws -> Status {
    try workspace.ocean("status", workspace.config, "--format", "json").json()
  }

  @Test func `it logs in at every listener the way clients do, and removes nothing`() throws {
    try workspace.makeCertificate()
    try workspace.writeTLSConfig()
    try workspace.deliver("Subject: a\n\nb\n", as: "1.a")
    let server = try Server(workspace)
    try workspace.writeTLSConfig(idleTimeout: "20m")
    let applied = try probe()
    #expect(applied.status == .exited(0), "\(applied.errorOutput)")
    let address = workspace.address
    for line in ["\(address):1110 greeting, STLS, login (", "\(address):1995 TLS, greeting, login ("] {
      #expect(applied.output.contains("  done  probe: \(line)"), "\(applied.output)")
    }
    #expect(try status().unconfirmed == nil)
    #expect(try workspace.messages().count == 1)
    let line = try server.accessLogLine { $0["user"] as? String == "anna@example.org" }
    #expect(line["event"] as? String == "session" && line["deleted"] as? Int == 0)
    try server.stop()
  }

  @Test func `a login that is refused takes the change back at once`() throws {
    let server = try Server(workspace)
    let before = try status().plan
    try workspace.write("berta:{PLAIN}\(Workspace.secret)::::::\n", to: "few.passwd")
    try workspace.write(
      workspace.read("ocean.yaml").replacingOccurrences(of: "users.passwd", with: "few.passwd"),
      to: "ocean.yaml")
    let refused = try probe("--confirm-within", "1h")
    #expect(refused.status == .exited(1))
    let start =
      "ocean: the probe of 'pop3' failed: \(workspace.address):1110 refuses the login of anna: -ERR "
    #expect(
      refused.errorOutput.contains(start) && refused.errorOutput.contains("; went back to "),
      "\(refused.errorOutput)")
    #expect(try status().plan == before && status().unconfirmed == nil)
    // The failed login counts like any other.
    _ = try server.accessLogLine { $0["event"] as? String == "login_failed" }
    #expect(try probe(user: "berta").status == .exited(0))
    #expect(try status().plan != before)
    try server.stop()
  }

  @Test func `a listener that cannot keep what was promised takes it back, too`() throws {
    let server = try Server(workspace)
    let before = try status().plan
    // No client gets to the login.
    let others = try (0..<2).map { _ in try server.greeted() }
    try workspace.writeConfig(server: ["drain_timeout: 0s", "limits: { connections_per_ip: 1 }"])
    let refused = try probe()
    #expect(refused.status == .exited(1))
    #expect(
      refused.errorOutput.contains("\(workspace.address):1110 does not greet like a POP3 server: -ERR "),
      "\(refused.errorOutput)")
    #expect(try status().plan == before)
    for other in others { try other.ok("QUIT") }
    try server.stop()
  }

  @Test func `services that take nobody from here are skipped, and say so`() throws {
    let server = try Server(workspace)
    try workspace.writeConfig(
      services: """
          pop3: { ports: [\(Workspace.port)] }
          inside: { ports: [1111], ip_control: { default: refuse, white_list: [10.0.0.0/8] } }
          proxied: { ports: [1112], proxy_from: [127.0.0.0/8], plaintext_login: always }

        """)
    let applied = try probe()
    #expect(applied.status == .exited(0), "\(applied.errorOutput)")
    for (port, name) in [(1111, "inside"), (1112, "proxied")] {
      let line = "probe: \(workspace.address):\(port) skipped: '\(name)' takes no clients from this host\n"
      #expect(applied.output.contains(line), "\(applied.output)")
    }
    try server.stop()
  }

  @Test func `a probe that can connect to nothing changes nothing`() throws {
    let server = try Server(workspace)
    let before = try status().plan
    try workspace.writeConfig(service: ["ip_control: { default: refuse, white_list: [198.51.100.9] }"])
    let skipped = "\(workspace.address):\(Workspace.port) skipped: 'pop3' takes no clients from this host"
    for options in [["--probe"], ["--probe", "--confirm-within", "1h"]] {
      let refused = try workspace.run(oceanBinary(), ["apply", workspace.config] + options)
      #expect(refused.status == .exited(1))
      let reason = "ocean: the probe may not connect to any listener: \(skipped); nothing was applied\n"
      #expect(refused.errorOutput.hasSuffix(reason), "\(refused.errorOutput)")
      #expect(refused.output.isEmpty, "\(refused.output)")
    }
    #expect(try status().plan == before)
    // Nor is what runs already probed with success.
    #expect(try workspace.ocean("apply", workspace.config).status == .exited(0))
    #expect(try workspace.ocean("apply", workspace.config, "--probe").status == .exited(1))
    try server.stop()
  }

  @Test func `a mailbox that is not there is told from an empty one`() throws {
    let server = try Server(workspace)
    try FileManager.default.removeItem(at: workspace.maildir())
    try workspace.writeConfig(service: ["idle_timeout: 20m"])
    let maildir = workspace.maildir().path
    let applied = try probe()
    #expect(applied.status == .exited(0), "\(applied.errorOutput)")
    let line = "\(workspace.address):1110 greeting, login (\(maildir): not there, shown as empty) ("
    #expect(applied.output.contains("  done  probe: \(line)"), "\(applied.output)")

    struct Report: Decodable { let probed: [String]? }
    let report: Report = try probe("--format", "json").json()
    #expect(report.probed?.count == 1 && report.probed?.first?.hasPrefix(line) == true)
    let plain: Report = try workspace.ocean("apply", workspace.config, "--format", "json").json()
    #expect(plain.probed == nil)
    try server.stop()
  }

  @Test func `a mailbox that is in use is not a failure`() throws {
    let server = try Server(workspace)
    let session = try server.loggedIn()
    try workspace.writeConfig(service: ["idle_timeout: 20m"])
    let applied = try probe()
    #expect(applied.status == .exited(0), "\(applied.errorOutput)")
    #expect(applied.output.contains("1110 greeting, login (the mailbox is in use) ("), "\(applied.output)")
    try session.ok("QUIT")
    try server.stop()
  }

  @Test func `without a password, or anywhere to use it, nothing is changed`() throws {
    let server = try Server(workspace)
    let before = try status().plan
    try workspace.writeConfig(service: ["idle_timeout: 20m"])
    try setMode(0o644, "probe.password")
    let exposed = try probe()
    #expect(exposed.status == .exited(1) && exposed.errorOutput.contains("everybody may read"))
    try writePassword("a\nb\n")
    #expect(try probe().errorOutput.contains("must hold one line"))
    for (source, reason) in [
      ("file:/nowhere", "no such file"), ("env:NO_SUCH_VARIABLE", "there is no $NO_SUCH_VARIABLE"),
      ("credential:probe", "there is no credential probe"),
    ] {
      let command = try workspace.ocean(
        "apply", workspace.config, "--probe", "--probe-user", "anna", "--probe-password", source)
      #expect(command.status == .exited(1) && command.errorOutput.contains(reason), "\(command.errorOutput)")
    }
    for options in [["--probe-user", "anna"], ["--probe", "--probe-user", "anna"]] {
      let command = try workspace.run(oceanBinary(), ["apply", workspace.config] + options)
      #expect(command.status == .exited(64) || command.status == .exited(2), "\(command.errorOutput)")
    }
    try writePassword(Workspace.secret + "\n")
    try workspace.writeConfig(service: ["ip_control: { default: refuse, white_list: [198.51.100.9] }"])
    let refused = try probe()
    #expect(refused.status == .exited(1))
    #expect(refused.errorOutput.contains("the probe cannot log in"), "\(refused.errorOutput)")
    #expect(refused.errorOutput.hasSuffix("; nothing was applied\n"), "\(refused.errorOutput)")
    #expect(try status().plan == before)
    try server.stop()
  }

  @Test func `a password in the place of its place is not repeated`() throws {
    let command = try workspace.ocean(
      "apply", workspace.config, "--probe", "--probe-user", "anna", "--probe-password", Workspace.secret)
    #expect(command.status == .exited(2))
    #expect(command.errorOutput.contains("tells where a password is: file:PATH, env:NAME"))
    #expect(!(command.output + command.errorOutput).contains(Workspace.secret))
  }

  @Test func `the password may be in the environment, or a credential`() throws {
    let server = try Server(workspace)
    let login = ["apply", workspace.config, "--probe", "--probe-user", "anna", "--probe-password"]
    let environment = ["PROBE_PASSWORD": Workspace.secret, "CREDENTIALS_DIRECTORY": workspace.directory.path]
    for source in ["env:PROBE_PASSWORD", "credential:probe.password"] {
      let command = try workspace.run(oceanBinary(), login + [source], environment: environment)
      #expect(command.status == .exited(0), "\(command.errorOutput)")
      #expect(command.output.contains("no effect: ") && command.output.contains("greeting, login ("))
    }
    try server.stop()
  }
}
