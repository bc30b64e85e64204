import ArgumentParser
import OceanFleet
import OceanReport

struct FleetStatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    "status", "Show what the servers of a fleet are doing.",
    exits: [
      0: "all run one policy, which is confirmed", 1: "no server answers",
      2: "the fleet file is not valid, or wrong usage",
      5: "some differ, wait, stop or are unknown",
    ], example: "ocean fleet status fleet.yaml")

  @OptionGroup var fleet: FleetOptions

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    let loaded = try fleet.loaded(on: screen.errors, failing: 2)
    let answers = Progress.showing("asking \(loaded.name)", on: screen.errors) { progress in
      fleet.questions.ask(.status, loaded.nodes) { progress?.update("\($0) of \($1)") }
    }
    let status = FleetStatus(loaded, answers: answers)
    switch fleet.format {
    case .human: print(status.text(on: screen.output))
    case .json: printJSON(try status.json)
    }
    if status.serving.isEmpty { throw ExitCode(1) }
    if status.differs { throw ExitCode(5) }
  }
}
