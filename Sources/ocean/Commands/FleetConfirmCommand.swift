import ArgumentParser
import OceanControlAPI
import OceanFleet
import OceanHost
import OceanReport

struct FleetConfirmCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    "confirm", "Keep a plan that 'ocean fleet apply' left unconfirmed on the nodes.",
    discussion: "Confirms all nodes together, if all have the plan.",
    exits: [
      0: "it stays on all nodes", 1: "no node waits", 2: "the fleet file is not valid, or wrong usage",
      5: "some nodes differ or are unknown",
    ], example: "ocean fleet confirm fleet.yaml")

  @OptionGroup var fleet: FleetOptions

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    // All nodes are confirmed over connections that are open at the same time.
    _ = OceanHost.Process.raiseFileLimit()
    let waiting = try fleet.waiting(on: screen)
    guard waiting.exists else {
      printSentence("no plan of a rollout waits on a node that answers: 'ocean fleet status' tells what runs")
      throw ExitCode(1)
    }
    try fleet.show(waiting.confirm(comment: "ocean fleet confirm"), on: screen)
  }
}

extension FleetOptions {
  /// Asks the nodes for a rollout that waits.
  func waiting(on screen: ScreenOptions) throws -> WaitingRollout {
    let loaded = try loaded(on: screen.errors, failing: 2)
    let answers = Progress.showing("asking \(loaded.name)", on: screen.errors) { progress in
      questions.ask(.status, loaded.nodes) { progress?.update("\($0) of \($1)") }
    }
    return WaitingRollout(loaded, asking: questions, answers: answers)
  }
}
