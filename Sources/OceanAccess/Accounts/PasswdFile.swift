internal import Glibc
package import OceanBase
package import OceanPlan

/// A password file in Dovecot's format, parsed. Any bytes are accepted: a line that cannot be used is an
/// issue.
///
/// The file's contents are kept, and a table of its lines of 24 to 40 bytes an account; a lookup parses its
/// line again. So there is one place with secrets in it, overwritten as a whole. Most lines are only looked
/// through, octet by octet (``PlainLine``).
package struct PasswdFile: Sendable {
  /// Bytes of the largest file that is looked at.
  package static let maxLength = 256 << 20
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
    let line: Int
  }

  /// The schemes of passwords that can be used, each with the first password that has it.
  private(set) var census: [PasswordScheme: Decoy] = [:]

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

  /// How many lines there are.
  private(set) var lineCount = 0

  let contents: SecretBytes
  private let defaultDomain: String?
  private var records: [Record] = []
  private var index: NameIndex
  private var appPasswords = AppPasswordTable()

  /// The place of an account's line. 32 bits are enough for both, because the length is bounded.
  private struct Record {
    let start: UInt32
    /// The number of the line in the lower 30 bits.
    private var bits: UInt32

    init(start: Int, line: Int, isActive: Bool, hasMaildir: Bool) {
      self.start = UInt32(start)
      bits = UInt32(line) | (isActive ? 1 << 31 : 0) | (hasMaildir ? 1 << 30 : 0)
    }

    var line: Int { Int(bits & (1 << 30 - 1)) }
    var hasMaildir: Bool { bits & 1 << 30 != 0 }
    var isActive: Bool {
      get { bits & 1 << 31 != 0 }
      set { bits = newValue ? bits | 1 << 31 : bits & ~(1 << 31) }
    }
  }

  /// - Parameters:
  ///   - contents: the file; bytes beyond ``maxLength`` are not looked at.
  ///   - defaultDomain: the domain that a bare name stands for.
  ///   - before: how many lines are before these in the same file.
  package init(parsing contents: SecretBytes, defaultDomain: String?, after before: Int = 0) {
    let contents = contents[0..<Self.maxLength]
    self.contents = contents
    self.defaultDomain = defaultDomain.flatMap { AccountName.fold($0.utf8) }
    let expected = contents.withUnsafeBytes(Self.expectedLines)
    index = NameIndex(expecting: expected)
    records.reserveCapacity(expected)
    let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]
    var start =
      before == 0 && contents.withUnsafeBytes { $0.starts(with: byteOrderMark) } ? byteOrderMark.count : 0
    var line = before
    var schemes = SeenSchemes()
    var extras = SeenFields()
    var folded = [UInt8](repeating: 0, count: AccountName.maxLength)
    while start < contents.count {
      line += 1
      let (end, next) = contents.withUnsafeBytes { Self.endOfLine(at: start, in: $0) }
      defer { start = next }
      let isDone = contents.withUnsafeBytes { bytes in
        folded.withUnsafeMutableBytes { memory in
          let text = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
          guard let plain = PlainLine(text, &schemes, &extras, memory: memory) else { return false }
          insert(plain, start: start, line: line, &schemes, extras)
          return true
        }
      }
      if isDone { continue }
      let text = contents[start..<end]
      guard !AppPasswordLine.isOne(text) else {
        insert(AppPasswordLine(parsing: text, number: line), start: start, line: line)
        continue
      }
      let parsed = PasswdLine(parsing: text, number: line)
      for issue in parsed.issues { issues.report(issue, line: line, account: parsed.account?.name) }
      guard let account = parsed.account, insert(account, start: start) else { continue }
      note(account.conditions, start: start, line: line)
      if let password = account.password {
        census[password.scheme, default: Decoy(password: password, count: 0, line: line)].count += 1
      }
    }
    lineCount = line - before
    for scheme in schemes.schemes where scheme.count > 0 {
      let other = census[scheme.scheme]
      census[scheme.scheme] =
        if let other, other.line < scheme.firstLine {
          Decoy(password: other.password, count: other.count + scheme.count, line: other.line)
        } else {
          Decoy(
            password: scheme.password, count: (other?.count ?? 0) + scheme.count, line: scheme.firstLine)
        }
    }
    activateByAppPasswords()
    decoy = Self.decoy(of: census)
  }

  static func decoy(of census: [PasswordScheme: Decoy]) -> Decoy? {
    census.values.max { ($0.count, $1.line) < ($1.count, $0.line) }
  }

  /// Counts the accounts that only their app passwords make active, and reports app passwords without an account.
  private mutating func activateByAppPasswords() {
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
      records[number].isActive = true
      count(account)
      if let password = account.appPasswords.first?.password {
        census[password.scheme, default: Decoy(password: password, count: 0, line: account.line)].count += 1
      }
    }
  }

  /// How many lines there are if all are as long as the first.
  private static func expectedLines(_ bytes: UnsafeRawBufferPointer) -> Int {
    let sample = bytes.prefix(64 << 10)
    guard sample.count < bytes.count else { return 0 }
    // A file that begins with nothing but line ends is not given memory for as many lines.
    return min(sample.count { $0 == UInt8(ascii: "\n") } * (bytes.count / sample.count), 1 << 20)
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
    PasswdLine(parsing: textOfLine(at: Int(record.start)).text, number: record.line).account
  }

  /// The account of that name as its own line says it, without app passwords.
  func ownAccount(named name: AccountName) -> Account? {
    number(of: name).flatMap { parsedAccount(records[$0]) }
  }

  /// The app passwords of that name, whether or not there is an account.
  func appPasswords(of name: AccountName) -> [AppPassword] { usable(appPasswords.lines(of: name)) }

  /// The accounts that app passwords are for, each once.
  var ownersOfAppPasswords: [AccountName] { appPasswords.entries.map(\.account) }

  /// All accounts as their own lines say them, in the order of lines. Each line is parsed again.
  var ownAccounts: some Sequence<Account> { records.lazy.compactMap { parsedAccount($0) } }

  /// The lines with a say in the account of that name, as ranges of the contents, each with its end.
  func places(of name: AccountName) -> [Range<Int>] {
    let starts =
      [number(of: name).map { Int(records[$0].start) }].compactMap(\.self)
      + appPasswords.lines(of: name).map { Int($0.start) }
    return starts.map { $0..<min(textOfLine(at: $0).next, contents.count) }
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
    let line = PasswdLine(parsing: textOfLine(at: Int(record.start)).text, number: record.line)
    return line.issues.first { $0.severity == .refusesAccount }.map {
      AccountIssue(line: record.line, account: nil, kind: $0, isAppPassword: false, lines: []).message
    }
  }

  /// The accounts that may log in, in the order of their lines. Each line is parsed again.
  package var activeAccounts: some Sequence<Account> {
    records.lazy.filter(\.isActive).compactMap { account($0) }
  }

  /// Calls `body` for each account that may log in and has no Maildir of its own, with its number, its folded name and the
  /// place of the `@` in it.
  func forEachAccountWithoutMaildir(_ body: (Int, UnsafeRawBufferPointer, _ at: Int?) -> Void) {
    withUnsafeTemporaryAllocation(byteCount: AccountName.maxLength, alignment: 1) { memory in
      contents.withUnsafeBytes { bytes in
        for (number, record) in records.enumerated() where record.isActive && !record.hasMaildir {
          let name = Self.name(at: Int(record.start), in: bytes, memory)
          body(number, name, name.firstIndex(of: UInt8(ascii: "@")))
        }
      }
    }
  }

  /// The name and the line of the account with that number.
  func place(of number: Int) -> (name: AccountName, line: Int)? {
    parsedAccount(records[number]).map { ($0.name, $0.line) }
  }

  /// Whether the user of the account with that number, which is the name up to the `@`, has these octets.
  func isUser(_ user: UnsafeRawBufferPointer, of number: Int) -> Bool {
    contents.withUnsafeBytes { bytes in
      Self.isNamed(user, endingAt: UInt8(ascii: "@"), at: Int(records[number].start), in: bytes)
    }
  }

  /// The folded name that begins at `start`, in `memory`.
  private static func name(
    at start: Int, in bytes: UnsafeRawBufferPointer, _ memory: UnsafeMutableRawBufferPointer
  ) -> UnsafeRawBufferPointer {
    var length = 0
    while length < memory.count, start + length < bytes.count, bytes[start + length] != UInt8(ascii: ":") {
      memory[length] = AccountName.fold(bytes[start + length])
      length += 1
    }
    return UnsafeRawBufferPointer(rebasing: memory[..<length])
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

  static func shown(_ name: AccountName?) -> String {
    name.flatMap { $0.isPresentable ? $0.text : nil } ?? "an account"
  }

  /// The octets of the file, as far as they were looked at.
  var length: Int { contents.count }

  /// Whether the last line has its end.
  var isEnded: Bool { contents.withUnsafeBytes { $0.last == UInt8(ascii: "\n") } }

  /// Whether the octets from `start` on are these.
  func isSame(as other: UnsafeRawBufferPointer, at start: Int) -> Bool {
    contents.withUnsafeBytes { bytes in
      guard start >= 0, start <= bytes.count, other.count <= bytes.count - start else { return false }
      return UnsafeRawBufferPointer(rebasing: bytes[start..<start + other.count]).isSame(as: other)
    }
  }

  private func number(of name: AccountName) -> Int? { name.withBytes(number) }

  private func number(of name: UnsafeRawBufferPointer) -> Int? {
    index.find(NameIndex.hash(name)) { isNamed(name, $0) }
  }

  private func isNamed(_ name: UnsafeRawBufferPointer, _ number: Int) -> Bool {
    contents.withUnsafeBytes { bytes in
      Self.isNamed(name, endingAt: UInt8(ascii: ":"), at: Int(records[number].start), in: bytes)
    }
  }

  /// Adds an account. Returns whether it is new; the first line of a name wins.
  private mutating func insert(_ account: Account, start: Int) -> Bool {
    let record = Record(
      start: start, line: account.line, isActive: account.status == .active,
      hasMaildir: account.maildir != nil)
    let at = account.name.domain.map { account.name.text.utf8.count - $0.utf8.count - 1 }
    guard account.name.withBytes({ insert($0, at: at, record, account.name) }) else { return false }
    count(account)
    return true
  }

  /// Adds an account, and what there is to say about its line.
  private mutating func insert(
    _ plain: PlainLine, start: Int, line: Int, _ schemes: inout SeenSchemes, _ extras: SeenFields
  ) {
    let scheme = schemes.schemes[plain.scheme]
    func name() -> AccountName? { try? AccountName(folding: plain.name) }
    if let extra = plain.extra {
      for issue in extras.texts[extra].issues { issues.report(issue, line: line, account: name()) }
    }
    if scheme.isWeak { issues.report(.weakPassword, line: line, account: name()) }
    if scheme.isExcessive { issues.report(.excessiveCost, line: line, account: name()) }
    let record = Record(start: start, line: line, isActive: true, hasMaildir: false)
    guard insert(plain.name, at: plain.at, record, name()) else { return }
    activeCount += 1
    if !plain.hasHome { homelessCount += 1 }
    if plain.at == nil, defaultDomain == nil { domainlessCount += 1 }
    if let extra = plain.extra, extras.texts[extra].hasConditions {
      note(extras.texts[extra].conditions, start: start, line: line)
    }
    schemes.count(plain.scheme, line: line)
  }

  /// Adds a name, and reports others in whose way it is. Returns whether it is new.
  ///
  /// - Parameter account: the name, which is only made for a report.
  private mutating func insert(
    _ name: UnsafeRawBufferPointer, at: Int?, _ record: Record, _ account: @autoclosure () -> AccountName?
  ) -> Bool {
    let first = index.insert(NameIndex.hash(name)) { [records, contents] number in
      contents.withUnsafeBytes { bytes in
        Self.isNamed(name, endingAt: UInt8(ascii: ":"), at: Int(records[number].start), in: bytes)
      }
    }
    if let first {
      if let account = account() {
        issues.report(
          .duplicateName(account, firstLine: records[first].line), line: record.line, account: account)
      }
      return false
    }
    records.append(record)
    guard let defaultDomain else { return true }
    if let at {
      guard UnsafeRawBufferPointer(rebasing: name[(at + 1)...]).elementsEqual(defaultDomain.utf8),
        let other = number(of: UnsafeRawBufferPointer(rebasing: name[..<at])), let account = account()
      else { return true }
      issues.report(
        .ambiguousName(
          bareLine: records[other].line, address: account, addressLine: record.line), line: record.line,
        account: account)
    } else {
      // Without addresses in this domain, most often.
      guard name.count + 1 + defaultDomain.utf8.count <= AccountName.maxLength else { return true }
      let other = withUnsafeTemporaryAllocation(byteCount: AccountName.maxLength, alignment: 1) { memory in
        var end = 0
        for byte in name {
          memory[end] = byte
          end += 1
        }
        memory[end] = UInt8(ascii: "@")
        end += 1
        for byte in defaultDomain.utf8 {
          memory[end] = byte
          end += 1
        }
        return number(of: UnsafeRawBufferPointer(rebasing: memory[..<end]))
      }
      guard let other, let account = account(), let address = account.qualified(by: defaultDomain) else {
        return true
      }
      issues.report(
        .ambiguousName(
          bareLine: record.line, address: address, addressLine: records[other].line), line: record.line,
        account: account)
    }
    return true
  }

  private mutating func count(_ account: Account) {
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

  /// Whether the name at `start` is `name`, up to a colon or the octet `end`.
  private static func isNamed(
    _ name: UnsafeRawBufferPointer, endingAt end: UInt8, at start: Int, in bytes: UnsafeRawBufferPointer
  ) -> Bool {
    guard start + name.count <= bytes.count else { return false }
    for (offset, byte) in name.enumerated() {
      guard byte != UInt8(ascii: ":"), AccountName.fold(bytes[start + offset]) == byte else { return false }
    }
    guard start + name.count < bytes.count else { return true }
    let next = bytes[start + name.count]
    return next == UInt8(ascii: ":") || next == end || isLineEnd(next)
  }

  private static func isLineEnd(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }

  /// The end of a line without its LF or CRLF, and the start of the next one.
  private static func endOfLine(at start: Int, in bytes: UnsafeRawBufferPointer) -> (end: Int, next: Int) {
    var end = bytes.firstIndex(of: UInt8(ascii: "\n"), from: start) ?? bytes.count
    let next = end + 1
    if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return (end, next)
  }

  /// The line without its LF or CRLF, and the start of the next one.
  func textOfLine(at start: Int) -> (text: SecretBytes, next: Int) {
    let (end, next) = contents.withUnsafeBytes { Self.endOfLine(at: start, in: $0) }
    return (contents[start..<end], next)
  }
}
