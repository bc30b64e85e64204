package import OceanBase

/// The name and password that USER and PASS gave (RFC 1939 §7).
package struct Credentials: Sendable, Equatable {
  /// One word of UTF-8 without white space or control characters.
  package var user: String

  /// May be empty: the verifier must refuse an empty password like any other wrong one, in the same time.
  package var password: SecretBytes

  package init(user: String, password: SecretBytes) {
    self.user = user
    self.password = password
  }
}
