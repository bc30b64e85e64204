import ArgumentParser
import OceanBase
import OceanCompiler
import OceanHost
import OceanPlan
import OceanReport
import OceanSyntax

struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show what the running server is doing.",
    discussion: "Exits with 0, or with 1 if no server answers.")

  @OptionGroup var config: ConfigArgument

  @OptionGroup var control: ControlOptions

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    try ControlOptions.run {
      let client = try control.client(config.asOption)
      let status = try client.status()
      try control.show(
        status,
        StatusText(status, on: screen.output, now: SystemClock.wall.seconds) {
          try? client.plan()
        }
        .text)
    }
  }
}
