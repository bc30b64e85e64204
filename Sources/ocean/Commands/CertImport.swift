import ArgumentParser
import Glibc
import OceanHost
import OceanSyntax
import OceanTLS

extension Cert {
  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a chain file of a CA's certificates for a key.",
      discussion: """
        Finds the certificate of the key and its issuers in the files given, in whatever order they are, and \
        writes them the leaf first and without the root. A running server takes up the new file by itself.
        """)

    @Argument(help: "What the CA sent, in PEM.")
    var certificate: String

    @Option(parsing: .upToNextOption, help: "Further files with certificates of the issuers, in PEM.")
    var chain: [String] = []

    @Option(help: "The private key the certificate is for.")
    var key: String

    @Option(help: ArgumentHelp("The chain file to write.", valueName: "file"))
    var out: String

    @Option(help: "A file whose first line is the passphrase of the key. Without it: asks on a terminal.")
    var passphraseFile: String?

    @Flag(help: "Replace the chain file if it exists.")
    var force = false

    func run() throws { try Cert.reporting(importChain) }

    private func importChain() throws {
      let key = try CertKey(key, passphraseFile: passphraseFile)
      let given = try pool()
      let file = CertificateFile(chain: given, key: key.pem, passphrase: key.passphrase)
      let sources = ([certificate] + chain).joined(separator: ", ")
      if file.findings.contains(where: { if case .tooManyCertificates = $0 { true } else { $0 == .tooLarge } }
      ) {
        throw Failure("\(sources): more certificates than any chain has; give only those of the issuers")
      }
      guard file.identity != nil else {
        throw Failure(
          "the key \(key.path) is not that of any certificate in \(sources); they are for "
            + file.certificates.map(\.subject).joined(separator: "; "))
      }
      // The root is for clients to have, not for servers to send (RFC 8446 §4.4.2).
      var path = file.path
      let endsAtRoot = path.last?.info.isSelfSigned == true
      if endsAtRoot, path.count > 1 { path.removeLast() }

      let bytes = path.flatMap { $0.pem() ?? [] }
      let result = CertSubject(
        source: out, file: CertificateFile(chain: bytes, key: key.pem, passphrase: key.passphrase), key: key,
        name: nil,
        time: .now, endsAtRoot: endsAtRoot)
      let problems = result.problems
      if let error = problems.first(where: { $0.severity == .error }) {
        throw Failure("nothing was written: \(error.message)")
      }
      let replaced = try replacedNames()
      try CertFiles.publish(
        [CertFiles.File(path: out, contents: SecretBytes(copying: bytes), mode: 0o644)], replacing: force)
      report(result, file, problems + lost(replaced, path.first?.info.names ?? []))
    }

    /// All certificates of all files, each once, the first file's first.
    private func pool() throws(Failure) -> [UInt8] {
      var bytes: [UInt8] = []
      for path in [certificate] + chain {
        let read = try Cert.read(path)
        let file = CertificateFile(chain: read, key: nil)
        let subject = CertSubject(source: path, file: file, key: nil, name: nil, time: .now)
        if let error = subject.fileProblem { throw Failure(error.message) }
        bytes += read + [UInt8(ascii: "\n")]
      }
      return bytes
    }

    /// Whom the chain file is for that gives way to the new one.
    private func replacedNames() throws(Failure) -> [CertificateName] {
      guard force, access(out, F_OK) == 0 else { return [] }
      let file = CertificateFile(chain: try Cert.read(out), key: nil)
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

    private func report(_ result: CertSubject, _ given: CertificateFile, _ problems: [CertProblem]) {
      let sent = result.file.certificates
      var seen = Set(sent.map(\.sha256Fingerprint))
      let rest = given.certificates.filter { seen.insert($0.sha256Fingerprint).inserted }
      var text = CertText()
      for (index, info) in sent.enumerated() {
        text.row(index == 0 ? "chain" : "", "\(info.subject), \(CertText.remaining(info, at: result.time))")
      }
      text.row("names", sent.first?.names.map(\.description).joined(separator: ", ") ?? "")
      text.row("sha256", sent.first?.fingerprintText ?? "")
      for (index, info) in rest.enumerated() {
        let isRoot = info.isSelfSigned && given.path.contains { $0.info == info }
        let why = isRoot ? "the root: clients have it" : "no issuer of this certificate"
        text.row(index == 0 ? "left out" : "", "\(info.subject) (\(why))")
      }
      text.problems(problems)
      text.line("Written to \(out).")
      print(text.text, terminator: "")
    }
  }
}
