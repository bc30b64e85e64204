import Glibc
import OceanBase
import OceanPlan
import Synchronization
import TestSupport
import Testing
@testable import OceanAccess

/// The obvious slow reader of a password file: every line is parsed as a whole, and nothing is remembered but the result.
private struct ReferenceFile {
  private(set) var issues = AccountIssues()
  private(set) var accounts: [AccountName: Account] = [:]
  private(set) var ends: [Int] = []
  private(set) var services: [String: Int] = [:]
  private(set) var schemes: [PasswordScheme: Int] = [:]
  private(set) var homeless = 0
  private(set) var domainless = 0

  init(_ bytes: [UInt8], defaultDomain: String?) {
    var own: [AccountName: Account] = [:]
    var apps: [AccountName: [AppPassword]] = [:]
    var missing: [(line: Int, owner: AccountName)] = []
    func note(_ conditions: LoginConditions, line: Int) {
      if conditions.end != nil { ends.append(line) }
      for service in conditions.services ?? [] { services[service, default: 0] += 1 }
    }
    var rest = bytes[...]
    if rest.starts(with: [0xef, 0xbb, 0xbf]) { rest = rest.dropFirst(3) }
    var line = 0
    while !rest.isEmpty {
      line += 1
      let end = rest.firstIndex(of: UInt8(ascii: "\n"))
      var text = rest[..<(end ?? rest.endIndex)]
      rest = end.map { rest[($0 + 1)...] } ?? []
      if text.last == UInt8(ascii: "\r") { text = text.dropLast() }
      let secret = SecretBytes(copying: text)
      if text.first == UInt8(ascii: ":") {
        let parsed = AppPasswordLine(parsing: secret, number: line)
        var flaws = parsed.issues
        if let account = parsed.account, let password = parsed.password {
          let others = apps[account] ?? []
          if let same = others.first(where: { $0.label == password.label }) {
            flaws.append(.repeatedLabel(password.label, firstLine: same.line))
          } else if others.count == AppPassword.limit {
            flaws.append(.tooManyAppPasswords)
          } else {
            apps[account, default: []].append(password)
            missing.append((line, account))
            note(parsed.conditions, line: line)
          }
        }
        for flaw in flaws { issues.report(flaw, line: line, account: parsed.account, isAppPassword: true) }
        continue
      }
      let parsed = PasswdLine(parsing: secret, number: line)
      for issue in parsed.issues { issues.report(issue, line: line, account: parsed.account?.name) }
      guard let account = parsed.account else { continue }
      let name = account.name
      if let first = own[name] {
        issues.report(.duplicateName(name, firstLine: first.line), line: line, account: name)
        continue
      }
      own[name] = account
      if let domain = defaultDomain {
        if name.domain == nil, let address = name.qualified(by: domain), let other = own[address] {
          issues.report(
            .ambiguousName(bareLine: line, address: address, addressLine: other.line), line: line,
            account: name)
        } else if name.domain.map({ $0 == domain }) == true, let bare = name.withoutDomain,
          let other = own[bare]
        {
          issues.report(
            .ambiguousName(bareLine: other.line, address: name, addressLine: line), line: line, account: name)
        }
      }
      note(account.conditions, line: line)
      if let password = account.password { schemes[password.scheme, default: 0] += 1 }
    }
    for (line, owner) in missing.filter({ own[$0.owner] == nil }).sorted(by: { a, b in
      func first(_ owner: AccountName) -> Int { missing.first { $0.owner == owner }?.line ?? 0 }
      return (first(a.owner), a.line) < (first(b.owner), b.line)
    }) {
      issues.report(.missingAccount, line: line, account: owner, isAppPassword: true)
    }
    for (name, account) in own {
      let whole = account.adding(apps[name] ?? [])
      accounts[name] = whole
      if whole.status == .active, account.status != .active, let first = whole.appPasswords.first {
        schemes[first.password.scheme, default: 0] += 1
      }
      guard whole.status == .active, whole.maildir == nil else { continue }
      if whole.home == nil { homeless += 1 }
      if name.domain == nil, defaultDomain == nil { domainless += 1 }
    }
  }

  func count(_ status: Account.Status) -> Int { accounts.values.count { $0.status == status } }
}

/// What there is to say about an account, as one text; passwords as their schemes and octets.
private func text(_ account: Account?) -> String {
  guard let account else { return "nobody" }
  let passwords = [account.password].compactMap(\.self) + account.appPasswords.map(\.password)
  return
    "\(account.name) \(account.status) \(account.home ?? "-") \(account.maildir ?? "-") \(account.conditions) "
    + "\(account.line) \(account.appPasswords.map { "\($0.label):\($0.line)" }) "
    + "\(passwords.map { "\($0.scheme)=\($0.secret.text)" })"
}

