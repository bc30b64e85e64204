import ArgumentParser
import OceanBase
import OceanReport

struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    "status", "Show what the running server is doing.",
    exits: [0: "it is shown", 1: "no server answers", 2: "wrong usage"], example: "ocean status")

  @OptionGroup var config: ConfigArgument

  @OptionGroup var control: ControlOptions

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    try reporting {
      let client = try control.client(config.asOption)
      let status = try client.status()
      try control.show(
        status,
        StatusText(status, on: screen.output, now: SystemClock.wall.seconds, program: .own) {
          try? client.plan()
        }.text)
    }
  }
}
