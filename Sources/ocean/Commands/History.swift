import ArgumentParser
import OceanReport

struct History: ParsableCommand {
  static let configuration = CommandConfiguration(
    "history", "List the plans that were confirmed.",
    exits: [0: "they are listed", 1: "no server answers", 2: "wrong usage"], example: "ocean history")

  @OptionGroup var config: ConfigArgument

  @OptionGroup var control: ControlOptions

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    try reporting {
      let history = try control.client(config.asOption).history()
      try control.show(history, HistoryText.text(of: history, on: screen.output))
    }
  }
}
