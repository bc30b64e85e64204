internal import COpenSSL
package import OceanBase

extension PrivateKey {
  package enum Algorithm: Sendable, Hashable, CaseIterable {
    case ecP256
    case rsa2048
    case rsa3072
  }

  /// Makes a new random key; nil if libcrypto cannot make one. RSA takes up to seconds, so not on an event
  /// loop.
  package static func generate(_ algorithm: Algorithm) -> PrivateKey? {
    ERR_clear_error()
    defer { ERR_clear_error() }
    let key: OpaquePointer? =
      switch algorithm {
      case .ecP256: ocean_EVP_EC_gen("P-256")
      case .rsa2048: ocean_EVP_RSA_gen(2048)
      case .rsa3072: ocean_EVP_RSA_gen(3072)
      }
    return key.map { PrivateKey(adopting: $0) }
  }

  /// The key in PKCS#8, not encrypted.
  package func pem() -> SecretBytes? {
    MemoryBIO.writing({ PEM_write_bio_PKCS8PrivateKey($0, pkey, nil, nil, 0, nil, nil) }) {
      SecretBytes(copying: $0)
    }
  }
}

extension Certificate {
  package func pem() -> [UInt8]? {
    MemoryBIO.writing({ PEM_write_bio_X509($0, x509) }) { Array($0) }
  }
}

/// The content of a certificate to be made: to be signed by its own key, or sent to a CA.
package struct CertificateRequest: Sendable {
  private let names: [CertificateName]

  /// - Parameter names: DNS names and addresses. Entries that are not a host name or an address are left out;
  ///   `hasNames` tells whether any remain.
  package init(names: [CertificateName]) {
    self.names = names.compactMap { name in
      switch name {
      case .dns(let text): CertificateName(hostName: text)
      case .ip(let bytes): bytes.count == 4 || bytes.count == 16 ? name : nil
      }
    }
  }

  package var hasNames: Bool { !names.isEmpty }

  /// A signing request: PKCS#10 (RFC 2986) in PEM.
  package func signingRequest(by key: PrivateKey) -> [UInt8]? {
    ERR_clear_error()
    defer { ERR_clear_error() }
    guard hasNames, let request = X509_REQ_new() else { return nil }
    defer { X509_REQ_free(request) }
    guard X509_REQ_set_version(request, 0) == 1,
      setCommonName(in: X509_REQ_get_subject_name(request)),
      X509_REQ_set_pubkey(request, key.pkey) == 1,
      let alternatives = makeExtension(NID_subject_alt_name, alternativeNames)
    else { return nil }
    defer { X509_EXTENSION_free(alternatives) }
    guard let extensions = OPENSSL_sk_new_null() else { return nil }
    defer { OPENSSL_sk_free(extensions) }
    guard OPENSSL_sk_push(extensions, UnsafeRawPointer(alternatives)) > 0,
      X509_REQ_add_extensions(request, extensions) == 1,
      X509_REQ_sign(request, key.pkey, EVP_sha256()) > 0
    else { return nil }
    return MemoryBIO.writing({ PEM_write_bio_X509_REQ($0, request) }) { Array($0) }
  }

  /// Makes a self-signed certificate for TLS servers (RFC 5280), with a random serial number.
  ///
  /// - Parameters: the validity, both ends included, in seconds since 1970.
  package func selfSigned(by key: PrivateKey, from start: Int64, to end: Int64) -> Certificate? {
    ERR_clear_error()
    defer { ERR_clear_error() }
    guard hasNames, start <= end, let x509 = X509_new() else { return nil }
    let isRSA = if case .rsa = key.type { true } else { false }
    let subject = X509_get_subject_name(x509)
    guard X509_set_version(x509, 2) == 1,
      Self.setRandomSerial(x509),
      ASN1_TIME_set(X509_getm_notBefore(x509), time_t(start)) != nil,
      ASN1_TIME_set(X509_getm_notAfter(x509), time_t(end)) != nil,
      setCommonName(in: subject),
      X509_set_issuer_name(x509, subject) == 1,
      X509_set_pubkey(x509, key.pkey) == 1,
      add(NID_subject_alt_name, alternativeNames, to: x509),
      add(NID_basic_constraints, "critical,CA:FALSE", to: x509),
      add(NID_key_usage, "critical,digitalSignature" + (isRSA ? ",keyEncipherment" : ""), to: x509),
      add(NID_ext_key_usage, "serverAuth", to: x509),
      X509_sign(x509, key.pkey, EVP_sha256()) > 0
    else {
      X509_free(x509)
      return nil
    }
    return Certificate(adopting: x509)
  }

  /// The names in libcrypto's notation. Safe to compose: `names` contain only letters, digits, `-`, `_`, `.`,
  /// `*` and addresses.
  private var alternativeNames: String {
    names.map { name in
      switch name {
      case .dns: "DNS:\(name)"
      case .ip: "IP:\(name)"
      }
    }.joined(separator: ",")
  }

  /// Sets the first name as common name, if X.520 has room for it: 64 characters. Only people read it.
  private func setCommonName(in subject: OpaquePointer?) -> Bool {
    guard let name = names.first.map({ Array($0.description.utf8) }), name.count <= 64 else { return true }
    return X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, name, Int32(name.count), -1, 0)
      == 1
  }

  /// Sets a serial number of 126 random bits: positive, and more than the 64 bits that the CA/Browser Forum
  /// asks for.
  private static func setRandomSerial(_ x509: OpaquePointer) -> Bool {
    guard let number = BN_new() else { return false }
    defer { BN_free(number) }
    return BN_rand(number, 126, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1
      && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) != nil
  }

  private func makeExtension(_ nid: Int32, _ value: String) -> OpaquePointer? {
    var context = X509V3_CTX()
    X509V3_set_ctx(&context, nil, nil, nil, nil, 0)
    return X509V3_EXT_conf_nid(nil, &context, nid, value)
  }

  private func add(_ nid: Int32, _ value: String, to x509: OpaquePointer) -> Bool {
    guard let made = makeExtension(nid, value) else { return false }
    defer { X509_EXTENSION_free(made) }
    return X509_add_ext(x509, made, -1) == 1
  }
}
