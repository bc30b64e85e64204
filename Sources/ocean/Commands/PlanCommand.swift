import ArgumentParser
import Glibc
import OceanCompiler
import OceanPlan
import OceanSyntax

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "What would run, and what would change? Changes nothing.",
    discussion: """
      Compares with the server that runs on the config's state directory, if one does. Exits with 0 if nothing would \
      change or there is nothing to compare with, 1 on errors, 2 if there are changes, 3 if one is of a class of --fail-on.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case human
    case json
    case sarif
    case github
  }

  @Argument(help: "The config file.")
  var file: String

  @Option(help: ArgumentHelp("Save the plan, for 'ocean apply' or 'ocean serve'.", valueName: "path"))
  var out: String?

  @Option(
    help: ArgumentHelp(
      "Compare with: none, a control socket, or another config or saved plan.", valueName: "what"))
  var against: String?

  @Option(
    help: ArgumentHelp("Exit with 3 for changes of these classes, separated by commas.", valueName: "classes")
  )
  var failOn: ClassList?

  @Option(help: "human or json; sarif and github print the diagnostics.")
  var format = Format.human

  @Option(help: ArgumentHelp("Use the facts in this file, not this host's.", valueName: "path"))
  var facts: String?

  @Option(
    help: ArgumentHelp(
      "Plan though the expectation at this place, like ocean.yaml:20, is broken.", valueName: "place"))
  var override: [String] = []

  func run() throws {
    let config: CompiledConfig
    do {
      config = try CompiledConfig(file, factsPath: facts, overriding: Set(override))
    } catch {
      printError("ocean: \(error.message)")
      throw ExitCode(1)
    }
    switch format {
    case .sarif: print(config.sarif, terminator: "")
    case .github: print(config.annotations, terminator: "")
    case .human, .json: break
    }
    // Annotations are shown in the log as well.
    let report = format == .github ? "" : config.report(color: Terminal.hasColor(STDERR_FILENO))
    guard let plan = config.result.plan else {
      printError(report + "\(config.reasonForNoPlan): no plan")
      throw ExitCode(1)
    }
    if !report.isEmpty { printError(report) }

    do {
      try show(plan, config)
    } catch let error as CommandError {
      printError("ocean: \(error.message)")
      throw ExitCode(1)
    }
  }

  private func show(_ plan: Plan, _ config: CompiledConfig) throws {
    let version = try PlanVersion(plan, config.result.provenance)
    let (old, live) = try previous(plan)
    let diff = old.map { PlanDiff(from: $0, to: version) }
    let saved = try PlanFile(
      plan: plan, inputs: config.result.inputs, provenance: config.result.provenance, against: diff)
    switch format {
    case .human, .github:
      let text = diff.map { self.text(of: $0, live, config) } ?? PlanText(plan, saved.digest, config).text
      if format == .human {
        print(text)
      } else {
        let last = text.split(separator: "\n").last.map(String.init) ?? ""
        print(DiagnosticRenderer.githubNotice(last), terminator: "")
      }
    case .json: printBytes(try saved.json)
    case .sarif: break
    }
    if let out {
      do {
        try Files.writePrivately(try saved.json, to: out)
      } catch let error as FileAccess.ReadError {
        throw CommandError("cannot write \(out): \(error.reason)")
      }
      if format == .human { print("Saved to \(out); apply it with: ocean apply \(out)") }
    }
    guard let diff else { return }
    var classes = diff.classes
    if let live, diff.hasEffect, !live.consequences(of: diff).couldNotComeBack.isEmpty {
      classes.insert(.sessionsEnded)
    }
    try diff.exit(failOn: failOn, classes: classes)
  }

  /// What to compare with; nil if there is nothing.
  private func previous(_ plan: Plan) throws(CommandError) -> (PlanVersion?, LiveComparison?) {
    // What was compiled for another host has nothing to do with what runs on this one.
    if against == "none" || (facts != nil && against == nil) { return (nil, nil) }
    if let against, !Files.isSocket(against) { return (try LoadedPlan(against).version, nil) }
    let socket = against ?? ControlAPI.socketPath(in: plan.server.state)
    if against == nil, !Files.isSocket(socket) { return (nil, nil) }
    let client = ControlClient(path: socket)
    do {
      let live = try LiveComparison(client)
      return (PlanVersion(live.running), live)
    } catch {
      // Left from a server that was killed, or not for this user: said, unless somebody asked for it.
      guard against == nil else { throw error }
      printError("ocean: not compared with a running server: \(error.message)")
      return (nil, nil)
    }
  }

  private func text(of diff: PlanDiff, _ live: LiveComparison?, _ config: CompiledConfig) -> String {
    let text = DiffText(diff: diff, color: Terminal.hasColor(STDOUT_FILENO))
    let liveText = live.map { LiveText(comparison: $0, diff: diff) }
    let changes = text.changes
    var lines = liveText?.heading ?? ["against   \(against ?? "")".escapedForDisplay]
    lines += [""] + changes.joined()
    if diff.hasEffect { lines += text.access + (liveText?.consequences ?? []) }
    if config.result.expectations > 0 { lines.append("expect    \(config.holding) hold") }
    lines += SSHGuard.warnings(diff)
    let count = diff.hasEffect ? counted(changes.count, "change") : "no effect"
    return (lines + ["", "plan \(diff.to.short): \(count). Nothing was applied."]).joined(separator: "\n")
  }
}
