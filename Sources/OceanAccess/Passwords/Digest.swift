internal import COpenSSL
internal import OceanBase

/// The message digests that password schemes name.
enum Digest: Hashable, Sendable {
  case md5
  case sha1
  case sha256
  case sha512

  /// Octets of output.
  var length: Int {
    switch self {
    case .md5: 16
    case .sha1: 20
    case .sha256: 32
    case .sha512: 64
    }
  }

  /// libcrypto's name for it.
  var algorithm: OpaquePointer? {
    switch self {
    case .md5: EVP_md5()
    case .sha1: EVP_sha1()
    case .sha256: EVP_sha256()
    case .sha512: EVP_sha512()
    }
  }

  /// The digest of the parts, one after the other; nil if libcrypto cannot compute it.
  func hash(_ parts: UnsafeRawBufferPointer...) -> SecretBytes? {
    hash { update in parts.allSatisfy(update) }
  }

  /// The digest of the parts, one after the other; nil if libcrypto cannot compute it.
  func hash(_ parts: [SecretBytes]) -> SecretBytes? {
    hash { update in parts.allSatisfy { $0.withUnsafeBytes(update) } }
  }

  private func hash(_ feed: ((UnsafeRawBufferPointer) -> Bool) -> Bool) -> SecretBytes? {
    guard let context = EVP_MD_CTX_new() else { return nil }
    defer { EVP_MD_CTX_free(context) }
    guard EVP_DigestInit_ex(context, algorithm, nil) == 1,
      feed({ EVP_DigestUpdate(context, $0.baseAddress, $0.count) == 1 })
    else { return nil }
    let output = SecretBytes(capacity: length) { buffer in
      let done = EVP_DigestFinal_ex(context, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
      return done == 1 ? length : 0
    }
    return output.isEmpty ? nil : output
  }
}

/// Compares in a time that depends only on the lengths.
func constantTimeEqual(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
  a.count == b.count && CRYPTO_memcmp(a.baseAddress, b.baseAddress, a.count) == 0
}
