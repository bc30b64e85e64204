package import OceanBase

/// A new line for a passwd-file.
package enum NewAccount {
  /// The line without its end: `anna@example.org:{CRYPT}$y$...::::::services=pop3`.
  package static func line(_ name: String, _ hash: SecretBytes, _ fields: NewFields = NewFields())
    -> SecretBytes
  {
    SecretBytes(joining: [
      SecretBytes(copying: "\(name):".utf8), hash, SecretBytes(copying: "::::::\(fields.text)".utf8),
    ])
  }

  /// The line of an app password without its end: `:anna@example.org:phone:{SSHA512}...:services=pop3`.
  package static func line(
    appPassword label: String, of name: String, _ hash: SecretBytes, _ fields: NewFields
  ) -> SecretBytes {
    SecretBytes(joining: [
      SecretBytes(copying: ":\(name):\(label):".utf8), hash, SecretBytes(copying: ":\(fields.text)".utf8),
    ])
  }

  /// What is wrong with an account's name, half a sentence; nil if a passwd-file can hold it.
  package static func flaw(of name: String) -> String? {
    if name.isEmpty || name.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: ":") || $0 == 0x7f }) {
      return "an account's name has no colons, spaces or control characters"
    }
    if name.utf8.count > AccountName.maxLength {
      return
        "an account's name has \(AccountName.maxLength) octets at most: no client could send a longer one"
    }
    return nil
  }
}

extension NewPasswordScheme.HashError {
  /// The reason why no hash was made: half a sentence.
  package func reason(_ scheme: NewPasswordScheme) -> String {
    switch self {
    case .empty: "an empty password is not accepted"
    case .tooLong(let limit):
      "the password is too long: with \(scheme.rawValue) it may have \(limit) octets"
    case .containsNUL: "the password contains a NUL"
    case .hashingFailed: "the system's libcrypt cannot make a \(scheme.rawValue) hash"
    }
  }
}
