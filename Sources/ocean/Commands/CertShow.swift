import ArgumentParser
import Glibc
import OceanCompiler
import OceanHost
import OceanSyntax
import OceanTLS

extension Cert {
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the certificates of a file, or those that a running server presents.",
      discussion: """
        Whatever is wrong with them, they are shown; what is wrong is said below. A server is given as \
        HOST:PORT, an IPv6 address in brackets. Exits with 1 if a certificate has expired, does not fit the \
        key, or cannot be read.
        """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
      case human
      case json
    }

    @Argument(help: ArgumentHelp("A file in PEM, or HOST:PORT.", valueName: "file-or-server"))
    var source: String

    @Option(help: "Whether this private key belongs to the certificate.")
    var key: String?

    @Option(help: "A file whose first line is the passphrase of the key. Without it: asks on a terminal.")
    var passphraseFile: String?

    @Option(help: ArgumentHelp("The name to ask the server for (SNI). Default: the host.", valueName: "sni"))
    var name: String?

    @Flag(help: "Ask a POP3 server for TLS with STLS first, as on port 110.")
    var starttls = false

    @Option(
      help: ArgumentHelp(
        "Judge as of this moment in UTC: 2026-11-23 or 2026-11-23T10:00:00Z.", valueName: "time"))
    var at: CertTime?

    @Option(help: "human or json.")
    var format = Format.human

    /// A file of that name goes first.
    private var server: CertServer? { access(source, F_OK) == 0 ? nil : CertServer(source) }

    func validate() throws {
      if passphraseFile != nil, key == nil { throw ValidationError("--passphrase-file needs --key.") }
      if let name, CertificateName(hostName: name) == nil {
        throw ValidationError("'\(name.escapedForDisplay)' is no host name.")
      }
      guard server == nil else { return }
      if name != nil || starttls {
        throw ValidationError(
          "--name and --starttls are for servers: HOST:PORT, an IPv6 address in brackets.")
      }
    }

    func run() throws { try Cert.reporting(show) }

    private func show() throws {
      let key = try key.map { path throws(Failure) in try CertKey(path, passphraseFile: passphraseFile) }
      let presented = try server.map { server throws(Failure) in
        try CertPresentation(of: server, name: name, startTLS: starttls)
      }
      let bytes = try presented?.chain ?? Cert.read(source)
      let subject = CertSubject(
        source: source, file: CertificateFile(chain: bytes, key: key?.pem, passphrase: key?.passphrase),
        key: key,
        name: presented?.expected, time: at ?? .now)
      if subject.file.certificates.isEmpty, let problem = subject.fileProblem {
        throw Failure(problem.message)
      }
      let problems = subject.problems + (presented?.problems ?? [])
      switch format {
      case .human: print(Self.text(subject, presented, problems), terminator: "")
      case .json: print(CertJSON.text(subject, presented, problems))
      }
      if problems.contains(where: { $0.severity == .error }) { throw ExitCode(1) }
    }

    private static func text(
      _ subject: CertSubject, _ presented: CertPresentation?, _ problems: [CertProblem]
    ) -> String {
      var text = CertText()
      if let presented {
        text.row("server", "\(subject.source)")
        text.row("name asked", presented.serverName ?? "none (SNI takes no address)")
        text.row("protocol", presented.version)
        text.row("cipher", presented.cipher)
      } else {
        text.row("file", subject.source)
      }
      for (index, info) in subject.file.certificates.enumerated() {
        text.line()
        if subject.file.certificates.count > 1 { text.line("certificate \(index + 1)") }
        text.certificate(info, at: subject.time)
      }
      text.problems(problems)
      if problems.isEmpty { text.line() }
      let counts = [(Severity.error, "error"), (.warning, "warning")].map { severity, noun in
        counted(problems.count { $0.severity == severity }, noun)
      }
      let count = counted(subject.file.certificates.count, "certificate")
      let key = subject.key.map { key in
        subject.file.identity == nil ? "; \(key.path) is not its key" : "; \(key.path) is its key"
      }
      text.line("\(count)\(key ?? ""): \(counts.joined(separator: ", "))")
      return text.text
    }
  }
}
