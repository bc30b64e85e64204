import ArgumentParser
import CLinux
import OceanHost
import OceanPlan
import OceanReport
import OceanSyntax
import OceanWebReport

struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    "diff", "Show what would change from one config, or saved plan, to another. Changes nothing.",
    discussion: """
      A name of six hexadecimal digits or more is a plan that 'ocean history' lists; a file of such a name is ./NAME. \
      --config names the config of the server that keeps it.
      """,
    exits: [
      0: "no effect; with --only and --prove: it is so", 1: "an error, or wrong usage",
      2: "something changes",
      3: "a change that --fail-on names, or --only does not; it is not proved",
    ], example: "ocean diff --prove no-wider old.yaml ocean.yaml")

  @Argument(
    help: ArgumentHelp(
      "The old config or saved plan, or the digest of a plan that the server keeps; - for a config from standard input."
    ), completion: .file())
  var old: String

  @Argument(help: "The new config or saved plan, likewise.", completion: .file())
  var new: String

  @Option(
    help: ArgumentHelp(
      "Exit with 3 for changes of these classes, separated by commas, or for what is weakened.",
      valueName: "classes"))
  var failOn: FailOn?

  @Option(
    help: ArgumentHelp(
      "Exit with 0 if all changes are of these classes, with 3 if not.", valueName: "classes"))
  var only: ClassList?

  @Option(
    help: ArgumentHelp(
      "Prove something for every client: no-effect (nobody is treated otherwise) or no-wider (nobody can do more).",
      valueName: "claim"))
  var prove: Claim?

  @Option(
    help: ArgumentHelp(
      "human, json, sarif, github for annotations of GitHub Actions, markdown for a comment on a pull request, or html for a page."
    ))
  var format = ChangeFormat.human

  @OptionGroup var config: ConfigOption

  @Option(
    help: ArgumentHelp("Use the facts in this file for configs, not this host's.", valueName: "path"),
    completion: .file())
  var facts: String?

  @OptionGroup var screen: ScreenOptions

  func validate() throws {
    guard prove == nil || failOn == nil && only == nil else {
      throw ValidationError("--prove has exit codes of its own: it cannot be used with --fail-on or --only")
    }
  }

  func run() throws {
    linux_keep_memory()
    let (before, after) = try reporting { try plans() }
    let diff = Progress.showing("comparing plans", on: screen.errors) { _ in
      PlanDiff.onThisHost(from: before.version, to: after.version)
    }
    switch format {
    case .human: print(DiffText.whole(diff, on: screen.output))
    case .json: try diff.writeJSON(to: printJSON)
    case .sarif:
      let (notes, sources) = diff.notes
      print(DiagnosticRenderer.sarif(notes, in: sources, version: Ocean.version), terminator: "")
    case .github:
      let (notes, sources) = diff.notes
      print(DiagnosticRenderer.github(notes, in: sources), terminator: "")
    case .markdown: print(report(diff, before, after).markdown, terminator: "")
    case .html: print(report(diff, before, after).html, terminator: "")
    }
    let proof = prove.map { ProofText($0, about: diff) }
    // In other formats the answer is the exit code; the sentence must not be among the data.
    if let proof {
      if format == .human {
        print(proof.text(on: screen.output))
      } else {
        printError(proof.text(on: screen.errors))
      }
    }
    for plan in [before, after] { try plan.exitIfBroken(1) }
    if let proof { throw ExitCode(proof.isProved ? 0 : 3) }
    try diff.exit(failOn: failOn, only: only)
  }

  /// Loads both plans. What is wrong with the old one is printed first.
  private func plans() throws(Failure) -> (LoadedPlan, LoadedPlan) {
    func load(_ name: String) -> LoadedPlan.Unshown {
      LoadedPlan.quietly(asking: name, facts: facts, keptIn: state)
    }
    let (before, after) = Progress.showing("compiling \(old)", on: screen.errors) { _ in
      // If both are standard input, the first reads it all.
      old == new ? (load(old), load(new)) : inParallel({ load(old) }, { load(new) })
    }
    let plans = (try before.shown(on: screen.errors), try after.shown(on: screen.errors))
    if facts != nil, plans.0.config == nil, plans.1.config == nil {
      throw Failure("--facts is for configs, and both of these are saved plans")
    }
    return plans
  }

  private func report(_ diff: PlanDiff, _ before: LoadedPlan, _ after: LoadedPlan) -> ChangeReport {
    var context = ChangeReport.Context(
      against: "\(old), \(diff.from?.short ?? "")", new: new, version: Ocean.version)
    context.oldSources = before.config?.loaded.sources
    context.newSources = after.config?.loaded.sources
    return ChangeReport(diff, context)
  }

  /// The directory of the plans that digests name.
  private func state() throws(Failure) -> String {
    let file = try config.path
    guard let state = try PlanFile.state(in: file) else {
      throw Failure("\(file) has mistakes and names no server.state; give another config with --config")
    }
    return state
  }
}

extension Claim: ExpressibleByArgument {}
