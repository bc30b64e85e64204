internal import COpenSSL
package import OceanBase

/// The clients that a service is for.
package enum TLSProfile: UInt8, Sendable, Hashable, CaseIterable {
  /// Only TLS 1.3.
  case modern
  /// Only TLS 1.2 and 1.3, with forward secrecy and AEAD (RFC 9325 §4.2).
  case intermediate
  /// Everything that the linked libssl can still do, down to static RSA, CBC and SHA-1: for devices that can
  /// do nothing else. The system's security level is lowered for this context alone.
  case legacy

  /// The lowest version that the profile allows; nil allows the lowest that is compiled in.
  private var lowest: TLSVersion? {
    switch self {
    case .modern: .tls13
    case .intermediate: .tls12
    case .legacy: nil
    }
  }

  /// The versions that the profile allows and that are compiled into the linked libssl, the oldest first. It need not
  /// speak them all.
  package var versions: [TLSVersion] {
    TLSVersion.allCases.filter { version in
      lowest.map { $0 <= version } ?? true && TLSClient(version: version) != nil
    }
  }

  /// Sets versions, ciphers and groups; false if libssl refused one of them.
  func apply(to context: OpaquePointer) -> Bool {
    // The system's configuration may have switched versions off; only the profile decides here.
    SSL_CTX_clear_options(context, ocean_SSL_OP_NO_SSL_MASK)
    return ocean_SSL_CTX_set_min_proto_version(context, Int32(lowest?.rawValue ?? 0)) == 1
      && ocean_SSL_CTX_set_max_proto_version(context, 0) == 1
      && SSL_CTX_set_cipher_list(context, ciphers) == 1
      && SSL_CTX_set_ciphersuites(context, Self.ciphersuites) == 1
      && ocean_SSL_CTX_set1_groups_list(context, groups) == 1
  }

  /// The ciphers of TLS 1.3. AES-128 comes first: it is the fastest and its strength is beyond attack.
  private static let ciphersuites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

  /// The ciphers of TLS 1.2 and below, the server's preference first.
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

  /// A cipher suite, by OpenSSL's name, and the key that the server must have for it.
  package struct OfferedCipher: Hashable, Sendable {
    package let name: String
    package let authentication: Authentication

    package enum Authentication: Hashable, Sendable {
      /// Any key that the client can verify, as in TLS 1.3.
      case any
      case rsa
      /// ECDSA, and Ed25519 too (RFC 8422 §5.10).
      case ecdsa
    }
  }

  /// The cipher suites that the linked libssl has for this profile, the preferred first; empty if it has none
  /// of them.
  package var offeredCiphers: [OfferedCipher] {
    ERR_clear_error()
    guard let context = SSL_CTX_new(TLS_server_method()) else { return [] }
    defer { SSL_CTX_free(context) }
    guard apply(to: context), let ssl = SSL_new(context) else { return [] }
    defer { SSL_free(ssl) }
    guard let list = SSL_get_ciphers(ssl) else { return [] }
    let ciphers = (0..<max(OPENSSL_sk_num(list), 0)).compactMap { index -> OfferedCipher? in
      guard let cipher = OPENSSL_sk_value(list, index).map({ OpaquePointer($0) }),
        let name = SSL_CIPHER_get_name(cipher)
      else { return nil }
      let authentication: OfferedCipher.Authentication =
        switch SSL_CIPHER_get_auth_nid(cipher) {
        case NID_auth_rsa: .rsa
        case NID_auth_ecdsa: .ecdsa
        default: .any
        }
      return OfferedCipher(name: String(cString: name), authentication: authentication)
    }
    // The list also has ciphers that only older versions use.
    return ciphers.filter { self != .modern || $0.authentication == .any }
  }

  private var groups: String {
    self == .legacy ? "X25519:P-256:P-384:P-521" : "X25519:P-256:P-384"
  }
}
