import ArgumentParser
import OceanControlAPI
import OceanHost
import OceanSyntax

struct Confirm: ParsableCommand {
  static let configuration = CommandConfiguration(
    "confirm", "Keep the plan that waits to be confirmed.",
    exits: [0: "it stays", 1: "no such plan waits, or no server answers", 2: "wrong usage"],
    example: "ocean confirm c5197d")

  @Argument(help: "Its digest, six digits at least.")
  var plan: String

  @OptionGroup var config: ConfigArgument

  @OptionGroup var control: ControlOptions

  @OptionGroup var screen: ScreenOptions

  func validate() throws {
    guard !plan.isDigest else { return }
    let name = plan.escapedForDisplay
    guard plan.isFile else {
      throw ValidationError(
        "'\(name)' is not a plan's digest, which has six hexadecimal digits at least; 'ocean status' names the plan that waits."
      )
    }
    let file = Files.absolute(plan).shellQuoted
    if let digest = config.named, digest.isDigest {
      throw ValidationError("The digest comes first: ocean confirm \(digest) -c \(file)")
    }
    throw ValidationError(
      """
      '\(name)' is a file, and what is confirmed is a plan: ocean confirm DIGEST -c \(file)
      'ocean status -c \(file)' names the plan that waits.
      """)
  }

  func run() throws {
    try reporting {
      let report = try control.client(config.asOption).confirm(ConfirmRequest(plan: plan))
      try control.show(report, "confirmed \(report.to.short)")
    }
  }
}
