import ArgumentParser
import OceanHost
import OceanImport
import OceanReport

extension Import {
  struct Dovecot: ParsableCommand {
    static let configuration = CommandConfiguration(
      "dovecot", "Make a config from that of Dovecot 2.3 or 2.4.",
      discussion: """
        Takes a dovecot.conf, which it has 'doveconf' read, or a file with what 'doveconf -nP' printed, also on another \
        host. Tells what became of every setting, and what 'ocean check' finds in the config. Changes nothing of \
        Dovecot's.
        """,
      exits: [
        0: "the config is complete", 1: "it failed", 2: "wrong usage",
        3: "there is a config, and something is left for you to decide",
      ], example: "ocean import dovecot /etc/dovecot/dovecot.conf --out ocean.yaml")

    @Argument(help: "A dovecot.conf, or a file with the output of 'doveconf -nP'.", completion: .file())
    var config: String

    @Option(
      help: ArgumentHelp(
        """
        Where to write the config: a directory, which is made if it is not there, for ocean.yaml, or a file whose name ends \
        in .yaml or .yml (default: standard output).
        """,
        valueName: "path"), completion: .file())
    var out: String?

    @Flag(help: "Replace the file if it exists.")
    var force = false

    @OptionGroup var screen: ScreenOptions

    func run() throws {
      try reporting {
        let made = try Progress.showing("reading \(config)", on: screen.errors) { _ throws(Failure) in
          try DovecotImport(config, out: out)
        }
        let path = try out.map { try WrittenConfig.write(made.yaml, made.secrets, to: $0, replacing: force) }
        let (text, isFinished) = Progress.showing("checking the config", on: screen.errors) { _ in
          made.said(of: path, on: path == nil ? screen.errors : screen.output)
        }
        if path == nil {
          print(made.yaml, terminator: "")
          printError(text)
        } else {
          print(text)
        }
        if !isFinished { throw ExitCode(3) }
      }
    }
  }
}
