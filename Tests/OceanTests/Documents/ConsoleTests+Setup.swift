import Foundation
import TestSupport
import Testing

/// The documents about setting a server up.
extension ConsoleTests {
  /// Every printed command that is left to run, in its order.
  private func steps(_ output: String) throws -> [String] {
    let start = try #require(output.range(of: "order:\n"), "\(output)").upperBound
    let end = try #require(output[start...].range(of: "\n\n"), "\(output)").lowerBound
    return output[start..<end].split(separator: "\n").map(String.init)
  }

  @Test func `docs/getting-started.md, from nothing to the first lock-out avoided`() throws {
    let path = "docs/getting-started.md"
    var consoles = try Consoles(path)
    let host = try MailHost(config: "")
    _ = try host.run("cd / && rm -r /etc/ocean/* /var/lib/ocean")
    try type(consoles.take("sudo ocean init"), on: host, in: path)
    _ = try host.run("rm /etc/ocean/ocean.yaml; rm -r /etc/ocean/tls")
    // The same with a first account, as a person would answer.
    let written = try host.run(
      "echo '\(Workspace.secret)' | ocean init --account anna@example.org")
    for step in try steps(written) { _ = try host.run("{ \(step)\n} </dev/null") }
    try type(consoles.take("sudo ocean check"), on: host, in: path)
    try host.serve()
    try type(consoles.take("sudo ocean status"), on: host, in: path)
    try type(consoles.take("printf"), on: host, in: path)
    let fetched = try host.run(
      "curl -sk pop3s://localhost/1 -u anna@example.org:\(Workspace.secret)")
    #expect(fetched == "Subject: hello\r\n\r\nFirst message.\r\n", "\(fetched)")
    try type(consoles.take("sudo ocean explain"), on: host, in: path)
    let added = try consoles.take("sudo sh -c 'ocean passwd")
    for (command, output) in added.commands {
      #expect(try host.run("echo '\(Workspace.secret)' | \(command)") == output)
    }
    #expect(try host.run("cat users.passwd").contains("\nbertil@example.org:{CRYPT}$y$"))

    let yaml = try Self.blocks(path).filter { $0.language == "yaml" }.map(\.text)
    let config = try host.run("cat ocean.yaml")
    let limits = config.replacing("server:\n", with: "server:\n" + yaml[0])
    try host.write(limits)
    try type(consoles.take("sudo ocean plan"), on: host, in: path)
    let apply = try consoles.take("sudo ocean apply")
    let plan = try host.run("ocean plan").split(separator: "\n").last?.split(separator: " ")[1].dropLast()
    try type(apply, on: host, in: path, for: ["c5197d": String(plan ?? "")])
    try host.write(
      limits.replacing("server:\n", with: "server:\n" + yaml[1])
        .replacing("  pop3:\n", with: "  pop3:\n" + yaml[2]))
    try type(consoles.take("sudo ocean plan"), on: host, in: path)
    #expect(consoles.rest.isEmpty)
  }

  /// Makes what a CA and certbot give: a chain of two, with its key.
  private static let authority = """
    set -e
    cd /root 2>/dev/null || cd /
    mkdir -p /var/ca && cd /var/ca
    openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -subj '/O=Example/CN=Root' -days 900
    openssl req -newkey rsa:2048 -nodes -keyout r11.key -out r11.csr -subj '/O=Example/CN=R11'
    printf 'basicConstraints=critical,CA:TRUE\\nkeyUsage=critical,keyCertSign\\n' >ca.ext
    openssl x509 -req -in r11.csr -CA root.pem -CAkey root.key -CAcreateserial -extfile ca.ext -days 400 -out r11.pem
    printf 'subjectAltName=DNS:mail.example.org,IP:192.0.2.10\\nextendedKeyUsage=serverAuth\\n' >leaf.ext
    openssl x509 -req -in /etc/ocean/tls/mail.example.org.csr -CA r11.pem -CAkey r11.key -CAcreateserial \\
      -extfile leaf.ext -days 90 -out answer.pem
    cp answer.pem /etc/ocean/answer.pem
    cat root.pem r11.pem >/etc/ocean/ca-bundle.pem
    """

