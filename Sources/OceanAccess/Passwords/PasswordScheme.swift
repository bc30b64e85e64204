/// The way a stored password is checked, in the detail that decides the cost of a check.
enum PasswordScheme: Hashable, Sendable {
  case plain
  case digest(Digest, salted: Bool)
  case crypt(CryptCost)

  /// Whether a check is meant to be slow: it belongs on threads of its own, not among file work.
  var isExpensive: Bool {
    if case .crypt = self { true } else { false }
  }

  var isExcessive: Bool {
    if case .crypt(let cost) = self { cost.isExcessive } else { false }
  }

  /// The families that `{NAME}` in a password file selects. The names are Dovecot's, in any case.
  enum Family {
    case plain
    case digest(Digest, salted: Bool)
    case crypt

    /// - Parameter isCryptHash: whether the text behind the name has the form of a hash of crypt(5).
    init?(name: String, isCryptHash: Bool) {
      switch name {
      case "MD5": self = isCryptHash ? .crypt : .digest(.md5, salted: false)
      case "PLAIN", "CLEAR", "CLEARTEXT": self = .plain
      // They are one family: the hash itself says which method it is.
      case "CRYPT", "BLF-CRYPT", "SHA512-CRYPT", "SHA256-CRYPT", "MD5-CRYPT", "DES-CRYPT": self = .crypt
      case "PLAIN-MD5", "LDAP-MD5": self = .digest(.md5, salted: false)
      case "SMD5": self = .digest(.md5, salted: true)
      case "SHA", "SHA1": self = .digest(.sha1, salted: false)
      case "SHA256": self = .digest(.sha256, salted: false)
      case "SHA512": self = .digest(.sha512, salted: false)
      case "SSHA": self = .digest(.sha1, salted: true)
      case "SSHA256": self = .digest(.sha256, salted: true)
      case "SSHA512": self = .digest(.sha512, salted: true)
      default: return nil
      }
    }
  }

  /// Schemes that Dovecot has and ocean does not. Only these are named in messages: other text in braces may
  /// as well be somebody's password.
  static let knownElsewhere: Set<String> = [
    "ARGON2I", "ARGON2ID", "PBKDF2", "PLAIN-MD4", "DIGEST-MD5",
    "CRAM-MD5", "HMAC-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "LANMAN", "NTLM", "OTP", "SKEY", "RPA",
    "PLAIN-TRUNC",
  ]
}
