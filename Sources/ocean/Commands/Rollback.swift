import ArgumentParser
import OceanBase
import OceanClient
import OceanCompiler
import OceanHost
import OceanControlAPI
import OceanPlan
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
    try ControlOptions.run {
      let client = try control.client(config)
      // A number with that many digits is a digest.
      let steps = plan.flatMap { $0.utf8.count < 6 ? Int($0) : nil }
      let request = RollbackRequest(
        steps: steps, plan: steps == nil ? plan : nil, confirmSeconds: confirmWithin?.seconds,
        comment: comment)
      if dryRun { return try show(request, client) }
      let before = try client.plan()
      let status = try client.status()
      let report = try client.rollback(request)
      let diff = PlanDiff(
        from: PlanVersion(before), to: PlanVersion(try client.plan()), at: SystemClock.wall.seconds
      ).withTLS()
        .withMailboxes()
      let server = ServerName(socket: control.socket, config: config.config)
      var text = ReportText(
        report, diff, server: server, on: screen.output, now: SystemClock.wall.seconds)
      // A plan that was never confirmed is not kept: only its source can bring it back.
      if status.unconfirmed != nil, report.from != report.to {
        text.undo = server.apply(status.file)
      }
      try control.show(report, text.text)
    }
  }

  private func show(_ request: RollbackRequest, _ client: ControlClient) throws {
    let live = try LiveComparison(client)
    let preview = try client.preview(request)
    guard preview.from == live.running.digest else {
      throw Failure("another plan began to run meanwhile: ask again", .stale)
    }
    let text = RollbackText(preview, over: live, on: screen.output)
    switch control.format {
    case .human: print(text.text)
    case .json: printJSON(try text.json)
    }
    if let refusal = preview.refusal { throw Failure("the server would refuse this rollback: \(refusal)") }
  }
}
