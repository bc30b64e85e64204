/// The CAs that the system trusts.
enum SystemCAs {
  /// Their file, by Debian's package ca-certificates.
  static let path = "/etc/ssl/certs/ca-certificates.crt"
}
