package import ArgumentParser
import OceanSyntax

/// The commands of a program, as they are declared.
package struct CommandTree {
  let root: any ParsableCommand.Type
  private let elsewhere: [String: String]

  /// - Parameters:
  ///   - root: the program, whose subcommands are its commands.
  ///   - elsewhere: words that are commands of other programs, and what to do instead.
  package init(_ root: any ParsableCommand.Type, elsewhere: [String: String] = [:]) {
    (self.root, self.elsewhere) = (root, elsewhere)
  }

  /// The command that a command line means, as `parseAsRoot` finds it.
  ///
  /// The parser describes every command that it passes, several times, which takes longer than to check a small config.
  /// So the command that the first word names reads the other words alone. Whatever it does not understand, such as a
  /// mistake, a request for help or the version, is left to the whole program.
  package func parse(_ words: [String]) throws -> any ParsableCommand {
    guard let first = words.first, let command = Self.subcommand(first, of: root),
      let found = try? command.parseAsRoot(Array(words.dropFirst())), Self.isBelow(command, type(of: found))
    else { return try root.parseAsRoot(words) }
    return found
  }

  /// All commands, a group before those in it, with their names: `ocean cert new`.
  package var commands: [(name: String, type: any ParsableCommand.Type)] {
    Self.commands(below: root, named: Self.name(of: root))
  }

  /// - Throws: if a word stands where a command is expected but is not a command. The parser would take it,
  ///   and what follows it, for arguments.
  package func check(_ words: [String]) throws {
    var command = root
    for word in words {
      if word == "help" { continue }
      let subcommands = command.configuration.subcommands
      guard !subcommands.isEmpty, !word.hasPrefix("-") else { return }
      guard let subcommand = Self.subcommand(word, of: command) else {
        if command == root, let instead = elsewhere[word] {
          throw ValidationError("There is no command '\(word)': \(instead).")
        }
        let names = subcommands.map(Self.name)
        let meant = closestMatch(word, among: names).map { "did you mean '\($0)'?" }
        throw ValidationError(
          "There is no command '\(word.escapedForDisplay)'; \(meant ?? "there are \(names.joined(separator: ", ")).")"
        )
      }
      command = subcommand
    }
  }

  private static func subcommand(
    _ word: String, of command: any ParsableCommand.Type
  ) -> (any ParsableCommand.Type)? {
    command.configuration.subcommands.first {
      name(of: $0) == word || $0.configuration.aliases.contains(word)
    }
  }

  /// Whether `other` is the command, or is below it. The parser has commands of its own, such as its help.
  private static func isBelow(
    _ command: any ParsableCommand.Type, _ other: any ParsableCommand.Type
  ) -> Bool {
    command == other || command.configuration.subcommands.contains { isBelow($0, other) }
  }

  private static func name(of command: any ParsableCommand.Type) -> String {
    command.configuration.commandName ?? String(describing: command).lowercased()
  }

  private static func commands(
    below command: any ParsableCommand.Type, named name: String
  ) -> [(name: String, type: any ParsableCommand.Type)] {
    command.configuration.subcommands.flatMap { subcommand in
      let name = "\(name) \(Self.name(of: subcommand))"
      return [(name, subcommand)] + commands(below: subcommand, named: name)
    }
  }
}
