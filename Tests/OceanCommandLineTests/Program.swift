import ArgumentParser
import OceanCommandLine

/// A program with a command, a group, and a version.
struct Program: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ocean", abstract: "A ship.", subcommands: [Sail.self, Cargo.self])

  static var tree: CommandTree { CommandTree(Self.self, elsewhere: ["stop": "drop the anchor"]) }

  @Flag(name: .customLong("version"))
  private var showsVersion = false

  func validate() throws {
    if showsVersion { throw CleanExit.message("ship 1") }
  }

  struct Sail: ParsableCommand {
    static let configuration = CommandConfiguration(
      "sail", "Sail to a port. Takes a while.", discussion: "In fair weather.\n\nIn any weather.",
      exits: [0: "it is there", 1: "it is lost"], example: "ocean sail --speed 3 Bergen", aliases: ["go"])

    @Argument(help: "The port.")
    var port: String

    @Option(help: ArgumentHelp("How fast.", valueName: "knots"))
    var speed = 5

    @Option(help: ArgumentHelp("Who steers.", valueName: "name of somebody"))
    var helmsman: String?

    @Option(help: ArgumentHelp("Who looks out.", valueName: "name of somebody else"))
    var lookout: String?
  }

  struct Cargo: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "cargo", abstract: "Load the ship.", subcommands: [Load.self, Unload.self])
  }

  struct Load: ParsableCommand {
    static let configuration = CommandConfiguration(
      "load", "Bring something aboard.", exits: [0: "it is aboard"], example: "ocean cargo load rum")

    @Argument var goods: String
  }

  struct Unload: ParsableCommand {
    static let configuration = CommandConfiguration(
      "unload", "Bring everything ashore.", exits: [0: "it is ashore"], example: "ocean cargo unload")
  }
}
