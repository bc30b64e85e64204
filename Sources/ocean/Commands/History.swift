import ArgumentParser
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

  @OptionGroup var config: ConfigArgument

  @OptionGroup var control: ControlOptions

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    try ControlOptions.run {
      let history = try control.client(config.asOption).history()
      try control.show(history, HistoryText.text(of: history, on: screen.output))
    }
  }
}
