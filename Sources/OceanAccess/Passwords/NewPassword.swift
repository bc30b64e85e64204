internal import COpenSSL
package import OceanBase

/// The forms in which ocean writes a new password.
package enum NewPasswordScheme: String, Sendable, CaseIterable {
  case yescrypt
  case bcrypt
  case sha512Crypt = "sha512-crypt"
  case ssha512
  case plain

  package enum HashError: Error, Equatable {
    case empty
    /// The limit in octets: beyond it the scheme would ignore the rest, or no login could send it.
    case tooLong(limit: Int)
    case containsNUL
    case hashingFailed
  }

  /// The password field for a password file, with a random salt: `{CRYPT}$y$j9T$...`. It costs some 50 ms,
  /// because POP3 clients log in every few minutes.
  package func hash(_ password: SecretBytes) throws(HashError) -> SecretBytes {
    guard !password.isEmpty else { throw .empty }
    guard password.count <= maxLength else { throw .tooLong(limit: maxLength) }
    guard !password.withUnsafeBytes({ $0.contains(0) }) else { throw .containsNUL }
    let label: String
    let content: SecretBytes?
    switch self {
    case .yescrypt: (label, content) = ("{CRYPT}", crypt(password, .yescrypt, cost: 5))
    case .bcrypt: (label, content) = ("{BLF-CRYPT}", crypt(password, .bcrypt, cost: 10))
    case .sha512Crypt: (label, content) = ("{SHA512-CRYPT}", crypt(password, .sha512, cost: 50_000))
    case .ssha512: (label, content) = ("{SSHA512}", salted(password, .sha512))
    // A password may contain a colon or a line break; its base 64 does not.
    case .plain: (label, content) = ("{PLAIN.b64}", password.withUnsafeBytes(Base64.encode))
    }
    guard let content, !content.isEmpty else { throw .hashingFailed }
    return SecretBytes(joining: [SecretBytes(copying: label.utf8), content])
  }

  private var maxLength: Int {
    // bcrypt reads 72 octets and ignores the others.
    self == .bcrypt ? 72 : StoredPassword.maxLength
  }

  private func crypt(_ password: SecretBytes, _ method: CryptMethod, cost: UInt) -> SecretBytes? {
    CryptHash.setting(method, cost: cost).flatMap { CryptHash.hash(password, setting: $0) }
  }

  private func salted(_ password: SecretBytes, _ digest: Digest) -> SecretBytes? {
    let salt = SecretBytes(capacity: 16) { buffer in
      RAND_bytes(buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), CInt(buffer.count)) == 1
        ? buffer.count : 0
    }
    guard !salt.isEmpty else { return nil }
    return digest.hash([password, salt]).map {
      SecretBytes(joining: [$0, salt]).withUnsafeBytes(Base64.encode)
    }
  }
}
