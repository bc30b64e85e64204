import ArgumentParser
import Glibc
import OceanBase
import OceanReport
import OceanSyntax

struct Cert: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cert", abstract: "Make, import and look at certificates, and have renewed ones taken up.",
    subcommands: [New.self, Import.self, Show.self, Hook.self])

  /// Asks for a key's passphrase; nil without a terminal.
  static func askPassphrase(_ path: String) -> SecretBytes? {
    guard isatty(STDIN_FILENO) == 1 else { return nil }
    return Input.secret("Passphrase of \(path.escapedForDisplay): ")
  }
}
