import Foundation
import Testing

/// Tests what `check` says about files that the server's user may not use, and about those that everybody
/// may.
@Suite struct PermissionTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private func check(_ arguments: String...) throws -> Command {
    try workspace.run(try oceanBinary(), ["check", workspace.path("ocean.yaml")] + arguments)
  }

  /// Makes a user the server's user, who may use everything.
  private func hand(to user: String = "nobody") throws {
    try workspace.writeConfig(server: ["user: \(user)", "drain_timeout: 0s"])
    let chown = try workspace.run(
      "chown", ["-R", user] + ["mail", "state", "users.passwd", "."].map(workspace.path))
    #expect(chown.status == .exited(0), "\(chown.errorOutput)")
  }

  @Test(.enabled(if: geteuid() == 0, "only root can ask what others may do"))
  func `what the user may use is valid`() throws {
    try hand()
    let check = try check("--strict")
    #expect(check.status == .exited(0), "\(check.output)")
    #expect(!check.output.contains("not checked"))
    let asUser = try workspace.run(
      "setpriv",
      [
        "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", try oceanBinary(), "check",
        workspace.path("ocean.yaml"), "--strict",
      ])
    #expect(asUser.status == .exited(0), "\(asUser.output)\(asUser.errorOutput)")
  }

  @Test(
    .enabled(if: geteuid() == 0, "only root can ask what others may do"),
    arguments: [
      (
        "chown root users.passwd && chmod 600 users.passwd", "may not read %/users.passwd",
        "chgrp nogroup %/users.passwd && chmod 640 %/users.passwd"
      ),
      (
        "chown root state", "may not write to the state directory %/state",
        "install -d -o nobody -g nogroup -m 750 %/state"
      ),
      (
        "chown root . && touch access.jsonl", "may not write to the access log %/access.jsonl",
        "chown nobody %/access.jsonl"
      ),
      (
        "chown root .", "may not write to the access log %/access.jsonl: % is in the way",
        "install -d -o nobody -g nogroup -m 750 %/ocean"
      ),
      (
        "mkdir shut && chmod 700 shut && mv users.passwd shut && ln -s shut/users.passwd users.passwd",
        "may not read %/users.passwd: %/shut is in the way", "chgrp nogroup %/shut && chmod g+x %/shut"
      ),
    ])
  func `what serve would fail on is an error with its fix`(
    _ command: String, _ message: String, _ help: String
  )
    throws
  {
    try hand()
    let changed = try workspace.run("sh", ["-c", "cd '\(workspace.directory.path)' && \(command)"])
    #expect(changed.status == .exited(0), "\(changed.errorOutput)")
    let here = workspace.directory.resolvingSymlinksInPath().path
    for arguments in [["check"], ["plan"], ["serve"]] {
      let result = try workspace.run(try oceanBinary(), arguments + [workspace.path("ocean.yaml")])
      #expect(result.status == .exited(1))
      let text = result.output + result.errorOutput
      // The message is on a terminal, or in a line of JSON.
      #expect(text.contains("OC0328"), "\(text)")
      #expect(text.contains("the user 'nobody' \(message.replacing("%", with: here))"), "\(text)")
      #expect(text.contains(help.replacing("%", with: here)), "\(text)")
    }
  }

  @Test(.enabled(if: geteuid() == 0, "only root can ask what others may do"))
  func `a key that only root may read is warned about, and the server runs`() throws {
    try workspace.makeCertificate()
    try workspace.writeTLSConfig()
    let config = workspace.read("ocean.yaml")
    try workspace.write(
      config.replacing("  state: state", with: "  state: state\n  user: nobody"), to: "ocean.yaml")
    _ = try workspace.run(
      "chown", ["-R", "nobody"] + ["mail", "state", "users.passwd", "."].map(workspace.path))
    let key = workspace.path("tls/\(Workspace.hostName).key")
    _ = try workspace.run("chown", ["root", key])
    try workspace.setMode(0o600, of: "tls/\(Workspace.hostName).key")
    let check = try check()
    #expect(check.status == .exited(0), "\(check.output)")
    #expect(
      check.output.contains("warning[OC0422]: the user 'nobody' may not read \(key)"), "\(check.output)")
    #expect(check.output.contains("chgrp nogroup \(key) && chmod 640 \(key)"))
    let server = try Server(workspace)
    try server.stop()
  }

  @Test(.enabled(if: geteuid() == 0, "only root can ask what others may do"))
  func `facts carry what the user may do, and the host elsewhere is not asked`() throws {
    try hand()
    try workspace.setMode(0o700, of: "state")
    _ = try workspace.run("chown", ["root", workspace.path("state")])
    let facts = workspace.path("facts.json")
    #expect(try workspace.ocean("facts", workspace.path("ocean.yaml"), "--out", facts).status == .exited(0))
    _ = try workspace.run("chown", ["nobody", workspace.path("state")])
    #expect(try check().status == .exited(0))
    let elsewhere = try check("--facts", facts)
    #expect(elsewhere.status == .exited(1))
    #expect(elsewhere.output.contains("OC0328"))
    // The facts are about a different user.
    try workspace.writeConfig(server: ["user: daemon"])
    #expect(try check("--facts", facts).output.contains("not checked: the user daemon (not among the facts)"))
  }

  // MARK: - Everybody

  @Test func `what everybody may read or write is warned about`() throws {
    #expect(try !check().output.contains("warning[OC042"))
    try workspace.setMode(0o644, of: "users.passwd")
    try workspace.setMode(0o777, of: "state")
    let exposed = try check("--strict")
    #expect(exposed.status == .exited(3))
    #expect(
      exposed.output.contains(/OC0424.*: everybody .* can read the passwords' hashes in .*users\.passwd/))
    #expect(exposed.output.contains("= chmod o= \(workspace.path("users.passwd"))"))
    #expect(exposed.output.contains(/OC0425.*: everybody .* can write to the state directory/))
    // Nobody else can get there.
    try workspace.setMode(0o700, of: ".")
    #expect(try !check().output.contains("warning[OC042"))
  }

  @Test func `a directory is not an access log`() throws {
    try FileManager.default.createDirectory(
      at: workspace.directory / "access.jsonl", withIntermediateDirectories: false)
    let check = try check()
    #expect(check.status == .exited(1))
    #expect(
      check.output.contains("error[OC0329]: the access log \(workspace.path("access.jsonl")) is a directory"))
  }

  // MARK: - Lines of account files

  @Test func `a line that is not honoured is named with its account and what to do`() throws {
    var lines = (1...9).map { "a\($0):{PLAIN}\(Workspace.secret)::::::" }
    lines[2] = "Berta@example.org:{NTLM}XXXX::::::"
    lines += ["carla:plainpass", "dora:{PLAIN}\(Workspace.secret):::::: frobnicate=1"]
    try workspace.write(lines.joined(separator: "\n"), to: "users.passwd")
    let check = try workspace.ocean("check", workspace.path("ocean.yaml"))
    let path = workspace.path("users.passwd")
    let heads = check.output.split(separator: "\n").filter { $0.contains("OC0407") }
      .map { $0.replacing("warning[OC0407]: \(path):", with: "") }
    #expect(heads.map { $0.prefix { $0 != " " } } == ["3:", "10:", "11:"])
    #expect(heads.first?.hasPrefix("3: 1 of 11 accounts cannot log in") == true, "\(heads)")
    #expect(heads.first?.hasSuffix("NTLM (line 3)") == true, "\(heads)")
    #expect(heads.last == "11: dora: the field frobnicate is unknown; the account cannot log in")
    #expect(check.output.contains("= a new password for each: ocean passwd NAME\n"))
    #expect(check.output.contains("a password in clear text would begin with {PLAIN}"))
    #expect(!check.output.contains("plainpass"))
    #expect(
      check.output.ranges(of: "passwd_file: users.passwd }").count == 1, "the config's line again and again")
  }

  // MARK: - Mailboxes

  @Test func `accounts of two domains with one mailbox are named`() throws {
    let config = workspace.read("ocean.yaml")
    func secret(_ name: String) -> String { "\(name):{PLAIN}\(Workspace.secret)::::::" }
    try workspace.write(
      ["anna@example.org", "berta", "anna@example.net", "!carla@example.org"].map { secret($0) + "\n" }
        .joined(),
      to: "users.passwd")
    #expect(try !check().output.contains("warning[OC042"))
    let shared = config.replacing("mail/{domain}/{user}", with: "mail/{user}")
    try workspace.write(shared, to: "ocean.yaml")
    try FileManager.default.createDirectory(
      at: workspace.directory / "mail/anna/new", withIntermediateDirectories: true)
    let warned = try check("--strict")
    let path = workspace.path("users.passwd")
    #expect(warned.status == .exited(3))
    #expect(
      warned.output.contains(
        "warning[OC0423]: anna@example.net (\(path):3) shares the mailbox of anna@example.org (\(path):1)"),
      "\(warned.output)")

    // One account has a Maildir of its own, and one is locked.
    let harmless = [
      secret("anna@example.org"), secret("anna@example.net") + "userdb_mail=maildir:/mail/anna-net",
      "anna@example.com:!{PLAIN}\(Workspace.secret)::::::",
    ]
    try workspace.write(harmless.map { $0 + "\n" }.joined(), to: "users.passwd")
    #expect(try !check().output.contains("warning[OC042"))

    // The other account is in a second file; a bare name has the default domain.
    try workspace.write(secret("berta") + "\n" + secret("anna") + "\n", to: "more.passwd")
    try workspace.write(secret("Berta@example.net") + "\n", to: "users.passwd")
    try workspace.write(
      shared.replacing("accounts:\n", with: "accounts:\n  also: { passwd_file: more.passwd }\n"),
      to: "ocean.yaml")
    let files = try check()
    #expect(
      files.output.contains(
        "berta@example.net (\(path):1) shares the mailbox of berta@example.org (\(workspace.path("more.passwd")):1)"
      ),
      "\(files.output)")

    // Facts say the same elsewhere, and say nothing about another default domain.
    let facts = workspace.path("facts.json")
    #expect(try workspace.ocean("facts", workspace.path("ocean.yaml"), "--out", facts).status == .exited(0))
    #expect(try check("--facts", facts).output.contains("OC0423"))
    try workspace.write(
      workspace.read("ocean.yaml").replacing(
        "default_domain: example.org", with: "default_domain: example.net"),
      to: "ocean.yaml")
    #expect(
      try check("--facts", facts).output.contains(
        "not checked: whether accounts share a mailbox (not among the facts)"))
  }
}
