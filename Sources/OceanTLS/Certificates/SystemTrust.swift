internal import COpenSSL

/// A client's verdict about a chain, with this host's list of CAs. Dates do not count:
/// `CertificateFile.findings(at:)` is about them.
package enum SystemTrust: Hashable, Sendable {
  /// The chain leads to a CA of the list.
  case trusted
  /// The leaf is signed by its own key, and is not in the list.
  case selfSigned
  /// The chain ends here: the issuer named is neither in the chain nor in the list.
  case unknownIssuer(String)
  /// OpenSSL's reason, such as `unsuitable certificate purpose`.
  case refused(String)

  /// Looks where OpenSSL looks: in the distribution's list, or in that of SSL_CERT_FILE and SSL_CERT_DIR.
  ///
  /// - Parameter path: the leaf and its issuers in order; nil if it is empty or libcrypto has no memory.
  package init?(of path: [Certificate]) {
    ERR_clear_error()
    defer { ERR_clear_error() }
    guard let leaf = path.first, let store = X509_STORE_new() else { return nil }
    defer { X509_STORE_free(store) }
    guard let issuers = OPENSSL_sk_new_null() else { return nil }
    defer { OPENSSL_sk_free(issuers) }
    guard let context = X509_STORE_CTX_new() else { return nil }
    defer { X509_STORE_CTX_free(context) }
    for issuer in path.dropFirst() {
      guard OPENSSL_sk_push(issuers, UnsafeRawPointer(issuer.x509)) > 0 else { return nil }
    }
    guard X509_STORE_set_default_paths(store) == 1,
      X509_STORE_CTX_init(context, store, leaf.x509, issuers) == 1,
      X509_STORE_CTX_set_default(context, "ssl_server") == 1
    else { return nil }
    X509_STORE_CTX_set_flags(context, UInt(X509_V_FLAG_NO_CHECK_TIME))
    // The result may be positive with an error set; only the error decides.
    X509_verify_cert(context)
    switch X509_STORE_CTX_get_error(context) {
    case X509_V_OK:
      self = .trusted
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      self = .selfSigned
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
      X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      self = .unknownIssuer((path.last ?? leaf).info.issuer)
    case let error:
      self = .refused(String(cString: X509_verify_cert_error_string(Int(error))))
    }
  }
}
