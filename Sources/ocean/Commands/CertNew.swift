import ArgumentParser
import OceanHost
import OceanReport
import OceanTLS

extension Cert {
  struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
      "new", "Make a key, a self-signed certificate for it, and a signing request for a CA.",
      discussion: """
        The certificate works at once; clients warn until they are told to trust it. For one that all \
        clients trust, send the signing request to a CA and hand its answer to 'ocean cert import'.
        """,
      exits: [0: "the files are written", 1: "it failed, and nothing was written", 2: "wrong usage"],
      example: "ocean cert new mail.example.org --out tls")

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

    @Option(
      help: ArgumentHelp("The directory for the files; made if it is missing.", valueName: "dir"),
      completion: .directory)
    var out: String

    @Option(help: "ec, rsa2048 or rsa3072. RSA is for clients from before about 2014.")
    var keyType = KeyType.ec

    @Option(help: "How long the certificate is valid. Apple's clients accept no more than 825.")
    var days = NewCertificate.days

    @Flag(help: "Replace files that exist, the key among them.")
    var force = false

    @OptionGroup var screen: ScreenOptions

    func validate() throws {
      guard (1...36_500).contains(days) else { throw ValidationError("--days takes 1 to 36500.") }
      if out.isEmpty { throw ValidationError("--out needs a directory.") }
      _ = try parsedNames
    }

    func run() throws { try reporting(1, make) }

    private func make() throws {
      let made = try NewCertificate.publish(
        parsedNames, keyType.algorithm, days: days, in: out, replacing: force)
      print(CertText.made(made.base, made.info, on: screen.output), terminator: "")
    }

    private var parsedNames: [CertificateName] {
      get throws {
        do { return try NewCertificate.names(names) } catch { throw ValidationError(error.message) }
      }
    }
  }
}
