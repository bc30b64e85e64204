import ArgumentParser
import OceanClient
import OceanControlAPI
import OceanHost
import OceanReport
import OceanSyntax

struct Rollback: ParsableCommand {
  static let configuration = CommandConfiguration(
    "rollback",
    "Go back to an earlier plan, with today's certificates and address lists, unless a list is what changed.",
    discussion: """
      Without PLAN the last change is reverted: the plan that waits to be confirmed, or what was applied last. The \
      config stays as it is, and is not applied again by a restart.
      """,
    exits: [
      0: "the earlier plan runs; with --dry-run: it could",
      1: "there is no such plan, no server answers, or it refuses", 2: "wrong usage",
    ], example: "ocean rollback --dry-run")

  @Argument(help: "A digest, six digits at least, or how many plans back ('ocean history' lists both).")
  var plan: String?

  @OptionGroup var config: ConfigOption

  @Option(
    help: ArgumentHelp(
      "Revert it after this time, like 5m, unless 'ocean confirm' comes first.", valueName: "time"),
    transform: ConfirmationTime.init)
  var confirmWithin: ConfirmationTime?

  @Flag(help: "Show what would change, and what would not be as it was. Changes nothing.")
  var dryRun = false

  @Option(
    help: ArgumentHelp(
      "Why, for 'ocean history': at most \(ChangeComment.limit) characters.", valueName: "text"),
    transform: ChangeComment.init(argument:))
  var comment: ChangeComment?

  @OptionGroup var control: ControlOptions

  @OptionGroup var screen: ScreenOptions

  func validate() throws {
    guard let plan, !plan.isDigest, plan.utf8.count >= 6 || Int(plan) == nil else { return }
    let name = plan.escapedForDisplay
    if plan.isFile {
      throw ValidationError(
        "'\(name)' is a file; to go back to an earlier plan of the server that it starts: ocean rollback -c \(Files.absolute(plan).shellQuoted)"
      )
    }
    throw ValidationError("'\(name)' is neither a number nor six hexadecimal digits of a plan's digest.")
  }

  func run() throws {
    try reporting {
      let client = try control.client(config)
      let request = RollbackRequest(to: plan, confirmSeconds: confirmWithin?.seconds, comment: comment)
      if dryRun { return try preview(request, client) }
      let done = try DoneRollback(request, client)
      let server = ServerName(socket: control.socket, config: config.config)
      try control.show(done.report, done.text(of: server, on: screen.output))
    }
  }

  private func preview(_ request: RollbackRequest, _ client: ControlClient) throws {
    let (text, refusal) = try RollbackText.preview(request, client, on: screen.output)
    switch control.format {
    case .human: print(text.text)
    case .json: printJSON(try text.json)
    }
    if let refusal { throw Failure("the server would refuse this rollback: \(refusal)") }
  }
}
