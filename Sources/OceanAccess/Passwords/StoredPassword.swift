internal import COpenSSL
internal import OceanBase

/// Why a password could not be checked. This says nothing about whether it is right.
package enum VerificationError: Error, Equatable {
  /// No version of an account file could be read yet.
  case accountsUnavailable
  /// The crypto libraries failed, usually because of missing memory.
  case hashingFailed
}

/// The password field of an account: a scheme and a hash, or a password in the clear. Never printable.
struct StoredPassword: Sendable {
  /// Octets of the longest password that can match: a command line has 255 (RFC 2449 §4), including `PASS `
  /// and CRLF.
  static let maxLength = 248

  let scheme: PasswordScheme
  let secret: SecretBytes

  enum Flaw: Error, Equatable {
    case empty
    case unsupportedScheme(String)
    case unknownScheme
    case malformed
    /// The password is in clear text, and longer than ``maxLength``.
    case tooLong
    /// A check would take more than ``Argon2/maxMemory``.
    case tooMuchMemory
    /// ``Argon2/package`` is not installed.
    case missingLibrary
  }

  /// Parses `{SCHEME}hash`, `{SCHEME.HEX}hash`, `{SCHEME.B64}hash`, or a hash of crypt(5) or Argon2 without a
  /// scheme, which is the default of a password file.
  init(parsing field: SecretBytes) throws(Flaw) {
    var family = PasswordScheme.Family.crypt
    var encoding: PasswordEncoding?
    var content = field
    if let label = Self.label(of: field) {
      content = field[label.utf8.count + 2..<field.count]
      let end = label.utf8.firstIndex(of: UInt8(ascii: ".")) ?? label.endIndex
      let name = label[..<end].uppercased()
      guard let known = PasswordScheme.Family(name: name, isCryptHash: Self.isCryptHash(content)) else {
        throw PasswordScheme.knownElsewhere.contains(name) ? .unsupportedScheme(name) : .unknownScheme
      }
      family = known
      if end < label.endIndex {
        guard let named = PasswordEncoding(suffix: label[end...].dropFirst()) else { throw .unknownScheme }
        encoding = named
      }
    }
    guard !content.isEmpty else { throw .empty }
    guard let secret = (encoding ?? Self.encoding(of: content, in: family)).decode(content), !secret.isEmpty
    else {
      throw .malformed
    }
    (scheme, self.secret) = try Self.form(of: secret, in: family)
  }

  /// The scheme in detail, and what a check needs of the field: a hash of crypt(5) as it stands, otherwise a
  /// key with its salt behind it.
  private static func form(
    of secret: SecretBytes, in family: PasswordScheme.Family
  ) throws(Flaw) -> (PasswordScheme, SecretBytes) {
    switch family {
    case .plain:
      guard secret.count <= maxLength else { throw .tooLong }
      return (.plain, secret)
    case .digest(let digest, let salted):
      guard salted ? secret.count > digest.length : secret.count == digest.length else { throw .malformed }
      return (.digest(digest, salted: salted), secret)
    case .crypt: return (try cryptScheme(of: secret), secret)
    case .pbkdf2:
      guard let key = DerivedKey(pbkdf2: secret) else { throw .malformed }
      return (.pbkdf2(rounds: key.rounds), key.bytes)
    case .scram(let digest):
      guard let key = DerivedKey(scram: secret, digest) else { throw .malformed }
      return (.scram(digest, rounds: key.rounds), key.bytes)
    case .cramMD5:
      guard secret.count == 2 * Digest.md5.length else { throw .malformed }
      return (.cramMD5, secret)
    }
  }

  /// The method of a hash of crypt(5), or of the two that programs write in its form.
  private static func cryptScheme(of hash: SecretBytes) throws(Flaw) -> PasswordScheme {
    if hash.hasPrefix(ApacheMD5.prefix) {
      guard ApacheMD5.isWellFormed(hash) else { throw .malformed }
      return .apacheMD5
    }
    if hash.hasPrefix("$argon2") {
      do { return .argon2(try Argon2.cost(of: hash)) } catch {
        switch error {
        case .malformed: throw .malformed
        case .tooMuchMemory: throw .tooMuchMemory
        case .missingLibrary: throw .missingLibrary
        }
      }
    }
    do { return .crypt(try CryptHash.cost(of: hash)) } catch { throw .malformed }
  }

