import OceanCompiler
import OceanInit
import Testing

struct RemainingStepsTests {
  private static let certbot = "/etc/letsencrypt/live/a/fullchain.pem"
  private var facts = Facts(hostname: "mail", isRoot: true, hasIPv6: true, localAddresses: [])

  init() {
    facts.users["vmail"] = .exists
    facts.directories["/var/lib/ocean"] = .exists
    facts.permissions = ["vmail": .init(group: "mail", paths: [:])]
    facts.hasSetfacl = true
  }

  private func steps(
    _ choices: Choices = .usual, written: [String] = [], existing: Set<String> = ["/etc/ocean/users.passwd"]
  ) -> RemainingSteps {
    RemainingSteps(
      choices, for: "/etc/ocean/ocean.yaml", in: "/etc/ocean", written: written, facts: facts,
      program: "/usr/local/bin/ocean", exists: { existing.contains($0) })
  }

  private static let check = "/usr/local/bin/ocean check /etc/ocean/ocean.yaml"

  @Test func `a host that has everything is left nothing to do`() {
    #expect(steps().commands == [])
    #expect(steps().codes == [])
  }

  @Test mutating func `the user comes first, because the others need it`() {
    facts.users["vmail"] = .missing
    facts.directories["/var/lib/ocean"] = .missing
    facts.permissions = [
      "nobody": .init(
        group: "nogroup", paths: ["/etc/ocean/users.passwd": .denied(by: ["/etc/ocean/users.passwd"])])
    ]
    facts.places = [
      "/etc/ocean/users.passwd": .init(owner: "root", group: "root", mode: 0o600, isDirectory: false)
    ]
    #expect(
      steps().commands == [
        "useradd --system --user-group --no-create-home --shell /usr/sbin/nologin vmail",
        "install -d -o vmail -g vmail -m 750 /var/lib/ocean",
        "chgrp vmail /etc/ocean/users.passwd", "chmod 640 /etc/ocean/users.passwd", Self.check,
      ])
    #expect(steps().codes.isSuperset(of: ["OC0309", "OC0310", "OC0328"]))
  }

  @Test func `accounts that are missing come last, and have a Maildir`() {
    var choices = Choices.usual
    choices.maildir = "/var/mail/vhosts/{domain}/{user}"
    #expect(
      steps(choices, existing: ["/var", "/var/mail"]).commands == [
        "install -d -o vmail -g mail -m 700 /var/mail/vhosts /var/mail/vhosts/example.org"
          + " /var/mail/vhosts/example.org/postmaster /var/mail/vhosts/example.org/postmaster/new"
          + " /var/mail/vhosts/example.org/postmaster/cur /var/mail/vhosts/example.org/postmaster/tmp",
        "install -m 640 -g mail /dev/null /etc/ocean/users.passwd",
        "/usr/local/bin/ocean passwd postmaster@example.org >> /etc/ocean/users.passwd", Self.check,
      ])
  }

  @Test mutating func `files of another program stay that program's`() {
    facts.permissions?["vmail"]?.paths = ["/etc/ocean/users.passwd": .denied(by: ["/etc/ocean/users.passwd"])]
    facts.places = [
      "/etc/ocean/users.passwd": .init(owner: "root", group: "dovecot", mode: 0o640, isDirectory: false)
    ]
    #expect(steps().commands.first == "setfacl -m u:vmail:r /etc/ocean/users.passwd")
    facts.hasSetfacl = false
    #expect(steps().commands.first == "apt-get install --yes acl")
  }

  @Test mutating func `every directory on the way to certbot's key is opened once`() {
    var choices = Choices.usual
    choices.certificate = .pair(.init(chain: Self.certbot, key: "/etc/letsencrypt/live/a/privkey.pem"))
    let (live, archive) = ("/etc/letsencrypt/live", "/etc/letsencrypt/archive")
    facts.permissions?["vmail"]?.paths = [
      Self.certbot: .denied(by: [live, archive]),
      "/etc/letsencrypt/live/a/privkey.pem": .denied(by: [live, archive, "\(archive)/a/privkey1.pem"]),
    ]
    facts.places = [live, archive].reduce(into: [:]) {
      $0[$1] = .init(owner: "root", group: "root", mode: 0o700, isDirectory: true)
    }
    facts.places?["\(archive)/a/privkey1.pem"] = .init(
      owner: "root", group: "root", mode: 0o600, isDirectory: false)
    #expect(
      steps(choices).commands == [
        "chgrp mail \(live)", "chmod g+x \(live)", "chgrp mail \(archive)", "chmod g+x \(archive)",
        "chgrp mail \(archive)/a/privkey1.pem", "chmod 640 \(archive)/a/privkey1.pem", Self.check,
      ])
  }

  @Test mutating func `a state directory of another user is handed over`() {
    facts.permissions?["vmail"]?.paths = ["/var/lib/ocean": .denied(by: ["/var/lib/ocean"])]
    #expect(steps().commands.first == "install -d -o vmail -g mail -m 750 /var/lib/ocean")
    facts.permissions?["vmail"]?.paths = ["/var/lib/ocean": .denied(by: ["/var/lib/ocean/ocean.lock"])]
    #expect(steps().commands.first == "chown -R vmail /var/lib/ocean")
  }

  @Test mutating func `what somebody else than root wrote is given to the group`() {
    facts.isRoot = false
    facts.permissions = nil
    #expect(
      steps(written: ["/etc/ocean/users.passwd", "/etc/ocean/tls/mail.example.org.key"]).commands == [
        "chgrp vmail /etc/ocean/users.passwd", "chmod 640 /etc/ocean/users.passwd",
        "chgrp vmail /etc/ocean/tls/mail.example.org.key", "chmod 640 /etc/ocean/tls/mail.example.org.key",
        Self.check,
      ])
  }
}
