import ArgumentParser
import Glibc
import OceanBase
import OceanHost
import OceanReport
import OceanSyntax
import OceanTLS

extension Cert {
  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      "import", "Make a chain file for a key from a CA's certificates.",
      discussion: """
        Finds the certificate of the key and its issuers in the files given, in any order, and writes \
        them with the leaf first and without the root. A running server picks up the new file by itself.
        """,
      exits: [0: "the file is written", 1: "it failed, and nothing was written", 2: "wrong usage"],
      example: "ocean cert import answer.pem --key tls/a.key --out tls/a.crt --force")

    @Argument(help: "The CA's answer, in PEM.", completion: .file())
    var certificate: String

    @Option(
      parsing: .upToNextOption, help: "Further files with certificates of the issuers, in PEM.",
      completion: .file())
    var chain: [String] = []

    @Option(help: "The private key the certificate is for.", completion: .file())
    var key: String

    @Option(help: ArgumentHelp("The chain file to write.", valueName: "file"), completion: .file())
    var out: String

    @Option(
      help: "A file whose first line is the passphrase of the key. Without it: asks on a terminal.",
      completion: .file())
    var passphraseFile: String?

    @Flag(help: "Replace the chain file if it exists.")
    var force = false

    @OptionGroup var screen: ScreenOptions

    func run() throws { try Cert.reporting(importChain) }

    private func importChain() throws {
      let key = try KeyFile(key, passphraseFile: passphraseFile, asking: Cert.askPassphrase)
      let given = try pool()
      let file = CertificateFile(chain: given, key: key.pem, passphrase: key.passphrase)
      let sources = ([certificate] + chain).joined(separator: ", ")
      if file.findings.contains(where: { if case .tooManyCertificates = $0 { true } else { $0 == .tooLarge } }
      ) {
        throw Failure("\(sources): more certificates than any chain has; give only those of the issuers")
      }
      guard file.identity != nil else {
        let (which, they) = file.certificates.count == 1 ? ("the", "it is") : ("any", "they are")
        throw Failure(
          "the key \(key.path) is not that of \(which) certificate in \(sources); \(they) for "
            + file.certificates.map(\.subject).joined(separator: "; "))
      }
      // Clients must have the root already; servers need not send it (RFC 8446 §4.4.2).
      var path = file.path
      let endsAtRoot = path.last?.info.isSelfSigned == true
      if endsAtRoot, path.count > 1 { path.removeLast() }

      let bytes = path.flatMap { $0.pem() ?? [] }
      let result = CertSubject(
        source: out, file: CertificateFile(chain: bytes, key: key.pem, passphrase: key.passphrase), key: key,
        name: nil,
        time: SystemClock.wall.seconds, endsAtRoot: endsAtRoot)
      let problems = result.problems
      if let error = problems.first(where: { $0.severity == .error }) {
        throw Failure("nothing was written: \(error.message)")
      }
      let replaced = try replacedNames()
      try PublishedFiles.publish(
        [PublishedFiles.File(path: out, contents: SecretBytes(copying: bytes), mode: 0o644)], replacing: force
      )
      print(
        CertText.imported(
          result, file, problems + lost(replaced, path.first?.info.names ?? []), to: out,
          on: screen.output),
        terminator: "")
    }

    /// All certificates of all files, each once, the first file's first.
    private func pool() throws(Failure) -> [UInt8] {
      var bytes: [UInt8] = []
      for path in [certificate] + chain {
        let read = try Files.readPEM(path)
        let file = CertificateFile(chain: read, key: nil)
        let subject = CertSubject(
          source: path, file: file, key: nil, name: nil, time: SystemClock.wall.seconds)
        if let error = subject.fileProblem { throw Failure(error.message) }
        bytes += read + [UInt8(ascii: "\n")]
      }
      return bytes
    }

    /// The names in the chain file that gives way to the new one.
    private func replacedNames() throws(Failure) -> [CertificateName] {
      guard force, access(out, F_OK) == 0 else { return [] }
      let file = CertificateFile(chain: try Files.readPEM(out), key: nil)
      let holdsKey = file.findings.contains { if case .keyInChain = $0 { true } else { false } }
      if holdsKey { throw Failure("\(out) holds a private key and was not replaced") }
      return file.certificates.first?.names ?? []
    }

    private func lost(_ old: [CertificateName], _ new: [CertificateName]) -> [CertProblem] {
      let missing = old.filter { !new.contains($0) }.map(\.description)
      return missing.isEmpty
        ? []
        : [.init(.warning, "the certificate it replaces was also for \(missing.joined(separator: ", "))")]
    }
  }
}
