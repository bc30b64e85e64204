import ArgumentParser
import OceanControlAPI
import OceanFleet
import OceanReport

struct FleetRollbackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    "rollback", "Take back a plan that 'ocean fleet apply' left unconfirmed on the nodes.",
    exits: [
      0: "the nodes that had it run the plan before", 1: "no node waits",
      2: "the fleet file is not valid, or wrong usage", 5: "some nodes differ or are unknown",
    ], example: "ocean fleet rollback fleet.yaml")

  @OptionGroup var fleet: FleetOptions

  @Option(
    help: ArgumentHelp(
      "Why, for 'ocean history': at most \(ChangeComment.limit) characters.", valueName: "text"),
    transform: ChangeComment.init(argument:))
  var comment: ChangeComment?

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    let waiting = try fleet.waiting(on: screen)
    try fleet.show(waiting.goBack(comment: comment?.text ?? "ocean fleet rollback"), on: screen)
  }
}
