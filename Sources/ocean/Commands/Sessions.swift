import ArgumentParser
import OceanAddresses
import OceanControlAPI
import OceanReport

struct Sessions: ParsableCommand {
  static let configuration = CommandConfiguration(
    "sessions", "List the sessions of the running server.",
    exits: [0: "they are listed", 1: "no server answers", 2: "wrong usage"],
    example: "ocean sessions --user anna@example.org")

  @OptionGroup var config: ConfigArgument

  @Option(help: "Only sessions of this user, written as 'ocean sessions' shows it.")
  var user: String?

  @Option(help: "Only sessions from this address.")
  var peer: String?

  @OptionGroup var control: ControlOptions

  @OptionGroup var screen: ScreenOptions

  func validate() throws {
    _ = try filter()
  }

  func run() throws {
    let filter = try filter()
    try reporting {
      var list = try control.client(config.asOption).sessions()
      list.sessions.removeAll { session in
        !filter.allSatisfy { $0.contains(session) }
      }
      try control.show(list, SessionsText.text(of: list.sessions, on: screen.output))
    }
  }

  private func filter() throws -> [SessionSelection] {
    try [user.map(SessionSelection.init(user:)), peer.map(SessionSelection.init(peer:))].compactMap(\.self)
  }
}

extension SessionSelection {
  init(peer: String) throws {
    guard let address = try? IPAddress(parsing: peer) else {
      throw ValidationError("'\(peer)' is not an IP address.")
    }
    self = .peer(address)
  }
}
