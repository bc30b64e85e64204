import ArgumentParser
import Glibc
import OceanCompiler
import OceanPlan
import OceanSyntax

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "What would run? Shows the plan that a config compiles to. Changes nothing.",
    discussion: "Exits with 0, or with 1 if there is an error.")

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case human
    case json
    case sarif
    case github
  }

  @Argument(help: "The config file.")
  var file: String

  @Option(help: ArgumentHelp("Save the plan, for 'ocean serve' to run it.", valueName: "path"))
  var out: String?

  @Option(help: "human or json; sarif and github print the diagnostics.")
  var format = Format.human

  @Option(help: ArgumentHelp("Use the facts in this file, not this host's.", valueName: "path"))
  var facts: String?

  func run() throws {
    let config: CompiledConfig
    do {
      config = try CompiledConfig(file, factsPath: facts)
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

    let saved = try PlanFile(plan: plan, inputs: config.result.inputs, provenance: config.result.provenance)
    switch format {
    case .human: print(PlanText(plan, saved.digest, config).text)
    case .json: printBytes(try saved.json)
    case .sarif: break
    case .github:
      let last = PlanText(plan, saved.digest, config).text.split(separator: "\n").last
      print(DiagnosticRenderer.githubNotice(last.map(String.init) ?? ""), terminator: "")
    }
    guard let out else { return }
    do {
      try Files.writePrivately(try saved.json, to: out)
    } catch let error as FileAccess.ReadError {
      printError("ocean: cannot write \(out): \(error.reason)")
      throw ExitCode(1)
    }
    if format == .human { print("Saved to \(out); run it with: ocean serve \(out)") }
  }
}
