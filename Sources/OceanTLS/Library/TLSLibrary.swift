import COpenSSL

/// The system's libssl.
package enum TLSLibrary {
  /// The version of the library that is loaded, which is not always the one of the build: `OpenSSL 3.0.17 1 Jul 2025`.
  package static var version: String { String(cString: OpenSSL_version(OPENSSL_VERSION)) }
}
