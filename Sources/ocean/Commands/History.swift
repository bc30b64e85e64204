import ArgumentParser
import Glibc
import OceanClient
import OceanCompiler
import OceanHost
import OceanPlan
import OceanReport
import OceanSyntax

struct History: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "List the plans that were confirmed.",
    discussion: "Exits with 0, or with 1 if no server answers.")

  @Argument(help: "The config file (default: \(ControlOptions.defaultFile)).")
  var file: String?

  @OptionGroup var control: ControlOptions

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    try ControlOptions.run {
      let history = try control.client(file: file).history()
      try control.show(history, HistoryText.text(of: history, on: screen.output))
    }
  }
}
