internal import COpenSSL

/// A certificate, its issuers in order, and the key that matches it.
package struct TLSIdentity: Sendable {
  /// The leaf first; never empty.
  package let chain: [Certificate]
  let key: PrivateKey

  init(chain: [Certificate], key: PrivateKey) {
    self.chain = chain
    self.key = key
  }

  package var leaf: CertificateInfo? { chain.first?.info }
}

extension PrivateKey {
  /// Whether this is the key of `certificate`.
  func matches(_ certificate: Certificate) -> Bool {
    defer { ERR_clear_error() }
    return X509_check_private_key(certificate.x509, pkey) == 1
  }
}
