import ArgumentParser
import OceanClient
import OceanCompiler
import OceanControlAPI
import OceanHost
import OceanPlan
import OceanReport
import OceanSyntax
import OceanWebReport

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    "plan", "Show what would run, and what would change. Changes nothing.",
    discussion: """
      Compares with the server that runs on the config's state directory, if one does. FILE may be - for standard input. \
      With --fail-on or --only, a server that may run and cannot be asked is an error.
      """,
    exits: [
      0: "nothing would change, or there is nothing to compare with", 1: "an error, or wrong usage",
      2: "something would change", 3: "a change that --fail-on names, or --only does not",
    ], example: "ocean plan --fail-on weakened ocean.yaml")

  @OptionGroup var config: ConfigArgument

  @Option(
    help: ArgumentHelp("Save the plan, for 'ocean apply' or 'ocean serve'.", valueName: "path"),
    completion: .file())
  var out: String?

  @Option(
    help: ArgumentHelp(
      "Compare with: none, a control socket, another config or saved plan, or the digest of a plan that 'ocean history' lists.",
      valueName: "what"), completion: .file())
  var against: String?

  @Option(
    help: ArgumentHelp(
      "Exit with 3 for changes of these classes, separated by commas, or for what is weakened.",
      valueName: "classes"))
  var failOn: FailOn?

  @Option(
    help: ArgumentHelp(
      "Exit with 0 if all changes are of these classes, with 3 if not.", valueName: "classes"))
  var only: ClassList?

  @Option(help: "The same as for 'ocean apply --sessions': keep, drain or end.")
  var sessions = SessionTreatment.keep

  @Option(
    help: ArgumentHelp(
      "human or json; sarif and github print the diagnostics, and what changes; markdown for a comment on a pull request, html for a page."
    ))
  var format = ChangeFormat.human

  @Option(
    help: ArgumentHelp("Use the facts in this file, not this host's.", valueName: "path"), completion: .file()
  )
  var facts: String?

  @Option(
    help: ArgumentHelp(
      "Plan even if the expectation at this place, like ocean.yaml:20, is broken.", valueName: "place"))
  var override: [String] = []

  @Flag(help: "Print the plan that the server runs, as it would be saved; the config only says which server.")
  var running = false

  @OptionGroup var screen: ScreenOptions

  func validate() throws {
    guard running else { return }
    let others: [(String, Bool)] = [
      ("--against", against != nil), ("--fail-on", failOn != nil), ("--only", only != nil),
      ("--facts", facts != nil),
      ("--override", !override.isEmpty),
    ]
    if let other = others.first(where: \.1) {
      throw ValidationError("--running is about the plan that runs, and \(other.0) about one that is made.")
    }
    guard format == .json || format == .human && out != nil else {
      throw ValidationError("--running needs --format json, or --out and a file.")
    }
  }

  func run() throws {
    try reporting {
      if running { return try showRunning() }
      let path = try self.config.path
      let config = try Progress.showing("compiling \(path)", on: screen.errors) { _ throws(Failure) in
        try CompiledConfig(path, factsPath: facts, overriding: Set(override))
      }
      if format == .github { print(config.annotations, terminator: "") }
      // GitHub shows the annotations in the log as well.
      let report = format == .github ? "" : config.report(on: screen.errors)
      guard let plan = config.result.plan else {
        if format == .sarif { print(config.sarif(version: Ocean.version), terminator: "") }
        printError(report + "\(config.reasonForNoPlan): no plan")
        throw ExitCode(1)
      }
      if !report.isEmpty { printError(report) }
      try show(plan, config)
    }
  }

  private func showRunning() throws {
    let path = try config.path
    guard let state = try PlanFile.state(in: path) else {
      throw Failure("\(path) has mistakes that hide its server.state")
    }
    let json = try ControlClient(path: ControlPath.socket(in: state)).plan().json
    if format == .json { printJSON(json) }
    if let out { try Files.write(json, to: out, from: [path]) }
  }

  private func show(_ plan: Plan, _ config: CompiledConfig) throws {
    let previous: PreviousPlan
    do throws(Failure) {
      previous = try PreviousPlan(
        before: plan, against: against, isElsewhere: facts != nil,
        judging: failOn != nil ? "--fail-on" : only != nil ? "--only" : nil, on: screen.errors
      ) { if format != .human { printSentence($0, style: .warning) } }
    } catch {
      if format == .sarif { print(config.sarif(version: Ocean.version), terminator: "") }
      throw error
    }
    let change = try PlannedChange(
      plan, config, after: previous, sessions: sessions, on: screen.output, errors: screen.errors)
    switch format {
    case .human: print(change.text)
    case .json: printJSON(try change.json)
    case .sarif: print(change.sarif(version: Ocean.version), terminator: "")
    case .github: print(change.annotations, terminator: "")
    case .markdown: print(change.report(version: Ocean.version).markdown, terminator: "")
    case .html: print(change.report(version: Ocean.version).html, terminator: "")
    }
    if let out {
      try Files.write(try change.saved.json, to: out, from: config.loaded.factRequest.readFiles)
      if format == .human {
        print("Saved to \(out); apply it with: ocean apply \(Files.absolute(out).shellQuoted)")
      }
    }
    try change.diff?.exit(failOn: failOn, only: only)
  }
}
