import ArgumentParser
import OceanClient
import OceanHost
import OceanPlan
import OceanReport

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    "explain", "Show what happens to a client with this address, and which rule decides.",
    discussion: "Decides as the server does. FILE may be a saved plan.",
    exits: [
      0: "the client is allowed", 1: "it is refused", 2: "that is not known, or wrong usage",
    ], example: "ocean explain ocean.yaml --from 203.0.113.9 --to pop3")

  @OptionGroup var config: ConfigArgument

  @Option(help: ArgumentHelp("The client's address.", valueName: "ip"))
  var from: String

  @Option(
    help: ArgumentHelp(
      "A service, ADDRESS:PORT, or monitor (default: the only service).", valueName: "target")
  )
  var to: String?

  @Option(
    help: ArgumentHelp(
      "The proxy that names the client (default: none is needed, or one that can connect).", valueName: "ip"))
  var via: String?

  @Option(
    help: ArgumentHelp(
      "A login with this TLS version, the best that the client knows, or with none.", valueName: "version"))
  var tls: ClientQuestion.TLS?

  @Option(help: ArgumentHelp("The account that would log in.", valueName: "login"))
  var user: String?

  @Flag(help: "Ask the running server: its plan, blocks and counts.")
  var live = false

  @Option(
    help: ArgumentHelp("The server's control socket, with --live.", valueName: "path"), completion: .file())
  var socket: String?

  @Option(help: "human or json.")
  var format = OutputFormat.human

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    try reporting(2) {
      let loaded = try LoadedPlan(asking: try config.path, on: screen.errors)
      let (explanation, unknown) = try explanation(of: loaded)
      switch format {
      case .human: print(ExplanationText(explanation).text(on: screen.output))
      case .json: printJSON(try explanation.json())
      }
      try loaded.exitIfBroken(2)
      if explanation.verdict == .refused { throw ExitCode(1) }
      if let unknown { throw Failure(unknown) }
    }
  }

  private func explanation(of loaded: LoadedPlan) throws(Failure) -> (Explanation, unknown: String?) {
    let question = ClientQuestion(from: from, to: to, via: via, tls: tls, user: user)
    guard live else { return try question.answer(in: loaded.file, state: nil) }
    let client = ControlClient(path: socket ?? ControlPath.socket(in: loaded.plan.server.state))
    let file = try client.runningPlan(insteadOf: loaded) { printSentence($0, style: .warning) }
    // What runs may keep its state elsewhere.
    let other = ControlClient(path: socket ?? ControlPath.socket(in: file.plan.server.state))
    return try question.answer(in: file) { question throws(Failure) in
      try other.state(question, under: file)
    }
  }
}

extension ClientQuestion.TLS: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }

  public var defaultValueDescription: String { text }

  public static var allValueStrings: [String] { allCases.map(\.text) }
}
