import ArgumentParser
import OceanReport

struct Blocks: ParsableCommand {
  static let configuration = CommandConfiguration(
    "blocks", "List the addresses that anti-hammering blocks now.",
    exits: [0: "they are listed", 1: "no server answers", 2: "wrong usage"], example: "ocean blocks",
    aliases: ["bans"])

  @OptionGroup var config: ConfigArgument

  @OptionGroup var control: ControlOptions

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    try reporting {
      let list = try control.client(config.asOption).blocks()
      let server = ServerName(socket: control.socket, config: config.named)
      try control.show(list, BlocksText.text(of: list, server: server, on: screen.output))
    }
  }
}
