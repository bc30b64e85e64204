internal import COpenSSL
internal import OceanBase

/// The hash of Apache's htpasswd, `$apr1$SALT$DIGEST`, which libcrypt does not have. It is crypt's MD5 method
/// with another prefix in what is hashed.
enum ApacheMD5 {
  static let prefix = "$apr1$"

  /// Whether `hash` has the form, to its end.
  static func isWellFormed(_ hash: SecretBytes) -> Bool {
    hash.withUnsafeBytes { bytes in
      guard bytes.starts(with: prefix.utf8) else { return false }
      let parts = bytes.dropFirst(prefix.utf8.count).split(
        separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
      return parts.count == 2 && (1...8).contains(parts[0].count) && parts[1].count == 22
        && parts.joined().allSatisfy(CryptHash.isDigit)
    }
  }

  /// The hash of a password with the salt of `setting`; nil if libcrypto cannot compute it.
  static func hash(_ password: SecretBytes, setting: SecretBytes) -> SecretBytes? {
    let salt = setting.withUnsafeBytes { bytes in
      SecretBytes(copying: bytes.dropFirst(prefix.utf8.count).prefix { $0 != UInt8(ascii: "$") }.prefix(8))
    }
    guard var digest = firstDigest(password, salt) else { return nil }
    for round in 0..<1000 {
      guard let next = strengthened(digest, round, password, salt) else { return nil }
      digest = next
    }
    return text(salt, digest)
  }

  private static func firstDigest(_ password: SecretBytes, _ salt: SecretBytes) -> SecretBytes? {
    let prefix = SecretBytes(copying: prefix.utf8)
    guard let mixed = Digest.md5.hash([password, salt, password]) else { return nil }
    var parts = [password, prefix, salt]
    for start in stride(from: 0, to: password.count, by: mixed.count) {
      parts.append(mixed[0..<password.count - start])
    }
    // The bits of the length choose between NUL and the first octet.
    let nul = SecretBytes(copying: [0])
    var length = password.count
    while length > 0 {
      parts.append(length & 1 == 1 ? nul : password[0..<1])
      length >>= 1
    }
    return Digest.md5.hash(parts)
  }

  private static func strengthened(
    _ digest: SecretBytes, _ round: Int, _ password: SecretBytes, _ salt: SecretBytes
  ) -> SecretBytes? {
    let isOdd = !round.isMultiple(of: 2)
    var parts = [isOdd ? password : digest]
    if !round.isMultiple(of: 3) { parts.append(salt) }
    if !round.isMultiple(of: 7) { parts.append(password) }
    parts.append(isOdd ? digest : password)
    return Digest.md5.hash(parts)
  }

  /// The hash as it is stored. The octets of the digest are taken in an order of their own.
  private static func text(_ salt: SecretBytes, _ digest: SecretBytes) -> SecretBytes {
    digest.withUnsafeBytes { digest in
      let groups = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5], [11]]
      var digits: [UInt8] = []
      for group in groups {
        var value = group.reduce(0) { $0 << 8 | Int(digest[$1]) }
        for _ in 0..<(group.count == 3 ? 4 : 2) {
          digits.append(CryptHash.digit(value & 0x3f))
          value >>= 6
        }
      }
      return salt.withUnsafeBytes {
        SecretBytes(copying: Array(prefix.utf8) + Array($0) + [UInt8(ascii: "$")] + digits)
      }
    }
  }
}
