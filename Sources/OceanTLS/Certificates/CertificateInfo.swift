/// The content of a certificate (RFC 5280 §4), as plain facts.
package struct CertificateInfo: Hashable, Sendable {
  /// RFC 4514 text, escaped: control characters never appear.
  package let subject: String
  package let issuer: String
  /// The names it is for: the subject's alternative names, in their order. DNS names are in lower case.
  package let names: [CertificateName]
  /// Whether there were no alternative names and the common name was taken instead, which current clients
  /// refuse (RFC 9525 §6.3).
  package let namesAreFromCommonName: Bool
  /// Seconds since 1970.
  package let notBefore: Int64
  /// Seconds since 1970; the certificate is valid up to and including this second.
  package let notAfter: Int64
  /// Upper-case hexadecimal.
  package let serial: String
  package let keyType: KeyType
  /// The fingerprint of the DER form; lower-case hexadecimal.
  package let sha256Fingerprint: String
  /// The fingerprint of the DER form of the public key with its algorithm (SubjectPublicKeyInfo). This is
  /// what is pinned (RFC 7469 §2.4) and published (RFC 6698 §2.1.2); lower-case hexadecimal.
  package let sha256KeyFingerprint: String
  /// Whether issuer and subject are the same, and its own key verifies its signature.
  package let isSelfSigned: Bool
  /// Whether it names a place for its issuer's certificate (RFC 5280 §4.2.2.1).
  package let saysWhereIssuerIs: Bool
  /// OpenSSL's name of the algorithm, such as `ecdsa-with-SHA256`.
  package let signatureAlgorithm: String
  /// Whether the signature uses MD5 or SHA-1 (or older), which can be forged.
  package let hasWeakSignature: Bool
  /// Whether it is a CA's certificate (RFC 5280 §4.2.1.9).
  package let isAuthority: Bool
  /// Whether its key may sign handshakes (RFC 5280 §4.2.1.3): the certificate does not limit its use, or
  /// allows this one.
  package let maySign: Bool
  /// Whether it may be a server's (RFC 5280 §4.2.1.12): the certificate does not limit its use, or allows
  /// this one.
  package let mayServe: Bool
}

package enum KeyType: Hashable, Sendable {
  case rsa(bits: Int)
  /// The curve by OpenSSL's name, such as `prime256v1`.
  case ec(curve: String, bits: Int)
  case ed25519
  /// A type that ocean does not serve.
  case other(String)

  /// Whether the key is below what NIST SP 800-131A and the public authorities accept: RSA under 2048 bits,
  /// curves under 224.
  package var isWeak: Bool {
    switch self {
    case .rsa(let bits): bits < 2048
    case .ec(_, let bits): bits < 224
    case .ed25519, .other: false
    }
  }
}

extension KeyType {
  /// The name that people know, such as `EC P-256`.
  package var text: String {
    switch self {
    case .rsa(let bits): "RSA \(bits)"
    case .ec("prime256v1", _): "EC P-256"
    case .ec("secp384r1", _): "EC P-384"
    case .ec("secp521r1", _): "EC P-521"
    case .ec(let curve, _): "EC \(curve)"
    case .ed25519: "Ed25519"
    case .other(let name): name
    }
  }
}
