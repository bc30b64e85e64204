import ArgumentParser
import Glibc
import OceanBase
import OceanHost
import OceanAddresses
import OceanReport
import OceanSyntax
import OceanTLS

extension Cert {
  struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "new",
      abstract: "Make a key, a self-signed certificate for it, and a signing request for a CA.",
      discussion: """
        The certificate works at once; clients warn until they are told to trust it. For one that all \
        clients trust, send the signing request to a CA and hand its answer to 'ocean cert import'.
        """)

    enum KeyType: String, ExpressibleByArgument, CaseIterable {
      case ec
      case rsa2048
      case rsa3072

      var algorithm: PrivateKey.Algorithm {
        switch self {
        case .ec: .ecP256
        case .rsa2048: .rsa2048
        case .rsa3072: .rsa3072
        }
      }
    }

    @Argument(help: "The server's host names and addresses. The files are named after the first.")
    var names: [String]

    @Option(help: ArgumentHelp("The directory for the files; made if it is missing.", valueName: "dir"))
    var out: String

    @Option(help: "ec, rsa2048 or rsa3072. RSA is for clients from before about 2014.")
    var keyType = KeyType.ec

    @Option(help: "How long the certificate is valid. Apple's clients accept no more than 825.")
    var days = 825

    @Flag(help: "Replace files that exist, the key among them.")
    var force = false

    @OptionGroup var screen: ScreenOptions

    func validate() throws {
      guard (1...36_500).contains(days) else { throw ValidationError("--days takes 1 to 36500.") }
      if out.isEmpty { throw ValidationError("--out needs a directory.") }
      for name in names { _ = try Self.parse(name) }
    }

    func run() throws { try Cert.reporting(make) }

    private func make() throws {
      let names = try names.map(Self.parse).uniqued
      let request = CertificateRequest(names: names)
      // Clients' clocks differ.
      let start = SystemClock.wall.seconds - 3600
      guard let first = names.first, let key = PrivateKey.generate(keyType.algorithm), let keyPEM = key.pem(),
        let certificate = request.selfSigned(by: key, from: start, to: start + Int64(days) * Timestamp.day),
        let certificatePEM = certificate.pem(), let requestPEM = request.signingRequest(by: key)
      else { throw Failure("libcrypto cannot make the key or the certificate") }

      let base =
        "\(Files.absolute(out.hasSuffix("/") ? String(out.dropLast()) : out))/\(Self.fileName(first))"
      let files = [
        PublishedFiles.File(path: base + ".key", contents: keyPEM, mode: 0o600),
        PublishedFiles.File(path: base + ".crt", contents: SecretBytes(copying: certificatePEM), mode: 0o644),
        PublishedFiles.File(path: base + ".csr", contents: SecretBytes(copying: requestPEM), mode: 0o644),
      ]
      let isNew = mkdir(out, 0o755) == 0
      do throws(Failure) {
        try PublishedFiles.publish(files, replacing: force)
      } catch {
        if isNew { rmdir(out) }
        throw error
      }
      print(CertText.made(base, certificate.info))
    }

    private static func parse(_ text: String) throws -> CertificateName {
      if let address = try? IPAddress(parsing: text) { return .ip(address.bytes) }
      let shown = text.escapedForDisplay
      // A name whose last label is a number is an address that was mistyped (RFC 1123 §2.1).
      guard let name = CertificateName(hostName: text), !text.contains(":"),
        text.split(separator: ".").last.map({ $0.allSatisfy(\.isNumber) }) == false,
        text.split(separator: ".").allSatisfy({ !$0.hasPrefix("-") && !$0.hasSuffix("-") })
      else {
        let isForeign = text.unicodeScalars.contains { $0.value > 0x7f }
        throw ValidationError(
          "'\(shown)' is neither a host name nor an address"
            + (isForeign ? "; write it in ASCII: xn--..." : ""))
      }
      return name
    }

    /// `*` and `:` have meanings in shells and elsewhere.
    private static func fileName(_ name: CertificateName) -> String {
      switch name {
      case .dns(let text): text.hasPrefix("*.") ? "_wildcard." + text.dropFirst(2) : text
      case .ip: String(name.description.map { $0 == ":" ? "-" : $0 })
      }
    }
  }
}

extension [CertificateName] {
  /// Each once, in the order given.
  fileprivate var uniqued: Self {
    reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}
