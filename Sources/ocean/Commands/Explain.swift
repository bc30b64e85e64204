import ArgumentParser
import OceanAccess
import OceanClient
import OceanCompiler
import OceanHost
import OceanAddresses
import OceanBase
import OceanControlAPI
import OceanPlan
import OceanReport
import OceanStore
import OceanSyntax

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    "explain", "Show what happens to a client with this address, and which rule decides.",
    discussion: "Decides as the server does. FILE may be a saved plan.",
    exits: [
      0: "the client is allowed", 1: "it is refused", 2: "that is not known, or wrong usage",
    ], example: "ocean explain ocean.yaml --from 203.0.113.9 --to pop3")

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case human
    case json
  }

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
  var tls: TLSArgument?

  @Option(help: ArgumentHelp("The account that would log in.", valueName: "login"))
  var user: String?

  @Flag(help: "Ask the running server: its plan, blocks and counts.")
  var live = false

  @Option(
    help: ArgumentHelp("The server's control socket, with --live.", valueName: "path"), completion: .file())
  var socket: String?

  @Option(help: "human or json.")
  var format = Format.human

  @OptionGroup var screen: ScreenOptions

  /// `none`, or a version of TLS.
  enum TLSArgument: ExpressibleByArgument, CaseIterable {
    case none
    case version(TLSVersion)

    static let allCases = [Self.none] + TLSVersion.allCases.filter { $0 != .ssl3 }.map(Self.version)

    init?(argument: String) {
      guard let found = Self.allCases.first(where: { $0.defaultValueDescription == argument }) else {
        return nil
      }
      self = found
    }

    var defaultValueDescription: String {
      switch self {
      case .none: "none"
      case .version(let version): version.short
      }
    }

    static var allValueStrings: [String] { allCases.map(\.defaultValueDescription) }
  }

  func run() throws {
    do {
      let loaded = try LoadedPlan(asking: try config.path, on: screen.errors)
      let (explanation, unknown) = try explain(live ? try running(instead: loaded) : loaded.file)
      switch format {
      case .human: print(ExplanationText(explanation).text(on: screen.output))
      case .json: printJSON(try explanation.json())
      }
      try loaded.exitIfBroken(2)
      if explanation.verdict == .refused { throw ExitCode(1) }
      if let unknown { throw Failure(unknown) }
    } catch let error as Failure {
      printSentence(error.message)
      throw ExitCode(2)
    }
  }

  /// The plan that the server runs.
  private func running(instead loaded: LoadedPlan) throws(Failure) -> PlanFile {
    let client = client(of: loaded.plan)
    let digest = try client.status().plan
    guard digest != loaded.file.digest else { return loaded.file }
    printSentence(
      "this explains plan \(digest.short), which runs; \(loaded.path) gives another, \(loaded.file.digest.short)",
      style: .warning)
    return try client.plan()
  }

  private func client(of plan: Plan) -> ControlClient {
    ControlClient(path: socket ?? ControlPath.socket(in: plan.server.state))
  }

  /// - Returns: what is known, and a sentence about what is not.
  private func explain(_ file: PlanFile) throws(Failure) -> (Explanation, unknown: String?) {
    let peer = try address(from)
    var attempt = Attempt(peer, .any, aim)
    if let via { attempt.route = .proxy(try address(via)) }
    let plan = file.plan
    let target = try target(in: plan)
    guard let way = plan.way(to: target) else {
      let names = plan.services.map(\.name).joined(separator: ", ")
      throw Failure(
        "nothing there: '\(to?.escapedForDisplay ?? "")' is neither a service nor a listener (services: \(names))"
      )
    }
    if way.isToMonitor, user != nil || tls != nil || via != nil {
      throw Failure("the monitor has no logins and no proxies: leave out --user, --tls and --via")
    }
    var explanation = plan.explain(
      attempt, on: way, file.provenance, file.rules,
      live: live && !way.isToMonitor ? try state(of: peer, way.service, file) : nil)
    if let user {
      let login = LoginExplanation(user, peer: peer, service: way.service, of: plan)
      if explanation.verdict == .allowed, let reason = login.unknown {
        return (explanation, "whether \(user) can log in is not known: \(reason)".escapedForDisplay)
      }
      explanation.add(login)
    }
    return (explanation, nil)
  }

  private var aim: Attempt.Aim {
    switch tls {
    case .some(.none): .plaintextLogin
    case .version(let version): .tlsLogin(version)
    case nil: user == nil ? .connect : .login
    }
  }

  private func address(_ text: String) throws(Failure) -> IPAddress {
    do {
      return try IPAddress(parsing: text)
    } catch .mapped {
      throw Failure(
        "'\(text.escapedForDisplay)' is an IPv4 address in IPv6 form: write it as an IPv4 address")
    } catch {
      throw Failure("'\(text.escapedForDisplay)' is not an IP address")
    }
  }

  private func target(in plan: Plan) throws(Failure) -> ExplanationTarget {
    if let to {
      if let endpoint = Endpoint(parsing: to) { return .endpoint(endpoint) }
      return .service(to)
    }
    let enabled = plan.services.filter(\.enabled)
    guard enabled.count == 1, let only = enabled.first else {
      throw Failure(
        "which service? Write --to with one of: \(enabled.map(\.name).joined(separator: ", "))")
    }
    return .service(only.name)
  }

  private func state(of peer: IPAddress, _ service: Plan.Service, _ file: PlanFile) throws(Failure)
    -> AddressState
  {
    let report = try client(of: file.plan).address(AddressQuestion(address: peer, service: service.name))
    guard report.plan == file.digest else {
      throw Failure("plan \(report.plan.short) has begun to run meanwhile: ask again")
    }
    return report.state
  }
}
