import ArgumentParser
import OceanHost
import OceanReport

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

    func run() throws { try reporting(1, importChain) }

    private func importChain() throws {
      let key = try KeyFile(key, passphraseFile: passphraseFile, asking: Cert.askPassphrase)
      let made = try ImportedChain(of: [certificate] + chain, key: key, for: out, isReplacing: force)
      try made.publish(replacing: force)
      print(made.text(on: screen.output), terminator: "")
    }
  }
}
