import OceanBase
import Testing

@testable import OceanAccess

/// The words that saslauthd and Dovecot are asked with, and what their answers mean.
@Suite struct SocketMessageTests {
  // MARK: - saslauthd

  @Test func `each text of a question to saslauthd has its length before it`() throws {
    let request = try #require(
      SaslauthdRequest.encode(
        login: "anna", password: SecretBytes("secret"), service: "pop", realm: "example.org"))
    #expect(request.text == "\u{0}\u{4}anna\u{0}\u{6}secret\u{0}\u{3}pop\u{0}\u{b}example.org")
    let short = try #require(
      SaslauthdRequest.encode(login: "ä", password: SecretBytes("\n\t"), service: "pop", realm: ""))
    #expect(short.text == "\u{0}\u{2}ä\u{0}\u{2}\n\t\u{0}\u{3}pop\u{0}\u{0}")
  }

  @Test(arguments: [
    ("anna", ""), ("anna", "secret\u{0}x"), ("anna", String(repeating: "x", count: 256)),
    (String(repeating: "ä", count: 128), "secret"), ("", "secret"), ("an\u{0}na", "secret"),
  ])
  func `what saslauthd would take for something else is not sent`(login: String, password: String) {
    #expect(
      SaslauthdRequest.encode(login: login, password: SecretBytes(password), service: "pop", realm: "") == nil
    )
  }

  @Test(arguments: [
    ("OK", SaslauthdReply.accepted), ("OK remote authentication successful", .accepted), ("NO", .refused),
    ("NO ", .refused), ("NO PAM auth error", .refused), ("NO Incorrect password", .refused),
    ("NO Invalid username", .refused), ("NO PAM acct error", .barred("PAM acct error")),
    ("NO Password expired", .barred("Password expired")),
    ("NO internal mechanism failure", .trouble("internal mechanism failure")),
    ("NO [ALERT] saslauthd internal error", .trouble("[ALERT] saslauthd internal error")),
    ("NO PAM start error", .trouble("PAM start error")),
  ])
  func `an answer of saslauthd`(text: String, meaning: SaslauthdReply) throws {
    #expect(try SaslauthdReply(Array(text.utf8)) == meaning)
  }

  @Test(arguments: ["OKAY", "NOT", "no", "", "O", "YES", "\u{0}\u{0}", "HTTP/1.1 400"])
  func `another answer is not one of saslauthd`(text: String) {
    #expect(throws: BackendError.self) { try SaslauthdReply(Array(text.utf8)) }
  }

  // MARK: - Dovecot

  private func line(_ text: String) throws -> DovecotLine { try DovecotLine(Array(text.utf8)) }

  @Test func `words of Dovecot are escaped`() throws {
    let text = "a\tb\nc\rd\u{1}e\u{0}fä"
    #expect(DovecotLine.escape(text) == "a\u{1}tb\u{1}nc\u{1}rd\u{1}1e\u{1}0fä")
    #expect(try line("OK\t1\tuser=\(DovecotLine.escape(text))").parameter("user") == text)
    #expect(throws: BackendError.self) { try DovecotLine([0x4f, 0x4b, 9, 0xff]) }
    // A backslash at the end, as it were.
    #expect(try line("OK\t1\tuser=a\u{1}").parameter("user") == "a")
  }

  @Test func `a question to Dovecot`() throws {
    let request = try #require(
      DovecotRequest.auth(7, user: "anna@example.org", password: SecretBytes("se\tcret"), client: somewhere))
    #expect(
      request.text
        == "AUTH\t7\tPLAIN\tservice=pop3\tnologin\tsecured\trip=192.0.2.1\tresp=AGFubmFAZXhhbXBsZS5vcmcAc2UJY3JldA==\n"
    )
    #expect(
      DovecotRequest.user(8, "an\tna", client: somewhere)
        == "USER\t8\tan\u{1}tna\tservice=pop3\trip=192.0.2.1\n")
  }

  @Test(arguments: ["", "secret\u{0}", String(repeating: "x", count: 1025)])
  func `a password that PLAIN cannot have is not sent`(password: String) {
    #expect(
      DovecotRequest.auth(1, user: "anna", password: SecretBytes(password), client: somewhere) == nil)
  }

  @Test(arguments: [
    ("OK\t1\tuser=anna", DovecotVerdict.accepted(user: "anna", original: nil)),
    ("OK\t1\tuser=o@x\t\toriginal_user=D@x", .accepted(user: "o@x", original: "D@x")),
    ("OK\t1\tuser=anna\tnologin", .barred("its passdb says nologin")),
    ("OK\t1\tuser=anna\tproxy\thost=192.0.2.7", .barred("its passdb says proxy, which ocean does not do")),
    ("FAIL\t1\tuser=anna", .refused), ("FAIL\t1", .refused),
    ("FAIL\t1\tuser=anna\tuser_disabled", .barred("the account is disabled")),
    ("FAIL\t1\tuser=anna\tcode=pass_expired", .barred("the password has expired")),
    ("FAIL\t1\tuser=anna\tauthz", .barred("the login is not authorized")),
  ])
  func `an answer of Dovecot`(text: String, meaning: DovecotVerdict) throws {
    #expect(try DovecotVerdict(line(text), to: 1) == meaning)
  }

  /// None of these says that a password is wrong.
  @Test(arguments: [
    "FAIL\t1\tuser=anna\ttemp", "FAIL\t1\tcode=temp_fail", "FAIL\t1\tcode=something_new", "CONT\t1\t",
    "OK\t1", "OK\t1\tuser=", "OK\t2\tuser=anna", "FAIL\t2\tuser=anna", "OK", "", "NOTFOUND\t1",
    "OK\t-1\tuser=a",
    "OK\t99999999999\tuser=a",
  ])
  func `an answer of Dovecot that leaves it open`(text: String) {
    #expect(throws: BackendError.self) { try DovecotVerdict(line(text), to: 1) }
  }

  @Test func `what Dovecot's userdb says`() throws {
    let found = DovecotUser.Entry(name: "anna", home: "/h", mail: "maildir:~/M", driver: nil, path: nil)
    #expect(
      try DovecotUser(
        line("USER\t3\tanna\tuid=1\tgid=1\thome=/h\tmail=maildir:~/M\tquota_rule=*:storage=1G"), to: 3)
        == .found(found))
    #expect(try DovecotUser(line("NOTFOUND\t3"), to: 3) == .nobody)
    for wrong in ["FAIL\t3", "USER\t4\tanna", "NOTFOUND\t4", "USER\t3", "USER\t3\t", "OK\t3\tuser=anna"] {
      #expect(throws: BackendError.self, "\(wrong)") { try DovecotUser(line(wrong), to: 3) }
    }
  }
}
