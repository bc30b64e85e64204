import OceanAddresses
import OceanBase
import OceanPlan
import Testing

@testable import OceanAccess

/// What becomes of answers that no directory gives unless it is broken, or somebody else's.
@Suite(.enabled(if: (try? LDAPLibrary.functions.get()) != nil, "needs Debian's package libldap2"))
struct BrokenDirectoryTests {
  private static let bind: UInt8 = 0x60
  private static let entryName = "uid=anna,o=x"

  private func source(_ directory: BrokenDirectory, timeout: Int = 2) throws -> LDAPSource {
    var ldap = Plan.LDAP(
      url: try LDAPURL(parsing: "ldap://127.0.0.1:\(directory.port)"), base: "o=x",
      filter: try LDAPFilter(parsing: "(mail={address})"))
    ldap.attributes.home = "homeDirectory"
    ldap.timeoutSeconds = timeout
    return LDAPSource(ldap, password: nil, observer: .nobody)
  }

  /// The identity that a login gets, or a sentence on why it does not.
  private func login(_ source: LDAPSource) throws -> String {
    let answer = source.lookup(
      AccountQuestion(
        names: [try name("anna@example.org")], defaultDomain: nil, service: "pop3", client: somewhere,
        password: SecretBytes("x")))
    switch answer.finding {
    case .account(let account):
      if let reason = answer.reason { return reason }
      return "\(account.sourceCheck.map { "\($0)" } ?? "-") \(account.home ?? "-")"
    case .nobody: return "nobody"
    case .untold: return "untold"
    case .unavailable: return "unavailable: \(answer.reason ?? source.lastHealth.problem?.reason ?? "")"
    }
  }

  /// A directory that finds an entry for each search, and lets everybody in.
  private func directory(
    _ answers: @escaping @Sendable (_ number: UInt8, _ before: Int) -> [UInt8]? = { number, _ in anna(number)
    },
    bind code: UInt8 = 0
  ) throws -> BrokenDirectory {
    try BrokenDirectory { kind, number, before in
      kind == Self.bind ? BrokenDirectory.result(number, 0x61, code) : answers(number, before)
    }
  }

  private static func anna(
    _ number: UInt8, name: String = entryName, mail: String = "anna@example.org", home: String = "/home/anna"
  ) -> [UInt8] {
    BrokenDirectory.entry(number, name, [("mail", mail), ("homeDirectory", home)])
      + BrokenDirectory.result(number, 0x65)
  }

