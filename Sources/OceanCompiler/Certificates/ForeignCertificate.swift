/// Things that are taken for a certificate but are not one in PEM.
enum ForeignCertificate {
  static func words(for label: String, _ path: String, key: String) -> (what: String, help: String?) {
    switch label {
    case "PKCS7":
      ("PKCS#7 instead of certificates", "convert it to PEM: \(pkcs7(path, "PEM"))")
    case "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST":
      (
        "a signing request instead of a certificate",
        "a CA makes a certificate from it; until then, self-signed: openssl x509 -req -in \(shellWord(path)) "
          + "-signkey \(shellWord(key)) -copy_extensions copy -days 90 -out \(shellWord(pem(path)))"
      )
    default: ("'\(label)' instead of a certificate", "name the file that holds the certificates")
    }
  }

  /// The command that makes PEM of a file without any, chosen by the file's name.
  static func conversion(of path: String) -> String {
    let (word, output) = (shellWord(path), shellWord(pem(path)))
    switch path.split(separator: ".").last {
    case "p12", "pfx": return "openssl pkcs12 -nokeys -in \(word) -out \(output)"
    case "p7b", "p7c": return pkcs7(path, "DER")
    default: return "openssl x509 -inform DER -in \(word) -out \(output)"
    }
  }

  private static func pkcs7(_ path: String, _ form: String) -> String {
    "openssl pkcs7 -inform \(form) -print_certs -in \(shellWord(path)) -out \(shellWord(pem(path)))"
  }

  /// A file name that is not likely to exist.
  private static func pem(_ path: String) -> String { path + ".pem" }
}
