import ArgumentParser
import OceanSyntax

struct Import: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a config out of another server's.", subcommands: [Dovecot.self])
}
