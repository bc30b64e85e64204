import ArgumentParser
import Glibc
import OceanCompiler
import OceanPlan
import OceanReport

struct Bans: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Which addresses does anti-hammering block now?",
    discussion: "Exits with 0, or with 1 if no server answers.")

  @Argument(help: "The config file (default: \(ControlOptions.defaultFile)).")
  var file: String?

  @OptionGroup var control: ControlOptions

  func run() throws {
    try ControlOptions.run {
      let list = try control.client(file: file).blocks()
      try control.show(list, BlocksText.text(of: list, color: Terminal.hasColor(STDOUT_FILENO)))
    }
  }
}
