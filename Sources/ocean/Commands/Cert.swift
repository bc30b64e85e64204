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
    commandName: "cert", abstract: "Make, import and look at certificates.",
    discussion:
      "Exits with 0, with 1 if it failed or what it shows cannot be used, and with 2 on wrong usage.",
    subcommands: [New.self, Import.self, Show.self])

  /// Asks for a key's passphrase; nil without a terminal.
  static func askPassphrase(_ path: String) -> SecretBytes? {
    guard isatty(STDIN_FILENO) == 1 else { return nil }
    printError("Passphrase of \(path.escapedForDisplay): ", terminator: "")
    var old = termios()
    tcgetattr(STDIN_FILENO, &old)
    var silent = old
    silent.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
    defer {
      tcsetattr(STDIN_FILENO, TCSAFLUSH, &old)
      printError("")
    }
    return SecretBytes(capacity: 1024) { buffer in
      // A terminal delivers one line at a time.
      let count = max(Glibc.read(STDIN_FILENO, buffer.baseAddress, buffer.count), 0)
      return buffer[..<count].firstIndex(of: UInt8(ascii: "\n")) ?? count
    }
  }

  /// Runs `body`. An error that one sentence explains becomes that sentence and exit code 1.
  static func reporting(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as Failure {
      printError("ocean: \(error.message.escapedForDisplay)")
      throw ExitCode(1)
    }
  }
}
