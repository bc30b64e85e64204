import Foundation
import Testing

/// Tests Dovecot's configs in the shapes in which they are met. With the result of `ocean import dovecot` the
/// same people log in, and see the same mailbox with the same ids.
///
/// Only shapes are tested for which the import leaves nothing to be decided; DIR stands for a directory.
@Suite(
  .enabled(
    if: Dovecot.canRun || Dovecot.mustRun, "Dovecot's POP3 server is not installed, or this is not root"))
struct MovingShapesTests {
  struct Shape: CustomTestStringConvertible, Sendable {
    let name: String
    let settings: String
    var users = "anna@a.example:{PLAIN}x::::::\nbea@b.example:{PLAIN}y::::::\n"
    var more = ""

    var testDescription: String { name }
  }

  private static let homes =
    "anna@a.example:{PLAIN}x::::DIR/h/anna::\nbea@b.example:{PLAIN}y::::DIR/h/bea::\n"
  private static let file = "passdb {\n  driver = passwd-file\n  args = DIR/users\n}\n"

  private static func userdb(_ driver: String, _ arguments: String, _ more: String = "") -> String {
    "userdb {\n  driver = \(driver)\n  args = \(arguments)\n  \(more)\n}\n"
  }

  static let shapes: [Shape] = [
    Shape(
      name: "one path for all",
      settings: "mail_location = maildir:DIR/m/%d/%n:INDEX=DIR/i/%u:LAYOUT=fs\n" + file
        + userdb("static", "home=DIR/h/%n")),
    Shape(
      name: "homes of a userdb, and others in lines",
      settings: "mail_location = maildir:~/Maildir\n" + file + userdb("static", "home=DIR/h/%d/%n"),
      users: homes),
    Shape(
      name: "mail where default_fields say",
      settings: "mail_location = maildir:~/Maildir\n" + file
        + userdb("passwd-file", "DIR/users", "default_fields = mail=maildir:~/New"), users: homes),
    Shape(
      name: "two userdbs",
      settings: "mail_location = maildir:~/Maildir\n" + file + userdb("passwd-file", "DIR/users")
        + userdb("static", "home=DIR/h/%d/%n"), users: homes),
    Shape(
      name: "prefetch without its fields",
      settings: "mail_location = maildir:~/Maildir\n" + file + "userdb {\n  driver = prefetch\n}\n"
        + userdb("static", "home=DIR/h/%d/%n"), users: homes),
    Shape(
      name: "sections for POP3",
      settings: "mail_location = maildir:DIR/m/%d/%n\n" + file + userdb("static", "home=DIR/h/%n")
        + "protocol pop3 {\n  mail_location = maildir:DIR/n/%n\n  pop3_uidl_format = %f\n  "
        + file.replacing("users", with: "more") + "}\n", more: "cleo@a.example:{PLAIN}x::::::\n"),
    Shape(
      name: "the namespace of the INBOX",
      settings: "mail_location = maildir:DIR/m/%d/%n\nnamespace inbox {\n  inbox = yes\n"
        + "  location = maildir:DIR/n/%n\n}\n" + file + userdb("static", "home=DIR/h/%n mail=maildir:~/New")),
    Shape(
      name: "names without a domain",
      settings: "mail_location = maildir:DIR/m/%u\n" + file
        + userdb("static", "home=DIR/h/%n"), users: "anna:{PLAIN}x::::::\nbea:{PLAIN}y::::::\n"),
    Shape(
      name: "a domain for those without",
      settings: "auth_default_realm = a.example\nmail_location = maildir:DIR/m/%d/%n\n" + file
        + userdb("static", "home=DIR/h/%n")),
    Shape(
      name: "accounts that may not log in",
      settings: "mail_location = maildir:DIR/m/%d/%n\n" + file
        + userdb("static", "home=DIR/h/%n"),
      users: "anna@a.example:{PLAIN}x::::::nologin\nbea@b.example:{PLAIN}y::::::allow_nets=10.0.0.0/8\n"),
  ]

