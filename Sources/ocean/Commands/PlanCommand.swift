import ArgumentParser
import OceanBase
import OceanClient
import OceanCompiler
import OceanHost
import OceanControlAPI
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

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case human
    case json
    case sarif
    case github
    case markdown
    case html
  }

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
  var format = Format.human

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
    if running { return try showRunning() }
    let config: CompiledConfig
    do {
      let path = try self.config.path
      config = try Progress.showing("compiling \(path)", on: screen.errors) { _ throws(Failure) in
        try CompiledConfig(path, factsPath: facts, overriding: Set(override))
      }
    } catch {
      printSentence(error.message)
      throw ExitCode(1)
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

    do {
      try show(plan, config)
    } catch let error as Failure {
      printSentence(error.message)
      throw ExitCode(1)
    }
  }

  private func showRunning() throws {
    try ControlOptions.run {
      let path = try config.path
      guard let state = try ControlOptions.state(in: path) else {
        throw Failure("\(path) has mistakes that hide its server.state")
      }
      let json = try ControlClient(path: ControlPath.socket(in: state)).plan().json
      if format == .json { printJSON(json) }
      guard let out else { return }
      do {
        try Files.save(json, to: out, from: [path])
      } catch let error as FileAccess.ReadError {
        throw Failure("cannot write \(out): \(error.reason)")
      }
    }
  }

  private func show(_ plan: Plan, _ config: CompiledConfig) throws {
    let version = try PlanVersion(
      plan, config.result.provenance, rules: config.result.rules,
      expectations: config.result.expectations)
    let previous: Previous
    do throws(Failure) {
      previous = try self.previous(plan)
    } catch {
      if format == .sarif { print(config.sarif(version: Ocean.version), terminator: "") }
      throw error
    }
    let heading = previous.heading(on: screen.output)
    let diff = previous.version.map { old in
      Progress.showing("comparing plans", on: screen.errors) { _ in
        PlanDiff(from: old, to: version, at: SystemClock.wall.seconds).withTLS().withMailboxes()
      }
    }
    let preview = diff.map {
      PreviewText(
        $0, heading: heading, live: previous.live, sessions: sessions,
        expectations: config.result.expectations.isEmpty ? nil : config.holding,
        on: screen.output)
    }
    let saved = try PlanFile(
      plan: plan, inputs: config.result.inputs, provenance: config.result.provenance,
      rules: config.result.rules, expectations: config.result.expectations, against: diff)
    // Connected clients are shown, but not saved.
    var shown = saved
    shown.against = preview?.diff
    switch format {
    case .human, .github:
      let text =
        preview.map { "\($0.text) Nothing was applied." }
        ?? heading.joined(separator: "\n") + "\n\n"
        + PlanText(plan, saved.digest, config, on: screen.output).text
      if format == .human {
        print(text)
      } else {
        if let (notes, sources) = preview?.diff.notes {
          print(DiagnosticRenderer.github(notes, in: sources), terminator: "")
        }
        let last = text.split(separator: "\n").last.map(String.init) ?? ""
        print(DiagnosticRenderer.githubNotice(last), terminator: "")
      }
    case .json: printJSON(try shown.json)
    case .sarif: print(config.sarif(version: Ocean.version, with: preview?.diff), terminator: "")
    case .markdown: print(report(preview?.diff, version, previous, config).markdown, terminator: "")
    case .html: print(report(preview?.diff, version, previous, config).html, terminator: "")
    }
    if let out {
      do {
        try Files.save(try saved.json, to: out, from: config.loaded.factRequest.readFiles)
      } catch let error as FileAccess.ReadError {
        throw Failure("cannot write \(out): \(error.reason)")
      }
      if format == .human {
        print("Saved to \(out); apply it with: ocean apply \(Files.absolute(out).shellQuoted)")
      }
    }
    guard let diff = preview?.diff else { return }
    try diff.exit(failOn: failOn, only: only)
  }

  /// - Parameter diff: nil if there is nothing to compare with: then everything is new.
  private func report(
    _ diff: PlanDiff?, _ version: PlanVersion, _ previous: Previous, _ config: CompiledConfig
  ) -> ChangeReport {
    var context = ChangeReport.Context(against: previous.words, new: config.path, version: Ocean.version)
    context.inputs = previous.live?.inputsText
    context.oldSources = previous.sources
    context.newSources = config.loaded.sources
    if !config.result.expectations.isEmpty { context.holding = config.holding }
    return ChangeReport(diff ?? PlanDiff(from: nil, to: version), context)
  }

  /// The plan that the new one is compared with.
  private enum Previous {
    /// Nothing to compare with, and why.
    case nothing(String)
    case plan(PlanVersion, name: String, sources: SourceSet?)
    case server(LiveComparison)

    var version: PlanVersion? {
      switch self {
      case .nothing: nil
      case .plan(let version, _, _): version
      case .server(let live): PlanVersion(live.running)
      }
    }

    var live: LiveComparison? { if case .server(let live) = self { live } else { nil } }

    /// The config that the plan was made from, if it was made now.
    var sources: SourceSet? { if case .plan(_, _, let sources) = self { sources } else { nil } }

    var words: String {
      switch self {
      case .nothing(let reason): "nothing: \(reason)"
      case .plan(_, let name, _): name
      case .server(let live): live.againstText
      }
    }

    func heading(on screen: Screen) -> [String] {
      switch self {
      case .nothing, .plan: screen.field("against", words.escapedForDisplay)
      case .server(let live): LiveText(comparison: live, on: screen).heading
      }
    }
  }

  private func previous(_ plan: Plan) throws(Failure) -> Previous {
    if against == "none" { return .nothing("--against none") }
    // A plan for another host has nothing to do with what runs on this one.
    if facts != nil && against == nil { return .nothing("the facts are from another host") }
    if let against, against.isDigest || !Files.isSocket(against) {
      let loaded = try LoadedPlan(asking: against, on: screen.errors) { () throws(Failure) in
        plan.server.state
      }
      return .plan(
        loaded.version, name: "\(loaded.path), \(loaded.version.digest.short)",
        sources: loaded.config?.loaded.sources)
    }
    do {
      return .server(
        try LiveComparison(ControlClient(path: against ?? ControlPath.socket(in: plan.server.state))))
    } catch {
      guard against == nil else { throw error }
      if error.kind == .noServer { return .nothing("no server runs on \(plan.server.state)") }
      // A server may be running, but its plan is not known.
      if failOn != nil || only != nil {
        throw Failure("\(failOn != nil ? "--fail-on" : "--only") cannot be judged: \(error.message)")
      }
      if format != .human {
        printSentence("not compared with a running server: \(error.message)", style: .warning)
      }
      return .nothing(error.message)
    }
  }
}
