import Foundation
import Testing

/// Tests indexes, unique ids of other servers, and the commands about them.
struct MailboxTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    for number in 1...3 {
      try workspace.deliver("Subject: \(number)\n\nx\n", as: "170000000\(number).M1P1.host")
    }
  }

  private static let uidlist = """
    3 V1700000000 N9
    7 :1700000002.M1P1.host
    8 :1700000001.M1P1.host

    """

  private func uidls(_ client: POP3Client) throws -> [Substring] {
    try client.ok("UIDL")
    return String(decoding: try client.body(), as: UTF8.self).split(separator: "\r\n")
  }

  private func configure(uidl: String) throws {
    try workspace.writeConfig()
    let config = workspace.read("ocean.yaml")
    try workspace.write(
      config.replacing("{user}\" }", with: "{user}\", uidl: \(uidl) }"), to: "ocean.yaml")
  }

  @Test func `ids of Dovecot are taken over at the next login, and outlive its list`() throws {
    let server = try Server(workspace)
    let before = try server.loggedIn()
    #expect(try uidls(before).first == "1 1700000001.M1P1.host")
    try before.ok("QUIT")

    try workspace.write(Self.uidlist, to: "mail/example.org/anna/dovecot-uidlist")
    try configure(uidl: "{ dovecot: \"%v.%u\" }")
    let plan = try workspace.ocean("plan", "--format", "json", workspace.config)
    #expect(plan.output.contains("at the next login; clients may fetch again what they know by other ids"))
    try server.reload()
    let wanted: [Substring] = ["1 1700000000.7", "2 1700000000.8", "3 1700000003.M1P1.host"]
    let after = try server.loggedIn()
    #expect(try uidls(after) == wanted)
    try after.ok("QUIT")
    try server.stop()

    try FileManager.default.removeItem(at: workspace.maildir() / "dovecot-uidlist")
    let again = try Server(workspace)
    #expect(try uidls(again.loggedIn()) == wanted)
    try again.stop()
  }

  @Test func `a saved plan with a format that cannot be is not run`() throws {
    try configure(uidl: "dovecot")
    let saved = try workspace.ocean("plan", workspace.config, "--out", workspace.path("plan.json"))
    #expect(saved.status == .exited(0))
    let script = """
      import hashlib, json, sys
      file = json.load(open(sys.argv[1]))
      file["plan"]["mail"]["uidl"] = {"dovecot": "%m"}
      text = json.dumps(file["plan"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
      file["digest"] = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
      json.dump(file, open(sys.argv[1], "w"))
      """
    #expect(try workspace.run("python3", ["-c", script, workspace.path("plan.json")]).status == .exited(0))
    let served = try workspace.ocean("serve", workspace.path("plan.json"))
    #expect(served.status == .exited(1))
    #expect(served.errorOutput.contains("ids of the format '%m' are not possible: %m is for mbox"))
  }

  @Test func `RETR tells what it sends, whatever a name claimed`() throws {
    try workspace.deliver("Subject: 4\n\nx\n", as: "1700000004.M1P1.host,S=14,W=29")
    let server = try Server(workspace)
    let client = try server.loggedIn()
    #expect(try client.ok("LIST 4") == "+OK 4 29")
    #expect(try client.ok("RETR 4") == "+OK 17 octets")
    #expect(try client.body().count == 17)
    try client.ok("QUIT")
    let next = try server.loggedIn()
    #expect(try next.ok("LIST 4") == "+OK 4 17")
    try next.ok("QUIT")
    try server.stop()
  }

  private func mailbox(_ verb: String, _ user: String = "anna") throws -> Command {
    try workspace.ocean("mailbox", verb, user, workspace.config)
  }

  @Test func `an index is checked and made anew, the server running or not`() throws {
    let maildir = workspace.maildir().path
    let first = try mailbox("check")
    #expect(first.status == .exited(0), "\(first.errorOutput)")
    #expect(first.output == "\(maildir): there is no index yet; the next session makes one\n")
    let made = try mailbox("rebuild", "anna@example.org")
    #expect(
      made.status == .exited(0) && made.output == "\(maildir): 3 messages, index written\n", "\(made.output)")
    #expect(try mailbox("check").output == "\(maildir): 3 messages in the index: sound\n")

    let server = try Server(workspace)
    let client = try server.loggedIn()
    for verb in ["check", "rebuild"] {
      let refused = try mailbox(verb)
      #expect(refused.status == .exited(1))
      #expect(refused.errorOutput.hasPrefix("ocean: \(maildir) is in use: "), "\(refused.errorOutput)")
    }
    try client.ok("DELE 1")
    try client.ok("QUIT")
    try workspace.deliver("Subject: 5\n\nx\n", as: "1700000005.M1P1.host")
    let behind = try mailbox("check")
    #expect(
      behind.status == .exited(0) && behind.output.contains("1 new, 0 renamed, 1 gone"), "\(behind.output)")
    #expect(try mailbox("rebuild").output == "\(maildir): 3 messages, index written\n")
    let next = try server.loggedIn()
    #expect(try uidls(next) == [2, 3, 5].enumerated().map { "\($0 + 1) 170000000\($1).M1P1.host" })
    try next.ok("QUIT")
    #expect(try mailbox("check").output == "\(maildir): 3 messages in the index: sound\n")
    try server.stop()
  }

  @Test func `a damaged index is not sound`() throws {
    #expect(try mailbox("rebuild").status == .exited(0))
    let indexes = try FileManager.default.contentsOfDirectory(atPath: workspace.path("state/index"))
    try workspace.write("garbage", to: "state/index/\(try #require(indexes.first))")
    let check = try mailbox("check")
    #expect(check.status == .exited(1))
    #expect(
      check.output
        == "\(workspace.maildir().path): the index is damaged; the next session makes a new one, as 'ocean mailbox rebuild' does\n"
    )
    #expect(try mailbox("rebuild").status == .exited(0))
    #expect(try mailbox("check").status == .exited(0))
  }

  @Test func `what sessions would read and cannot is named`() throws {
    let maildir = workspace.maildir().path
    #expect(try mailbox("rebuild").status == .exited(0))
    let indexes = try FileManager.default.contentsOfDirectory(atPath: workspace.path("state/index"))
    let index = workspace.path("state/index/\(try #require(indexes.first))")
    try FileManager.default.removeItem(atPath: index)
    try FileManager.default.createDirectory(atPath: index, withIntermediateDirectories: false)
    let check = try mailbox("check")
    #expect(check.status == .exited(1))
    #expect(
      check.output == "\(maildir): \(index), where the index belongs, is not a regular file; remove it\n")
    try FileManager.default.removeItem(atPath: index)

    try workspace.write(
      workspace.read("ocean.yaml").replacing("{user}\" }", with: "{user}\", uidl: courier }"),
      to: "ocean.yaml")
    #expect(try mailbox("check").status == .exited(0))
    let list = "\(maildir)/courierpop3dsizelist"
    try FileManager.default.createSymbolicLink(atPath: list, withDestinationPath: "/etc/passwd")
    try FileManager.default.createSymbolicLink(
      atPath: "\(maildir)/maildirsize", withDestinationPath: "/etc/passwd")
    let other = try mailbox("check")
    #expect(other.status == .exited(1))
    for text in ["\(list) is not a regular file, or larger", "\(maildir)/maildirsize is a link"] {
      #expect(other.output.contains(text), "\(other.output)")
    }
  }

  @Test func `what an index has wrong is told, with its file`() throws {
    #expect(try mailbox("rebuild").status == .exited(0))
    // The message was rewritten in place and keeps its time: only its content shows that.
    let path = workspace.maildir() / "new/1700000002.M1P1.host"
    let date = try FileManager.default.attributesOfItem(atPath: path.path)[.modificationDate]
    let handle = try FileHandle(forWritingTo: path)
    try handle.write(contentsOf: Data("Subject:\n2\n\nx\n".utf8.prefix(13)))
    try handle.close()
    try FileManager.default.setAttributes([.modificationDate: #require(date)], ofItemAtPath: path.path)
    let check = try mailbox("check")
    #expect(check.status == .exited(1), "\(check.output)")
    #expect(check.output.contains("not sound") && check.output.contains(path.path), "\(check.output)")
    #expect(try mailbox("rebuild").status == .exited(0))
    #expect(try mailbox("check").status == .exited(0))
  }

  @Test func `what cannot be looked at is said in a sentence`() throws {
    let nobody = try mailbox("check", "nobody")
    #expect(nobody.status == .exited(1))
    #expect(nobody.errorOutput == "ocean: nobody: no account of that name\n")
    try FileManager.default.removeItem(at: workspace.maildir("berta"))
    let empty = try mailbox("check", "berta")
    #expect(empty.status == .exited(0) && empty.output.contains("not there yet"))
    #expect(try workspace.ocean("mailbox", "check").status == .exited(2))
  }
}

/// Tests a mail location where nobody has mail.
@Suite struct MissingMailboxTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.write(
      workspace.read("ocean.yaml").replacing("mail/{domain}/{user}", with: "mial/{domain}/{user}"),
      to: "typo.yaml")
  }

  @Test func `check and plan refuse it, explain says so, and it can be acknowledged`() throws {
    for command in ["check", "plan"] {
      let refused = try workspace.ocean(command, workspace.path("typo.yaml"))
      #expect(refused.status == .exited(1))
      let text = refused.output + refused.errorOutput
      #expect(text.contains("0 of 2 accounts have a Maildir there"), "\(text)")
      #expect(text.contains("there is no \(workspace.path("mial"))"), "\(text)")
    }
    try workspace.write(
      workspace.read("typo.yaml") + "\nacknowledge: [{ code: OC0431, reason: \"no mail yet\" }]\n",
      to: "new.yaml")
    #expect(try workspace.ocean("check", workspace.path("new.yaml")).status == .exited(0))
    let explained = try workspace.ocean(
      "explain", workspace.path("new.yaml"), "--from", "127.0.0.1", "--to", "pop3", "--user", "anna")
    #expect(
      explained.output.contains("mial/example.org/anna (not there, shown as empty)"), "\(explained.output)")
  }

  @Test func `a server whose mail is gone starts all the same, and takes other changes`() throws {
    let server = try Server(workspace, serving: "typo.yaml")
    let config = workspace.path("typo.yaml")
    try workspace.write(
      workspace.read("typo.yaml").replacing("    ports:", with: "    max_connections: 77\n    ports:"),
      to: "typo.yaml")
    let applied = try workspace.ocean("apply", config)
    #expect(applied.status == .exited(0), "\(applied.errorOutput)")
    try workspace.write(workspace.read("typo.yaml").replacing("mial/", with: "mlai/"), to: "typo.yaml")
    #expect(try workspace.ocean("apply", config).errorOutput.contains("error[OC0431]"))
    try server.stop()
  }

  @Test func `a domain where nobody has mail is named`() throws {
    try workspace.write(
      ["anna@example.org", "ben@example.org", "dora@example.net", "emil@example.net"]
        .map { "\($0):{PLAIN}x::::::\n" }.joined(), to: "users.passwd")
    for name in ["anna", "ben"] {
      try FileManager.default.createDirectory(
        atPath: workspace.path("mail/example.org/\(name)/new"), withIntermediateDirectories: true)
    }
    let check = try workspace.ocean("check", workspace.config)
    #expect(check.status == .exited(0))
    #expect(
      check.output.contains("warning[OC0431]: 0 of 2 accounts of 'example.net' have a Maildir there"),
      "\(check.output)\(check.errorOutput)")
  }

  @Test(.enabled(if: geteuid() == 0, "only root can ask for another user"))
  func `Maildirs, lists and configs that the server's user may not use are named`() throws {
    try workspace.writeConfig(
      server: ["user: nobody"], service: ["ip_control: { black_list: { file: drop.txt } }"])
    try workspace.write("203.0.113.9\n", to: "drop.txt")
    _ = try workspace.run("chown", ["-R", "nobody", workspace.directory.path])
    let sound = try workspace.ocean("check", workspace.config)
    #expect(!(sound.output + sound.errorOutput).contains("may not"), "\(sound.output)\(sound.errorOutput)")

    for name in ["drop.txt", "ocean.yaml"] {
      try workspace.setMode(0o600, of: name)
      chown(workspace.path(name), 0, 0)
    }
    let closed = try workspace.ocean("check", workspace.config)
    #expect(closed.status == .exited(0))
    for name in ["drop.txt", "ocean.yaml"] {
      #expect(
        closed.output.contains("warning[OC0433]: the user 'nobody' may not read \(workspace.path(name))"),
        "\(closed.output)")
    }
    // It is certain that the server could not run as that user.
    chown(workspace.config, try #require(getpwnam("nobody")).pointee.pw_uid, 0)
    let own = try workspace.run(
      "runuser", ["-u", "nobody", "--", try oceanBinary(), "check", workspace.config])
    #expect(
      own.status == .exited(1) && own.output.contains("error[OC0433]"), "\(own.output)\(own.errorOutput)")

    try workspace.setMode(0o644, of: "drop.txt")
    chown(workspace.path("mail"), 0, 0)
    try workspace.setMode(0o700, of: "mail")
    let mail = try workspace.ocean("check", workspace.config)
    #expect(mail.status == .exited(1))
    #expect(
      mail.output.contains(
        "error[OC0434]: the user 'nobody' may not use 2 of 2 Maildirs: \(workspace.path("mail"))"),
      "\(mail.output)")
  }

  @Test func `a diff says how many mailboxes there are at the old and the new place`() throws {
    let diff = try workspace.ocean(
      "diff", workspace.config, workspace.path("typo.yaml"), "--format", "json")
    #expect(diff.status == .exited(1))
    try workspace.write(
      workspace.read("typo.yaml") + "\nacknowledge: [{ code: OC0431, reason: \"no mail yet\" }]\n",
      to: "new.yaml")
    let text = try workspace.ocean("diff", workspace.config, workspace.path("new.yaml"))
    #expect(
      text.output.contains("2 of 2 accounts have a Maildir there now, 0 at the new place"),
      "\(text.output)\(text.errorOutput)")
  }
}