  @Test func `docs/certificates.md, with a CA, and files as certbot has them`() throws {
    let path = "docs/certificates.md"
    var consoles = try Consoles(path)
    let host = try MailHost(config: try Self.config(in: "README.md"))
    _ = try host.run("rm -r tls")
    try type(consoles.take("ocean cert new"), on: host, in: path)
    try type(consoles.take("ocean cert show /etc/ocean/tls/mail.example.org.crt"), on: host, in: path)
    let made = try host.run("(\(Self.authority)) && echo made")
    #expect(made.hasSuffix("made\n"), "\(made)")
    try type(consoles.take("ocean cert import"), on: host, in: path)

    let certbot = "/etc/letsencrypt/archive/mail.example.org"
    _ = try host.run(
      """
      groupadd ssl-cert
      mkdir -p \(certbot) /etc/letsencrypt/live/mail.example.org
      cp tls/mail.example.org.crt \(certbot)/fullchain1.pem
      install -m 600 tls/mail.example.org.key \(certbot)/privkey1.pem
      for name in fullchain privkey; do
        ln -s ../../archive/mail.example.org/${name}1.pem /etc/letsencrypt/live/mail.example.org/$name.pem
      done
      chmod 700 /etc/letsencrypt/live /etc/letsencrypt/archive
      """)
    let shows = "sudo -u vmail ocean cert show"
    let closed = try host.run("\(shows) /etc/letsencrypt/live/mail.example.org/fullchain.pem")
    #expect(closed.hasPrefix("ocean: cannot read "), "\(closed)")
    try type(consoles.take("usermod"), on: host, in: path)
    try type(consoles.take(shows), on: host, in: path)

    _ = try host.run(
      """
      cp tls/mail.example.org.crt tls/fullchain.pem && cp tls/mail.example.org.key tls/privkey.pem
      chown vmail tls/*
      """)
    try host.serve()
    try type(consoles.take("ocean cert show tls/fullchain.pem"), on: host, in: path)
    #expect(consoles.rest.isEmpty)
  }

  @Test func `docs/ci.md, in a checkout`() throws {
    let path = "docs/ci.md"
    var consoles = try Consoles(path)
    let host = try MailHost(config: try Self.config(in: "README.md"))
    _ = try host.run(
      "git init -q . && git add ocean.yaml && git -c user.name=x -c user.email=x@example.org commit -qm first"
    )
    for command in ["ocean facts", "ocean check ocean.yaml --facts", "ocean check", "git show"] {
      try type(consoles.take(command), on: host, in: path)
    }
    #expect(consoles.rest.isEmpty)
  }

  @Test func `docs/moving-in.md, from a Dovecot`() throws {
    let path = "docs/moving-in.md"
    var consoles = try Consoles(path)
    let host = try MailHost(config: "")
    _ = try host.run(
      """
      mkdir -p /etc/dovecot/private
      cp tls/mail.example.org.crt /etc/dovecot/private/dovecot.pem
      cp tls/mail.example.org.key /etc/dovecot/private/dovecot.key
      chown vmail /etc/dovecot/private/*
      sed 's/^anna/anna@example.org/; /^[^a]/d; /^$/d' users.passwd >/etc/dovecot/users
      chown vmail /etc/dovecot/users && chmod 600 /etc/dovecot/users
      rm -r /etc/ocean /var/lib/ocean
      cat >/etc/dovecot/dovecot.conf <<END
      protocols = imap pop3
      listen = 192.0.2.10, 2001:db8::10
      mail_location = maildir:/var/mail/vhosts/%d/%n/Maildir
      mail_uid = vmail
      mail_gid = vmail
      ssl = required
      ssl_cert = </etc/dovecot/private/dovecot.pem
      ssl_key = </etc/dovecot/private/dovecot.key
      service pop3 {
        process_limit = 200
      }
      passdb {
        driver = passwd-file
        args = /etc/dovecot/users
      }
      userdb {
        driver = passwd-file
        args = /etc/dovecot/users
      }
      END
      mkdir /etc/ocean
      """)
    for command in ["ocean import dovecot", "install"] {
      try type(consoles.take(command), on: host, in: path)
    }
    _ = try host.run(
      "printf 'Subject: x\\n\\nx\\n' | runuser -u vmail -- tee /var/mail/vhosts/example.org/anna/Maildir/new/1.x"
    )
    try host.serve()
    // The second session takes in that the first one has seen the message.
    for _ in 1...2 {
      let fetched = try host.run(
        "curl -sk pop3s://192.0.2.10/1 -u anna@example.org:\(Workspace.secret)")
      #expect(fetched == "Subject: x\r\n\r\nx\r\n", "\(fetched)")
    }
    try type(consoles.take("ocean mailbox"), on: host, in: path)
    #expect(consoles.rest.isEmpty)
  }
}
