import ArgumentParser
import Glibc
import OceanClient
import OceanControlAPI
import OceanHost
import OceanPlan
import OceanReport

struct Apply: ParsableCommand {
  static let configuration = CommandConfiguration(
    "apply", "Apply a config, or a saved plan, to the running server.",
    discussion: """
      Shows what 'ocean plan' shows, asks on a terminal, and does exactly that: all of it or nothing.
      """,
    exits: [
      0: "it runs, or ran already", 1: "it failed, or the answer was no", 2: "wrong usage",
      4: "it was made for another plan than runs, or none, and nobody can be asked",
    ], example: "ocean apply --confirm-within 5m ocean.yaml")

  @OptionGroup var config: ConfigArgument

  @Option(
    help: ArgumentHelp(
      "Revert it after this time, like 5m, unless 'ocean confirm' comes first.", valueName: "time"),
    transform: ConfirmationTime.init)
  var confirmWithin: ConfirmationTime?

  @Option(help: "What to do with sessions that the new plan would not let in: keep, drain or end.")
  var sessions = SessionTreatment.keep

  @Option(
    help: ArgumentHelp(
      "Apply even if the expectation at this place, like ocean.yaml:20, is broken.", valueName: "place"))
  var override: [String] = []

  @Option(
    help: ArgumentHelp(
      "Why, for 'ocean history': at most \(ChangeComment.limit) characters.", valueName: "text"),
    transform: ChangeComment.init(argument:))
  var comment: ChangeComment?

  @Flag(help: "Do not ask; also apply a saved plan that was compared with nothing.")
  var yes = false

  @OptionGroup var probe: ProbeOptions

  @OptionGroup var control: ControlOptions

  @OptionGroup var screen: ScreenOptions

  func validate() throws {
    guard let file = config.named else { return }
    if file == Files.standardInput {
      throw ValidationError(
        "Only a file can be applied: 'ocean status' names it and compares it with what runs.")
    }
    if file.isDigest, !file.isFile {
      throw ValidationError(
        "There is no file \(file); if it is the digest of an earlier plan, go back to that with: ocean rollback \(file)"
      )
    }
  }

  func run() throws {
    try reporting {
      var wishes = PlannedApply.Wishes()
      wishes.login = try probe.login()
      (wishes.probes, wishes.sessions) = (probe.probe, sessions)
      (wishes.confirmSeconds, wishes.comment) = (confirmWithin?.seconds, comment)
      let loaded = try LoadedPlan(try config.path, overriding: Set(override), on: screen.errors)
      let socket = control.socket ?? ControlPath.socket(in: loaded.plan.server.state)
      let apply = try PlannedApply(
        loaded, ControlClient(path: socket), wishes, on: screen.output, errors: screen.errors)
      if !apply.preview.isEmpty {
        if control.format == .human { print(apply.preview.text) }
        try ask(about: apply.warning)
        if control.format == .human { print("") }
      }
      let applied = try apply.run()
      let server = ServerName(control, socket: socket, config: loaded)
      try control.show(applied, applied.text(of: server, on: screen.output))
    }
  }

  /// Asks the person at the terminal, if there is one.
  ///
  /// - Parameter warning: why a person must have seen the changes; nil if a script may apply them.
  /// - Throws: if the answer is not yes.
  private func ask(about warning: String?) throws(Failure) {
    guard !yes else { return }
    guard control.format == .human, Question.isPossible else {
      guard let warning else { return }
      throw Failure("\(warning); nothing was applied. With --yes they are applied all the same", .stale)
    }
    try Question.ask()
  }
}
