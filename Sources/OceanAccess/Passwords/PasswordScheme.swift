/// The way a stored password is checked, in the detail that decides the cost of a check.
enum PasswordScheme: Hashable, Sendable {
  case plain
  case digest(Digest, salted: Bool)
  case crypt(CryptCost)
  case apacheMD5
  case argon2(Argon2Cost)
  case pbkdf2(rounds: Int)
  case scram(Digest, rounds: Int)
  case cramMD5

  /// Whether a check is meant to be slow: it belongs on threads of its own, not among file work.
  var isExpensive: Bool {
    switch self {
    case .crypt, .apacheMD5, .argon2, .pbkdf2, .scram: true
    case .plain, .digest, .cramMD5: false
    }
  }

  /// Whether a check would occupy a core for seconds or take hundreds of megabytes.
  var isExcessive: Bool {
    switch self {
    case .crypt(let cost): cost.isExcessive
    case .argon2(let cost): cost.isExcessive
    case .pbkdf2(let rounds), .scram(_, let rounds): rounds > 2_000_000
    case .plain, .digest, .apacheMD5, .cramMD5: false
    }
  }

  /// Whether most passwords a second can be tried against it: from before SHA-2, or without salt.
  var isWeak: Bool {
    switch self {
    case .digest(let digest, let salted): !salted || digest == .md5 || digest == .sha1
    case .crypt(let cost): cost.isCheap
    case .apacheMD5, .cramMD5: true
    case .plain, .argon2, .pbkdf2, .scram: false
    }
  }

  /// The name for people, as in the names of `{SCHEME}` where it has one: `SSHA512`, `yescrypt`.
  var name: String {
    switch self {
    case .plain: "PLAIN"
    case .digest(let digest, let salted): (salted ? "S" : "") + digest.schemeName
    case .crypt(let cost): cost.method.name
    case .apacheMD5: "apr1"
    case .argon2(let cost): cost.variant == .i ? "ARGON2I" : "ARGON2ID"
    case .pbkdf2: "PBKDF2"
    case .scram(let digest, _): digest == .sha1 ? "SCRAM-SHA-1" : "SCRAM-SHA-256"
    case .cramMD5: "CRAM-MD5"
    }
  }

  /// The families that `{NAME}` in a password file selects. The names are Dovecot's, in any case.
  enum Family {
    case plain
    case digest(Digest, salted: Bool)
    case crypt
    case pbkdf2
    case scram(Digest)
    case cramMD5

    /// - Parameter isCryptHash: whether the text behind the name has the form of a hash of crypt(5).
    init?(name: String, isCryptHash: Bool) {
      switch name {
      case "MD5": self = isCryptHash ? .crypt : .digest(.md5, salted: false)
      case "PLAIN", "CLEAR", "CLEARTEXT": self = .plain
      // They are one family: the hash itself says which method it is.
      case "CRYPT", "BLF-CRYPT", "SHA512-CRYPT", "SHA256-CRYPT", "MD5-CRYPT", "DES-CRYPT", "ARGON2I",
        "ARGON2ID":
        self = .crypt
      case "PLAIN-MD5", "LDAP-MD5": self = .digest(.md5, salted: false)
      case "SMD5": self = .digest(.md5, salted: true)
      case "SHA", "SHA1": self = .digest(.sha1, salted: false)
      case "SHA256": self = .digest(.sha256, salted: false)
      case "SHA512": self = .digest(.sha512, salted: false)
      case "SSHA": self = .digest(.sha1, salted: true)
      case "SSHA256": self = .digest(.sha256, salted: true)
      case "SSHA512": self = .digest(.sha512, salted: true)
      case "PBKDF2": self = .pbkdf2
      case "SCRAM-SHA-1": self = .scram(.sha1)
      case "SCRAM-SHA-256": self = .scram(.sha256)
      case "CRAM-MD5", "HMAC-MD5": self = .cramMD5
      default: return nil
      }
    }
  }

  /// Schemes that Dovecot has and ocean does not. Only these are named in messages: other text in braces may
  /// as well be somebody's password.
  static let knownElsewhere: Set<String> = [
    "PLAIN-MD4", "DIGEST-MD5", "LANMAN", "NTLM", "OTP", "SKEY", "RPA", "PLAIN-TRUNC",
  ]
}

extension Digest {
  fileprivate var schemeName: String {
    switch self {
    case .md5: "MD5"
    case .sha1: "SHA"
    case .sha256: "SHA256"
    case .sha512: "SHA512"
    }
  }
}

extension CryptMethod {
  fileprivate var name: String {
    switch self {
    case .yescrypt: "yescrypt"
    case .gostYescrypt: "gost-yescrypt"
    case .scrypt: "scrypt"
    case .bcrypt: "bcrypt"
    case .sha512: "SHA512-CRYPT"
    case .sha256: "SHA256-CRYPT"
    case .md5: "MD5-CRYPT"
    case .des: "DES-CRYPT"
    }
  }
}
