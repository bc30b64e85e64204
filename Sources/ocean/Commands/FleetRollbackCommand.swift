import ArgumentParser
import OceanBase
import OceanControlAPI
import OceanFleet
import OceanHost
import OceanReport

struct FleetRollbackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    "rollback", "Take back the last change on all nodes of a fleet, now.",
    discussion: """
      Where a plan of 'ocean fleet apply' waits to be confirmed, it is taken back. If none does, all nodes go back to the plan \
      before their last change, if that is the same change on all: it is shown, on a terminal you are asked, and all are \
      confirmed together, or none is. Their configs stay as they are, and are not applied again by a restart. Where nobody can be \
      asked, a change that was confirmed is taken back only with --yes.
      """,
    exits: [
      0: "the nodes run the plan before; with --dry-run: they could",
      1: "there is nothing to take back, it failed and all run what they ran before, or the answer was no",
      2: "the fleet file is not valid, or wrong usage",
      4: "another plan runs on a node than it was compared with",
      5: "some nodes differ or are unknown, or their last changes are not the same",
    ], example: "ocean fleet rollback --dry-run fleet.yaml")

  @OptionGroup var fleet: FleetOptions

  @Option(
    help: ArgumentHelp(
      "How long a node waits to be told to stay before it goes on with what it ran, like 5m.",
      valueName: "time"),
    transform: ConfirmationTime.init)
  var confirmWithin: ConfirmationTime?

  @Flag(help: "Show what would change, and what would not be as it was. Changes nothing.")
  var dryRun = false

  @Option(
    help: ArgumentHelp(
      "Why, for 'ocean history': at most \(ChangeComment.limit) characters.", valueName: "text"),
    transform: ChangeComment.init(argument:))
  var comment: ChangeComment?

  @Flag(help: "Do not ask.")
  var yes = false

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    let waiting = try fleet.waiting(on: screen)
    let comment = comment?.text ?? "ocean fleet rollback"
    if waiting.isUndecided, !dryRun { return try fleet.show(waiting.goBack(comment: comment), on: screen) }
    let plan = Progress.showing("asking \(waiting.status.fleet.name)", on: screen.errors) { progress in
      FleetPlan(takingBack: waiting.status, asking: fleet.questions) { progress?.update($0) }
    }
    let prepared = PreparedRollout(plan, asking: fleet.questions, at: SystemClock.wall.seconds)
    if plan.unknown == 0, prepared.members.isEmpty {
      printSentence("there is nothing to take back: all nodes have gone back already")
      throw ExitCode(1)
    }
    // A script that tidies up after a rollout that failed is not to take back the one before.
    if !dryRun, !yes, plan.unknown == 0, !Question.isPossible {
      printSentence("to take back a change that was confirmed takes --yes where nobody can be asked")
      throw ExitCode(1)
    }
    guard dryRun else {
      return try fleet.carryOut(
        prepared, of: plan, confirmWithin, comment: comment, on: screen
      ) { () throws(Failure) in if !yes { try Question.ask("Take back?", otherwise: "nothing was changed") } }
    }
    switch fleet.format {
    case .human:
      print(
        prepared.preview(
          of: plan, confirmSeconds: FleetOptions.seconds(confirmWithin), on: screen.output,
          now: SystemClock.wall.seconds) + ". Nothing was changed.")
    case .json: printJSON(try plan.json)
    }
    if plan.unknown > 0 { throw ExitCode(5) }
  }
}
