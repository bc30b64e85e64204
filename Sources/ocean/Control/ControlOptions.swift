import ArgumentParser
import OceanClient
import OceanCompiler
import OceanHost
import OceanControlAPI
import OceanPlan
import OceanReport

/// How a command finds the server it asks, and how it answers.
struct ControlOptions: ParsableArguments {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case human
    case json
  }

  @Option(
    help: ArgumentHelp(
      "The server's control socket (default: control.sock in the config's server.state).", valueName: "path"),
    completion: .file())
  var socket: String?

  @Option(help: "human or json.")
  var format = Format.human

  /// - Parameter config: says where the server keeps its state.
  func client(_ config: ConfigOption) throws(Failure) -> ControlClient {
    if let socket { return ControlClient(path: socket) }
    let file = try config.path
    guard let state = try Self.state(in: file) else {
      throw Failure(
        "\(file) has mistakes that hide its server.state; name the socket, such as --socket \(ControlPath.socket(in: "/var/lib/ocean"))"
      )
    }
    return ControlClient(path: ControlPath.socket(in: state))
  }

  /// The state directory that a config or a saved plan names; nil if a config's mistakes leave none.
  static func state(in file: String) throws(Failure) -> String? {
    if let saved = try PlanFile.read(file) { return saved.plan.server.state }
    do {
      return try loadConfig(file, files: Files.access).stateDirectory
    } catch {
      throw Failure("cannot read \(file): \(error.reason)")
    }
  }

  /// Prints an answer, as JSON or in words.
  func show(_ answer: some Encodable, _ words: @autoclosure () -> String) throws {
    switch format {
    case .human: print(words())
    case .json: printJSON(try ControlAPI.encode(answer))
    }
  }

  /// Runs a command that explains its failure in one sentence.
  static func run(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as Failure {
      printSentence(error.message)
      throw ExitCode(error.kind == .stale ? 4 : 1)
    }
  }
}
