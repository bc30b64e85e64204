import OceanAddresses
import OceanBase
import TestSupport
import Testing
@testable import OceanAccess

@Suite struct PasswdFileTests {
  @Test func `all fields`() throws {
    let file = passwdFile(
      "Anna@Example.ORG:{PLAIN}x:5000:5000:Anna A.:/home/anna:/bin/false:allow_nets=192.0.2.0/24,2001:db8::/32,::1 "
        + "userdb_mail=maildir:/srv/anna\n")
    let account = try #require(file.account(named: name("anna@example.org")))
    #expect(account.name.text == "anna@example.org")
    #expect(account.name.user == "anna")
    #expect(account.name.domain == "example.org")
    #expect(account.status == .active)
    #expect(account.home == "/home/anna")
    #expect(account.maildir == "/srv/anna")
    #expect(account.line == 1)
    #expect(account.conditions.networks?.map(\.description) == ["192.0.2.0/24", "2001:db8::/32", "::1/128"])
    #expect(file.issues.entries.isEmpty)
  }

  /// Accounts for which `{home}` and `{domain}` of a mail location have no value.
  @Test(arguments: [(nil, 2), ("example.org", 0)]) func `accounts without home or domain`(
    _ defaultDomain: String?, _ domainless: Int
  ) {
    let file = passwdFile(
      """
      anna:{PLAIN}x::::/home/anna::
      ben:{PLAIN}x::::::
      cleo@example.net:{PLAIN}x::::::
      dora:{PLAIN}x::::::userdb_mail=maildir:/srv/dora
      emil:!x::::::
      ben:{PLAIN}a second line of the same name::::::

      """, defaultDomain: defaultDomain)
    #expect(file.activeCount == 4)
    #expect(file.homelessCount == 2)
    #expect(file.domainlessCount == domainless)
  }

  @Test(arguments: ["\n", "\r\n"]) func `lines and their numbers`(_ end: String) throws {
    let text = ["\u{FEFF}# comment", "", "anna:{PLAIN}a", "", "#", "ben:{PLAIN}b"].joined(separator: end)
    for text in [text, text + end] {
      let file = passwdFile(text)
      #expect(file.issues.entries.isEmpty)
      #expect(file.activeCount == 2)
      #expect(file.account(named: try name("anna"))?.line == 3)
      let ben = try #require(file.account(named: name("BEN")))
      #expect(ben.line == 6)
      #expect(try ben.password?.verify(SecretBytes("b")) == true)
    }
  }

  @Test func `byte order mark before an account`() throws {
    #expect(passwdFile("\u{FEFF}anna:{PLAIN}a").account(named: try name("anna"))?.status == .active)
  }

  /// A colon in the seventh field on belongs to the extra fields; Dovecot's older form has the mail there.
  @Test(arguments: [
    ("a:{PLAIN}x::::/home/a::userdb_mail=maildir:/m/a", "/m/a"),
    ("a:{PLAIN}x::::/home/a::userdb_mail=maildir:~/Maildir", "/home/a/Maildir"),
    ("a:{PLAIN}x::::/home/a::userdb_mail_driver=maildir userdb_mail_path=~/Maildir", "/home/a/Maildir"),
    ("a:{PLAIN}x::::/home/a::userdb_mail_path=/m/a", "/m/a"),
    ("a:{PLAIN}x:::::: userdb_home=/home/a  userdb_mail=maildir:~/Mail", "/home/a/Mail"),
    ("a:{PLAIN}x::::/home/a:::maildir:/old/a", "/old/a"),
    ("a:{PLAIN}x::::/home/a:::", nil),
    ("a:{PLAIN}x::::/home/a::", nil),
    ("a:{PLAIN}x::::/home/a", nil),
  ])
  func `mail locations`(_ line: String, _ maildir: String?) throws {
    let account = try #require(passwdFile(line).account(named: name("a")))
    #expect(account.status == .active)
    #expect(account.maildir == maildir)
    #expect(account.home == "/home/a")
  }

