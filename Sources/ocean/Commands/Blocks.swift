import ArgumentParser
import OceanCompiler
import OceanPlan
import OceanReport

struct Blocks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "blocks", abstract: "List the addresses that anti-hammering blocks now.",
    discussion: "Exits with 0, or with 1 if no server answers.",
    aliases: ["bans"])

  @OptionGroup var config: ConfigArgument

  @OptionGroup var control: ControlOptions

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    try ControlOptions.run {
      let list = try control.client(config.asOption).blocks()
      try control.show(list, BlocksText.text(of: list, on: screen.output))
    }
  }
}
