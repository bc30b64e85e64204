internal import COpenSSL
internal import OceanBase

/// Keys that are derived from a password by HMAC, as PBKDF2 (RFC 8018 §5.2) and SCRAM (RFC 5802 §3) do.
enum KeyDerivation {
  /// The most rounds that a stored hash may ask for.
  static let maxRounds = 10_000_000

  /// PBKDF2 with HMAC, as long as the digest; nil if libcrypto cannot compute it.
  static func pbkdf2(_ digest: Digest, _ password: SecretBytes, salt: SecretBytes, rounds: Int)
    -> SecretBytes?
  {
    guard let rounds = CInt(exactly: rounds), let saltLength = CInt(exactly: salt.count),
      let passwordLength = CInt(exactly: password.count)
    else { return nil }
    let key = SecretBytes(capacity: digest.length) { output in
      password.withUnsafeBytes { password in
        salt.withUnsafeBytes { salt in
          PKCS5_PBKDF2_HMAC(
            password.baseAddress?.assumingMemoryBound(to: CChar.self), passwordLength,
            salt.baseAddress?.assumingMemoryBound(to: UInt8.self), saltLength, rounds, digest.algorithm,
            CInt(digest.length), output.baseAddress?.assumingMemoryBound(to: UInt8.self)) == 1
            ? digest.length : 0
        }
      }
    }
    return key.isEmpty ? nil : key
  }

  /// The StoredKey of a password, from which a server learns whether a client knows it.
  static func scramStoredKey(
    _ digest: Digest, _ password: SecretBytes, salt: SecretBytes, rounds: Int
  ) -> SecretBytes? {
    guard let salted = pbkdf2(digest, password, salt: salt, rounds: rounds),
      let clientKey = hmac(digest, key: salted, "Client Key")
    else { return nil }
    return clientKey.withUnsafeBytes { digest.hash($0) }
  }

  private static func hmac(_ digest: Digest, key: SecretBytes, _ message: StaticString) -> SecretBytes? {
    guard let keyLength = CInt(exactly: key.count) else { return nil }
    let code = SecretBytes(capacity: digest.length) { output in
      key.withUnsafeBytes { key in
        HMAC(
          digest.algorithm, key.baseAddress, keyLength, message.utf8Start, message.utf8CodeUnitCount,
          output.baseAddress?.assumingMemoryBound(to: UInt8.self), nil) == nil ? 0 : digest.length
      }
    }
    return code.isEmpty ? nil : code
  }

  /// What CRAM-MD5 (RFC 2195) needs of a password, as Dovecot stores it: the states of MD5 after the outer and
  /// after the inner block of HMAC.
  static func cramMD5(_ password: SecretBytes) -> SecretBytes? {
    let block = Int(MD5_CBLOCK)
    // RFC 2104: a longer key stands for its digest.
    guard let key = password.count > block ? password.withUnsafeBytes({ Digest.md5.hash($0) }) : password
    else { return nil }
    return SecretBytes(capacity: 2 * Digest.md5.length) { output in
      for (index, pad) in [UInt8(0x5c), 0x36].enumerated() {
        let padded = SecretBytes(capacity: block) { bytes in
          bytes.initializeMemory(as: UInt8.self, repeating: 0)
          key.withUnsafeBytes { bytes.copyMemory(from: $0) }
          for position in bytes.indices { bytes[position] ^= pad }
          return block
        }
        let state = UnsafeMutableRawBufferPointer(rebasing: output[(index * Digest.md5.length)...])
        let done = padded.withUnsafeBytes { ocean_MD5_state($0.baseAddress, state.baseAddress) }
        guard done == 1 else { return 0 }
      }
      return output.count
    }
  }
}
