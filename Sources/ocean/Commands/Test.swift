import ArgumentParser
import OceanHost
import OceanReport

struct Test: ParsableCommand {
  static let configuration = CommandConfiguration(
    "test", "Judge the cases of test files: who must get in at a config, who must not, and why.",
    exits: [
      0: "all cases hold", 1: "some do not", 2: "a test file or the config is not valid, or wrong usage",
    ], example: "ocean test tests/office.yaml --config ocean.yaml")

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case human
    case json
    case junit
    case tap
  }

  @Argument(help: "The test files.", completion: .file())
  var files: [String]

  @OptionGroup var config: ConfigOption

  @Option(
    help: ArgumentHelp("Use the facts in this file for the config, not this host's.", valueName: "path"),
    completion: .file())
  var facts: String?

  @Flag(help: "List the rules and settings whose loss no case and no expectation would notice.")
  var coverage = false

  @Option(help: "human, json, junit or tap.")
  var format = Format.human

  @OptionGroup var screen: ScreenOptions

  func validate() throws {
    if coverage, format == .junit || format == .tap {
      throw ValidationError("--coverage is for --format human and json: the others have no place for it.")
    }
  }

  func run() throws {
    let run = try reporting(2) {
      let path = try config.path
      return try Progress.showing("judging cases", on: screen.errors) { _ throws(Failure) in
        try TestRun(files, config: path, facts: facts, wantsCoverage: coverage)
      }
    }
    guard run.mistakes.isEmpty, !run.files.isEmpty else { return try fail(run) }
    switch format {
    case .human: printText(of: run)
    case .json: print(run.json, terminator: "")
    case .junit: print(run.junit, terminator: "")
    case .tap: print(run.tap, terminator: "")
    }
    if run.config.result.plan == nil { return try fail(run) }
    if run.results.contains(where: { !$0.findings.isEmpty }) { throw ExitCode(1) }
  }

  private func printText(of run: TestRun) {
    print(TestText(run, on: screen.output).text)
    if let coverage = run.coverage { print("\n" + CoverageText.text(of: coverage, on: screen.output)) }
  }

  private func fail(_ run: TestRun) throws {
    printError(TestText.mistakes(run, on: screen.errors), terminator: "")
    throw ExitCode(2)
  }
}
