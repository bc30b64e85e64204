import OceanAddresses
import OceanBase
import OceanPlan
import TestSupport
import Testing
@testable import OceanAccess

/// App passwords, and the fields that say where and until when an account or a password may be used.
@Suite struct AppPasswordTests {
  private let folder: TemporaryDirectory
  private let clock = TestClock()
  /// The end of 2026.
  private static let newYear: Int64 = 1_798_761_600

  init() throws {
    folder = try TemporaryDirectory()
    clock.now = (Self.newYear - 3600) * 1_000_000_000
  }

  private func directory(_ text: String) throws -> AccountDirectory {
    let path = try folder.write(text)
    return AccountDirectory([Plan.AccountSource(name: "main", passwdFile: path)], defaultDomain: nil) {
      [clock] in clock.now
    }
  }

  /// What becomes of a login: `in`, `in phone`, `barred phone: ...`, `wrong`.
  private func result(
    _ directory: AccountDirectory, _ password: String, user: String = "anna", service: String = "pop3",
    from peer: String = "192.0.2.1"
  ) throws -> String {
    let candidate = directory.lookup(user, service: service, peer: try IPAddress(parsing: peer))
    func words(_ label: String?) -> String { label.map { " \($0)" } ?? "" }
    switch try candidate.verify(SecretBytes(password)) {
    case .accepted(_, let label): return "in" + words(label)
    case .barred(let obstacle, let label): return "barred\(words(label)): \(obstacle)"
    case .wrong: return "wrong"
    }
  }

  // MARK: - Fields

  @Test func `an account is for some services, networks and until a time`() throws {
    let directory = try directory(
      "anna:{PLAIN}x::::::services=pop3,inner allow_nets=192.0.2.0/24 expires=2026-12-31\n")
    #expect(try result(directory, "x") == "in")
    #expect(try result(directory, "x", service: "inner") == "in")
    #expect(try result(directory, "x", service: "outer") == "barred: not at this service (services)")
    #expect(try result(directory, "x", from: "192.0.3.1") == "barred: not from this address (allow_nets)")
    #expect(try result(directory, "y", service: "outer") == "wrong")
    clock.now = Self.newYear * 1_000_000_000
    #expect(try result(directory, "x") == "barred: ended on 2026-12-31 (expires)")
    #expect(try result(directory, "y") == "wrong")
  }

  @Test func `a time has an offset`() throws {
    let directory = try directory("anna:{PLAIN}x::::::expires=2027-01-01T00:30:00+01:00\n")
    clock.now = (Self.newYear - 1801) * 1_000_000_000
    #expect(try result(directory, "x") == "in")
    clock.now = (Self.newYear - 1800) * 1_000_000_000
    #expect(try result(directory, "x") == "barred: ended on 2026-12-31T23:30:00Z (expires)")
  }

  @Test(arguments: [
    ("services=", AccountIssue.Kind.badServices), ("services=pop3,", .badServices),
    ("services", .badServices),
    ("services=a services=b", .repeatedField("services")), ("expires=soon", .badEnd), ("expires=", .badEnd),
    ("expires=2027-01-31T18:00:00", .badEnd), ("expires=2027-02-30", .badEnd),
    ("expires=2027-01-31 expires=2027-01-31", .repeatedField("expires")),
  ]) func `a field that is not understood refuses the account`(
    _ field: String, _ issue: AccountIssue.Kind
  ) throws {
    let file = passwdFile("anna:{PLAIN}x::::::\(field)\n:anna:phone:{PLAIN}y:\(field)\n")
    #expect(file.issues.entries.map(\.kind) == [issue, issue])
    #expect(file.issues.entries.map(\.isAppPassword) == [false, true])
    let account = try #require(file.account(named: name("anna")))
    #expect(account.status == .refused && account.appPasswords.isEmpty)
  }

  @Test func `ends and services are counted`() {
    let file = passwdFile(
      """
      anna:{PLAIN}x::::::services=pop3,inner expires=2026-12-31
      :anna:phone:{PLAIN}y:services=pop3 expires=2027-01-31
      ben:{PLAIN}x
      anna:{PLAIN}twice::::::services=never expires=2027-01-31

      """)
    #expect(file.ends.map(\.line) == [1, 2])
    #expect(file.ends.map(file.subject) == ["anna", "phone of anna"])
    #expect(file.services.mapValues(\.count) == ["pop3": 2, "inner": 1])
    #expect(file.appPasswordCount == 1)
  }

  // MARK: - App passwords

