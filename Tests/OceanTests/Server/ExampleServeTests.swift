import Foundation
import Testing

/// Tests the configs in examples, run as the comments in them say.
@Suite struct ExampleServeTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "examples")

  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  /// Copies an example into the workspace, with some texts replaced. Each of them must occur in the example.
  private func copy(_ name: String, _ replacements: KeyValuePairs<String, String>) throws {
    var text = try String(contentsOf: Self.folder / name, encoding: .utf8)
    for (old, new) in replacements {
      #expect(text.contains(old), "\(name) has no '\(old)'")
      text = text.replacingOccurrences(of: old, with: new)
    }
    try FileManager.default.createDirectory(
      at: (workspace.directory / name).deletingLastPathComponent(), withIntermediateDirectories: true)
    try workspace.write(text, to: name)
  }

  /// A line of a passwd-file.
  private func line(_ user: String, home: String = "") -> String {
    "\(user):{PLAIN}\(Workspace.secret)::::\(home)::\n"
  }

  private func greetOverTLS(_ server: Server) throws {
    #expect(try server.workspace.sClient(["-quiet", "-verify_return_error"]).output.hasPrefix("+OK "))
  }

  @Test func `none is left out`() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
      .filter { $0.hasSuffix(".yaml") }.sorted()
    #expect(
      names == [
        "database.yaml", "homes.yaml", "ldap.yaml", "office.yaml", "provider.yaml", "quickstart.yaml",
        "sockets.yaml",
      ])
  }

  @Test func `quickstart, with what make demo makes`() throws {
    let made = try workspace.run(
      (Self.folder / "make-demo").path, [workspace.directory.path, try oceanBinary()])
    #expect(made.status == .exited(0), "\(made.errorOutput)")
    try copy("quickstart.yaml", ["[127.0.0.1]": "[\(workspace.address)]"])
    let server = try Server(workspace, serving: "quickstart.yaml")
    let client = try server.greeted()
    #expect(try client.logIn("anna", "demo").hasPrefix("+OK 5 messages "))
    try client.ok("QUIT")
    try greetOverTLS(server)
    try server.stop()
  }

  @Test func `office`() throws {
    try workspace.makeCertificate()
    try workspace.write(line("dora"), to: "former.passwd")
    try copy(
      "office.yaml",
      ["bind: all": "bind: [\(workspace.address)]", "[127.0.0.1:9464]": "[\(workspace.address):9464]"])
    let server = try Server(workspace, serving: "office.yaml")
    for (user, port) in [("anna", 1110), ("dora@example.org", 2110)] {
      let client = try server.loggedIn(user, port: port)
      try client.ok("QUIT")
    }
    try greetOverTLS(server)
    let page = try workspace.run("curl", ["--silent", "--fail", "http://\(workspace.address):9464/"])
    #expect(page.status == .exited(0))
    #expect(page.output.contains("Running plan"))
    try server.stop()
  }

  @Test(
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: "/usr/bin/sqlite3"), "needs Debian's package sqlite3"))
  func `database`() throws {
    try workspace.write(line("root"), to: "users.passwd")
    try copy(
      "database.yaml",
      ["[127.0.0.1]": "[\(workspace.address)]", "/var/mail/vhosts/": workspace.path("mail/")])
    let made = try workspace.run(
      "sqlite3",
      [
        workspace.path("mail.db"),
        "CREATE TABLE mailbox (username PRIMARY KEY, password, maildir, active);"
          + "INSERT INTO mailbox VALUES ('anna@example.org', '{PLAIN}\(Workspace.secret)', 'example.org/anna/', 1);"
          + "INSERT INTO mailbox VALUES ('berta@example.org', '{PLAIN}\(Workspace.secret)', 'example.org/berta/', 0)",
      ])
    #expect(made.status == .exited(0), "\(made.errorOutput)")
    let server = try Server(workspace, serving: "database.yaml")
    let client = try server.loggedIn("anna")
    try client.ok("QUIT")
    #expect(try server.greeted().logIn("berta").hasPrefix("-ERR [AUTH]"))
    try server.stop()
  }

  /// The directory is away: the administrator logs in, and the others are told to come again.
  @Test func `ldap, while the directory is away`() throws {
    try workspace.write(line("root"), to: "users.passwd")
    try workspace.write("secret\n", to: "ldap.password")
    try workspace.setMode(0o600, of: "ldap.password")
    try workspace.makeMaildir("root")
    // Nothing listens there.
    try copy("ldap.yaml", ["[127.0.0.1]": "[\(workspace.address)]", "127.0.0.1:1389": "127.0.0.1:5"])
    let server = try Server(workspace, serving: "ldap.yaml")
    let client = try server.loggedIn("root")
    try client.ok("QUIT")
    for _ in 0..<3 { #expect(try server.greeted().logIn("anna").hasPrefix("-ERR [SYS/TEMP]")) }
    try server.stop()
    #expect(server.log.contains("ldap://127.0.0.1:5"), "\(server.log)")
  }

  @Test func `sockets, without the programs behind them`() throws {
    try copy(
      "sockets.yaml",
      ["[127.0.0.1]": "[\(workspace.address)]", "/run/dovecot/": "nothing/", "/run/saslauthd/": "nothing/"])
    let server = try Server(workspace, serving: "sockets.yaml")
    #expect(try server.greeted().logIn("anna").hasPrefix("-ERR [SYS/TEMP]"))
    try server.stop()
  }

  @Test func `homes`() throws {
    try workspace.write(line("anna", home: workspace.path("home/anna")), to: "users.passwd")
    for folder in ["new", "cur", "tmp"] {
      try FileManager.default.createDirectory(
        at: workspace.directory / "home/anna/Maildir/\(folder)", withIntermediateDirectories: true)
    }
    try workspace.write("Subject: hello\n\nHello\n", to: "home/anna/Maildir/new/1700000001.M1P1.host")
    try copy("homes.yaml", ["[127.0.0.1]": "[\(workspace.address)]"])
    let server = try Server(workspace, serving: "homes.yaml")
    let client = try server.loggedIn()
    #expect(try client.ok("STAT").hasPrefix("+OK 1 "))
    try client.ok("QUIT")
    #expect(throws: POP3Client.ConnectError.self) { try server.client(port: 2110) }
    try server.stop()
  }

  /// Its ports need privileges, and its addresses a host of their own: it is compiled with what is available
  /// here.
  @Test func `provider, as far as that goes without its host`() throws {
    for (name, keyType) in [("ecdsa", "ec"), ("rsa", "rsa2048")] {
      let made = try workspace.ocean(
        "cert", "new", "mx.example.org", "--key-type", keyType, "--out", workspace.path(name))
      #expect(made.status == .exited(0), "\(made.errorOutput)")
    }
    try FileManager.default.createDirectory(
      at: workspace.directory / "credentials", withIntermediateDirectories: false)
    try workspace.write(Workspace.secret, to: "credentials/mx-rsa-passphrase")
    let encrypted = try workspace.run(
      "openssl",
      [
        "pkey", "-in", workspace.path("rsa/mx.example.org.key"), "-aes256", "-passout",
        "file:\(workspace.path("credentials/mx-rsa-passphrase"))", "-out", workspace.path("rsa.pem"),
      ])
    #expect(encrypted.status == .exited(0), "\(encrypted.errorOutput)")
    try copy(
      "provider.yaml",
      [
        "/etc/letsencrypt/live/mx-ecdsa/fullchain.pem": "ecdsa/mx.example.org.crt",
        "/etc/letsencrypt/live/mx-ecdsa/privkey.pem": "ecdsa/mx.example.org.key",
        "/etc/letsencrypt/live/mx-rsa/fullchain.pem": "rsa/mx.example.org.crt",
        "/etc/ssl/private/mx-rsa.pem": "rsa.pem",
        "/var/lib/ocean": "state", "/var/log/ocean/": "",
        "/var/mail/vhosts/{domain}/{user}/Maildir": "mail/{domain}/{user}", "user: vmail": "user: nobody",
        "bind: [mx.example.org]": "bind: [127.0.0.9]", "\"10.0.0.5; localhost\"": "\"127.0.0.5; localhost\"",
        "10.0.0.9": "127.0.0.10", "[203.0.113.9, school], to": "127.0.0.11, to",
      ])
    for domain in ["example.org", "example.net"] {
      try copy("provider/\(domain).yaml", [:])
      try workspace.write(line("anna@\(domain)"), to: "provider/\(domain).passwd")
    }
    try workspace.write(line("scanner"), to: "provider/building.passwd")
    try copy("provider/lists/drop.netset", [:])
    if geteuid() == 0 { _ = try workspace.run("chown", ["-R", "nobody", workspace.directory.path]) }
    let environment = ["CREDENTIALS_DIRECTORY": workspace.path("credentials")]
    let command = try workspace.run(
      oceanBinary(), ["plan", workspace.path("provider.yaml"), "--against", "none"], environment: environment)
    #expect(command.status == .exited(0), "\(command.errorOutput)")
    workspace.expectNoSecret(in: command.output + command.errorOutput)
    #expect(command.output.contains(/expect +4 of 4 hold\n/), "\(command.output)")
    #expect(command.output.contains("2 services, "))
  }
}