  private static let maildirs = [
    "m/a.example/anna", "m/b.example/bea", "h/anna/Maildir", "h/bea/Maildir", "h/a.example/anna/Maildir",
    "h/b.example/bea/Maildir", "m/anna", "m/bea", "n/anna", "n/bea", "n/cleo", "h/anna/New", "h/bea/New",
  ]
  private static let logins = [
    ("anna@a.example", "x"), ("anna@a.example", "wrong"), ("bea@b.example", "y"), ("ANNA@A.Example", "x"),
    ("anna", "x"), ("cleo@a.example", "x"),
  ]

  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    for (number, folder) in Self.maildirs.enumerated() {
      for name in ["new", "cur", "tmp"] {
        try FileManager.default.createDirectory(
          at: workspace.directory / "dir/\(folder)/\(name)", withIntermediateDirectories: true)
      }
      for message in 0...number {
        try workspace.write(
          "Subject: \(folder)\n\nbody\n",
          to: "dir/\(folder)/new/\(1_700_000_000 + message).M\(number)P\(message).host")
      }
    }
    let owned = try workspace.run(
      "chown", ["-R", "nobody:nogroup", workspace.path("dir"), workspace.path("state")])
    #expect(owned.status == .exited(0))
  }

  @Test(arguments: shapes) func `the same people see the same mail`(_ shape: Shape) throws {
    func put(_ text: String, _ name: String) throws {
      try workspace.write(text.replacing("DIR", with: workspace.path("dir")), to: name)
      try workspace.setMode(0o644, of: name)
    }
    try put(shape.users, "dir/users")
    try put(shape.more, "dir/more")
    try put(head + shape.settings, "dovecot.conf")
    let theirs = try withDovecot { try answers() }

    let imported = try workspace.ocean(
      "import", "dovecot", workspace.path("dovecot.conf"), "--out", workspace.directory.path, "--force")
    #expect(imported.status == .exited(0), "\(imported.output)\(imported.errorOutput)")
    let config = workspace.read("ocean.yaml").replacing(
      "server:\n", with: "server:\n  state: state\n  anti_hammering: { never_block: [127.0.0.0/8] }\n")
    try workspace.write(config, to: "ocean.yaml")
    let server = try Server(workspace)
    #expect(try answers() == theirs)
    try server.stop()
  }

  private var head: String {
    """
    protocols = pop3
    listen = \(workspace.address)
    base_dir = \(workspace.path("run"))
    state_dir = \(workspace.path("run"))
    log_path = \(workspace.path("dovecot.log"))
    ssl = no
    disable_plaintext_auth = no
    auth_failure_delay = 0
    mail_uid = nobody
    mail_gid = nogroup
    first_valid_uid = 1
    service anvil {
      chroot =
      unix_listener anvil-auth-penalty {
        mode = 0
      }
    }
    service stats {
      chroot =
    }
    service pop3-login {
      chroot =
      inet_listener pop3 {
        port = \(Workspace.port)
      }
      inet_listener pop3s {
        port = 0
      }
    }

    """
  }

  private func withDovecot<R>(_ body: () throws -> R) throws -> R {
    let dovecot = try Command(
      "/usr/sbin/dovecot", ["-F", "-c", workspace.path("dovecot.conf")], directory: workspace.directory)
    try eventually("Dovecot greets, which says:\n\(workspace.read("dovecot.log"))") {
      try? POP3Client(workspace.address, port: Workspace.port).line(within: 2)
    }
    let result = try body()
    dovecot.signal(SIGTERM)
    #expect(try dovecot.wait() == .exited(0))
    return result
  }

  /// The answers for each login: the number of messages, and their ids.
  ///
  /// A session says QUIT and sees the end, so that the next login of the same mailbox does not find it in use.
  private func answers() throws -> [String] {
    try Self.logins.map { user, password in
      let client = try POP3Client(workspace.address, port: Workspace.port)
      _ = try client.line()
      _ = try client.command("USER \(user)")
      let answer = try client.command("PASS \(password)")
      guard answer.hasPrefix("+OK") else {
        #expect(!["[IN-USE]", "[SYS/TEMP]", "[UNAVAILABLE]"].contains { answer.contains($0) }, "\(answer)")
        return "\(user): refused"
      }
      let count = try client.ok("STAT").split(separator: " ").dropFirst().first ?? ""
      _ = try client.ok("UIDL")
      let ids = String(decoding: try client.body(), as: UTF8.self)
      try client.ok("QUIT")
      _ = try client.rest()
      return "\(user): \(count) \(ids)"
    }
  }
}
