import Glibc
import OceanAddresses
import OceanBase
import OceanSyntax
package import OceanTLS

/// A new key with a self-signed certificate, and the request for one that a CA signs.
package struct NewCertificate {
  /// The path of the files without their extensions.
  package let base: String
  package let info: CertificateInfo
  /// The key, which only its owner may read, the certificate and the request.
  package let files: [PublishedFiles.File]

  /// How long a certificate is valid unless somebody says otherwise. Apple's clients accept no more.
  package static let days = 825

  /// Makes the key. RSA takes up to seconds.
  ///
  /// - Parameters:
  ///   - names: the names it is for; the files are named after the first.
  ///   - directory: where the files belong, absolute. Nothing is written.
  package init(
    _ names: [CertificateName], _ algorithm: PrivateKey.Algorithm = .ecP256, days: Int = days,
    in directory: String
  ) throws(Failure) {
    let request = CertificateRequest(names: names)
    // Clients' clocks differ.
    let start = SystemClock.wall.seconds - 3600
    guard let first = names.first, let key = PrivateKey.generate(algorithm), let keyPEM = key.pem(),
      let certificate = request.selfSigned(by: key, from: start, to: start + Int64(days) * Timestamp.day),
      let certificatePEM = certificate.pem(), let requestPEM = request.signingRequest(by: key)
    else { throw Failure("libcrypto cannot make the key or the certificate") }
    base = "\(directory)/\(Self.fileName(first))"
    info = certificate.info
    files = [
      PublishedFiles.File(path: base + ".key", contents: keyPEM, mode: 0o600),
      PublishedFiles.File(path: base + ".crt", contents: SecretBytes(copying: certificatePEM), mode: 0o644),
      PublishedFiles.File(path: base + ".csr", contents: SecretBytes(copying: requestPEM), mode: 0o644),
    ]
  }

  /// Makes the key and the certificate, and writes them to a directory, which is made if it is missing.
  package static func publish(
    _ names: [CertificateName], _ algorithm: PrivateKey.Algorithm, days: Int, in directory: String,
    replacing: Bool
  ) throws(Failure) -> NewCertificate {
    let path = directory.hasSuffix("/") ? String(directory.dropLast()) : directory
    let made = try NewCertificate(names, algorithm, days: days, in: Files.absolute(path))
    let isNew = mkdir(directory, 0o755) == 0
    do throws(Failure) {
      try PublishedFiles.publish(made.files, replacing: replacing)
    } catch {
      if isNew { rmdir(directory) }
      throw error
    }
    return made
  }

  /// Names for a certificate, each once, in the order given.
  package static func names(_ texts: [String]) throws(Failure) -> [CertificateName] {
    var names: [CertificateName] = []
    for text in texts {
      let name = try name(text)
      if !names.contains(name) { names.append(name) }
    }
    return names
  }

  /// A name for a certificate.
  ///
  /// - Throws: a sentence, if the text is neither a host name nor an address.
  package static func name(_ text: String) throws(Failure) -> CertificateName {
    if let address = try? IPAddress(parsing: text) { return .ip(address.bytes) }
    // A name whose last label is a number is an address that was mistyped (RFC 1123 §2.1).
    guard let name = CertificateName(hostName: text), !text.contains(":"),
      text.split(separator: ".").last.map({ $0.allSatisfy(\.isNumber) }) == false,
      text.split(separator: ".").allSatisfy({ !$0.hasPrefix("-") && !$0.hasSuffix("-") })
    else {
      let isForeign = text.unicodeScalars.contains { $0.value > 0x7f }
      throw Failure(
        "'\(text.escapedForDisplay)' is neither a host name nor an address"
          + (isForeign ? "; write it in ASCII: xn--..." : ""))
    }
    return name
  }

  /// The name of the files for a certificate: `*` and `:` have meanings in shells and elsewhere.
  package static func fileName(_ name: CertificateName) -> String {
    switch name {
    case .dns(let text): text.hasPrefix("*.") ? "_wildcard." + text.dropFirst(2) : text
    case .ip: String(name.description.map { $0 == ":" ? "-" : $0 })
    }
  }
}
