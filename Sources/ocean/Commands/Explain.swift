import ArgumentParser
import Glibc
import OceanAccess
import OceanCompiler
import OceanHost
import OceanPlan
import OceanStore
import OceanSyntax

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What becomes of a client with this address, and which rule says so?",
    discussion:
      "Decides as the server does. Exits with 0 if it is allowed, 1 if it is refused, 2 if that cannot be told."
  )

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case human
    case json
  }

  @Argument(help: "The config file or a saved plan.")
  var file: String

  @Option(help: ArgumentHelp("The client's address.", valueName: "ip"))
  var from: String

  @Option(help: ArgumentHelp("A service, or ADDRESS:PORT (default: the only service).", valueName: "target"))
  var to: String?

  @Option(help: ArgumentHelp("Who would log in.", valueName: "login"))
  var user: String?

  @Flag(help: "Ask the running server for blocks and counts.")
  var live = false

  @Option(help: ArgumentHelp("The server's control socket, with --live.", valueName: "path"))
  var socket: String?

  @Option(help: "human or json.")
  var format = Format.human

  func run() throws {
    do {
      let loaded = try LoadedPlan(asking: file)
      let explanation = try explain(loaded)
      switch format {
      case .human: print(ExplanationText(explanation).text(color: Terminal.hasColor(STDOUT_FILENO)))
      case .json: printBytes(try explanation.json())
      }
      try loaded.exitIfBroken(2)
      if explanation.verdict == .refused { throw ExitCode(1) }
    } catch let error as Failure {
      printError("ocean: \(error.message)")
      throw ExitCode(2)
    }
  }

  private func explain(_ loaded: LoadedPlan) throws(Failure) -> Explanation {
    let peer: IPAddress
    do {
      peer = try IPAddress(parsing: from)
    } catch .mapped {
      throw Failure(
        "'\(from.escapedForDisplay)' is an IPv4 address in IPv6 form: write it as an IPv4 address")
    } catch {
      throw Failure("'\(from.escapedForDisplay)' is no IP address")
    }
    let plan = loaded.plan
    let target = try target(in: plan)
    guard let (service, listeners) = plan.resolve(target, for: peer.family) else {
      let names = plan.services.map(\.name).joined(separator: ", ")
      throw Failure(
        "nothing there: '\(to?.escapedForDisplay ?? "")' is no service and no listener (services: \(names))")
    }
    var explanation = plan.explain(
      peer, to: service, on: listeners, loaded.file.provenance, loaded.file.rules,
      live: live ? try state(of: peer, service, plan) : nil)
    if let user {
      explanation.add(LoginExplanation(user, peer: peer, service: service, of: plan))
    }
    return explanation
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

  private func state(of peer: IPAddress, _ service: Plan.Service, _ plan: Plan) throws(Failure)
    -> AddressState
  {
    let client = ControlClient(path: socket ?? ControlAPI.socketPath(in: plan.server.state))
    let report = try client.address(AddressQuestion(address: peer, service: service.name))
    if let digest = try? plan.digest, digest != report.plan {
      printError("ocean: the server runs another plan, \(report.plan.short); this explains \(digest.short)")
    }
    return report.state
  }
}

/// The steps behind the connection: the account and its mailbox.
private struct LoginExplanation {
  let steps: [Explanation.Step]
  let isRefused: Bool

  init(_ login: String, peer: IPAddress, service: Plan.Service, of plan: Plan) {
    let files = service.accounts.compactMap { name in plan.accounts.first { $0.name == name }?.passwdFile }
    let directory = AccountDirectory(files: files, defaultDomain: plan.server.defaultDomain) { 0 }
    let unread = directory.health().filter { $0.file == nil }.map(\.path)
    guard let (account, path, identity) = directory.entry(for: login) else {
      let reason =
        unread.isEmpty ? "nobody of that name" : "cannot read \(unread.joined(separator: ", "))"
      steps = [.init(.account, .refused, "\(login): \(reason)", decisive: true)]
      isRefused = true
      return
    }
    let place = Provenance.Origin(file: path, line: account.line, column: 1)
    guard account.status == .active, account.allows(peer) else {
      let reason =
        switch account.status {
        case .disabled: "disabled"
        case .refused: "refused for what its line holds ('ocean check' says what)"
        case .active: "not from this address (allow_nets)"
        }
      steps = [.init(.account, .refused, "\(identity.name): \(reason)", span: place, decisive: true)]
      isRefused = true
      return
    }
    var steps = [Explanation.Step(.account, .match, identity.name, span: place)]
    do {
      let maildir = MaildirPath.normalized(try plan.mail.maildir.maildir(of: identity))
      let note =
        switch Maildir.state(at: maildir) {
        case .present: ""
        case .absent: " (not there, shown as empty)"
        case .unknown: " (not checked: this user may not look there)"
        }
      steps.append(.init(.mailbox, .match, maildir + note))
      isRefused = false
    } catch {
      steps.append(.init(.mailbox, .refused, "none: \(error)", decisive: true))
      isRefused = true
    }
    self.steps = steps
  }
}

extension Explanation {
  /// Only one step decides: the first that refuses, and without any the one that allowed the connection.
  fileprivate mutating func add(_ login: LoginExplanation) {
    let decides = verdict == .allowed && login.isRefused
    if decides {
      for index in steps.indices { steps[index].decisive = false }
      verdict = .refused
    }
    steps += login.steps.map { step in
      var step = step
      step.decisive = step.decisive && decides
      return step
    }
  }
}
