internal import OceanBase

/// A question to saslauthd: login, password, PAM service and realm, each behind its length in two octets.
enum SaslauthdRequest {
  /// Octets of the longest text that saslauthd takes. It answers "NO" to a longer one.
  static let maxLength = 255

  /// Nil for a text that saslauthd would not take as it is: it is too long, or ends for saslauthd where it has a NUL.
  /// An empty password is not asked about either.
  static func encode(login: String, password: SecretBytes, service: String, realm: String) -> SecretBytes? {
    let fields = [
      SecretBytes(copying: Array(login.utf8)), password, SecretBytes(copying: Array(service.utf8)),
      SecretBytes(copying: Array(realm.utf8)),
    ]
    guard !login.isEmpty, !password.isEmpty,
      fields.allSatisfy({ $0.count <= maxLength && !$0.withUnsafeBytes { $0.contains(0) } })
    else { return nil }
    return SecretBytes(
      joining: fields.flatMap { [SecretBytes(copying: [0, UInt8(truncatingIfNeeded: $0.count)]), $0] })
  }
}

/// The answer of saslauthd: `OK` or `NO`, and perhaps a text.
enum SaslauthdReply: Hashable, Sendable {
  case accepted
  /// The password is wrong, or there is no such account; or PAM has trouble, which is told in the same words.
  case refused
  /// The password is right, and the account may not log in; saslauthd's text.
  case barred(String)
  /// saslauthd says that it could not find out; its text.
  case trouble(String)

  /// Octets of the longest answer.
  static let maxLength = 1024

  /// - Parameter octets: the answer without its length.
  init(_ octets: [UInt8]) throws(BackendError) {
    let (word, rest) = (octets.prefix(2), octets.dropFirst(2))
    guard rest.isEmpty || rest.first == UInt8(ascii: " ") else {
      throw .nonsense("saslauthd answers neither OK nor NO")
    }
    let text = String(decoding: rest.dropFirst(), as: UTF8.self)
    if word.elementsEqual("OK".utf8) {
      self = .accepted
    } else if word.elementsEqual("NO".utf8) {
      self =
        if Self.barring.contains(where: text.hasPrefix) {
          .barred(text)
        } else if Self.troubles.contains(where: text.hasPrefix) {
          .trouble(text)
        } else {
          .refused
        }
    } else {
      throw .nonsense("saslauthd answers neither OK nor NO")
    }
  }

  /// How texts begin that come after the password was found right.
  private static let barring = ["PAM acct error", "Account expired", "Password expired"]

  /// How texts begin that say nothing about the password.
  private static let troubles = [
    "[ALERT]", "internal mechanism failure", "saslauthd internal error", "PAM start error",
    "Insufficient permission", "Username lookup failure", "Username shadow lookup failure",
  ]
}