  private static func isCryptHash(_ content: SecretBytes) -> Bool {
    content.withUnsafeBytes { $0.first == UInt8(ascii: "$") }
  }

  /// The text between the braces at the beginning of the field.
  private static func label(of field: SecretBytes) -> String? {
    field.withUnsafeBytes { bytes in
      // The longest name is shorter than this; no copy should be kept of a longer text.
      guard bytes.first == UInt8(ascii: "{"), let end = bytes.prefix(34).firstIndex(of: UInt8(ascii: "}"))
      else {
        return nil
      }
      return String(validating: bytes[1..<end], as: UTF8.self)
    }
  }

  /// The encoding if no encoding is named. Dovecot tells an unsalted digest's two forms apart by their
  /// length.
  private static func encoding(of content: SecretBytes, in family: PasswordScheme.Family) -> PasswordEncoding
  {
    switch family {
    case .plain, .crypt, .pbkdf2, .scram: .none
    case .cramMD5: .hex
    case .digest(let digest, let salted): !salted && content.count == 2 * digest.length ? .hex : .base64
    }
  }

  /// Whether `password` is the right one, found out in a time that does not depend on how wrong it is.
  ///
  /// A password that is empty, has NUL in it or is longer than ``maxLength`` never matches and costs the
  /// same. Blocks for as long as the scheme takes.
  func verify(_ password: SecretBytes) throws(VerificationError) -> Bool {
    let isPossible = password.isPossiblePassword
    let phrase = isPossible ? password : Self.standIn(for: password)
    return try matches(phrase) && isPossible
  }

  /// A password of the same length, within the bounds, in place of one that cannot be right.
  private static func standIn(for password: SecretBytes) -> SecretBytes {
    SecretBytes(copying: repeatElement(UInt8(ascii: "x"), count: min(max(password.count, 1), maxLength)))
  }

  /// The password's length, the password, and zeros. All results have the same length, so that a comparison
  /// does not reveal the password's.
  private static func padded(_ password: SecretBytes) -> SecretBytes {
    SecretBytes(capacity: 1 + maxLength) { buffer in
      buffer.initializeMemory(as: UInt8.self, repeating: 0)
      password.withUnsafeBytes { bytes in
        let bytes = UnsafeRawBufferPointer(rebasing: bytes.prefix(maxLength))
        buffer[0] = UInt8(bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: buffer[1...]).copyMemory(from: bytes)
      }
      return buffer.count
    }
  }

  private func matches(_ password: SecretBytes) throws(VerificationError) -> Bool {
    let computed: SecretBytes?
    let expected: SecretBytes?
    switch scheme {
    case .plain:
      computed = Self.padded(password)
      expected = Self.padded(secret)
    case .digest(let digest, _):
      let salt = secret[digest.length..<secret.count]
      computed = digest.hash([password, salt])
      expected = secret[0..<digest.length]
    case .crypt:
      computed = CryptHash.hash(password, setting: secret)
      expected = secret
    case .apacheMD5:
      computed = ApacheMD5.hash(password, setting: secret)
      expected = secret
    case .argon2(let cost):
      guard let isRight = Argon2.verify(password, hash: secret, cost: cost) else { throw .hashingFailed }
      return isRight
    case .pbkdf2(let rounds):
      let key = DerivedKey(secret, .sha1, rounds: rounds)
      computed = KeyDerivation.pbkdf2(.sha1, password, salt: key.salt, rounds: rounds)
      expected = key.key
    case .scram(let digest, let rounds):
      let key = DerivedKey(secret, digest, rounds: rounds)
      computed = KeyDerivation.scramStoredKey(digest, password, salt: key.salt, rounds: rounds)
      expected = key.key
    case .cramMD5:
      computed = KeyDerivation.cramMD5(password)
      expected = secret
    }
    guard let computed, let expected else { throw .hashingFailed }
    return computed.withUnsafeBytes { computed in
      expected.withUnsafeBytes { constantTimeEqual(computed, $0) }
    }
  }
}

extension SecretBytes {
  /// Whether it can be a right password: it is not empty, has no NUL in it, and is not longer than
  /// ``StoredPassword/maxLength``.
  var isPossiblePassword: Bool {
    withUnsafeBytes { (1...StoredPassword.maxLength).contains($0.count) && !$0.contains(0) }
  }
}
