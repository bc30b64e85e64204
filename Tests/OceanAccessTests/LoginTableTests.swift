import Glibc
import OceanAddresses
import TestSupport
import Testing

@testable import OceanAccess

/// The table of last logins: what is kept, and what becomes of a file that is not as it should be.
@Suite struct LoginTableTests {
  private let directory: TemporaryDirectory
  private let table: LoginTable

  init() throws {
    directory = try TemporaryDirectory()
    var bounds = LoginTable.Bounds()
    (bounds.sessions, bounds.failures, bounds.accounts) = (3, 2, 4)
    table = LoginTable(in: directory.path, bounds: bounds)
  }

  private static let header = "ocean logins 1\n"

  private func login(_ account: String, _ number: Int, fails: Bool = false) -> LoginRecord {
    LoginRecord(
      time: 1_795_946_400_000 + Int64(number), account: account, service: "pop3", peer: somewhere, tls: nil,
      outcome: fails ? "wrong_credentials" : "quit",
      session: fails ? nil : .init(milliseconds: 12, retrieved: number, octets: 3, deleted: 1))
  }

  private func put(_ logins: [LoginRecord], after start: String = header, before end: String = "") throws {
    let lines = String(decoding: logins.flatMap(\.line), as: UTF8.self)
    try directory.write(Array((start + lines + end).utf8), to: "logins")
  }

  private func rewrite() throws -> LoginTable.Problem? {
    let rewritten = try table.rewritten()
    close(rewritten.descriptor)
    return rewritten.damage
  }

  private func sessions(_ account: String) throws -> [Int] {
    try table.logins(of: [account]).sessions.compactMap(\.session?.retrieved)
  }

  private func failures(_ account: String) throws -> Int { try table.logins(of: [account]).failures.count }

  private var exists: (String) -> Bool {
    { [directory] in access("\(directory.path)/\($0)", F_OK) == 0 }
  }

  @Test(arguments: ["anna@example.org", "a b", "ü@example.org", "\u{202e}anna", "x"])
  func `a login is read as it was written`(account: String) throws {
    let peer = try IPAddress(parsing: "2001:db8::7")
    let session = LoginRecord(
      time: 1_795_946_400_123, account: account, service: "pop3", peer: peer, tls: "TLS 1.3",
      outcome: "idle_timeout",
      session: .init(milliseconds: 1234, retrieved: 7, octets: .max / 4, deleted: 5))
    let failure = LoginRecord(
      time: 1_795_946_400_124, account: account, service: "old", peer: somewhere, tls: nil, outcome: "in_use",
      session: nil)
    try put([session, failure])
    let found = try table.logins(of: [account])
    #expect(found.sessions == [session] && found.failures == [failure] && found.unreadable == 0)
    #expect(try table.logins(of: ["anna"]) == LoginTable.LastLogins())
  }

  /// Anybody can say a name without TLS, as often as he likes.
  @Test func `logins that were not tried take no room from failures`() throws {
    func untried(_ number: Int) -> LoginRecord {
      LoginRecord(
        time: login("anna", number).time, account: "anna", service: "pop3", peer: somewhere, tls: nil,
        outcome: LoginRecord.needsTLS, session: nil)
    }
    let failures = (1...3).map { login("anna", $0, fails: true) }
    try put(failures + (4...40).map(untried))
    let kept = [untried(40), failures[2], failures[1]]
    #expect(try table.logins(of: ["anna"]).failures == kept)
    #expect(try rewrite() == nil)
    #expect(try table.logins(of: ["anna"]).failures == kept)
  }

  @Test func `of each account the last sessions and failures are kept, the newest first`() throws {
    #expect(try sessions("anna") == [])
    try put((1...9).flatMap { [login("anna", $0), login("anna", $0, fails: true), login("berta", $0)] })
    #expect(try sessions("anna") == [9, 8, 7])
    #expect(try rewrite() == nil)
    #expect(try sessions("anna") == [9, 8, 7] && sessions("berta") == [9, 8, 7])
    #expect(try failures("anna") == 2)
    let text = try #require(directory.text(of: "logins"))
    #expect(text.hasPrefix(Self.header) && text.split(separator: "\n").count == 1 + 3 + 2 + 3)
    // What is appended to the descriptor counts on.
    let rewritten = try table.rewritten()
    let line = login("anna", 10).line
    #expect(write(rewritten.descriptor, line, line.count) == line.count)
    close(rewritten.descriptor)
    #expect(try sessions("anna") == [10, 9, 8])
  }

