internal import OceanBase
internal import OceanPlan

/// An account that a database has as a row.
struct SQLAccount {
  let answer: SourceAnswer

  enum Role {
    case password, user, home, mail, field, refusing, unknown

    /// - Parameter column: in lower case.
    init(_ column: String) {
      switch column {
      case "password": self = .password
      case "user", "username": self = .user
      case "home", "userdb_home": self = .home
      case "mail", "userdb_mail": self = .mail
      case "nologin", "allow_nets": self = .field
      default:
        // The extra fields of password files decide what else there is.
        var fields = AccountFields()
        let isKnown = fields.take(column[...], "x")
        if !isKnown || fields.issues.contains(where: { if case .ignoredField = $0 { true } else { false } }) {
          self = .unknown
        } else {
          self =
            fields.issues.contains { if case .unsupportedField = $0 { true } else { false } }
            ? .refusing : .field
        }
      }
    }
  }

  /// - Throws: if the query is not one for accounts, whatever the row has.
  init(
    _ row: [DatabaseRows.Value], of columns: [String], named name: AccountName,
    meantBy question: AccountQuestion
  ) throws(BackendError) {
    let shape = SQLColumns(columns)
    if let missing = shape.missing.first { throw .nonsense("its query gives no column '\(missing)'") }
    if let repeated = shape.repeated.first { throw .nonsense("its query gives two columns '\(repeated)'") }
    guard row.count == columns.count else {
      throw .nonsense("its row does not have the columns of its query")
    }
    var reading = Reading(name: name, question: question)
    for (column, value) in zip(columns, row) { reading.take(value, of: column.lowercased()) }
    answer = reading.answer
  }

  /// The state of reading a row: values, and the first reason why it is refused.
  private struct Reading {
    let name: AccountName
    let question: AccountQuestion
    var refusal: String?
    var password: SecretBytes?
    var home: String?
    var mail: String?
    var fields = AccountFields()

    mutating func take(_ value: DatabaseRows.Value, of column: String) {
      let role = Role(column)
      guard role != .unknown else { return }
      let bytes: SecretBytes
      switch value {
      case .null: return
      case .tooLong: return refuse("the column \(column) has more than \(DatabaseRows.maxLength >> 10) KiB")
      case .bytes(let found): bytes = found
      }
      guard !bytes.withUnsafeBytes({ $0.contains(0) }) else {
        return refuse("the column \(column) contains a NUL byte")
      }
      if role == .password {
        password = bytes
        return
      }
      guard let text = bytes.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) else {
        return refuse("the column \(column) is not UTF-8")
      }
      switch role {
      case .user: takeUser(text, column)
      case .home: home = text
      case .mail: mail = text
      case .field, .refusing: takeField(text, column)
      case .password, .unknown: break
      }
    }

    /// A comparison in a database may ignore accents or blanks: the row is then that of another account.
    private mutating func takeUser(_ text: String, _ column: String) {
      let isSame = (try? AccountName(folding: text.utf8)).map { found in
        found == name
          || found.user == name.user && Self.isSame(found.domain, name.domain, question.defaultDomain)
      }
      if isSame != true { refuse("the column \(column) is another name than that of the login") }
    }

    /// Whether two domains are the same. A row may name the user alone, or with the default domain.
    private static func isSame(_ found: Substring?, _ asked: Substring?, _ defaultDomain: String?) -> Bool {
      guard let found else { return true }
      return found.utf8.elementsEqual((asked.map(String.init) ?? defaultDomain ?? "").utf8)
    }

    private mutating func takeField(_ text: String, _ column: String) {
      switch column {
      // What a database has for false; anything else says that nobody logs in.
      case "nologin":
        if !["", "0", "f", "false", "n", "no"].contains(text.lowercased()) { _ = fields.take("nologin", "") }
      case "allow_nets": _ = fields.take("allow_nets", text.filter { !$0.isWhitespace }[...])
      case _ where text.utf8.contains(where: { $0 <= 0x20 }): refuse("the column \(column) has a blank in it")
      default: _ = fields.take(column[...], text[...])
      }
    }

    private mutating func refuse(_ reason: String) {
      refusal = refusal ?? "\(reason); the account cannot log in"
    }

    var answer: SourceAnswer {
      var reading = self
      let (home, maildir) = reading.locations
      let isLocked =
        password?.withUnsafeBytes { $0.first == UInt8(ascii: "!") || $0.first == UInt8(ascii: "*") } ?? false
      var issues: [AccountIssue.Kind] = []
      let stored = isLocked ? nil : StoredPassword.parsing(password ?? SecretBytes(copying: []), &issues)
      let refusal =
        reading.refusal
        ?? (issues + fields.issues).first { $0.severity == .refusesAccount }.map {
          AccountIssue(line: 0, account: nil, kind: $0, isAppPassword: false, lines: []).message
        }
      let status: Account.Status =
        isLocked || fields.isDisabled ? .disabled : refusal != nil ? .refused : .active
      return SourceAnswer(
        .account(
          Account(
            name: name, status: status, home: home, maildir: maildir, conditions: fields.conditions,
            line: 0, password: status == .active ? stored : nil)),
        reason: status == .refused ? refusal : nil)
    }

    /// Home and Maildir: absolute paths that lead nowhere else than they say.
    private var locations: (home: String?, maildir: String?) {
      mutating get {
        let home = self.home.flatMap { path(String($0), "home") }
        guard let mail, !mail.isEmpty else { return (home, nil) }
        var location = mail[...]
        if location.hasPrefix("maildir:") { location = location.dropFirst("maildir:".count) }
        // A colon begins options such as INBOX=, or names a format that is not Maildir.
        guard !location.contains(":") else {
          refuse("the column mail is not the path of a Maildir")
          return (home, nil)
        }
        if location.hasPrefix("~/") {
          guard let home else {
            refuse("the column mail begins with ~ and the account has no home")
            return (nil, nil)
          }
          return (home, path(home + location.dropFirst(), "mail"))
        }
        return (home, path(String(location), "mail"))
      }
    }

    private mutating func path(_ text: String, _ column: String) -> String? {
      guard !text.isEmpty else { return nil }
      guard text.utf8.first == UInt8(ascii: "/") else {
        refuse("the column \(column) is not an absolute path")
        return nil
      }
      let parts = text.utf8.split(separator: UInt8(ascii: "/"))
      guard !parts.contains(where: { $0.elementsEqual("..".utf8) }) else {
        refuse("the column \(column) has '..' in its path")
        return nil
      }
      guard !text.utf8.contains(UInt8(ascii: "%")) else {
        refuse("the column \(column) contains a % variable, which is not expanded")
        return nil
      }
      // As SQL joins it to what is before: example.org/anna/ is the Maildir example.org/anna.
      return text.utf8.count > 1 && text.hasSuffix("/") ? String(text.dropLast()) : text
    }
  }
}
