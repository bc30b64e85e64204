import ArgumentParser
import OceanCompiler
import OceanFleet
import OceanHost
import OceanReport
import OceanSyntax

struct FleetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fleet",
    abstract: "Ask the nodes of a fleet what would change, what runs and what differs; bring them a config.",
    subcommands: [
      FleetPlanCommand.self, FleetDiffCommand.self, FleetStatusCommand.self, FleetApplyCommand.self,
      FleetConfirmCommand.self, FleetRollbackCommand.self,
    ])
}

/// The fleet file of a command, and how its nodes are asked.
struct FleetOptions: ParsableArguments {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case human
    case json
  }

  @Argument(help: "The fleet file.", completion: .file())
  var fleet: String

  @Option(help: "human or json.")
  var format = Format.human

  @Option(help: ArgumentHelp("How long a node may take to answer, in seconds.", valueName: "seconds"))
  var timeout = 20

  @Option(help: ArgumentHelp("How many nodes are asked at a time.", valueName: "number"))
  var parallel = 16

  func validate() throws {
    guard (1...3600).contains(timeout) else {
      throw ValidationError("--timeout is a number of seconds from 1 to 3600.")
    }
    guard (1...256).contains(parallel) else {
      throw ValidationError("--parallel is a number from 1 to 256.")
    }
  }

  var questions: FleetQuestions { FleetQuestions(width: parallel, seconds: timeout) }

  /// Reads the fleet file; prints what is wrong with it.
  ///
  /// - Parameter code: the command's exit code for a file with mistakes.
  func loaded(on screen: Screen, failing code: Int32) throws -> Fleet {
    let loaded: LoadedFleet
    do {
      loaded = try LoadedFleet(fleet, files: Files.access)
    } catch {
      printSentence("cannot read \(fleet.isEmpty ? "''" : fleet): \(error.reason)")
      throw ExitCode(code)
    }
    guard let found = loaded.fleet else {
      printError(DiagnosticRenderer.human(loaded.diagnostics, in: loaded.sources, on: screen), terminator: "")
      printError("\(counted(loaded.diagnostics.count, "mistake")) in the fleet file: no node was asked")
      throw ExitCode(code)
    }
    return found
  }
}
