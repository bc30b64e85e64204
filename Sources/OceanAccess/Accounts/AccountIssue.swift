/// An observation about a password file that its administrator should know. Never contains password material.
package struct AccountIssue: Sendable, Hashable {
  /// The line, from 1. For an issue that is reported once, it is the first of its lines.
  package let line: Int
  /// The account of the line; nil if it has no usable name, or the text there may be more than a name.
  package let account: AccountName?
  package let kind: Kind
  /// Whether the line is that of an app password, which then cannot be used; the account is as good as without it.
  package let isAppPassword: Bool
  /// The number of lines it is about.
  package fileprivate(set) var occurrences = 1
  /// The first of those lines.
  package fileprivate(set) var lines: [Int]
  /// The most lines that are kept in ``lines``.
  package static let maxLines = 20

  package enum Kind: Sendable, Hashable {
    // These refuse the line's account.
    case lineTooLong
    case containsNUL
    case badName(AccountName.Flaw)
    /// There is no colon, so it is not known what the text is.
    case missingPassword
    case emptyPassword
    case unsupportedScheme(String)
    case unknownScheme
    case malformedPassword
    case longPassword
    case tooMuchMemory
    case missingLibrary
    case duplicateName(AccountName, firstLine: Int)
    case badNetwork
    case unsupportedField(String)
    /// The position among the extra fields, from 1, and the name before its `=`. A field without `=` is not
    /// quoted: it may be part of a password with a colon.
    case unknownField(position: Int, name: String?)
    case repeatedField(String)
    case variableInField(String)
    case unsupportedMailLocation
    case badServices
    case badEnd
    case notUTF8
    // These refuse an app password.
    case missingAppPassword
    case badLabel
    case missingAccount
    case repeatedLabel(String, firstLine: Int)
    case tooManyAppPasswords
    /// A field that says something about the account as a whole.
    case accountField(String)
    // These only warn.
    case ignoredField(String)
    case hostBitsInNetwork(given: String, meant: String)
    case relativeHome
    case weakPassword
    case excessiveCost
    /// A bare name and the same name with the default domain; reported at the later of the two lines.
    case ambiguousName(bareLine: Int, address: AccountName, addressLine: Int)
  }

  package enum Severity: Sendable { case refusesAccount, warning }

  package var severity: Severity { kind.severity }

  private var consequence: String {
    isAppPassword ? "this app password cannot be used" : "the account cannot log in"
  }

  /// One sentence without its final stop. Names are not escaped.
  package var message: String {
    switch kind {
    case .lineTooLong: "the line is longer than \(PasswdFile.maxLineLength) bytes and was skipped"
    case .containsNUL: "the line contains a NUL byte and was skipped"
    case .badName(let flaw): "the account's name \(flaw.message); nobody can log in with it"
    case .missingPassword: "there is no ':' in the line: it is not an account"
    case .emptyPassword: "the password is empty; \(consequence)"
    case .unsupportedScheme(let name):
      "the password scheme \(name) is not supported; \(consequence)"
    case .unknownScheme: "the password scheme is unknown; \(consequence)"
    case .malformedPassword:
      "the password is not a well-formed hash of its scheme, or of crypt(5) without one; \(consequence)"
    case .longPassword:
      "the password is longer than \(StoredPassword.maxLength) octets, which no client can send; \(consequence)"
    case .tooMuchMemory:
      "checking the password would take more than \(Argon2.maxMemory >> 20) GiB of memory; \(consequence)"
    case .missingLibrary:
      "the password is an Argon2 hash, and libargon2.so.1 is not installed; \(consequence)"
    case .duplicateName(let name, let first):
      "\(name.isPresentable ? name.text : "this account") is already on line \(first), which counts; this line does not"
    case .badNetwork:
      "allow_nets has an entry that is not an address or CIDR block; \(consequence)"
    case .unsupportedField(let name): "the field \(name) is not supported; \(consequence)"
    case .unknownField(let position, let name):
      "\(name.map { "the field \($0)" } ?? "extra field \(position)") is unknown; \(consequence)"
    case .repeatedField(let name): "the field \(name) is given twice; \(consequence)"
    case .variableInField(let name):
      "\(name) contains a % variable, which is not expanded; \(consequence)"
    case .unsupportedMailLocation:
      "userdb_mail is not maildir: with an absolute path or ~/ and no options; \(consequence)"
    case .badServices: "services is not a list of services; \(consequence)"
    case .badEnd: "expires is not a date or a time; \(consequence)"
    case .notUTF8: "home or extra fields are not UTF-8; \(consequence)"
    case .missingAppPassword: "the line begins with a colon, and is not :ACCOUNT:LABEL:PASSWORD"
    case .badLabel:
      "the label has other characters than letters, digits and .-_+, or too many; \(consequence)"
    case .missingAccount: "no line of this file has the account of this app password"
    case .repeatedLabel(let label, let first):
      "the account has an app password \(label) on line \(first) already, which counts; this line does not"
    case .tooManyAppPasswords:
      "the account has more than \(AppPassword.limit) app passwords; \(consequence)"
    case .accountField(let name): "the field \(name) belongs on the account's own line; \(consequence)"
    case .ignoredField(let name): "the field \(name) has no effect"
    case .hostBitsInNetwork(let given, let meant):
      "\(given) in allow_nets has host bits set; it is taken as \(meant)"
    case .relativeHome: "the home directory is not an absolute path and was left out"
    case .weakPassword: "the password's hash is quickly guessed; give a new password to replace it"
    case .excessiveCost: "checking the password takes seconds or hundreds of megabytes"
    case .ambiguousName(let bareLine, let address, let addressLine):
      address.isPresentable
        ? "\(address.user) on line \(bareLine) is never used: it is \(address) on line \(addressLine)"
        : "the account on line \(bareLine) is never used: with the default domain it is that on line \(addressLine)"
    }
  }
}

