import ArgumentParser
import OceanChange
import OceanControlAPI
import OceanHost
import OceanReport

struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    "serve", "Run a config, or a plan that 'ocean plan --out' saved.",
    discussion: """
      SIGHUP compiles the config again and applies it; a config with mistakes changes nothing. SIGTERM stops the \
      server once its sessions have ended, a second one at once.
      """,
    exits: [0: "it was stopped", 1: "it failed", 2: "wrong usage"], example: "ocean serve ocean.yaml")

  @OptionGroup var config: ConfigArgument

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    try reporting {
      do {
        try Server.run({ try config.path }, program: .own, on: screen.errors)
      } catch let error as Failure {
        throw error
      } catch {
        throw Failure("\(error)")
      }
    }
  }
}
