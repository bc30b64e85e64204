import Foundation
import Testing

/// Tests `ocean init` on hosts of its own.
@Suite(.enabled(if: geteuid() == 0, "only root can make a host"))
struct InitTests {
  private let host: OwnHost
  private static let config = "/etc/ocean/ocean.yaml"

  init() throws { host = try OwnHost() }

  private func text(_ path: String) -> String { host.workspace.read(String(path.dropFirst())) }

  private func exists(_ path: String) -> Bool {
    access(host.workspace.path(String(path.dropFirst())), F_OK) == 0
  }

  /// The commands that are left, as they were printed.
  private func steps(_ output: String) -> [String] {
    guard let start = output.range(of: "order:\n"),
      let end = output[start.upperBound...].range(of: "\n\n")
    else { return [] }
    // A command may go on in the next line.
    let commands = output[start.upperBound..<end.lowerBound].replacing("\\\n", with: "\u{1}")
    return commands.split(separator: "\n").map { String($0).replacing("\u{1}", with: "\\\n") }
  }

  /// Runs the commands that were printed, each as it stands, and checks that the last of them, `check`, succeeds.
  private func obey(_ output: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let steps = steps(output)
    #expect(
      steps.last?.contains("ocean") == true, "\(output)",
      sourceLocation: sourceLocation)
    for step in steps {
      try host.shell(step, input: Workspace.secret + "\n", sourceLocation: sourceLocation)
    }
    let check = try host.ocean("check", Self.config)
    #expect(check.status == .exited(0), "\(check.output)", sourceLocation: sourceLocation)
    for code in ["OC0422", "OC0433", "OC0408", "OC0431"] {
      #expect(!check.output.contains(code), "\(check.output)", sourceLocation: sourceLocation)
    }
  }

  // MARK: - The steps that are left

  @Test func `on a fresh host the commands that are left work in their order`() throws {
    let made = try host.ocean(
      "init", "--yes", "--account", "anna@example.org", input: Workspace.secret + "\n")
    #expect(made.status == .exited(3), "\(made.errorOutput)")
    #expect(
      steps(made.output).map { $0.split(separator: " ")[0].split(separator: "/").last ?? "" } == [
        "useradd", "install", "install", "chgrp", "chmod", "chgrp", "chmod", "ocean",
      ], "\(made.output)")
    try obey(made.output)
    #expect(text(Self.config).contains("hostname: mail.example.org"))
    #expect(text("/etc/ocean/users.passwd").hasPrefix("anna@example.org:{CRYPT}$y$"))
  }

  @Test func `accounts can be made later`() throws {
    let made = try host.ocean("init", "--yes")
    #expect(made.status == .exited(3), "\(made.errorOutput)")
    #expect(!exists("/etc/ocean/users.passwd"))
    try obey(made.output)
    #expect(text("/etc/ocean/users.passwd").hasPrefix("postmaster@example.org:{CRYPT}$y$"))
  }

  /// Makes mail as Postfix and Dovecot have it, and a certificate as certbot has it.
  private func furnish() throws {
    try host.shell(
      """
      useradd --system --user-group --no-create-home --shell /usr/sbin/nologin mailbox
      install -d -m 2775 -g mail /var/mail
      for user in anna berta; do
        mkdir -p /var/mail/vhosts/example.net/$user/Maildir/new /var/mail/vhosts/example.net/$user/Maildir/cur
      done
      mkdir /var/mail/vhosts/example.org
      chown -R mailbox:mailbox /var/mail/vhosts
      install -d -m 755 /etc/dovecot
      printf 'anna@example.net:{PLAIN}x::::::\\nberta@example.net:{PLAIN}y::::::\\n' >/etc/dovecot/users
      chgrp daemon /etc/dovecot/users && chmod 640 /etc/dovecot/users
      cd /etc && \(try oceanBinary()) cert new pop.example.net --out tmp && chmod 755 tmp
      mkdir -p letsencrypt/live/pop.example.net letsencrypt/archive/pop.example.net letsencrypt/renewal
      mv tmp/pop.example.net.crt letsencrypt/archive/pop.example.net/fullchain1.pem
      mv tmp/pop.example.net.key letsencrypt/archive/pop.example.net/privkey1.pem
      for file in fullchain privkey; do
        ln -s ../../archive/pop.example.net/${file}1.pem letsencrypt/live/pop.example.net/$file.pem
      done
      touch letsencrypt/renewal/pop.example.net.conf
      chmod 700 letsencrypt/live letsencrypt/archive
      """)
  }

  @Test func `what the host has is used, and what is in the way is opened`() throws {
    try furnish()
    let made = try host.ocean("init", "--yes")
    #expect(made.status == .exited(3), "\(made.errorOutput)")
    for line in [
      "hostname: pop.example.net", "user: mailbox", "default_domain: example.net",
      "main: { chain: /etc/letsencrypt/live/pop.example.net/fullchain.pem, key: /etc/letsencrypt/live/pop.example.net/privkey.pem }",
      "passwd_file: /etc/dovecot/users", "maildir: \"/var/mail/vhosts/{domain}/{user}/Maildir\"",
    ] { #expect(text(Self.config).contains(line), "\(text(Self.config))") }
    #expect(made.output.contains("setfacl -m u:mailbox:r /etc/dovecot/users"), "\(made.output)")
    try obey(made.output)
    // Nothing is left to do on a host where everything was done.
    try host.shell("rm \(Self.config)")
    let again = try host.ocean("init", "--yes")
    #expect(again.status == .exited(0), "\(again.output)\(again.errorOutput)")
    #expect(again.output.contains("It is valid. Next:\n"))
  }

  @Test func `secrets are given to a user that is there`() throws {
    try host.shell("useradd --system --user-group --no-create-home --shell /usr/sbin/nologin vmail")
    let made = try host.ocean("init", "--yes", "--account", "anna", input: Workspace.secret + "\n")
    #expect(made.status == .exited(3) && !made.output.contains("chgrp"), "\(made.output)")
    try host.shell(
      "test \"$(stat -c '%U %G %a' /etc/ocean/users.passwd /etc/ocean/tls/*.key)\" = 'root vmail 640\nroot vmail 640'"
    )
    try obey(made.output)
  }

  // MARK: - Nothing is written

  @Test func `a config that is there stays, and it is said how to go on`() throws {
    try host.shell("mkdir /etc/ocean && echo precious >\(Self.config)")
    let made = try host.ocean("init", "--yes")
    #expect(made.status == .exited(1))
    #expect(
      made.errorOutput
        == "ocean: \(Self.config) exists and stays as it is; for a new one name another file with --out, or first: mv \(Self.config) \(Self.config).old\n"
    )
    #expect(text(Self.config) == "precious\n" && !exists("/etc/ocean/users.passwd"))
  }

  @Test func `a Dovecot is taken over instead`() throws {
    try host.shell("mkdir /etc/dovecot && echo '# x' >/etc/dovecot/dovecot.conf")
    let made = try host.ocean("init", "--yes")
    #expect(made.status == .exited(2))
    #expect(
      made.errorOutput.contains(
        ": ocean import dovecot /etc/dovecot/dovecot.conf --out /etc/ocean\n"))
    #expect(!exists("/etc/ocean"))
  }

  @Test(arguments: [
    (
      "true", "/etc/a/b/ocean.yaml", "root",
      "cannot write /etc/a/b/ocean.yaml: there is no directory /etc/a\n"
    ),
    ("mkdir /etc/ocean", "/etc/ocean", "root", "/etc/ocean is a directory; the config is a file"),
    (
      "mkdir /etc/ocean", "/etc/ocean/ocean.yaml", "nobody",
      "cannot write /etc/ocean/ocean.yaml: this user may not write there; run it as root"
    ),
    (
      "mkdir -m 700 /etc/ocean", "/etc/ocean/ocean.yaml", "nobody",
      "cannot write /etc/ocean/ocean.yaml: this user may not use its directory\n"
    ),
    (
      "mkdir /etc/ocean && mount -t tmpfs -o ro none /etc/ocean", "/etc/ocean/ocean.yaml", "root",
      "cannot write /etc/ocean/ocean.yaml: Read-only file system\n"
    ),
    (
      "mkdir /etc/ocean && mount -t tmpfs -o size=8k none /etc/ocean && head -c 8k /dev/zero >/etc/ocean/zero",
      "/etc/ocean/ocean.yaml", "root",
      "cannot write /etc/ocean/tls/mail.example.org.key: No space left on device\n"
    ),
  ])
  func `a place where nothing can be written is one sentence`(
    _ preparation: String, _ out: String, _ user: String, _ message: String
  ) throws {
    let script = """
      \(preparation)
      setpriv --reuid \(user) --regid "$(id -g \(user))" --clear-groups "$0" init --yes --out \(out) || code=$?
      [ ! -d /etc/ocean ] || find /etc/ocean ! -name zero ! -type d >&2
      exit $code
      """
    let made = try host.run(["sh", "-ec", script, oceanBinary()])
    #expect(made.status == .exited(1))
    #expect(made.errorOutput.hasPrefix("ocean: \(message)"), "\(made.errorOutput)")
    #expect(made.errorOutput.split(separator: "\n").count == 1, "\(made.errorOutput)")
  }

  // MARK: - On a terminal

  private static let dialog = [
    ("Name of this host for clients [mail.example.org]: ", "pop.example.net"),
    ("Mail domains, first that of a login without one [example.net]: ", "example.net example.org"),
    ("Maildirs [/var/mail/vhosts/{domain}/{user}/Maildir]: ", ""),
    ("User that owns the mail [vmail]: ", ""),
    ("Accounts (a passwd-file) [/etc/ocean/users.passwd]: ", ""),
    ("First account, or none [postmaster@example.net]: ", "anna"),
    ("Password: ", Workspace.secret), ("Again: ", Workspace.secret),
    ("Certificate [self-signed]: ", ""),
    ("Addresses to listen on: all, loopback or a list [all]: ", "loopback"),
    ("Write it? [Y/n]: ", "y"),
  ]

  @Test(arguments: [80, 20])
  func `the questions are answered on a terminal`(columns: Int) throws {
    let dialog = try host.dialog(["init", "--color", "never"], columns: columns, Self.dialog)
    #expect(dialog.code == 3 && dialog.echoes, "\(dialog.screen)")
    for line in ["hostname: pop.example.net", "bind: [127.0.0.1", "default_domain: example.net"] {
      #expect(text(Self.config).contains(line), "\(text(Self.config))")
    }
    try obey(dialog.screen)
  }

  @Test func `three wrong answers end it, and nothing is written`() throws {
    let wrong = Array(repeating: (prompt: Self.dialog[2].0, answer: "/var/mail"), count: 3)
    let dialog = try host.dialog(["init", "--color", "never"], Self.dialog.prefix(2) + wrong)
    #expect(dialog.code == 1, "\(dialog.screen)")
    #expect(dialog.screen.hasSuffix("ocean: 3 answers could not be used; nothing was written\n"))
    #expect(!exists("/etc/ocean"))
  }

  @Test(arguments: [0, 5, 6, 7, 10])
  func `Ctrl-C writes nothing, and leaves the terminal as it was`(place: Int) throws {
    let dialog = try host.dialog(
      ["init"], Self.dialog.prefix(place) + [(prompt: Self.dialog[place].0, answer: "^C")])
    #expect(dialog.code == 128 + 2, "\(dialog.screen)")
    #expect(dialog.echoes)
    #expect(!exists("/etc/ocean"))
  }
}
