import ArgumentParser
import OceanHost
import OceanImport
import OceanReport
import OceanSyntax
import OceanTLS

extension Import {
  struct Dovecot: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a config from that of Dovecot 2.3.",
      discussion: """
        Takes a dovecot.conf, which it has 'doveconf' read, or a file with what 'doveconf -nP' printed, also on another \
        host. Tells what became of every setting, and what 'ocean check' finds in the config. Changes nothing of \
        Dovecot's. Exits with 0, 1 if it failed, 2 on wrong usage, 3 if there is a config and something is to be decided.
        """)

    @Argument(help: "A dovecot.conf, or a file with the output of 'doveconf -nP'.")
    var config: String

    @Option(
      help: ArgumentHelp(
        """
        Where to write the config: a directory, which is made if it is not there, for ocean.yaml, or a file whose name ends \
        in .yaml or .yml (default: standard output).
        """,
        valueName: "path"))
    var out: String?

    @Flag(help: "Replace the file if it exists.")
    var force = false

    func run() throws {
      try ControlOptions.run {
        let source = try DovecotSource(config)
        let translation = Translation(
          source.config, host: source.isOfThisHost == false ? .elsewhere : .this, folder: source.folder,
          target: out.map(WrittenConfig.folder) ?? "/etc/ocean")
        let yaml = translation.config.text(
          head: ["Made from \(source.words.escapedForDisplay) by 'ocean import dovecot'."]
            + translation.findings.comments)
        let findings = translation.findings.text(source: source.words)
        let path = try out.map { try WrittenConfig.write(yaml, to: $0, replacing: force) }
        let check = ImportCheck(yaml, path: path, isOfThisHost: source.isOfThisHost == true)
        let open = translation.findings.openCount
        let text = "\(findings)\(check.text)\(check.end(path, open: open))"
        if path == nil {
          print(yaml, terminator: "")
          printError(text)
        } else {
          print(text.escapedLines)
        }
        if open > 0 || check.errors > 0 { throw ExitCode(3) }
      }
    }
  }
}
