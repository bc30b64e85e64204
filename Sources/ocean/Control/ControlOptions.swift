import ArgumentParser
import OceanClient
import OceanHost
import OceanControlAPI
import OceanPlan
import OceanReport

/// How a command finds the server it asks, and how it answers.
struct ControlOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The server's control socket (default: control.sock in the config's server.state).", valueName: "path"),
    completion: .file())
  var socket: String?

  @Option(help: "human or json.")
  var format = OutputFormat.human

  /// - Parameter config: says where the server keeps its state.
  func client(_ config: ConfigOption) throws(Failure) -> ControlClient {
    if let socket { return ControlClient(path: socket) }
    let file = try config.path
    guard let state = try PlanFile.state(in: file) else {
      throw Failure(
        "\(file) has mistakes that hide its server.state; name the socket, such as --socket \(ControlPath.socket(in: "/var/lib/ocean"))"
      )
    }
    return ControlClient(path: ControlPath.socket(in: state))
  }

  /// Prints an answer, as JSON or in words.
  func show(_ answer: some Encodable, _ words: @autoclosure () -> String) throws {
    switch format {
    case .human: print(words())
    case .json: printJSON(try ControlAPI.encode(answer))
    }
  }
}
