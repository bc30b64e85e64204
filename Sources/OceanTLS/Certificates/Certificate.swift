internal import COpenSSL
internal import Glibc

/// An X.509 certificate as libcrypto holds it. Immutable, and libcrypto locks its caches: Sendable.
package final class Certificate: @unchecked Sendable {
  let x509: OpaquePointer
  package let info: CertificateInfo

  /// Takes ownership of `x509`; nil if its content cannot be read.
  init?(adopting x509: OpaquePointer) {
    guard let info = CertificateInfo(x509) else {
      X509_free(x509)
      return nil
    }
    self.x509 = x509
    self.info = info
  }

  /// The certificate in one PEM block.
  convenience init?(pem: UnsafeRawBufferPointer) {
    // The callback keeps libcrypto from asking the terminal for a passphrase.
    guard let x509 = MemoryBIO.reading(pem, { PEM_read_bio_X509($0, nil, { _, _, _, _ in -1 }, nil) }) else {
      ERR_clear_error()
      return nil
    }
    self.init(adopting: x509)
  }

  deinit {
    X509_free(x509)
  }

  /// Whether `issuer` is named as this certificate's issuer and its key verifies the signature.
  func isIssued(by issuer: Certificate) -> Bool {
    ERR_clear_error()
    defer { ERR_clear_error() }
    return X509_NAME_cmp(X509_get_issuer_name(x509), X509_get_subject_name(issuer.x509)) == 0
      && X509_verify(x509, X509_get0_pubkey(issuer.x509)) == 1
  }

  /// Whether a client that looks for `name` accepts the certificate as that server's: by an alternative name,
  /// in which `*` stands for one whole label; the common name does not count (RFC 9525 §6.3).
  package func isFor(_ name: CertificateName) -> Bool {
    ERR_clear_error()
    defer { ERR_clear_error() }
    switch name {
    case .dns(let text):
      let flags = UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
      return X509_check_host(x509, text, text.utf8.count, flags, nil) == 1
    case .ip(let address):
      return X509_check_ip(x509, address, address.count, 0) == 1
    }
  }
}

extension CertificateInfo {
  fileprivate init?(_ x509: OpaquePointer) {
    ERR_clear_error()
    defer { ERR_clear_error() }
    guard let notBefore = Self.seconds(X509_get0_notBefore(x509)),
      let notAfter = Self.seconds(X509_get0_notAfter(x509)),
      let serial = Self.serial(of: x509),
      let fingerprint = Self.fingerprint({ X509_digest(x509, EVP_sha256(), $0, $1) }),
      let keyFingerprint = Self.keyFingerprint(of: x509),
      let key = X509_get0_pubkey(x509)
    else { return nil }
    self.notBefore = notBefore
    self.notAfter = notAfter
    self.serial = serial
    sha256Fingerprint = fingerprint
    sha256KeyFingerprint = keyFingerprint
    keyType = KeyType(key)
    subject = Self.text(of: X509_get_subject_name(x509))
    issuer = Self.text(of: X509_get_issuer_name(x509))
    isSelfSigned = X509_self_signed(x509, 1) == 1
    saysWhereIssuerIs = Self.saysWhereIssuerIs(x509)
    signatureAlgorithm = String(cString: OBJ_nid2sn(X509_get_signature_nid(x509)))
    var digest = NID_undef
    X509_get_signature_info(x509, &digest, nil, nil, nil)
    hasWeakSignature = [NID_md2, NID_md4, NID_md5, NID_md5_sha1, NID_sha1].contains(digest)
    isAuthority = X509_check_ca(x509) == 1
    // All bits are set if the certificate has no such extension.
    maySign = X509_get_key_usage(x509) & UInt32(KU_DIGITAL_SIGNATURE) != 0
    mayServe = X509_get_extended_key_usage(x509) & UInt32(XKU_SSL_SERVER | XKU_ANYEKU) != 0
    let alternatives = Self.alternativeNames(of: x509)
    namesAreFromCommonName = alternatives == nil
    names = alternatives ?? Self.commonName(of: x509).map { [.dns($0)] } ?? []
  }

