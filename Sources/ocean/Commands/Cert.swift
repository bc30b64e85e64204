import ArgumentParser
import Glibc
import OceanBase
import OceanCompiler
import OceanHost
import OceanReport
import OceanSyntax
import OceanTLS

struct Cert: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cert", abstract: "Make, import and look at certificates, and have renewed ones taken up.",
    subcommands: [New.self, Import.self, Show.self, Hook.self])

  /// Asks for a key's passphrase; nil without a terminal.
  static func askPassphrase(_ path: String) -> SecretBytes? {
    guard isatty(STDIN_FILENO) == 1 else { return nil }
    return Input.secret("Passphrase of \(path.escapedForDisplay): ")
  }

  /// Runs `body`. An error that one sentence explains becomes that sentence and exit code 1.
  static func reporting(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as Failure {
      printSentence(error.message)
      throw ExitCode(1)
    }
  }
}
