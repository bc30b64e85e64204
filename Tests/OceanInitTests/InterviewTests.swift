import OceanInit
import Testing

struct InterviewTests {
  private let fake = FakeHost()

  private func refusal(_ body: () throws(Refusal) -> Choices) -> Refusal? {
    do {
      _ = try body()
      return nil
    } catch {
      return error
    }
  }

  @Test func `return takes every proposal`() throws {
    let choices = try fake.asked("", "", "", "", "", "", "", "", "")
    #expect(fake.answers.isEmpty, "\(fake.screen)")
    #expect(choices.hostname == "mail.example.org" && choices.domains == ["example.org"])
    #expect(choices.maildir == "/var/mail/vhosts/{domain}/{user}/Maildir" && choices.user == "vmail")
    #expect(
      choices.passwdFile == "/etc/ocean/users.passwd" && choices.account?.name == "postmaster@example.org")
    #expect(choices.certificate == .selfSigned && choices.addresses == .all)
    #expect(fake.screen.contains("Name of this host for clients [mail.example.org]: "))
    #expect(!fake.screen.contains("Correct-Horse"))
  }

  @Test func `every answer is taken`() throws {
    let choices = try fake.asked(
      "POP.example.net", "example.net, example.org", "/srv/{user}@{domain}", "mail", "/etc/ocean/accounts",
      "anna@example.net", "none", "y")
    #expect(choices.hostname == "pop.example.net" && choices.domains == ["example.net", "example.org"])
    #expect(choices.maildir == "/srv/{user}@{domain}" && choices.user == "mail")
    #expect(choices.passwdFile == "/etc/ocean/accounts" && choices.account?.name == "anna@example.net")
    #expect(choices.certificate == .missing && choices.addresses == .loopback)
  }

  @Test func `a certificate of the host is proposed, and so are its names`() throws {
    fake.host.name = "vps7"
    fake.certificate("old.example.org", for: ["old.example.org"], notAfter: 1)
    fake.certificate("example.org", for: ["example.org", "*.example.org"])
    fake.certificate("mail.example.org", for: ["mail.example.org"])
    let choices = try fake.asked("", "", "", "", "", "none", "", "", "")
    #expect(choices.hostname == "mail.example.org")
    #expect(
      choices.certificate
        == .pair(
          .init(
            chain: "/etc/letsencrypt/live/example.org/fullchain.pem",
            key: "/etc/letsencrypt/live/example.org/privkey.pem")))
    #expect(fake.screen.contains("old.example.org/fullchain.pem, EXPIRED, not for mail.example.org"))
  }

  @Test func `a certificate for other names is shown, but a self-signed one is proposed`() throws {
    fake.certificate("www.example.net", for: ["www.example.net"])
    let choices = try fake.asked("mail.example.org", "", "", "", "", "none", "", "", "")
    #expect(choices.certificate == .selfSigned)
    #expect(
      fake.screen.contains("1  /etc/letsencrypt/live/www.example.net/fullchain.pem, not for mail.example.org")
    )
  }

  @Test func `a certificate that this user may not read can be chosen`() throws {
    fake.certificate("mail.example.org", for: ["mail.example.org"], notAfter: nil)
    let choices = try fake.decided()
    #expect(choices.pair(in: "/etc/ocean")?.chain == "/etc/letsencrypt/live/mail.example.org/fullchain.pem")
  }

  @Test func `mail that is here gives its location, owner, domains and first account`() throws {
    fake.host.mail = .init(
      template: "/var/vmail/{domain}/{user}", domains: ["a.example", "example.org"],
      account: "anna@a.example",
      owner: "mailuser")
    let choices = try fake.asked("", "", "", "", "", "", "", "", "")
    #expect(choices.maildir == "/var/vmail/{domain}/{user}" && choices.user == "mailuser")
    #expect(choices.domains == ["example.org", "a.example"])
    #expect(choices.account?.name == "anna@a.example")
  }

  @Test func `a passwd-file that is here is used, and gets no account`() throws {
    let fake = FakeHost(files: ["/etc/dovecot/users", "/etc/dovecot"])
    fake.host.passwdFiles = ["/etc/dovecot/users"]
    let choices = try fake.asked("", "", "", "", "", "", "", "")
    #expect(choices.passwdFile == "/etc/dovecot/users" && choices.account == nil)
  }

  // MARK: - Wrong answers

  @Test(arguments: [
    (0, "mail example", "'mail example' is not a host name"),
    (0, "localhost", "'localhost' has no domain"),
    (0, "192.0.2.10", "'192.0.2.10' is not a host name"),
    (1, "exa mple.org, -a", "'-a' is not a host name"),
    (2, "/var/mail", "without {user} or {home}, all accounts would share one mailbox"),
    (2, "maildir:/var/mail/%d/%n", "write /var/mail/{domain}/{user}"),
    (2, "mail/{domain}/{user}", "a Maildir is a whole path, like /var/mail/vhosts/{domain}/{user}/Maildir"),
    (3, "\u{1b}[A", "a character that cannot be seen"),
    (4, "/etc/ocean/ocean.yaml", "/etc/ocean/ocean.yaml will be the config"),
    (3, "root", "the server must not stay root"),
    (3, "1000", "'1000' is not the name of a user"),
    (4, "/nowhere/users", "there is no directory /nowhere"),
    (5, "an na", "an account's name has no colons, spaces or control characters"),
    (6, "3", "there is no certificate 3"),
    (6, "/nowhere.pem", "there is no file /nowhere.pem"),
    (7, "192.0.2.300", "has a number above 255"),
    (7, "eth0 192.0.2.0/24", "is a network; a socket is bound to one address"),
    (8, "perhaps", "y or n"),
  ])
  func `a wrong answer is explained, and three end it`(_ place: Int, _ answer: String, _ message: String)
    throws
  {
    let right = Array(repeating: "", count: place)
    let after = Array(repeating: "", count: 9 - place)
    func ask(_ answers: [String]) -> Refusal? {
      refusal { () throws(Refusal) in try fake.asked(list: answers) }
    }
    #expect(ask(right + [answer] + after) == nil)
    #expect(fake.screen.contains(message), "\(fake.screen)")
    #expect(
      ask(right + [answer, answer, answer] + after)
        == .stopped("3 answers could not be used; nothing was written"))
  }

  @Test(arguments: 0..<9)
  func `the end of the input ends it at every question`(_ place: Int) {
    #expect(
      refusal { () throws(Refusal) in try fake.asked(list: Array(repeating: "", count: place)) }
        == .stopped("there is no answer; nothing was written"))
  }

  @Test func `passwords that differ are asked for again, three times`() {
    fake.password = nil
    #expect(
      refusal { () throws(Refusal) in try fake.asked("", "", "", "", "", "") }
        == .stopped("3 answers could not be used; nothing was written"))
    #expect(fake.screen.components(separatedBy: "the passwords differ").count == 4)
  }

  @Test func `somebody who does not want the files gets none`() {
    #expect(
      refusal { () throws(Refusal) in try fake.asked("", "", "", "", "", "", "", "", "n") }
        == .stopped("nothing was written"))
  }

  // MARK: - Without a person

  @Test func `without a person, options and proposals decide`() throws {
    fake.given.hostname = "pop.example.net"
    fake.given.addresses = "192.0.2.10,2001:db8::10"
    let choices = try fake.decided()
    #expect(choices.hostname == "pop.example.net" && choices.domains == ["example.net"])
    #expect(choices.addresses == .list(["192.0.2.10", "2001:db8::10"]) && choices.account == nil)
    #expect(choices.yaml.contains("bind: [192.0.2.10, \"2001:db8::10\"]"))
  }

  @Test func `what cannot be decided is named with its option`() {
    fake.host.name = "localhost"
    #expect(
      refusal { () throws(Refusal) in try fake.decided() }
        == .usage(
          "what this host does not tell must be given: --hostname mail.example.org, --domains example.org; or answer on a terminal, without --yes"
        ))
  }

  @Test func `an option that is wrong is named`() {
    fake.given.maildir = "/var/mail"
    guard case .usage(let sentence)? = refusal({ () throws(Refusal) in try fake.decided() }) else {
      Issue.record("it was taken")
      return
    }
    #expect(sentence.hasPrefix("--maildir: without {user} or {home}"), "\(sentence)")
  }

  @Test func `an account beside accounts that are there is refused`() {
    let fake = FakeHost(files: ["/etc/ocean/users.passwd"])
    fake.given.account = "anna"
    #expect(
      refusal { () throws(Refusal) in try fake.decided() }
        == .usage("--account is for a new passwd-file, and /etc/ocean/users.passwd is there already"))
  }

  @Test func `without a certificate other hosts cannot be served`() {
    fake.given.certificate = "none"
    fake.given.addresses = "all"
    #expect(
      refusal { () throws(Refusal) in try fake.decided() }
        == .usage("--bind: passwords of other hosts need TLS, and so a certificate: loopback is what is left")
    )
  }

  @Test func `a certificate is not made over one that is there`() {
    let fake = FakeHost(files: ["/etc/ocean/tls/mail.example.org.csr"])
    fake.given.certificate = "self-signed"
    guard case .usage(let sentence)? = refusal({ () throws(Refusal) in try fake.decided() }) else {
      Issue.record("it was taken")
      return
    }
    #expect(sentence.contains("/etc/ocean/tls/mail.example.org.csr is there already"), "\(sentence)")
  }

  // MARK: - Dovecot

  private static let importing = "ocean import dovecot /etc/dovecot/dovecot.conf --out /etc/ocean"

  @Test func `a host with Dovecot is told about the import first`() throws {
    fake.host.dovecot = "/etc/dovecot/dovecot.conf"
    #expect(
      refusal { () throws(Refusal) in try fake.asked("") }
        == .stopped("nothing was written; next: \(Self.importing)"))
    #expect(refusal { () throws(Refusal) in try fake.asked("y", "", "", "", "", "", "", "", "", "") } == nil)
    guard case .usage(let sentence)? = refusal({ () throws(Refusal) in try fake.decided() }) else {
      Issue.record("it was taken")
      return
    }
    #expect(sentence.hasSuffix(": \(Self.importing)") && sentence.contains("--beside-dovecot"), "\(sentence)")
    fake.given.isBesideDovecot = true
    #expect(refusal { () throws(Refusal) in try fake.decided() } == nil)
  }

  // MARK: - Names from outside

  @Test func `names that a terminal would act on are escaped`() throws {
    let evil = "mail.\u{1b}[2Jexample\u{202e}.org"
    fake.certificate("evil", for: [evil])
    fake.host.certificates[0].pair.chain = "/etc/letsencrypt/live/\u{202e}/fullchain.pem"
    fake.host.mailName = evil
    fake.host.mail = .init(
      template: "/var/mail/\u{202e}\u{7}/{user}", domains: [evil], account: "an\u{202e}na@x",
      owner: "\u{1b}[1m")
    let choices = try fake.asked("", "", "/var/\u{202e}/{user}", "", "", "none", "1", "", "")
    let isQuiet = fake.screen.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0.value < 0x7f }
    #expect(isQuiet, "\(fake.screen.debugDescription)")
    // What the compiler would refuse is not proposed.
    #expect(choices.hostname == "mail.example.org" && choices.domains == ["example.org"])
    #expect(fake.screen.contains("Maildirs [/var/mail/vhosts/{domain}/{user}/Maildir]: "))
    #expect(choices.user == "vmail")
    // In YAML such characters are escaped.
    #expect(choices.yaml.contains(#"maildir: "/var/\u202e/{user}""#), "\(choices.yaml)")
    #expect(choices.yaml.contains(#"chain: "/etc/letsencrypt/live/\u202e/fullchain.pem""#))
    #expect(FirstConfig(choices, in: "/etc/ocean").flaw == nil)
  }
}
