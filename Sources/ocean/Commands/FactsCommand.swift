import ArgumentParser
import OceanCompiler
import OceanHost
import OceanReport
import OceanSyntax

struct FactsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    "facts", "Print what this host contributes to compiling a config, for 'check' and 'plan' elsewhere.",
    discussion: """
      Prints JSON without secrets. With --tar it answers for a config that is not here yet: nothing is unpacked.
      """,
    exits: [
      0: "they are printed", 1: "the config has mistakes that hide what it asks for, or it failed",
      2: "the config cannot be read, or wrong usage",
    ], example: "ocean facts ocean.yaml --out facts.json")

  @OptionGroup var config: ConfigArgument

  @Flag(
    help:
      "Read the config, and what it includes, from a tar archive on standard input, as if it held all of the config's directory."
  )
  var tar = false

  @Option(
    help: ArgumentHelp("Save the facts instead of printing them.", valueName: "path"), completion: .file())
  var out: String?

  @OptionGroup var screen: ScreenOptions

  func validate() throws {
    guard tar, config.named == Files.standardInput else { return }
    throw ValidationError("With --tar the config is named by the path that it has on this host.")
  }

  func run() throws {
    let config = try reporting(2) {
      let path = try self.config.path
      let archive = tar ? try Files.readArchive() : nil
      return try Progress.showing("reading what \(path) asks of this host", on: screen.errors) {
        _ throws(Failure) in
        try CompiledConfig(path, archive: archive)
      }
    }
    let mistakes = config.loaded.diagnostics.filter { $0.severity == .error }
    guard mistakes.isEmpty else {
      printError(DiagnosticRenderer.human(mistakes, in: config.loaded.sources, on: screen.errors))
      // A fleet is told the last line.
      let first = mistakes.first.map { ": \($0.message)" } ?? ""
      printError("\(counted(mistakes.count, "error")), no facts\(first)".escapedForDisplay)
      throw ExitCode(1)
    }
    for item in config.result.notChecked { printError("not among the facts: \(item)".escapedForDisplay) }

    let json = try config.factsFile.json
    guard let out else { return printJSON(json) }
    try reporting { try Files.write(json, to: out, from: config.loaded.factRequest.readFiles) }
  }
}