  @Test func `an entry lets in whom it is about`() throws {
    #expect(try login(source(directory())) == "right /home/anna")
    #expect(try login(source(directory(bind: 49))) == "wrong /home/anna")
    #expect(
      try login(source(directory(bind: 48)))
        == "the directory has no password for it; the account cannot log in")
    #expect(
      try login(source(directory { number, _ in BrokenDirectory.result(number, 0x65) })) == "nobody")
  }

  @Test func `the entry of another account is refused`() throws {
    #expect(
      try login(source(directory { number, _ in Self.anna(number, mail: "boss@example.org") }))
        == "the attribute mail is another name than that of the login; the account cannot log in")
    // Without a name, the login there would be one of nobody.
    let found = try login(source(directory { number, _ in Self.anna(number, name: "") }))
    #expect(found == "unavailable: its entry has no name")
  }

  @Test(arguments: [
    (51, "unavailable: Server is busy"), (52, "unavailable: Server is unavailable"),
    (53, "unavailable: it does not check the password: Server is unwilling to perform"),
    (3, "unavailable: it does not answer in time"), (1, "unavailable: it does not check the password"),
    (10, "unavailable: it refers to another server, and referrals are not followed"),
  ])
  func `a login that is neither right nor wrong is temporary trouble`(code: UInt8, told: String) throws {
    let found = try login(source(directory(bind: code)))
    #expect(found.hasPrefix(told), "\(found)")
  }

  @Test(arguments: [
    (51, "unavailable: Server is busy"), (50, "unavailable: it refuses the query: Insufficient access"),
    (32, "unavailable: it has no entry o=x"), (11, "unavailable: it refuses the query"),
    (10, "unavailable: it refers to another server, and referrals are not followed"),
  ])
  func `a search that is refused is temporary trouble`(code: UInt8, told: String) throws {
    let found = try login(source(directory { number, _ in BrokenDirectory.result(number, 0x65, code) }))
    #expect(found.hasPrefix(told), "\(found)")
  }

  /// Between the search and the login, the entry was renamed, and another has its name now.
  @Test func `an entry that changes meanwhile gives no mailbox`() throws {
    let changed = "unavailable: the entry of anna@example.org has just changed"
    #expect(
      try login(
        source(
          directory { number, before in
            before % 2 == 0 ? Self.anna(number) : Self.anna(number, home: "/home/boss")
          })) == changed)
    #expect(
      try login(
        source(
          directory { number, before in
            before % 2 == 0 ? Self.anna(number) : BrokenDirectory.result(number, 0x65)
          })) == changed)
    #expect(
      try login(
        source(
          directory { number, before in
            before % 2 == 0 ? Self.anna(number) : BrokenDirectory.result(number, 0x65, 32)
          })) == changed)
  }

  @Test func `an answer without end ends`() throws {
    let flood = try directory { number, _ in
      (0..<1000).flatMap { _ in BrokenDirectory.entry(number, Self.entryName, [("mail", "anna@example.org")])
      }
    }
    #expect(try login(source(flood)) == "unavailable: its filter finds several entries for anna@example.org")
    let references = try directory { number, _ in
      (0..<10_000).flatMap { _ in
        BrokenDirectory.message(number, BrokenDirectory.element(0x73, [0x04, 6] + Array("ldap:/".utf8)))
      }
    }
    #expect(try login(source(references)) == "unavailable: its answer does not end")
    // A message of 2 GiB, and no byte of it.
    let huge = try directory { _, _ in [0x30, 0x84, 0x7f, 0xff, 0xff, 0xff] }
    #expect(try login(source(huge)).hasPrefix("unavailable"))
    // A message that stops in the middle: the thread is free again for the next login.
    let partial = try directory { number, before in
      before == 0 ? Array(Self.anna(number).prefix(20)) : Self.anna(number)
    }
    let slow = try source(partial, timeout: 1)
    #expect(try login(slow) == "unavailable: it does not answer in time")
    #expect(try login(slow) == "right /home/anna")
  }

  @Test(
    arguments: [
      Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), [], [0], [0x30, 0], [0x30, 3, 2, 1, 1],
      [0x30, 5, 2, 1, 1, 0x65, 0], [0x30, 5, 2, 1, 1, 0x64, 0], [0x30, 0x80],
      Array(repeating: 0xff, count: 4096),
    ] as [[UInt8]])
  func `bytes that are not an answer are temporary trouble`(bytes: [UInt8]) throws {
    let found = try login(source(directory { _, before in before == 0 ? bytes : nil }, timeout: 1))
    #expect(found.hasPrefix("unavailable"), "\(bytes): \(found)")
  }
}

/// How entries and a directory's own texts are read.
@Suite struct LDAPReadingTests {
  @Test func `names of attributes are read from a schema`() {
    #expect(
      DirectoryConnection.names("( 2.5.4.3 NAME ( 'cn' 'commonName' ) DESC 'NAME it' SUP name )")
        == ["2.5.4.3", "cn", "commonName"])
    #expect(
      DirectoryConnection.names("( 1.3.6 NAME 'homeDirectory' EQUALITY x )") == ["1.3.6", "homeDirectory"])
    for text in ["", "(", "( )", "NAME", "( 1 NAME", "( 1 NAME ( '", "( 1 NAME '' )"] {
      _ = DirectoryConnection.names(text)
    }
  }

  @Test(
    arguments: [
      ("20270131180000Z", "2027-01-31T18:00:00Z"), ("20270131180000.0Z", "2027-01-31T18:00:00Z"),
      ("202701311800Z", nil), ("20270131180000+0100", nil), ("2027-01-31", nil), ("", nil),
      ("2027013118000\u{0660}Z", nil),
    ] as [(String, String?)])
  func `a time of LDAP is read`(text: String, time: String?) {
    #expect(RemoteAccount.generalizedTime(text) == time)
  }
}