  @Test func `each password lets in, wherever its line is`() throws {
    let directory = try directory(
      """
      :anna:phone:{PLAIN}one
      anna:{PLAIN}main::::::
      ben:{PLAIN}bens
      :ANNA:tablet:{PLAIN}two:
      :ben:phone:{PLAIN}three:

      """)
    #expect(try result(directory, "main") == "in")
    #expect(try result(directory, "one") == "in phone")
    #expect(try result(directory, "two") == "in tablet")
    #expect(try result(directory, "three") == "wrong")
    #expect(try result(directory, "three", user: "ben") == "in phone")
    #expect(try result(directory, "one", user: "ben") == "wrong")
    // A line of an app password is not an account.
    for user in ["", ":anna", "phone"] { #expect(try result(directory, "one", user: user) == "wrong") }
  }

  @Test func `an app password's conditions count besides the account's`() throws {
    let directory = try directory(
      """
      anna:{PLAIN}main::::::services=pop3,inner
      :anna:phone:{PLAIN}one:services=pop3,outer
      :anna:home:{PLAIN}two:allow_nets=192.0.2.0/24
      :anna:guest:{PLAIN}three:expires=2026-12-31
      :anna:both:{PLAIN}main:services=inner

      """)
    #expect(try result(directory, "one") == "in phone")
    #expect(try result(directory, "one", service: "inner") == "barred phone: not at this service (services)")
    #expect(try result(directory, "one", service: "outer") == "barred phone: not at this service (services)")
    #expect(try result(directory, "two") == "in home")
    #expect(try result(directory, "two", from: "::1") == "barred home: not from this address (allow_nets)")
    #expect(try result(directory, "three") == "in guest")
    // A password that lets in goes before the same one that does not.
    #expect(try result(directory, "main") == "in")
    clock.now = Self.newYear * 1_000_000_000
    #expect(try result(directory, "three") == "barred guest: ended on 2026-12-31 (expires)")
    #expect(try result(directory, "main") == "in")
  }

  @Test func `the main password is switched off, and the account with all of them`() throws {
    let directory = try directory(
      """
      off:*{PLAIN}main
      locked:!{PLAIN}main
      nologin:{PLAIN}main::::::nologin
      alone:*
      broken:*::::::proxy
      :off:phone:{PLAIN}one
      :locked:phone:{PLAIN}one
      :nologin:phone:{PLAIN}one
      :broken:phone:{PLAIN}one

      """)
    #expect(try result(directory, "one", user: "off") == "in phone")
    for user in ["off", "locked", "nologin", "alone"] {
      #expect(try result(directory, "main", user: user) == "wrong")
    }
    for user in ["locked", "nologin", "alone", "broken"] {
      #expect(try result(directory, "one", user: user) == "wrong")
    }
    let file = passwdFile("off:*\n:off:phone:{PLAIN}one\nalone:*\n")
    #expect(file.activeCount == 1 && file.disabledCount == 1)
    #expect(file.activeAccounts.map(\.name.text) == ["off"])
    // A check for show has something to compare with.
    #expect(file.decoy != nil)
  }

  @Test(arguments: [
    (":anna:phone", AccountIssue.Kind.missingAppPassword), (":", .missingAppPassword),
    ("::phone:{PLAIN}y", .badName(.empty)), (":anna::{PLAIN}y", .badLabel),
    (":anna:my phone:{PLAIN}y", .badLabel),
    (":anna:phone:", .emptyPassword), (":anna:phone:{NTLM}y", .unsupportedScheme("NTLM")),
    (":anna:phone:{PLAIN}y:nologin", .accountField("nologin")),
    (":anna:phone:{PLAIN}y:userdb_mail=maildir:/x", .accountField("userdb_mail")),
    (":anna:phone:{PLAIN}y:proxy", .unsupportedField("proxy")),
    (":anna:phone:{PLAIN}y:other=1", .unknownField(position: 1, name: nil)),
    (":ben:phone:{PLAIN}y", .missingAccount),
    (":anna:one:{PLAIN}y", .repeatedLabel("one", firstLine: 2)),
  ]) func `a line that is not understood costs its password and nothing else`(
    _ line: String, _ issue: AccountIssue.Kind
  ) throws {
    let file = passwdFile("anna:{PLAIN}main\n:anna:one:{PLAIN}one\n\(line)\n")
    #expect(file.issues.entries.map(\.kind) == [issue])
    #expect(file.issues.entries.allSatisfy { $0.isAppPassword && $0.severity == .refusesAccount })
    let account = try #require(file.account(named: name("anna")))
    #expect(account.status == .active && account.appPasswords.map(\.label) == ["one"])
    #expect(file.refusedCount == 0)
  }

  @Test func `an account has sixteen app passwords`() throws {
    let lines = (1...20).map { ":anna:app\($0):{PLAIN}p\($0)\n" }.joined()
    let file = passwdFile("anna:{PLAIN}main\n" + lines)
    #expect(file.issues.entries.map(\.kind) == Array(repeating: .tooManyAppPasswords, count: 4))
    #expect(try file.account(named: name("anna"))?.appPasswords.count == AppPassword.limit)
    let directory = try directory("anna:{PLAIN}main\n" + lines)
    #expect(try result(directory, "p16") == "in app16")
    #expect(try result(directory, "p17") == "wrong")
  }

  // MARK: - Guesses

  /// ocean cannot tell whether the password is right: it is not a guess. The passwords that it can check are.
  @Test func `a password that cannot be verified is not a failure`() throws {
    let directory = try directory(
      """
      foreign:{NTLM}8846f7eaee8fb117
      mixed:{PLAIN}main
      :mixed:phone:{NTLM}8846f7eaee8fb117

      """)
    #expect(directory.lookup("foreign", service: "pop3", peer: somewhere).isUnusable)
    #expect(!directory.lookup("mixed", service: "pop3", peer: somewhere).isUnusable)
    #expect(!directory.lookup("nobody", service: "pop3", peer: somewhere).isUnusable)
  }

  @Test func `a wrong guess is forgotten when an app password is new`() throws {
    let hash = "$6$salt$" + String(repeating: "a", count: 86)
    let guesses = FailedGuesses()
    func guess(_ text: String) throws -> FailedGuesses.Guess {
      let candidate = try directory(text).lookup("anna", service: "pop3", peer: somewhere)
      return try #require(guesses.guess(of: candidate, user: "anna", SecretBytes("x"), from: somewhere))
    }
    guesses.insert(try guess("anna:\(hash)\n"))
    #expect(guesses.contains(try guess("anna:\(hash)::::::services=pop3\n")))
    #expect(!guesses.contains(try guess("anna:\(hash)\n:anna:phone:{PLAIN}x\n")))
  }

  // MARK: - New lines

  @Test func `new lines are read again`() throws {
    let password = RandomPassword.make()
    #expect(password.text.wholeMatch(of: /[a-z]{4}-[a-z]{4}-[a-z]{4}-[a-z]{4}/) != nil)
    #expect(RandomPassword.make() != password)
    let fields = try NewFields(
      services: "pop3,inner", networks: "192.0.2.0/24,2001:db8::1", end: "2026-12-31T23:30:00+01:00")
    let app = NewAccount.line(
      appPassword: "phone", of: "anna", try NewPasswordScheme.ssha512.hash(password), fields)
    let own = NewAccount.line("anna", SecretBytes("{PLAIN}main"), fields)
    #expect(own.text.hasPrefix("anna:{PLAIN}main::::::services=pop3,inner allow_nets="))
    #expect(kinds(own.text + "\n" + app.text).isEmpty)
    let directory = try directory(own.text + "\n" + app.text + "\n")
    clock.now = (Self.newYear - 7200) * 1_000_000_000
    #expect(try result(directory, password.text) == "in phone")
    #expect(try result(directory, password.text, from: "2001:db8::1") == "in phone")
    #expect(try result(directory, "main", service: "inner") == "in")
  }

  @Test(
    arguments: [
      ("pop3,", nil, nil, "services are names with commas between them, such as pop3,internal"),
      ("pop 3", nil, nil, "services are names with commas between them, such as pop3,internal"),
      (nil, "192.0.2.9/24", nil, "192.0.2.9/24 has host bits set: write 192.0.2.0/24, or the address alone"),
      (
        nil, "here", nil,
        "networks are addresses or CIDR blocks with commas between them, such as 192.0.2.0/24,2001:db8::1"
      ),
      (
        nil, nil, "2027-01-31 18:00:00Z",
        "an end is a date such as 2027-01-31, or a time such as 2027-01-31T18:00:00+01:00"
      ),
    ] as [(String?, String?, String?, String)]) func `fields that nobody could read back are refused`(
      _ services: String?, _ networks: String?, _ end: String?, _ message: String
    )
  {
    #expect(throws: NewFields.Flaw(message: message)) {
      try NewFields(services: services, networks: networks, end: end)
    }
  }
}