  @Test func `accounts that were not used for longest go first, and failures keep nobody`() throws {
    let failing = (1...50).map { login("guessed\($0)", $0, fails: true) }
    try put((1...6).map { login("user\($0)", $0) } + failing + [login("user1", 7)])
    #expect(try rewrite() == nil)
    for kept in ["user1", "user4", "user5", "user6"] { #expect(try !sessions(kept).isEmpty, "\(kept)") }
    for gone in ["user2", "user3"] { #expect(try sessions(gone).isEmpty, "\(gone)") }
    #expect(try failures("guessed50") == 0)
    // Where there is room, accounts that only failed have it.
    try put([login("user1", 1)] + failing)
    #expect(try rewrite() == nil)
    #expect(try sessions("user1") == [1])
    #expect(try failures("guessed50") == 1 && failures("guessed48") == 1 && failures("guessed47") == 0)
  }

  @Test func `a line without an end is ignored, and goes`() throws {
    let half = String(decoding: login("anna", 2).line.dropLast(3), as: UTF8.self)
    for end in [half, "S", "\0\0\0\0", ""] {
      try put([login("anna", 1)], before: end)
      #expect(try sessions("anna") == [1])
      #expect(try table.logins(of: ["anna"]).unreadable == 0)
      #expect(try rewrite() == nil)
      #expect(directory.text(of: "logins")?.split(separator: "\n").count == 2)
    }
    // A process may be killed after each octet of the first line.
    for length in 0..<Self.header.utf8.count {
      try directory.write(Array(Self.header.utf8.prefix(length)), to: "logins")
      #expect(try sessions("anna") == [])
      #expect(try rewrite() == nil)
    }
    #expect(!exists("logins.damaged"))
  }

  @Test func `wrong lines are set aside, and the others are kept`() throws {
    let long = String(repeating: "x", count: 600_000)
    for wrong in ["nonsense\n", "S\t12\n", "\0\0\0\n", "X\t1\tanna\tpop3\n", long + "\n"] {
      try put([login("anna", 1)], before: wrong + String(decoding: login("anna", 2).line, as: UTF8.self))
      #expect(try table.logins(of: ["anna"]).unreadable > 0)
      guard case .lines = try rewrite() else {
        Issue.record("no damage: \(wrong.prefix(20))")
        continue
      }
      #expect(try sessions("anna") == [2, 1])
      #expect(try table.logins(of: ["anna"]).unreadable == 0)
      #expect(directory.text(of: "logins.damaged")?.contains(wrong) == true)
      #expect(try rewrite() == nil)
    }
  }

  @Test func `a file that is no table is set aside`() throws {
    for text in ["ocean logins 2\nS\n", "root:x:0:0\n", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"] {
      try put([], after: text)
      #expect(throws: LoginTable.Problem.notATable) { try table.logins(of: ["anna"]) }
      #expect(try rewrite() == .notATable)
      #expect(directory.text(of: "logins.damaged") == text)
      #expect(try sessions("anna") == [])
    }
    let makers: [(String) -> Int32] = [
      { mkfifo($0, 0o600) }, { symlink("/etc/passwd", $0) }, { mkdir($0, 0o700) },
    ]
    for make in makers {
      unlink(table.path)
      #expect(make(table.path) == 0)
      remove("\(table.path).damaged")
      #expect(throws: LoginTable.Problem.notRegularFile) { try table.logins(of: ["anna"]) }
      #expect(try rewrite() == .notRegularFile)
      #expect(try sessions("anna") == [])
    }
  }

  @Test func `whatever a file has in it, it is rewritten, and what is read from it is whole`() throws {
    var generator = SeededGenerator(seed: 14)
    let good = Array(Self.header.utf8) + (1...40).flatMap { login("user\($0 % 5)", $0).line }
    for _ in 0..<300 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...8, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
      if Bool.random(using: &generator) {
        bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator))
      }
      try directory.write(bytes, to: "logins")
      _ = try? table.logins(of: ["user1"])
      _ = try rewrite()
      #expect(try sessions("user1").count <= 3)
      #expect(try rewrite() == nil)
    }
  }

  @Test func `the group may read it, and nobody else`() throws {
    let old = umask(0)
    defer { umask(old) }
    _ = try rewrite()
    var status = stat()
    #expect(stat(table.path, &status) == 0 && status.st_mode & 0o777 == 0o640)
  }

  @Test func `so many accounts are kept, and those after them are not`() throws {
    var text = Self.header
    for number in 0..<120_000 { text += "S\t1\tuser\(number)\tpop3\t192.0.2.1\t-\tquit\t1\t1\t1\t1\n" }
    try directory.write(Array(text.utf8), to: "logins")
    let table = LoginTable(in: directory.path)
    close(try table.rewritten().descriptor)
    let lines = try #require(directory.text(of: "logins")).utf8.count { $0 == UInt8(ascii: "\n") }
    #expect(lines == 1 + 100_000)
    #expect(try table.logins(of: ["user19999"]).sessions.isEmpty)
    #expect(try table.logins(of: ["user20000"]).sessions.count == 1)
  }

  @Test func `a login may be recorded under these names`() {
    func names(_ login: String, _ domain: String?) -> [String] {
      AccountDirectory.identityNames(of: login, defaultDomain: domain)
    }
    #expect(names("Anna", "example.org") == ["anna@example.org", "anna"])
    #expect(names("Anna", nil) == ["anna"])
    #expect(names("anna@Example.net", "example.org") == ["anna@example.net"])
    #expect(names("", nil) == [] && names("a\nb", nil) == [])
  }
}

extension TemporaryDirectory {
  /// The text of a file; nil if there is none.
  fileprivate func text(of name: String) -> String? {
    guard let file = fopen("\(path)/\(name)", "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return String(decoding: bytes, as: UTF8.self)
  }

  fileprivate func write(_ bytes: [UInt8], to name: String) throws {
    guard let file = fopen("\(path)/\(name)", "w") else { throw CannotWriteBytes() }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
  }

  private struct CannotWriteBytes: Error {}
}
