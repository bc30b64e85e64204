internal import Glibc
package import OceanBase
package import OceanPlan

/// A password file in Dovecot's format, parsed. Any bytes are accepted: a line that cannot be used is an
/// issue.
///
/// The file's contents are kept, and a table of its lines of some 25 bytes an account; a lookup parses its
/// line again. So there is one place with secrets in it, overwritten as a whole.
package struct PasswdFile: Sendable {
  /// Bytes of the largest file that is looked at.
  package static let maxLength = 64 << 20
  /// Bytes of the longest line that is looked at.
  package static let maxLineLength = 64 << 10

  package private(set) var issues = AccountIssues()
  /// How many accounts may log in, are disabled, are refused. If several lines have the same name, only the
  /// first counts.
  package private(set) var activeCount = 0
  package private(set) var disabledCount = 0
  package private(set) var refusedCount = 0
  /// Active accounts that have neither a home nor a Maildir of their own, so that `{home}` leads nowhere.
  package private(set) var homelessCount = 0
  /// Active accounts with neither a domain nor a Maildir of their own, so that `{domain}` leads nowhere.
  package private(set) var domainlessCount = 0

  /// A password of the scheme and cost that most of the file's passwords have.
  struct Decoy {
    let password: StoredPassword
    /// Accounts with that scheme and cost.
    var count: Int
    fileprivate let line: Int
  }

  /// Nil without an active account.
  private(set) var decoy: Decoy?

  /// An end of an account, or of an app password.
  package struct End: Sendable, Hashable {
    package let end: RuleEnd
    package let line: Int
    fileprivate let start: UInt32
  }

  /// The ends in the order of lines. Lines that do not count have none.
  package private(set) var ends: [End] = []

  /// The use of a service's name in the field `services`.
  package struct ServiceUse: Sendable, Hashable {
    package let firstLine: Int
    package fileprivate(set) var count: Int
  }

  /// The services that are named, at most ``maxServices`` of them.
  package private(set) var services: [String: ServiceUse] = [:]
  private static let maxServices = 256

  /// How many app passwords can be used, as far as the file goes.
  package private(set) var appPasswordCount = 0

  private let contents: SecretBytes
  private var records: [Record] = []
  private var index = NameIndex()
  private var appPasswords = AppPasswordTable()

  /// The place of an account's line. 32 bits are enough, because the length is bounded.
  private struct Record {
    let start: UInt32
    let line: UInt32
  }

  /// - Parameters:
  ///   - contents: the file; bytes beyond ``maxLength`` are not looked at.
  ///   - defaultDomain: the domain that a bare name stands for.
  package init(parsing contents: SecretBytes, defaultDomain: String?) {
    self.contents = contents[0..<Self.maxLength]
    let defaultDomain = defaultDomain.flatMap { AccountName.fold($0.utf8) }
    var census: [PasswordScheme: Decoy] = [:]
    let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]
    var start = self.contents.withUnsafeBytes { $0.starts(with: byteOrderMark) } ? byteOrderMark.count : 0
    var line = 0
    while start < self.contents.count {
      line += 1
      let (text, next) = textOfLine(at: start)
      defer { start = next }
      guard !AppPasswordLine.isOne(text) else {
        insert(AppPasswordLine(parsing: text, number: line), start: start, line: line)
        continue
      }
      let parsed = PasswdLine(parsing: text, number: line)
      for issue in parsed.issues { issues.report(issue, line: line, account: parsed.account?.name) }
      guard let account = parsed.account, insert(account, start: start, defaultDomain: defaultDomain) else {
        continue
      }
      note(account.conditions, start: start, line: line)
      if let password = account.password {
        census[password.scheme, default: Decoy(password: password, count: 0, line: line)].count += 1
      }
    }
    for (name, lines) in appPasswords.entries {
      guard let number = number(of: name) else {
        for line in lines {
          issues.report(.missingAccount, line: Int(line.line), account: name, isAppPassword: true)
        }
        continue
      }
      let own = parsedAccount(records[number])
      guard own?.status == .disabled, let account = account(records[number]), account.status == .active else {
        continue
      }
      disabledCount -= 1
      count(account, defaultDomain: defaultDomain)
      if let password = account.appPasswords.first?.password {
        census[password.scheme, default: Decoy(password: password, count: 0, line: account.line)].count += 1
      }
    }
    decoy = census.values.max { ($0.count, $1.line) < ($1.count, $0.line) }
  }

  /// The account of exactly that name; no default domain is added or removed.
  package func account(named name: AccountName) -> Account? {
    number(of: name).flatMap { account(records[$0]) }
  }

  /// The account whose line a record is, with its app passwords.
  private func account(_ record: Record) -> Account? {
    guard let account = parsedAccount(record) else { return nil }
    return appPasswords.isEmpty ? account : account.adding(usable(appPasswords.lines(of: account.name)))
  }

  private func parsedAccount(_ record: Record) -> Account? {
    PasswdLine(parsing: textOfLine(at: Int(record.start)).text, number: Int(record.line)).account
  }

  private func usable(_ lines: [AppPasswordTable.Line]) -> [AppPassword] {
    lines.compactMap { line in
      AppPasswordLine(parsing: textOfLine(at: Int(line.start)).text, number: Int(line.line)).password
    }
  }

  /// The reason why the account of that name is refused, in a sentence; nil if it is not refused.
  package func refusal(of name: AccountName) -> String? {
    guard let number = number(of: name) else { return nil }
    let record = records[number]
    let line = PasswdLine(parsing: textOfLine(at: Int(record.start)).text, number: Int(record.line))
    return line.issues.first { $0.severity == .refusesAccount }.map {
      AccountIssue(line: Int(record.line), account: nil, kind: $0, isAppPassword: false, lines: []).message
    }
  }

  /// The accounts that may log in, in the order of their lines. Each line is parsed again.
  package var activeAccounts: some Sequence<Account> {
    records.lazy.compactMap { account($0) }.filter { $0.status == .active }
  }

  /// The account, or the app password, that an end is about: `anna`, `phone of anna`.
  package func subject(of end: End) -> String {
    let text = textOfLine(at: Int(end.start)).text
    if AppPasswordLine.isOne(text) {
      let line = AppPasswordLine(parsing: text, number: end.line)
      return "\(line.label ?? "an app password") of \(Self.shown(line.account))"
    }
    return Self.shown(PasswdLine(parsing: text, number: end.line).account?.name)
  }

  private static func shown(_ name: AccountName?) -> String {
    name.flatMap { $0.isPresentable ? $0.text : nil } ?? "an account"
  }

  /// A password that should be replaced by a new one.
  package struct WeakPassword: Sendable {
    package let account: String
    /// The label of the app password; nil for the account's own password.
    package let label: String?
    package let line: Int
    /// The scheme's name; `unknown`, if ocean does not have it.
    package let scheme: String
    /// Whether the password can be checked at all.
    package let canLogIn: Bool
  }

  /// Calls `body` for each password whose hash is quickly guessed, and for those whose schemes ocean does not have.
  package func forEachWeakPassword(_ body: (WeakPassword) -> Void) {
    var start = 0
    var line = 0
    while start < contents.count {
      line += 1
      let (text, next) = textOfLine(at: start)
      start = next
      let name: AccountName?
      let (label, scheme, issues): (String?, PasswordScheme?, [AccountIssue.Kind])
      if AppPasswordLine.isOne(text) {
        let parsed = AppPasswordLine(parsing: text, number: line)
        (name, label, scheme, issues) = (
          parsed.account, parsed.label, parsed.password?.password.scheme, parsed.issues
        )
      } else {
        let parsed = PasswdLine(parsing: text, number: line)
        (name, label, scheme, issues) = (
          parsed.account?.name, nil, parsed.account?.password?.scheme, parsed.issues
        )
      }
      guard let weakness = issues.lazy.compactMap({ Self.weakness($0, scheme) }).first else { continue }
      body(
        WeakPassword(
          account: Self.shown(name), label: label, line: line, scheme: weakness,
          canLogIn: scheme != nil))
    }
  }

  /// The name of a scheme that is the reason for an issue.
  private static func weakness(_ issue: AccountIssue.Kind, _ scheme: PasswordScheme?) -> String? {
    switch issue {
    case .weakPassword: scheme?.name
    case .unsupportedScheme(let name): name
    case .unknownScheme: "unknown"
    default: nil
    }
  }

  /// Whether parsing `contents` would give the same.
  func isSame(as other: SecretBytes) -> Bool {
    contents.withUnsafeBytes { a in
      other.withUnsafeBytes { b in
        guard a.count == b.count, let a = a.baseAddress, let first = b.baseAddress else { return false }
        return memcmp(a, first, b.count) == 0
      }
    }
  }

  private func number(of name: AccountName) -> Int? {
    index.find(name) { Self.isNamed(name, records[$0], in: contents) }
  }

  /// Adds an account. Returns whether it is new; the first line of a name wins.
  private mutating func insert(_ account: Account, start: Int, defaultDomain: String?) -> Bool {
    let name = account.name
    let first = index.insert(name) { [records, contents] in Self.isNamed(name, records[$0], in: contents) }
    if let first {
      issues.report(
        .duplicateName(name, firstLine: Int(records[first].line)), line: account.line, account: name)
      return false
    }
    records.append(Record(start: UInt32(start), line: UInt32(account.line)))
    count(account, defaultDomain: defaultDomain)
    guard let defaultDomain else { return true }
    if name.domain == nil, let address = name.qualified(by: defaultDomain), let other = number(of: address) {
      let line = Int(records[other].line)
      issues.report(
        .ambiguousName(bareLine: account.line, address: address, addressLine: line), line: account.line,
        account: name)
    } else if let domain = name.domain, domain == defaultDomain, let bare = name.withoutDomain,
      let other = number(of: bare)
    {
      let line = Int(records[other].line)
      issues.report(
        .ambiguousName(bareLine: line, address: name, addressLine: account.line), line: account.line,
        account: name)
    }
    return true
  }

  private mutating func count(_ account: Account, defaultDomain: String?) {
    switch account.status {
    case .active:
      activeCount += 1
      if account.maildir == nil, account.home == nil { homelessCount += 1 }
      if account.maildir == nil, account.name.domain == nil, defaultDomain == nil { domainlessCount += 1 }
    case .disabled: disabledCount += 1
    case .refused: refusedCount += 1
    }
  }

  /// Adds an app password. The account may be in a later line.
  private mutating func insert(_ parsed: AppPasswordLine, start: Int, line: Int) {
    var flaws = parsed.issues
    var isUsable = false
    if let account = parsed.account, let password = parsed.password {
      do {
        try appPasswords.insert(
          .init(start: UInt32(start), line: UInt32(line)), labelled: password.label, of: account)
        isUsable = true
      } catch {
        switch error {
        case .repeatedLabel(let first): flaws.append(.repeatedLabel(password.label, firstLine: first))
        case .tooMany: flaws.append(.tooManyAppPasswords)
        }
      }
    }
    for flaw in flaws { issues.report(flaw, line: line, account: parsed.account, isAppPassword: true) }
    guard isUsable else { return }
    appPasswordCount += 1
    note(parsed.conditions, start: start, line: line)
  }

  private mutating func note(_ conditions: LoginConditions, start: Int, line: Int) {
    if let end = conditions.end { ends.append(End(end: end, line: line, start: UInt32(start))) }
    for service in conditions.services ?? [] {
      if services[service] != nil {
        services[service]?.count += 1
      } else if services.count < Self.maxServices {
        services[service] = ServiceUse(firstLine: line, count: 1)
      }
    }
  }

  /// Whether the line at the record is that of `name`.
  private static func isNamed(_ name: AccountName, _ record: Record, in contents: SecretBytes) -> Bool {
    contents.withUnsafeBytes { bytes in
      let rest = bytes[Int(record.start)...]
      return rest.prefix { $0 != UInt8(ascii: ":") && !isLineEnd($0) }.lazy.map(AccountName.fold)
        .elementsEqual(name.text.utf8)
    }
  }

  private static func isLineEnd(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }

  /// The line without its LF or CRLF, and the start of the next one.
  private func textOfLine(at start: Int) -> (text: SecretBytes, next: Int) {
    contents.withUnsafeBytes { bytes in
      let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
      var end = rest.count
      if let newline = rest.baseAddress.flatMap({ memchr($0, CInt(UInt8(ascii: "\n")), rest.count) }) {
        end = UnsafeRawPointer(newline) - (rest.baseAddress ?? UnsafeRawPointer(newline))
      }
      let next = start + end + 1
      if end > 0, rest[end - 1] == UInt8(ascii: "\r") { end -= 1 }
      return (contents[start..<start + end], next)
    }
  }
}
