internal import OceanBase

/// A further password of an account, for one of its devices or programs.
///
/// In a password file it is a line of its own, anywhere in the file. Dovecot leaves out lines that begin with a colon:
///
///     :anna@example.org:phone:{SSHA512}pt0B...:services=pop3 allow_nets=192.0.2.0/24 expires=2027-01-31
package struct AppPassword: Sendable {
  /// The most that an account may have: a wrong password is compared with all of them.
  package static let limit = 16
  /// Octets of the longest label.
  package static let maxLabelLength = 64

  /// Says whose it is, in logs and tables: `phone`.
  package let label: String
  /// Where and until when it may be used, besides the account's own conditions.
  package let conditions: LoginConditions
  /// Its line in the file, from 1.
  package let line: Int
  let password: StoredPassword

  package var scheme: String { password.scheme.name }

  /// Whether a text can be a label: it has neither spaces nor colons, and nothing that is not shown.
  package static func isLabel(_ text: String) -> Bool {
    (1...maxLabelLength).contains(text.utf8.count)
      && text.unicodeScalars.allSatisfy { scalar in
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".", "+": true
        default: scalar.value > 0x9f && scalar.properties.isAlphabetic
        }
      }
  }
}

/// The line of an app password: `:account:label:password:extra fields`.
struct AppPasswordLine {
  /// The account; nil if the line does not have a name.
  private(set) var account: AccountName?
  /// Nil if it cannot be used.
  private(set) var password: AppPassword?
  private(set) var issues: [AccountIssue.Kind] = []
  /// The label; nil if it is not one.
  private(set) var label: String?
  private(set) var conditions = LoginConditions()

  /// Whether a line is about an app password.
  static func isOne(_ line: SecretBytes) -> Bool {
    line.withUnsafeBytes { $0.first == UInt8(ascii: ":") }
  }

  /// - Parameter text: the line without its end.
  init(parsing text: SecretBytes, number: Int) {
    if let flaw = PasswdLine.flaw(of: text) {
      issues = [flaw]
      return
    }
    // The first is empty.
    let fields = PasswdLine.fields(of: text, most: 5)
    guard fields.count > 3 else {
      issues = [.missingAppPassword]
      return
    }
    do {
      account = try text[fields[1]].withUnsafeBytes { bytes throws(AccountName.Flaw) in
        try AccountName(folding: bytes)
      }
    } catch {
      issues = [.badName(error)]
      return
    }
    label = text[fields[2]].withUnsafeBytes { String(validating: $0, as: UTF8.self) }
      .flatMap { AppPassword.isLabel($0) ? $0 : nil }
    if label == nil { issues.append(.badLabel) }
    readConditions(fields.count > 4 ? text[fields[4]] : nil)
    let stored = StoredPassword.parsing(text[fields[3]], &issues)
    guard let label, let stored, !issues.contains(where: { $0.severity == .refusesAccount }) else { return }
    password = AppPassword(label: label, conditions: conditions, line: number, password: stored)
  }

  private mutating func readConditions(_ field: SecretBytes?) {
    guard let field, !field.isEmpty else { return }
    guard let text = field.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) else {
      issues.append(.notUTF8)
      return
    }
    // Behind the password: what is here may be the rest of a password with a colon.
    let extra = ExtraFields(parsing: text, isSurelyText: false)
    issues += extra.issues
    conditions = extra.fields.conditions
    if extra.fields.isDisabled { issues.append(.accountField("nologin")) }
    if extra.fields.home != nil { issues.append(.accountField("userdb_home")) }
    if extra.fields.mail != nil { issues.append(.accountField("userdb_mail")) }
  }
}
