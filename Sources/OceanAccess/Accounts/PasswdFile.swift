internal import Glibc
package import OceanBase

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

  private let contents: SecretBytes
  private var records: [Record] = []
  private var index = NameIndex()

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
      let parsed = PasswdLine(parsing: text, number: line)
      for issue in parsed.issues { issues.report(issue, line: line, account: parsed.account?.name) }
      if let account = parsed.account, insert(account, start: start, defaultDomain: defaultDomain),
        let password = account.password
      {
        census[password.scheme, default: Decoy(password: password, count: 0, line: line)].count += 1
      }
      start = next
    }
    decoy = census.values.max { ($0.count, $1.line) < ($1.count, $0.line) }
  }

  /// The account of exactly that name; no default domain is added or removed.
  package func account(named name: AccountName) -> Account? {
    guard let number = number(of: name) else { return nil }
    let record = records[number]
    return PasswdLine(parsing: textOfLine(at: Int(record.start)).text, number: Int(record.line)).account
  }

  /// The reason why the account of that name is refused, in a sentence; nil if it is not refused.
  package func refusal(of name: AccountName) -> String? {
    guard let number = number(of: name) else { return nil }
    let record = records[number]
    let line = PasswdLine(parsing: textOfLine(at: Int(record.start)).text, number: Int(record.line))
    return line.issues.first { $0.severity == .refusesAccount }.map {
      AccountIssue(line: Int(record.line), account: nil, kind: $0, lines: []).message
    }
  }

  /// The accounts that may log in, in the order of their lines. Each line is parsed again.
  package var activeAccounts: some Sequence<Account> {
    records.lazy.compactMap { record in
      PasswdLine(parsing: textOfLine(at: Int(record.start)).text, number: Int(record.line)).account
    }.filter { $0.status == .active }
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
    switch account.status {
    case .active:
      activeCount += 1
      if account.maildir == nil, account.home == nil { homelessCount += 1 }
      if account.maildir == nil, name.domain == nil, defaultDomain == nil { domainlessCount += 1 }
    case .disabled: disabledCount += 1
    case .refused: refusedCount += 1
    }
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
