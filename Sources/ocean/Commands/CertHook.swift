import ArgumentParser
import OceanHost
import OceanSyntax
import OceanTLS

extension Cert {
  struct Hook: ParsableCommand {
    static let configuration = CommandConfiguration(
      "hook", "Write a script that gives each renewed certificate to the server.",
      discussion: """
        An ACME client keeps its keys for root alone. The script, which the client runs after each renewal, checks the new \
        certificate, copies it to the files that the config names, lets the server's group read the key, and fails if the \
        server does not take it up. A script that is there already and differs is not replaced.
        """,
      exits: [0: "it is written, or is there already", 1: "it failed", 2: "wrong usage"],
      example: "ocean cert hook certbot --dry-run")

    @Argument(help: "certbot, lego or acme.sh.")
    var client: RenewalHook.Client

    @OptionGroup var config: ConfigOption

    @Option(help: ArgumentHelp("The config's name of the certificate, if it has several.", valueName: "name"))
    var certificate: String?

    @Option(
      help: ArgumentHelp(
        "A name of the certificate (default: the first in the file that is there); others are left alone.",
        valueName: "host"))
    var name: String?

    @Option(
      help: ArgumentHelp("The script to write (default: where the client looks for it).", valueName: "file"),
      completion: .file())
    var out: String?

    @Flag(help: "Print the script, and write nothing.")
    var dryRun = false

    @Flag(help: "Replace a script that is there.")
    var force = false

    @OptionGroup var screen: ScreenOptions

    func validate() throws {
      if let name, CertificateName(hostName: name) == nil, !name.hasPrefix("*.") {
        throw ValidationError("'\(name.escapedForDisplay)' is not a host name.")
      }
    }

    func run() throws { try reporting(1, write) }

    private func write() throws {
      let hook = try RenewalHook(
        client, config: config.path, certificate: certificate, name: name, program: Process.path)
      if dryRun { return print(hook.text, terminator: "") }
      let (path, isNew) = try hook.write(to: out, replacing: force)
      print("\(isNew ? "Written" : "It is there already"): \(path.escapedForDisplay)")
      print(hook.advice(path).joined(separator: "\n"))
    }
  }
}

extension RenewalHook.Client: ExpressibleByArgument {}
