import ArgumentParser
import OceanCompiler
import OceanHost
import OceanSyntax
import OceanTLS

struct Cert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make, import and look at certificates.",
    discussion:
      "Exits with 0, with 1 if it failed or what it shows cannot be used, and with 2 on wrong usage.",
    subcommands: [New.self, Import.self, Show.self])

  /// Over any certificate, chain or key in use.
  private static let fileLimit = 1 << 20

  static func read(_ path: String) throws(Failure) -> [UInt8] {
    do {
      return try Files.read(path, limit: fileLimit)
    } catch {
      throw Failure("cannot read \(path): \(error.reason)")
    }
  }

  /// Runs `body`, and turns what one sentence explains into that sentence and exit code 1.
  static func reporting(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as Failure {
      printError("ocean: \(error.message.escapedForDisplay)")
      throw ExitCode(1)
    }
  }
}
