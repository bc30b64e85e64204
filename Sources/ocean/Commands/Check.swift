import ArgumentParser
import OceanHost
import OceanReport
import OceanSyntax

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    "check", "Check a config, and list every mistake with its line. Changes nothing.",
    discussion: "FILE may be - for standard input.",
    exits: [
      0: "the config is valid", 1: "it is not", 2: "it cannot be read, or wrong usage",
      3: "with --strict: it is valid, and there are warnings",
    ], example: "ocean check --strict ocean.yaml")

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case human
    case json
    case sarif
    case github
  }

  @OptionGroup var config: ConfigArgument

  @Flag(help: "Exit with 3 if there are warnings.")
  var strict = false

  @Flag(help: "Do not resolve host names; say which were left out.")
  var offline = false

  @Option(
    help: ArgumentHelp(
      "Check as of this time, like 2027-02-21 or 2027-02-21T12:00:00Z (UTC).", valueName: "time"))
  var at: TimeArgument?

  @Option(help: "human, json, sarif, or github for annotations of GitHub Actions.")
  var format = Format.human

  @Option(
    help: ArgumentHelp("Use the facts in this file, not this host's.", valueName: "path"), completion: .file()
  )
  var facts: String?

  @Flag(help: "List the rules and settings whose loss no expectation would notice.")
  var coverage = false

  @Option(
    help: ArgumentHelp("Explain a code like OC0214, or 'all'.", valueName: "code"),
    completion: .list(DiagnosticCode.all.map(\.id) + ["all"]))
  var explain: String?

  @OptionGroup var screen: ScreenOptions

  func validate() throws {
    if config.named != nil, explain != nil {
      throw ValidationError("Give a config file, or --explain and a code.")
    }
    if coverage, format == .json {
      throw ValidationError("--coverage prints text: --format json does not have it.")
    }
  }

  func run() throws {
    if let explain { return try reporting(2) { print(try CodeText.text(of: explain), terminator: "") } }
    let config = try reporting(2) {
      let path = try self.config.path
      return try Progress.showing("checking \(path)", on: screen.errors) { _ throws(Failure) in
        try CompiledConfig(path, offline: offline, now: at?.seconds, factsPath: facts)
      }
    }
    switch format {
    case .human:
      print(config.report(on: screen.output) + config.summary(on: screen.output))
      if coverage, let coverage = config.result.coverage {
        print("\n" + CoverageText.text(of: coverage, on: screen.output))
      }
    case .json:
      print(DiagnosticRenderer.json(config.result.diagnostics, in: config.loaded.sources), terminator: "")
    case .sarif: print(config.sarif(version: Ocean.version), terminator: "")
    case .github: print(config.annotations + config.summary())
    }
    if config.count(.error) > 0 { throw ExitCode(1) }
    if strict, config.count(.warning) > 0 { throw ExitCode(3) }
  }
}