/// Lines of password files, usual and unusual ones.
private struct Lines {
  var generator: SeededGenerator

  private static let names = [
    "anna", "Anna", "ben", "ben@example.org", "anna@example.org", "anna@example.net", "cleo@EXAMPLE.org", ".",
    "a.b",
    "é", "x y", "@", "a@", "a@b@c", "dora@.", "..", "f+g@example.org", "h'i@example.org",
  ]
  private static let passwords =
    StoredPasswordTests.vectors.map(\.field)
    + [
      "!", "*", "!{PLAIN}x", "*{PLAIN}x", "", "{PLAIN}", "{FOO}x", "{NTLM}x", "secret",
      "{CRYPT}$y$j9T$6qkETQdm4/pPk.QiCwt//W$wMBP/CQTCCCRG/pXd9zr5JihvPpeHZsqUZ0DnO9XgfL",
      "{BLF-CRYPT}$2y$10$3FtYvRFmo.e35s0DzO58Dj4uMyuGES4d0.yGaQI2uyy5BbyWgeEWH", "{PLAIN}$6$x$y",
    ]
  private static let extras = [
    "", "", "", "allow_nets=192.0.2.0/24", "allow_nets=192.0.2.1/24", "userdb_quota_rule=*:storage=1G",
    "services=pop3",
    "services=pop3,other expires=2027-01-31", "nologin", "unknown", "userdb_mail=maildir:~/Maildir", "proxy",
    "userdb_home=/elsewhere", ":maildir:/old", "expires=2020-01-01", "services=", "é=1",
  ]
  private static let homes = ["/home/x", "/home/x", "", "relative", "/hömé"]

  mutating func pick<Value>(_ values: [Value]) -> Value {
    values[Int.random(in: 0..<values.count, using: &generator)]
  }

  mutating func password() -> String { pick(Self.passwords) }

  mutating func line() -> String {
    let name =
      Bool.random(using: &generator) ? pick(Self.names) : "user\(Int.random(in: 0..<60, using: &generator))"
    switch Int.random(in: 0..<12, using: &generator) {
    case 0: return pick(["", "# anna:x", "anna", "\0:{PLAIN}x", ":", "::", "#"])
    case 1, 2:
      return
        ":\(name):\(pick(["phone", "tablet", "p\(Int.random(in: 0..<30, using: &generator))", "a b"])):\(password())"
        + pick(["", ":services=pop3", ":expires=2027-01-31", ":nologin"])
    case 3: return "\(name):\(password())"
    case 4: return "\(name):\(password()):1:1:g"
    default:
      return "\(name):\(password()):\(pick(["", "1", "x"])):1::\(pick(Self.homes)):\(pick(["", "/bin/sh"])):"
        + pick(Self.extras)
    }
  }

  /// Octets of some lines, a few of them changed.
  mutating func file(_ count: Int) -> [UInt8] {
    var bytes = Array((0..<count).map { _ in line() + pick(["\n", "\n", "\n", "\r\n"]) }.joined().utf8)
    for _ in 0..<Int.random(in: 0...count / 2, using: &generator) {
      let position = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<3, using: &generator) {
      case 0: bytes[position] = UInt8.random(in: 0...255, using: &generator)
      case 1: bytes.remove(at: position)
      default: bytes.insert(pick(Array("$:{}=%\n\r\0 @/.,!".utf8)), at: position)
      }
    }
    if Int.random(in: 0..<8, using: &generator) == 0 { bytes.insert(contentsOf: [0xef, 0xbb, 0xbf], at: 0) }
    return bytes
  }
}

