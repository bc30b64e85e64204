import ArgumentParser

struct Import: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Take over the config or the mail of another server.",
    subcommands: [Dovecot.self, Cyrus.self])
}
