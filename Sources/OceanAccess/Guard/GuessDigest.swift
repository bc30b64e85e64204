import OceanBase

/// Tells a repeated wrong password from a new one, without keeping either.
///
/// For each login, 32 bits of a digest are kept, with a key that is drawn at each start and never leaves
/// memory. So few bits do not single out anybody's password, even with the key. A new guess passes for a
/// repeated one once in a billion.
struct GuessDigest: Sendable {
  private let key: SecretBytes

  /// - Parameter key: the same wherever digests are compared.
  init(key: SecretBytes) { self.key = key }

  init() {
    var random = SystemRandomNumberGenerator()
    key = SecretBytes(capacity: 32) { buffer in
      for index in buffer.indices { buffer[index] = random.next() }
      return buffer.count
    }
  }

  /// A digest of 64 bits, for an account with these stored passwords and from that address. Nil if libcrypto cannot
  /// compute it.
  func digest(
    user: String, address: UInt128, _ kind: UInt8, stored: SecretBytes, _ password: SecretBytes
  ) -> UInt64? {
    var head = Array(user.utf8)
    head.append(kind)
    // The lengths show where each part ends.
    let lengths = [UInt64(user.utf8.count), UInt64(stored.count)].map(\.littleEndian)
    let digest = key.withUnsafeBytes { key in
      withUnsafeBytes(of: address.littleEndian) { address in
        lengths.withUnsafeBytes { lengths in
          head.withUnsafeBytes { head in
            stored.withUnsafeBytes { stored in
              password.withUnsafeBytes { Digest.sha256.hash(key, lengths, address, head, stored, $0) }
            }
          }
        }
      }
    }
    // Zero is an empty place.
    return digest?.withUnsafeBytes { $0.count >= 8 ? max($0.loadUnaligned(as: UInt64.self), 1) : nil }
  }

  /// A digest of 32 bits; nil if libcrypto cannot compute it.
  func digest(user: some Collection<UInt8>, password: SecretBytes) -> UInt32? {
    let user = Array(user)
    // The length shows where the name ends and the password begins.
    let length = UInt64(user.count).littleEndian
    let digest = key.withUnsafeBytes { key in
      withUnsafeBytes(of: length) { length in
        user.withUnsafeBytes { user in
          password.withUnsafeBytes { Digest.sha256.hash(key, length, user, $0) }
        }
      }
    }
    return digest?.withUnsafeBytes { $0.count >= 4 ? $0.loadUnaligned(as: UInt32.self) : nil }
  }
}

/// Digests of an address's different guesses. The first six take no memory of their own: a million attackers
/// must not cost an allocation each.
struct GuessDigests: Sendable {
  private(set) var count = 0
  private var first = InlineArray<6, UInt32>(repeating: 0)
  private var further: [UInt32] = []

  func contains(_ digest: UInt32) -> Bool {
    for index in 0..<min(count, first.count) where first[index] == digest { return true }
    return further.contains(digest)
  }

  mutating func append(_ digest: UInt32) {
    if count < first.count { first[count] = digest } else { further.append(digest) }
    count += 1
  }
}