@Suite struct PasswdFileReferenceTests {
  @Test(arguments: 0..<16 as Range<UInt64>) func `lines say what they say when parsed as a whole`(
    _ seed: UInt64
  ) throws {
    var lines = Lines(generator: SeededGenerator(seed: seed))
    let bytes = lines.file(400)
    let domain = lines.pick([nil, "example.org"])
    let file = PasswdFile(parsing: SecretBytes(copying: bytes), defaultDomain: domain)
    let reference = ReferenceFile(bytes, defaultDomain: domain)
    #expect(file.issues.omitted == reference.issues.omitted)
    for (found, expected) in zip(file.issues.entries, reference.issues.entries) { #expect(found == expected) }
    #expect(file.issues.entries.count == reference.issues.entries.count)
    #expect(file.activeCount == reference.count(.active))
    #expect(file.disabledCount == reference.count(.disabled))
    #expect(file.refusedCount == reference.count(.refused))
    #expect(file.homelessCount == reference.homeless)
    #expect(file.domainlessCount == reference.domainless)
    #expect(file.ends.map(\.line) == reference.ends)
    #expect(file.services.mapValues(\.count) == reference.services)
    #expect(file.census.mapValues(\.count) == reference.schemes)
    for (name, account) in reference.accounts { #expect(text(file.account(named: name)) == text(account)) }
    let active = reference.accounts.values.filter { $0.status == .active }.sorted { $0.line < $1.line }
    #expect(file.activeAccounts.map { $0.line } == active.map(\.line))
  }

  /// A source answers as the slow reader does, after any edit.
  @Test(arguments: 0..<10 as Range<UInt64>) func `any edits`(_ seed: UInt64) throws {
    let folder = try TemporaryDirectory()
    let path = "\(folder.path)/users"
    var lines = Lines(generator: SeededGenerator(seed: seed))
    var bytes: [UInt8] = []
    func write(_ bytes: some Collection<UInt8>, to path: String, mode: String) throws {
      let file = try #require(fopen(path, mode))
      let bytes = Array(bytes)
      fwrite(bytes, 1, bytes.count, file)
      fclose(file)
    }
    bytes = lines.file(60)
    try write(bytes, to: path, mode: "w")
    let domain = lines.pick([nil, "example.org"])
    let source = PasswdFileSource(path: path, defaultDomain: domain) { SystemClock.wall.now }
    for _ in 0..<30 {
      for _ in 0..<lines.pick([1, 1, 2]) {
        switch lines.pick(Array(0..<10)) {
        case 0..<5:
          var more = Array((lines.line() + "\n").utf8)
          if lines.pick(Array(0..<4)) == 0 { more.removeLast(min(more.count, lines.pick([1, 2, 5]))) }
          bytes += more
          try write(more, to: path, mode: "a")
        case 5:
          bytes = lines.file(60)
          try write(bytes, to: path + ".new", mode: "w")
          rename(path + ".new", path)
        case 6:
          bytes = lines.file(60)
          try write(bytes, to: path, mode: "w")
        case 7:
          bytes.removeLast(min(bytes.count, lines.pick([1, 10, 1000])))
          truncate(path, bytes.count)
        default:
          // Another password of the same length.
          guard let position = bytes.firstIndex(of: UInt8(ascii: "}")).map({ $0 + 1 }),
            position < bytes.count,
            bytes[position] >= UInt8(ascii: "a")
          else { continue }
          bytes[position] = lines.pick(Array("abcdefghij".utf8))
          let descriptor = open(path, O_WRONLY)
          pwrite(descriptor, [bytes[position]], 1, position)
          close(descriptor)
        }
      }
      let reference = ReferenceFile(bytes, defaultDomain: domain)
      let asked = reference.accounts.keys.shuffled(using: &lines.generator).prefix(3) + [try name("nobody")]
      for name in asked {
        let answer = source.lookup(
          AccountQuestion(names: [name], defaultDomain: domain, service: "pop3", client: somewhere))
        let found: Account? = if case .account(let account) = answer.finding { account } else { nil }
        #expect(text(found) == text(reference.accounts[name]))
      }
      let health = source.health()
      #expect(health.counts?.active == reference.count(.active))
      #expect(health.counts?.disabled == reference.count(.disabled))
      let decoy = source.lookup(
        AccountQuestion(names: [], defaultDomain: domain, service: "pop3", client: somewhere)
      ).decoy
      #expect(decoy?.count == reference.schemes.values.max())
    }
  }

  @Test func `only one thread reads a file, and logins wait for it`() async throws {
    let folder = try TemporaryDirectory()
    let path = try folder.write((0..<20_000).map { "user\($0):{PLAIN}x\n" }.joined())
    let reads = Reads()
    let source = PasswdFileSource(path: path, defaultDomain: nil) {
      reads.note()
      return SystemClock.wall.now + 3600 * 1_000_000_000
    }
    let question = AccountQuestion(
      names: [try name("user7")], defaultDomain: nil, service: "pop3", client: somewhere)
    #expect(source.begin().problem == nil)
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<16 {
        group.addTask { if case .account = source.lookup(question).finding { true } else { false } }
      }
      for await isFound in group { #expect(isFound) }
    }
    // The clock is read once for each reading.
    #expect(reads.count == 1)
  }

  private final class Reads: Sendable {
    private let number = Atomic(0)
    func note() { number.add(1, ordering: .relaxed) }
    var count: Int { number.load(ordering: .relaxed) }
  }
}