  @Test(arguments: [
    "a:!$6$x", "a:*", "a:!", "a:!!:x", "a:{PLAIN}x::::::nologin", "a:{PLAIN}x::::::nologin=y",
    "a:{PLAIN}x::::::nologin=no",
    "a:{PLAIN}x::::::nodelay nologin reason=gone",
  ])
  func `disabled`(_ line: String) throws {
    let file = passwdFile(line)
    let account = try #require(file.account(named: name("a")))
    #expect(account.status == .disabled)
    #expect(account.password == nil)
    #expect(file.disabledCount == 1 && file.activeCount == 0)
    #expect(file.issues.entries.allSatisfy { $0.severity == .warning })
  }

  static let refusals: [(String, AccountIssue.Kind)] = [
    ("a:", .emptyPassword), ("a::1:1:::", .emptyPassword),
    ("a:{PLAIN}", .emptyPassword),
    ("a:{NTLM}x", .unsupportedScheme("NTLM")), ("a:{FOO}x", .unknownScheme),
    ("a:secret", .malformedPassword), ("a:{PLAIN}" + String(repeating: "x", count: 249), .longPassword),
    ("a:{PLAIN}x::::::allow_nets=local", .badNetwork), ("a:{PLAIN}x::::::allow_nets=", .badNetwork),
    ("a:{PLAIN}x::::::allow_nets=192.0.2.1,mail.example.org", .badNetwork),
    ("a:{PLAIN}x::::::allow_nets=192.0.2.1,", .badNetwork), ("a:{PLAIN}x::::::allow_nets", .badNetwork),
    ("a:{PLAIN}x::::::allow_nets=::1 allow_nets=::2", .repeatedField("allow_nets")),
    ("a:{PLAIN}x::::::proxy host=10.0.0.1", .unsupportedField("proxy")),
    ("a:{PLAIN}x::::::nopassword=y", .unsupportedField("nopassword")),
    ("a:{PLAIN}x::::::user=b", .unsupportedField("user")),
    ("a:{PLAIN}x::::::pass=b", .unsupportedField("pass")),
    ("a:{PLAIN}x::::::userdb_chroot=/", .unsupportedField("userdb_chroot")),
    ("a:{PLAIN}x::::::userdb_namespace/inbox/x=y", .unsupportedField("userdb_namespace")),
    ("a:{PLAIN}x::::::nodelay frobnicate=1", .unknownField(position: 2, name: "frobnicate")),
    ("a:{PLAIN}x::::::nodelay Hunter2=1", .unknownField(position: 2, name: nil)),
    ("a:{PLAIN}x::::::nodelay hunter2", .unknownField(position: 2, name: nil)),
    ("a:{PLAIN}x::::::allow_nets =::1", .badNetwork),
    ("a:{PLAIN}x::::::userdb_home=/a userdb_home=/b", .repeatedField("userdb_home")),
    ("a:{PLAIN}x::::::userdb_home=/home/%n", .variableInField("userdb_home")),
    ("a:{PLAIN}x::::::userdb_mail=maildir:/m/%u", .variableInField("userdb_mail")),
    ("a:{PLAIN}x::::::userdb_mail=", .unsupportedMailLocation),
    ("a:{PLAIN}x::::::userdb_mail_path=m", .unsupportedMailLocation),
    (
      "a:{PLAIN}x::::::userdb_mail_path=/m/a userdb_mail_driver=mbox", .unsupportedField("userdb_mail_driver")
    ),
    ("a:{PLAIN}x::::::userdb_mail=mbox:/m/a", .unsupportedMailLocation),
    ("a:{PLAIN}x::::::userdb_mail=maildir:/m/a:INBOX=/n", .unsupportedMailLocation),
    ("a:{PLAIN}x::::::userdb_mail=maildir:m", .unsupportedMailLocation),
    ("a:{PLAIN}x::::::userdb_mail=maildir:~/m", .unsupportedMailLocation),
    ("a:{PLAIN}x:::::::mbox:/m", .unsupportedMailLocation),
    ("a:{PLAIN}x:::::::maildir:/m/%u", .variableInField("mail")),
  ]

