internal import OceanBase

/// An account that is read from a row of a database or an entry of a directory: values, and the first reason why it is
/// refused.
struct RemoteAccount {
  /// What a column or an attribute means for an account.
  enum Role {
    case password, user, home, mail, field, refusing, unknown

    /// - Parameter field: a name in lower case.
    init(_ field: String) {
      switch field {
      case "password": self = .password
      case "user", "username": self = .user
      case "home", "userdb_home": self = .home
      case "mail", "userdb_mail", "mail_path", "userdb_mail_path": self = .mail
      case "nologin", "allow_nets", "mail_driver", "userdb_mail_driver": self = .field
      default:
        // The extra fields of password files decide what else there is.
        var fields = AccountFields()
        let isKnown = fields.take(field[...], "x")
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

  private let name: AccountName
  private let question: AccountQuestion
  /// Whether it may be the account of the same user in another domain, unless it says otherwise.
  private let needsDomain: Bool
  private var hasUser = false
  private var refusal: String?
  private var password: SecretBytes?
  /// Each with the words for where it is: `the column home`.
  private var home: (text: String, place: String)?
  private var mail: (text: String, place: String)?
  private var fields = AccountFields()

  /// - Parameters:
  ///   - name: the one of the question's names that it was found by.
  ///   - isByUserAlone: whether it may have been found without a look at the domain.
  init(named name: AccountName, meantBy question: AccountQuestion, isByUserAlone: Bool = false) {
    (self.name, self.question) = (name, question)
    needsDomain = isByUserAlone && question.isForeign(name)
  }

  /// Takes a value.
  ///
  /// - Parameters:
  ///   - field: the name of the field, in lower case.
  ///   - place: where the value is, in words: `the column home`.
  mutating func take(_ value: RemoteValue, of field: String, at place: String) {
    let role = Role(field)
    guard role != .unknown, let bytes = take(value, at: place) else { return }
    if role == .password {
      password = bytes
      return
    }
    guard let text = bytes.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) else {
      return refuse("\(place) is not UTF-8")
    }
    switch role {
    case .user: takeUsers([text], at: place)
    case .home: home = (text, place)
    case .mail: mail = (text, place)
    case .field, .refusing: takeField(text, field, at: place)
    case .password, .unknown: break
    }
  }

  /// The bytes of a value that can be one; nil if it is not there, or refuses the account.
  private mutating func take(_ value: RemoteValue, at place: String) -> SecretBytes? {
    switch value {
    case .null: return nil
    case .tooLong:
      refuse("\(place) has more than \(RemoteValue.maxLength >> 10) KiB")
      return nil
    case .bytes(let bytes):
      guard bytes.withUnsafeBytes({ $0.contains(0) }) else { return bytes }
      refuse("\(place) contains a NUL byte")
      return nil
    }
  }

  /// Refuses the account unless one of some names is that of the login.
  ///
  /// A comparison elsewhere may ignore accents or blanks: what is found is then another account.
  mutating func takeUsers(_ texts: [String], at place: String) {
    let isSame = texts.contains { text in
      guard let found = try? AccountName(folding: text.utf8) else { return false }
      return found == name
        || found.user.utf8.elementsEqual(name.user.utf8)
          && Self.isSame(found.domain, name.domain, question.defaultDomain)
          && (found.domain != nil || !needsDomain)
    }
    hasUser = true
    if !isSame { refuse("\(place) is another name than that of the login") }
  }

  /// Whether two domains are the same. A row may name the user alone, or with the default domain.
  private static func isSame(_ found: Substring?, _ asked: Substring?, _ defaultDomain: String?) -> Bool {
    guard let found else { return true }
    return found.utf8.elementsEqual((asked.map(String.init) ?? defaultDomain ?? "").utf8)
  }

  private mutating func takeField(_ text: String, _ field: String, at place: String) {
    switch field {
    // What a database or a directory has for false; anything else says that nobody logs in.
    case "nologin":
      if !["", "0", "f", "false", "n", "no"].contains(text.lowercased()) { _ = fields.take("nologin", "") }
    case "mail_driver": _ = fields.take("userdb_mail_driver", text[...])
    case "allow_nets": _ = fields.take("allow_nets", text.filter { !$0.isWhitespace }[...])
    case _ where text.utf8.contains(where: { $0 <= 0x20 }): refuse("\(place) has a blank in it")
    default: _ = fields.take(field[...], text[...])
    }
  }

  /// Refuses the account, with half a sentence that says why.
  mutating func refuse(_ reason: String) {
    refusal = refusal ?? "\(reason); the account cannot log in"
  }

  /// What the source answers.
  ///
  /// - Parameter check: what the source says about the client's password; nil if the server compares it.
  func answer(check: Account.SourceCheck? = nil) -> SourceAnswer {
    var reading = self
    if needsDomain, !hasUser {
      reading.refuse("it may be of another domain: nothing in it names its user with the domain")
    }
    let (home, maildir) = reading.locations
    let isLocked =
      password?.withUnsafeBytes { $0.first == UInt8(ascii: "!") || $0.first == UInt8(ascii: "*") } ?? false
    var issues: [AccountIssue.Kind] = []
    let stored =
      isLocked || check != nil
      ? nil : StoredPassword.parsing(password ?? SecretBytes(copying: []), &issues)
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
          line: 0, password: status == .active ? stored : nil,
          sourceCheck: status == .active ? check : nil)),
      reason: status == .refused ? refusal : nil)
  }

  /// Home and Maildir: absolute paths that lead nowhere else than they say.
  private var locations: (home: String?, maildir: String?) {
    mutating get {
      let home = self.home.flatMap { path($0.text, $0.place) }
      guard let mail, !mail.text.isEmpty else { return (home, nil) }
      var location = mail.text[...]
      if location.hasPrefix("maildir:") { location = location.dropFirst("maildir:".count) }
      // A colon begins options such as INBOX=, or names a format that is not Maildir.
      guard !location.contains(":") else {
        refuse("\(mail.place) is not the path of a Maildir")
        return (home, nil)
      }
      if location.hasPrefix("~/") {
        guard let home else {
          refuse("\(mail.place) begins with ~ and the account has no home")
          return (nil, nil)
        }
        return (home, path(home + location.dropFirst(), mail.place))
      }
      return (home, path(String(location), mail.place))
    }
  }

  private mutating func path(_ text: String, _ place: String) -> String? {
    guard !text.isEmpty else { return nil }
    guard text.utf8.first == UInt8(ascii: "/") else {
      refuse("\(place) is not an absolute path")
      return nil
    }
    let parts = text.utf8.split(separator: UInt8(ascii: "/"))
    guard !parts.contains(where: { $0.elementsEqual("..".utf8) }) else {
      refuse("\(place) has '..' in its path")
      return nil
    }
    guard !text.utf8.contains(UInt8(ascii: "%")) else {
      refuse("\(place) contains a % variable, which is not expanded")
      return nil
    }
    // As SQL joins it to what is before: example.org/anna/ is the Maildir example.org/anna.
    return text.utf8.count > 1 && text.hasSuffix("/") ? String(text.dropLast()) : text
  }
}
