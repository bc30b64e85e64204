import ArgumentParser
import OceanBase
import OceanFleet
import OceanReport

struct FleetPlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    "plan", "Show what a config would change on each node of a fleet. Changes nothing.",
    discussion: """
      Compiles the config with the facts of each node, and compares it with what runs there. Nodes with the same changes are \
      shown once. Facts and plans that the fleet file does not name are asked for over ssh.
      """,
    exits: [
      0: "nothing would change on any node", 1: "an error, or wrong usage", 2: "something would change",
      5: "some nodes are unknown, or do not have one policy",
    ], example: "ocean fleet plan fleet.yaml")

  @OptionGroup var fleet: FleetOptions

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    let loaded = try fleet.loaded(on: screen.errors, failing: 1)
    let plan = Progress.showing("planning \(loaded.name)", on: screen.errors) { progress in
      FleetPlan(of: loaded, asking: fleet.questions) { progress?.update($0) }
    }
    switch fleet.format {
    case .human: print(plan.text(on: screen.output, now: SystemClock.wall.seconds))
    case .json: printJSON(try plan.json)
    }
    if plan.differs { throw ExitCode(5) }
    if plan.changing > 0 { throw ExitCode(2) }
  }
}
