import ArgumentParser
import OceanControlAPI
import OceanReport

struct Kick: ParsableCommand {
  static let configuration = CommandConfiguration(
    "kick", "End sessions of the running server. No message is removed.",
    usage: """
      ocean kick [<file>] <id> ... [<options>]
      ocean kick [<file>] --user <user> [<options>]
      ocean kick [<file>] --peer <address> [<options>]
      """,
    exits: [
      0: "sessions were ended", 1: "there was no such session, or no server answers", 2: "wrong usage",
    ], example: "ocean kick --user anna@example.org")

  @Argument(
    help: ArgumentHelp("The config, as with --config, and the ids of sessions: numbers.", valueName: "id"))
  var targets: [String] = []

  @Option(help: "End the sessions of this user, written as 'ocean sessions' shows it.")
  var user: String?

  @Option(help: "End the sessions from this address.")
  var peer: String?

  @OptionGroup var config: ConfigOption

  @OptionGroup var control: ControlOptions

  @OptionGroup var screen: ScreenOptions

  private var ids: Set<UInt64> { Set(targets.compactMap(UInt64.init)) }
  private var files: [String] { targets.filter { UInt64($0) == nil } }

  func validate() throws {
    if files.count > 1 { throw ValidationError("'\(files[1])' is not a session's id.") }
    try config.mustAgree(with: files.first)
    _ = try selection()
  }

  func run() throws {
    let selection = try selection()
    try reporting {
      let result = try control.client(config.or(files.first)).kick(selection)
      try control.show(result, SessionsText.text(of: result, asked: ids))
      if result.ended.isEmpty { throw ExitCode(1) }
    }
  }

  private func selection() throws -> SessionSelection {
    let selections = try [
      ids.isEmpty ? nil : .ids(ids), user.map(SessionSelection.init(user:)),
      peer.map(SessionSelection.init(peer:)),
    ].compactMap(\.self)
    guard let selection = selections.first, selections.count == 1 else {
      throw ValidationError("Give ids of sessions, or --user, or --peer.")
    }
    return selection
  }
}