  @Test func `a line without colon is no account`() throws {
    let file = passwdFile("a\n")
    #expect(file.issues.entries.map(\.kind) == [.missingPassword])
    #expect(file.account(named: try name("a")) == nil)
  }

  @Test(arguments: refusals) func `refused`(_ line: String, _ kind: AccountIssue.Kind) throws {
    let file = passwdFile("#\n\(line)\n")
    let issue = try #require(file.issues.entries.first { $0.severity == .refusesAccount })
    #expect(issue.kind == kind)
    #expect(issue.line == 2)
    let account = try #require(file.account(named: name("a")))
    #expect(account.status == .refused)
    #expect(account.password == nil)
    #expect(file.refusedCount == 1 && file.activeCount == 0)
  }

  @Test(arguments: [
    ("::x:y", AccountName.Flaw.empty), ("a/b:x", .slash), ("a@b@c:x", .malformedAddress),
    ("@b:x", .malformedAddress),
    ("a@:x", .malformedAddress), ("..:x", .dots), ("a@..:x", .dots), (".@b:x", .dots),
    ("a\tb:x", .controlCharacter),
    ("a\u{85}:x", .controlCharacter), ("\u{7f}:x", .controlCharacter),
    (String(repeating: "a", count: 249) + ":x", .tooLong),
  ])
  func `bad names`(_ line: String, _ flaw: AccountName.Flaw) {
    let file = passwdFile(line)
    #expect(file.issues.entries.map(\.kind) == [.badName(flaw)])
    #expect(file.activeCount + file.disabledCount + file.refusedCount == 0)
  }

  @Test func `bytes that are no text`() throws {
    func parse(_ bytes: [UInt8]) -> PasswdFile {
      PasswdFile(parsing: SecretBytes(copying: bytes), defaultDomain: nil)
    }
    #expect(parse([0xff] + "a:{PLAIN}x".utf8).issues.entries.map(\.kind) == [.badName(.notUTF8)])
    #expect(parse("a:{PLAIN}x\0".utf8 + []).issues.entries.map(\.kind) == [.containsNUL])
    #expect(parse("a:{PLAIN}x::::/h".utf8 + [0xff]).issues.entries.map(\.kind) == [.notUTF8])
    // A password may be Latin-1.
    let latin = parse("a:{PLAIN}".utf8 + [0xe9])
    #expect(latin.issues.entries.isEmpty)
    #expect(try latin.account(named: name("a"))?.password?.verify(SecretBytes(copying: [0xe9])) == true)
  }

  @Test func `long lines`() throws {
    let longest = "a:{PLAIN}x:" + String(repeating: "g", count: PasswdFile.maxLineLength - 11)
    #expect(kinds(longest) == [])
    let file = passwdFile("\(longest)g\nb:{PLAIN}x")
    #expect(file.issues.entries.map(\.kind) == [.lineTooLong])
    #expect(file.account(named: try name("a")) == nil)
    #expect(file.account(named: try name("b"))?.line == 2)
  }

  /// An e with its accent as one character or as two: the bytes differ, so the accounts do.
  @Test func `names are bytes`() throws {
    let file = passwdFile("\u{e9}:{PLAIN}x\ne\u{301}:!\n")
    let (one, two) = try (name("\u{e9}"), name("e\u{301}"))
    #expect(one != two)
    #expect(file.account(named: one)?.status == .active)
    #expect(file.account(named: two)?.status == .disabled)
    #expect(file.issues.entries.isEmpty)
  }

