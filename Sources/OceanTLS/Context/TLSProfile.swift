internal import COpenSSL

/// Which clients a service is for.
package enum TLSProfile: UInt8, Sendable, Hashable, CaseIterable {
  /// TLS 1.3 alone.
  case modern
  /// TLS 1.2 and 1.3 with forward secrecy and AEAD alone (RFC 9325 §4.2).
  case intermediate
  /// Whatever the linked libssl can still do, down to static RSA, CBC and SHA-1: for devices that can do
  /// nothing else. The system's security level is lowered for this context alone.
  case legacy

  /// Sets versions, ciphers and groups; false if libssl refused one of them.
  func apply(to context: OpaquePointer) -> Bool {
    let lowest: Int32
    switch self {
    case .modern: lowest = TLS1_3_VERSION
    case .intermediate: lowest = TLS1_2_VERSION
    case .legacy: lowest = 0  // The lowest that is compiled in.
    }
    // The system's configuration may have switched versions off; the profile alone decides here.
    SSL_CTX_clear_options(context, ocean_SSL_OP_NO_SSL_MASK)
    return ocean_SSL_CTX_set_min_proto_version(context, lowest) == 1
      && ocean_SSL_CTX_set_max_proto_version(context, 0) == 1
      && SSL_CTX_set_cipher_list(context, ciphers) == 1
      && SSL_CTX_set_ciphersuites(context, Self.ciphersuites) == 1
      && ocean_SSL_CTX_set1_groups_list(context, groups) == 1
  }

  /// TLS 1.3. AES-128 first: it is the fastest and its strength is beyond attack.
  private static let ciphersuites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

  /// TLS 1.2 and below, the server's preference first.
  private var ciphers: String {
    let forwardSecret = "ECDHE+AESGCM:ECDHE+CHACHA20"
    switch self {
    case .modern, .intermediate:
      return forwardSecret + ":!aNULL"
    case .legacy:
      return forwardSecret
        + ":ECDHE+AES:RSA+AES:ECDHE+3DES:RSA+3DES:ALL:!aNULL:!eNULL:!EXPORT:!PSK:!SRP:!DH:@SECLEVEL=0"
    }
  }

  /// OpenSSL's names of the cipher suites that the linked libssl has for this profile, the preferred first; none if it
  /// has nothing of it.
  package var offeredCiphers: [String] {
    ERR_clear_error()
    guard let context = SSL_CTX_new(TLS_server_method()) else { return [] }
    defer { SSL_CTX_free(context) }
    guard apply(to: context), let ssl = SSL_new(context) else { return [] }
    defer { SSL_free(ssl) }
    let names = (0..<Int32.max).lazy.map { SSL_get_cipher_list(ssl, $0) }.prefix { $0 != nil }
      .compactMap { $0.map { String(cString: $0) } }
    // The list holds what older versions would take as well.
    return names.filter { self != .modern || $0.hasPrefix("TLS_") }
  }

  private var groups: String {
    self == .legacy ? "X25519:P-256:P-384:P-521" : "X25519:P-256:P-384"
  }
}
