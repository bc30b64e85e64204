import ArgumentParser
import OceanFleet
import OceanReport

struct FleetDiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    "diff", "Show which settings differ between the nodes of a fleet, though their policy should be one.",
    discussion: "What is a node's own is not compared: docs/plan-file.md lists it.",
    exits: [
      0: "all nodes run one policy", 1: "an error, or wrong usage", 5: "some nodes differ or are unknown",
    ], example: "ocean fleet diff fleet.yaml")

  @OptionGroup var fleet: FleetOptions

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    let loaded = try fleet.loaded(on: screen.errors, failing: 1)
    let drift = Progress.showing("asking \(loaded.name)", on: screen.errors) { progress in
      FleetDrift(of: loaded, asking: fleet.questions) { progress?.update("\($0) of \($1)") }
    }
    switch fleet.format {
    case .human: print(drift.text(on: screen.output))
    case .json: printJSON(try drift.json)
    }
    if drift.differs { throw ExitCode(5) }
  }
}
