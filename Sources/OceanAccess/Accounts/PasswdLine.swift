internal import OceanBase
internal import OceanPlan

/// One line of a password file, split into its fields: `user:password:uid:gid:gecos:home:shell:extra fields`.
///
/// User, group, gecos and shell are not used: mail belongs to the user that ocean runs as.
struct PasswdLine {
  /// Nil if nothing in the line could log in: a blank line, a comment, a bad name, no colon.
  private(set) var account: Account?
  private(set) var issues: [AccountIssue.Kind] = []

  /// - Parameter text: the line without its end.
  init(parsing text: SecretBytes, number: Int) {
    guard !text.isEmpty, !text.withUnsafeBytes({ $0.first == UInt8(ascii: "#") }) else { return }
    if let flaw = Self.flaw(of: text) {
      issues = [flaw]
      return
    }
    let fields = Self.fields(of: text, most: 8)
    guard fields.count > 1 else {
      issues = [.missingPassword]
      return
    }
    let name: AccountName
    do {
      name = try text[fields[0]].withUnsafeBytes { bytes throws(AccountName.Flaw) in
        try AccountName(folding: bytes)
      }
    } catch {
      issues = [.badName(error)]
      return
    }

    let extra = ExtraFields(
      parsing: string(fields.count > 7 ? text[fields[7]] : nil),
      isSurelyText: fields.dropFirst(2).prefix(2).allSatisfy { Self.isNumber(text[$0]) })
    issues += extra.issues
    let (home, maildir) = locations(home: string(fields.count > 5 ? text[fields[5]] : nil), extra)
    let password = text[fields[1]]
    let lock = Self.lock(of: password)
    let stored = lock == nil ? StoredPassword.parsing(password, &issues) : nil

    let isRefused = issues.contains { $0.severity == .refusesAccount }
    let isDisabled = lock == .account || extra.fields.isDisabled
    let status: Account.Status =
      isDisabled ? .disabled : isRefused ? .refused : lock == nil ? .active : .disabled
    account = Account(
      name: name, status: status, home: home, maildir: maildir, conditions: extra.fields.conditions,
      line: number,
      password: status == .active ? stored : nil,
      isMainPasswordOff: lock == .mainPassword && !isDisabled && !isRefused)
  }

  /// Why a line cannot be split into fields; nil if it can.
  static func flaw(of text: SecretBytes) -> AccountIssue.Kind? {
    if text.count > PasswdFile.maxLineLength { return .lineTooLong }
    return text.withUnsafeBytes { $0.contains(0) } ? .containsNUL : nil
  }

  /// The fields of a line, of which the last is the rest of it.
  static func fields(of text: SecretBytes, most: Int) -> [Range<Int>] {
    text.withUnsafeBytes { bytes in
      var fields: [Range<Int>] = []
      fields.reserveCapacity(most)
      var start = 0
      for index in bytes.indices where bytes[index] == UInt8(ascii: ":") {
        if fields.count == most - 1 { break }
        fields.append(start..<index)
        start = index + 1
      }
      fields.append(start..<bytes.count)
      return fields
    }
  }

  /// Whether a field is empty or has only digits, as user and group have. A password with a colon most likely
  /// leaves something else there.
  private static func isNumber(_ field: SecretBytes) -> Bool {
    field.withUnsafeBytes { $0.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } }
  }

  /// The text of a field that is not a secret; empty without a field.
  private mutating func string(_ field: SecretBytes?) -> String {
    guard let field, !field.isEmpty else { return "" }
    guard let text = field.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) else {
      issues.append(.notUTF8)
      return ""
    }
    return text
  }

  private enum Lock { case account, mainPassword }

  /// What the first character of the password switches off. What is behind it is not looked at: `!` locks the
  /// account as in shadow(5), `*` is a password that nobody has.
  private static func lock(of password: SecretBytes) -> Lock? {
    switch password.withUnsafeBytes({ $0.first }) {
    case UInt8(ascii: "!"): .account
    case UInt8(ascii: "*"): .mainPassword
    default: nil
    }
  }

  /// Finds home and Maildir. `userdb_home` takes precedence over the sixth field. The Maildir is `maildir:`
  /// with an absolute path, or with a path in the home directory.
  private mutating func locations(home field: String, _ extra: ExtraFields) -> (
    home: String?, maildir: String?
  ) {
    var home: String? = extra.fields.home.map(String.init) ?? field
    if let given = home, given.utf8.first != UInt8(ascii: "/") {
      if !given.isEmpty { issues.append(.relativeHome) }
      home = nil
    }
    guard let mail = extra.fields.mail else { return (home, nil) }
    let path = mail.dropFirst("maildir:".count)
    // A further colon begins options such as INBOX=, which move the mail elsewhere.
    guard mail.hasPrefix("maildir:"), !path.utf8.contains(UInt8(ascii: ":")) else {
      issues.append(.unsupportedMailLocation)
      return (home, nil)
    }
    if path.hasPrefix("/") { return (home, String(path)) }
    if path.hasPrefix("~/"), let home { return (home, home + path.dropFirst()) }
    issues.append(.unsupportedMailLocation)
    return (home, nil)
  }
}

extension StoredPassword {
  /// Parses the password of a line, and notes what is wrong or weak about it; nil if it cannot be used.
  static func parsing(_ field: SecretBytes, _ issues: inout [AccountIssue.Kind]) -> StoredPassword? {
    guard !field.isEmpty else {
      issues.append(.emptyPassword)
      return nil
    }
    do {
      let password = try StoredPassword(parsing: field)
      if password.scheme.isWeak { issues.append(.weakPassword) }
      if password.scheme.isExcessive { issues.append(.excessiveCost) }
      return password
    } catch {
      switch error {
      case .empty: issues.append(.emptyPassword)
      case .unsupportedScheme(let name): issues.append(.unsupportedScheme(name))
      case .unknownScheme: issues.append(.unknownScheme)
      case .malformed: issues.append(.malformedPassword)
      case .tooLong: issues.append(.longPassword)
      case .tooMuchMemory: issues.append(.tooMuchMemory)
      case .missingLibrary: issues.append(.missingLibrary)
      }
      return nil
    }
  }
}