extension AccountIssue {
  /// Advice on what to do; nil if the message says it.
  package var help: String? {
    let passwd = account.map { "a new line for it: ocean passwd \(isAppPassword ? "--app LABEL " : "")\($0)" }
    return switch kind {
    case .missingPassword: "a line is name:{SCHEME}hash, as 'ocean passwd NAME' prints it"
    case .emptyPassword, .unsupportedScheme, .unknownScheme, .longPassword, .tooMuchMemory, .weakPassword,
      .excessiveCost:
      passwd
    case .malformedPassword: passwd.map { "\($0); a password in clear text would begin with {PLAIN}" }
    case .missingLibrary:
      "apt-get install \(Argon2.package), then restart a running server"
    case .badNetwork: "for example allow_nets=192.0.2.0/24,2001:db8::/32"
    case .badServices: "for example services=pop3,internal, without spaces"
    case .badEnd: "for example expires=2027-01-31 or expires=2027-01-31T18:00:00+01:00"
    case .missingAppPassword, .badLabel: "a line is as 'ocean passwd --app LABEL NAME' prints it"
    case .missingAccount: "remove the line, or add the account"
    case .accountField: "move it there"
    case .repeatedLabel: "remove one of them"
    case .tooManyAppPasswords: "remove those that are not used: 'ocean mailbox who' names those that are"
    case .unsupportedField, .unknownField, .ignoredField: "remove it, if the account can do without"
    case .duplicateName, .repeatedField: "remove one of them"
    case .ambiguousName: "remove the line that is not used"
    case .variableInField: "write the path out"
    case .unsupportedMailLocation: "for example userdb_mail=maildir:~/Maildir"
    case .notUTF8: "save the file as UTF-8"
    case .relativeHome: "write a path that begins with /"
    case .lineTooLong, .containsNUL, .badName, .hostBitsInNetwork: nil
    }
  }
}

extension AccountIssue.Kind {
  var severity: AccountIssue.Severity {
    switch self {
    case .ignoredField, .hostBitsInNetwork, .relativeHome, .weakPassword, .excessiveCost, .ambiguousName:
      .warning
    default: .refusesAccount
    }
  }
}

extension AccountIssue.Kind {
  fileprivate var isCollected: Bool {
    switch self {
    case .missingPassword, .unsupportedScheme, .unknownScheme, .missingLibrary: true
    default: severity == .warning
    }
  }
}

extension AccountName.Flaw {
  fileprivate var message: String {
    switch self {
    case .empty: "is empty"
    case .tooLong: "is longer than \(AccountName.maxLength) bytes"
    case .notUTF8: "is not UTF-8"
    case .controlCharacter: "contains a control character"
    case .slash: "contains a slash"
    case .malformedAddress: "is not an address: it has several @, or nothing on one side of it"
    case .dots: "has . or .. as a part"
    }
  }
}

/// The issues of one file, bounded: an issue that refuses an account is reported for every line. A mere
/// warning, or an issue with one reason for many accounts, is reported once.
package struct AccountIssues: Sendable {
  /// The most issues that are kept; further ones are counted.
  package static let limit = 1000

  /// In the order of lines.
  package private(set) var entries: [AccountIssue] = []
  package private(set) var omitted = 0
  /// The positions in ``entries`` of issues that are reported once.
  private var collected: [Subject: Int] = [:]

  private struct Subject: Hashable {
    let kind: AccountIssue.Kind
    let isAppPassword: Bool
  }

  /// The subject that was reported last and is reported once, with its position: most often it is the next one, too.
  private var latest: (subject: Subject, position: Int)?

  private mutating func position(of subject: Subject) -> Int? {
    if let latest, latest.subject == subject { return latest.position }
    guard let position = collected[subject] else { return nil }
    latest = (subject, position)
    return position
  }

  mutating func report(
    _ kind: AccountIssue.Kind, line: Int, account: @autoclosure () -> AccountName?,
    isAppPassword: Bool = false
  ) {
    let subject = Subject(kind: kind, isAppPassword: isAppPassword)
    if let known = position(of: subject) {
      entries[known].occurrences += 1
      if entries[known].lines.count < AccountIssue.maxLines { entries[known].lines.append(line) }
    } else if entries.count == Self.limit {
      omitted += 1
    } else {
      if kind.isCollected { collected[subject] = entries.count }
      let shown = account().flatMap { $0.isPresentable ? $0 : nil }
      entries.append(
        AccountIssue(line: line, account: shown, kind: kind, isAppPassword: isAppPassword, lines: [line]))
    }
  }
}
