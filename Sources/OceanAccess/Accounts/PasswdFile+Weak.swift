import OceanBase

extension PasswdFile {
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
}
