import COpenSSL
import OceanBase
import OceanTLS

/// Keys and certificates for tests: made only once, because keys take time.
enum TestCertificates {
  static let ecKey = key(.ecP256)
  static let rsaKey = key(.rsa2048)

  static func key(_ algorithm: PrivateKey.Algorithm) -> SecretBytes {
    PrivateKey.generate(algorithm)?.pem() ?? SecretBytes(copying: [])
  }

  static func selfSigned(_ key: SecretBytes, _ names: [String]) -> [UInt8] {
    guard let key = try? PrivateKey(pem: key) else { return [] }
    return CertificateRequest(names: names.map { .dns($0) })
      .selfSigned(by: key, from: 0, to: Int64(Int32.max))?.pem() ?? []
  }

  static func identity(_ key: SecretBytes, _ names: String...) -> TLSIdentity {
    guard let identity = CertificateFile(chain: selfSigned(key, names), key: key).identity else {
      preconditionFailure("no certificate for \(names)")
    }
    return identity
  }

  static let ec = identity(ecKey, "ec.example.org")
  static let rsa = identity(rsaKey, "rsa.example.org")
}

/// A chain of three, signed from the root down.
struct TestChain {
  let root: [UInt8]
  let intermediate: [UInt8]
  let leaf: [UInt8]
  let leafKey: SecretBytes

  init(digest: OpaquePointer? = EVP_sha256()) {
    let keys = (0..<3).map { _ in ocean_EVP_EC_gen("P-256") }
    defer { keys.forEach { EVP_PKEY_free($0) } }
    let root = Self.make("Root", keys[0], issuer: nil, keys[0], digest)
    let intermediate = Self.make("Intermediate", keys[1], issuer: root, keys[0], digest)
    let leaf = Self.make("leaf.example.org", keys[2], issuer: intermediate, keys[1], digest)
    self.root = Self.pem(root)
    self.intermediate = Self.pem(intermediate)
    self.leaf = Self.pem(leaf)
    leafKey = SecretBytes(
      copying: Self.bytes { PEM_write_bio_PrivateKey($0, keys[2], nil, nil, 0, nil, nil) })
    [root, intermediate, leaf].forEach { X509_free($0) }
  }

  private static func make(
    _ name: String, _ key: OpaquePointer?, issuer: OpaquePointer?, _ issuerKey: OpaquePointer?,
    _ digest: OpaquePointer?
  ) -> OpaquePointer? {
    let x509 = X509_new()
    X509_set_version(x509, 2)
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 7)
    ASN1_TIME_set(X509_getm_notBefore(x509), 1_000_000)
    ASN1_TIME_set(X509_getm_notAfter(x509), 2_000_000_000)
    let subject = X509_get_subject_name(x509)
    X509_NAME_add_entry_by_NID(
      subject, NID_commonName, MBSTRING_UTF8, Array(name.utf8), Int32(name.utf8.count), -1, 0)
    X509_set_issuer_name(x509, issuer.map { X509_get_subject_name($0) } ?? subject)
    X509_set_pubkey(x509, key)
    X509_sign(x509, issuerKey, digest)
    return x509
  }

  private static func pem(_ x509: OpaquePointer?) -> [UInt8] { bytes { PEM_write_bio_X509($0, x509) } }

  static func bytes(_ write: (OpaquePointer?) -> Int32) -> [UInt8] {
    let bio = BIO_new(BIO_s_mem())
    defer { BIO_free(bio) }
    _ = write(bio)
    var start: UnsafeMutablePointer<CChar>?
    let count = ocean_BIO_get_mem_data(bio, &start)
    return Array(UnsafeRawBufferPointer(start: start, count: count))
  }
}

extension TLSContextSet {
  /// One context for the given identities.
  static func of(
    _ identities: [TLSIdentity], _ profile: TLSProfile = .intermediate, tickets: TicketKeys? = nil
  ) throws -> TLSContextSet {
    let tickets = try tickets ?? TicketKeys(now: 0)
    let context = try TLSContext(identities: identities, profile: profile, tickets: tickets)
    return try TLSContextSet([.init(names: [], context: context)])
  }
}