  @Test func `first of several lines wins`() throws {
    let file = passwdFile("a:!\nb:{PLAIN}x\nA:{PLAIN}y\n")
    #expect(file.issues.entries.map(\.kind) == [.duplicateName(try name("a"), firstLine: 1)])
    #expect(file.issues.entries.map(\.line) == [3])
    #expect(file.account(named: try name("a"))?.status == .disabled)
    #expect((file.activeCount, file.disabledCount, file.refusedCount) == (1, 1, 0))
  }

  @Test(arguments: [("a", "a@example.org", 1, 2), ("a@example.org", "a", 2, 1)])
  func `ambiguity`(_ first: String, _ second: String, bareLine: Int, addressLine: Int) throws {
    let text = "\(first):{PLAIN}x\n\(second):{PLAIN}y\na@example.net:{PLAIN}z"
    let address = try name("a@example.org")
    #expect(
      kinds(text, defaultDomain: "example.org") == [
        .ambiguousName(bareLine: bareLine, address: address, addressLine: addressLine)
      ])
    #expect(kinds(text) == [])
  }

  @Test(arguments: [
    ("a:{PLAIN}x::::::userdb_quota_rule=*:storage=1G", AccountIssue.Kind.ignoredField("userdb_quota_rule")),
    ("a:{PLAIN}x::::::nodelay", .ignoredField("nodelay")),
    (
      "a:{PLAIN}x::::::allow_nets=10.0.0.5/8", .hostBitsInNetwork(given: "10.0.0.5/8", meant: "10.0.0.0/8")
    ),
    ("a:{PLAIN}x::::home", .relativeHome), ("a:{DES-CRYPT}JBOZ0DgmtucwE", .weakPassword),
    ("a:{SHA}MxspFnQniYg6u5z+zkYtBhzZfWw=", .weakPassword),
    ("a:{MD5-CRYPT}$1$saltstri$YMyguxXMBpd2TEZ.vS/3q1", .weakPassword),
    ("a:$2y$16$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", .excessiveCost),
  ])
  func `warnings`(_ line: String, _ kind: AccountIssue.Kind) throws {
    let file = passwdFile(line)
    let issue = try #require(file.issues.entries.first)
    #expect(file.issues.entries.count == 1)
    #expect(issue.kind == kind && issue.severity == .warning && issue.line == 1)
    #expect(file.account(named: try name("a"))?.status == .active)
  }

  @Test func `warnings are told once and refusals bounded`() {
    var text = ""
    for number in 1...1500 {
      text += "u\(number):{PLAIN}x::::::userdb_quota_rule=x\n" + "v\(number):\n"
    }
    let issues = passwdFile(text).issues
    #expect(issues.entries.count == AccountIssues.limit)
    #expect(issues.omitted == 501)
    #expect(issues.entries.first?.kind == .ignoredField("userdb_quota_rule"))
    #expect(issues.entries.first?.occurrences == 1500)
    #expect(zip(issues.entries, issues.entries.dropFirst()).allSatisfy { $0.line <= $1.line })
  }

  /// Text in the place of a scheme, a field or a name may be part of a password.
  @Test(arguments: [
    "a:hunter2", "a:{hunter2}", "a:{hunter2}x", "a:{PLAIN}hunter2:hunter2:::::hunter2 hunter2=hunter2",
    "a:{SHA}hunter2",
    "a:{SHA.hunter2}x", "a:{PLAIN}x::::hunter2:hunter2:userdb_mail=hunter2",
    "a:{PLAIN}x::::::allow_nets=hunter2",
    "a::::::::hunter2", "anna hunter2", "anna;hunter2;x", "anna,hunter2", "anna,{SHA512-CRYPT}hunter2",
    "hunter2",
    "anna hunter2:x", "anna,hunter2:{PLAIN}x", "{PLAIN}hunter2:", "anna|hunter2:{FOO}x", "hunter2\nhunter2",
    "anna hunter2:{PLAIN}x\nanna hunter2:{PLAIN}x", "anna\thunter2:{PLAIN}x",
  ])
  func `no password in messages`(_ line: String) {
    for issue in passwdFile(line).issues.entries {
      let texts = [issue.message, issue.help ?? "", issue.account?.text ?? ""]
      #expect(texts.allSatisfy { !$0.contains("hunter2") }, "\(issue)")
      #expect(!issue.message.isEmpty)
    }
  }

  @Test func `decoy is what most have`() throws {
    let bcrypt = "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
    let file = passwdFile(
      "a:{PLAIN}x\nb:$2y$10$\(bcrypt)\nc:$2a$10$\(bcrypt)\nd:$2y$11$\(bcrypt)\ne:{PLAIN}x::::::nologin\nf:!x\n"
    )
    #expect(file.decoy?.count == 2)
    #expect(
      try file.decoy?.password.scheme == StoredPassword(parsing: SecretBytes("$2y$10$\(bcrypt)")).scheme)
    #expect(passwdFile("a:!\nb:").decoy == nil)
  }

  /// Compares with a dictionary: random names with many repetitions, found and not found, over several
  /// growths.
  @Test(arguments: [1, 2, 3] as [UInt64]) func `lookups against a dictionary`(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var lines: [String] = []
    var expected: [String: Int] = [:]
    for line in 1...3000 {
      let name = String(
        (0..<Int.random(in: 1...3, using: &generator)).map { _ in
          "abcDEF.-é".randomElement(using: &generator) ?? "a"
        })
      lines.append("\(name):{PLAIN}x")
      if name != ".", name != ".." {
        let folded = String(decoding: name.utf8.map(AccountName.fold), as: UTF8.self)
        if expected[folded] == nil { expected[folded] = line }
      }
    }
    let file = passwdFile(lines.joined(separator: "\n"))
    #expect(file.activeCount == expected.count)
    for (text, line) in expected {
      #expect(file.account(named: try name(text))?.line == line)
      #expect(file.account(named: try name(text + "x")) == nil)
    }
  }

  /// Whatever the bytes are: no trap, lines within the file, and no account without a line of its own.
  @Test(arguments: 0..<20 as Range<UInt64>) func `any bytes`(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let sample = Array(
      (StoredPasswordTests.vectors.map { "u:\($0.field)" } + Self.refusals.map(\.0)).joined(separator: "\n")
        .utf8)
    for _ in 0..<10 {
      var bytes = sample
      if Bool.random(using: &generator) {
        for _ in 0..<Int.random(in: 1...200, using: &generator) {
          let position = Int.random(in: 0..<bytes.count, using: &generator)
          switch Int.random(in: 0..<4, using: &generator) {
          case 0: bytes[position] = UInt8.random(in: 0...255, using: &generator)
          case 1: bytes.remove(at: position)
          case 2:
            bytes.insert(Array("$:{}=%\n\r\0 @/.,!".utf8).randomElement(using: &generator) ?? 0, at: position)
          default: bytes.swapAt(position, Int.random(in: 0..<bytes.count, using: &generator))
          }
        }
      } else {
        bytes = (0..<Int.random(in: 0...500, using: &generator)).map { _ in
          UInt8.random(in: 0...255, using: &generator)
        }
      }
      let file = PasswdFile(parsing: SecretBytes(copying: bytes), defaultDomain: "example.org")
      let lines = bytes.count { $0 == UInt8(ascii: "\n") } + 1
      #expect(file.issues.entries.allSatisfy { (1...lines).contains($0.line) && !$0.message.isEmpty })
      #expect(file.activeCount + file.disabledCount + file.refusedCount <= lines)
      for line in bytes.split(separator: UInt8(ascii: "\n")) {
        guard let name = try? AccountName(folding: line.prefix { $0 != UInt8(ascii: ":") }) else { continue }
        if let account = file.account(named: name) { #expect(account.name == name) }
      }
    }
  }
}
