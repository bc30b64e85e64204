import ArgumentParser
import Glibc
import OceanBase
import OceanClient
import OceanHost
import OceanReport
import OceanSyntax
import OceanTLS

extension Cert {
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      "show", "Show the certificates of a file, or those that a running server presents.",
      discussion: """
        They are shown even if something is wrong with them, which is said below. A server is given \
        as HOST:PORT, an IPv6 address in brackets.
        """,
      exits: [
        0: "they can be used", 1: "one has expired, does not fit the key, or cannot be read",
        2: "wrong usage",
      ], example: "ocean cert show localhost:995")

    @Argument(
      help: ArgumentHelp("A file in PEM, or HOST:PORT.", valueName: "file-or-server"), completion: .file())
    var source: String

    @Option(help: "Check whether this private key belongs to the certificate.", completion: .file())
    var key: String?

    @Option(
      help: "A file whose first line is the passphrase of the key. Without it: asks on a terminal.",
      completion: .file())
    var passphraseFile: String?

    @Option(help: ArgumentHelp("The name to ask the server for (SNI). Default: the host.", valueName: "sni"))
    var name: String?

    @Flag(help: "Ask a POP3 server for TLS with STLS first, as on port 110.")
    var starttls = false

    @Option(
      help: ArgumentHelp(
        "Judge as of this moment in UTC: 2026-11-23 or 2026-11-23T10:00:00Z.", valueName: "time"))
    var at: TimeArgument?

    @Option(help: "human or json.")
    var format = OutputFormat.human

    @OptionGroup var screen: ScreenOptions

    /// The server to ask; nil if there is a file with that name.
    private var server: HostPort? { access(source, F_OK) == 0 ? nil : HostPort(source) }

    func validate() throws {
      if passphraseFile != nil, key == nil { throw ValidationError("--passphrase-file needs --key.") }
      if let name, CertificateName(hostName: name) == nil {
        throw ValidationError("'\(name.escapedForDisplay)' is not a host name.")
      }
      guard server == nil else { return }
      if source.isConfigName {
        throw ValidationError(
          "'\(source.escapedForDisplay)' is a config; give the file of a certificate. 'ocean plan \(source.shellQuoted)' shows those of a config."
        )
      }
      if name != nil || starttls {
        throw ValidationError(
          "--name and --starttls are for servers: HOST:PORT, an IPv6 address in brackets.")
      }
    }

    func run() throws { try reporting(1, show) }

    private func show() throws {
      let key = try key.map { path throws(Failure) in
        try KeyFile(path, passphraseFile: passphraseFile, asking: Cert.askPassphrase)
      }
      let presented = try server.map { server throws(Failure) in
        try CertPresentation(of: server, name: name, startTLS: starttls)
      }
      let bytes = try presented?.chain ?? Files.readPEM(source)
      let subject = CertSubject(
        source: source, file: CertificateFile(chain: bytes, key: key?.pem, passphrase: key?.passphrase),
        key: key,
        name: presented?.expected, time: at?.seconds ?? SystemClock.wall.seconds)
      if subject.file.certificates.isEmpty, let problem = subject.fileProblem {
        throw Failure(problem.message)
      }
      let problems = subject.problems + (presented?.connection.problems ?? [])
      switch format {
      case .human:
        print(CertText.shown(subject, presented?.connection, problems, on: screen.output), terminator: "")
      case .json: print(CertJSON.text(subject, presented?.connection, problems))
      }
      if problems.contains(where: { $0.severity == .error }) { throw ExitCode(1) }
    }
  }
}