  private static func saysWhereIssuerIs(_ x509: OpaquePointer) -> Bool {
    guard let found = X509_get_ext_d2i(x509, NID_info_access, nil, nil) else { return false }
    let stack = OpaquePointer(found)
    defer { AUTHORITY_INFO_ACCESS_free(stack) }
    return (0..<max(OPENSSL_sk_num(stack), 0)).contains { index in
      guard let value = OPENSSL_sk_value(stack, index) else { return false }
      return OBJ_obj2nid(value.assumingMemoryBound(to: ACCESS_DESCRIPTION.self).pointee.method)
        == NID_ad_ca_issuers
    }
  }

  private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
    var parts = tm()
    guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
    return Int64(timegm(&parts))
  }

  private static func serial(of x509: OpaquePointer) -> String? {
    guard let number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), nil) else { return nil }
    defer { BN_free(number) }
    guard let text = BN_bn2hex(number) else { return nil }
    defer { CRYPTO_free(text, #file, #line) }
    return String(cString: text)
  }

  private static func keyFingerprint(of x509: OpaquePointer) -> String? {
    MemoryBIO.writing({ i2d_X509_PUBKEY_bio($0, X509_get_X509_PUBKEY(x509)) }) { key in
      fingerprint { EVP_Digest(key.baseAddress, key.count, $0, $1, EVP_sha256(), nil) }
    } ?? nil
  }

  /// - Parameter digest: writes an SHA-256 and its length, and returns 1.
  private static func fingerprint(
    _ digest: (UnsafeMutablePointer<UInt8>, UnsafeMutablePointer<UInt32>) -> Int32
  ) -> String? {
    var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    guard digest(&bytes, &count) == 1 else { return nil }
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.prefix(Int(count)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
      as: UTF8.self)
  }

  private static func text(of name: OpaquePointer?) -> String {
    return MemoryBIO.writing({ X509_NAME_print_ex($0, name, 0, ocean_XN_FLAG_RFC2253_UTF8) >= 0 ? 1 : 0 }) {
      String(decoding: $0, as: UTF8.self)
    } ?? ""
  }

  /// The alternative names; nil if the certificate has no extension of that kind. Kinds other than DNS and
  /// IP, and DNS names that no client can send, are left out.
  private static func alternativeNames(of x509: OpaquePointer) -> [CertificateName]? {
    guard let stack = X509_get_ext_d2i(x509, NID_subject_alt_name, nil, nil) else { return nil }
    defer { GENERAL_NAMES_free(OpaquePointer(stack)) }
    return (0..<max(OPENSSL_sk_num(OpaquePointer(stack)), 0)).compactMap { index in
      guard let value = OPENSSL_sk_value(OpaquePointer(stack), index) else { return nil }
      let name = value.assumingMemoryBound(to: GENERAL_NAME.self)
      switch name.pointee.type {
      case GEN_DNS:
        return ServerName.fold(bytes(name.pointee.d.dNSName)).map { .dns($0) }
      case GEN_IPADD:
        let address = bytes(name.pointee.d.iPAddress)
        return address.count == 4 || address.count == 16 ? .ip(address) : nil
      default:
        return nil
      }
    }
  }

  private static func commonName(of x509: OpaquePointer) -> String? {
    let name = X509_get_subject_name(x509)
    let index = X509_NAME_get_index_by_NID(name, NID_commonName, -1)
    guard index >= 0, let entry = X509_NAME_get_entry(name, index),
      let value = X509_NAME_ENTRY_get_data(entry)
    else { return nil }
    return ServerName.fold(bytes(value))
  }

  private static func bytes(_ string: UnsafePointer<ASN1_STRING>?) -> [UInt8] {
    guard let string, let start = ASN1_STRING_get0_data(string) else { return [] }
    return Array(UnsafeBufferPointer(start: start, count: max(Int(ASN1_STRING_length(string)), 0)))
  }
}

extension KeyType {
  init(_ key: OpaquePointer) {
    let bits = Int(EVP_PKEY_get_bits(key))
    switch EVP_PKEY_get_base_id(key) {
    case EVP_PKEY_RSA, EVP_PKEY_RSA_PSS:
      self = .rsa(bits: bits)
    case EVP_PKEY_EC:
      var name = [CChar](repeating: 0, count: 80)
      let known = EVP_PKEY_get_group_name(key, &name, name.count, nil) == 1
      let text = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      self = .ec(curve: known ? String(decoding: text, as: UTF8.self) : "explicit", bits: bits)
    case EVP_PKEY_ED25519:
      self = .ed25519
    case let other:
      self = .other(OBJ_nid2sn(other).map { String(cString: $0) } ?? "unknown")
    }
  }
}
