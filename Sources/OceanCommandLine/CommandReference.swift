import ArgumentParser
import OceanHost

extension CommandTree {
  /// The document about all commands, docs/cli.md.
  package var reference: String {
    let commands = commands
    let rows = commands.map { name, type in
      "| [\(name)](#\(String(name.map { $0 == " " ? "-" : $0 }))) | \(type.configuration.abstract) |"
    }
    let table = (["| command | |", "|---|---|"] + rows).joined(separator: "\n")
    return ([Self.head + table] + commands.map(section)).joined(separator: "\n\n") + "\n"
  }

  /// A command's help in 80 columns. What the command does is a sentence above it.
  private func section(_ name: String, _ command: any ParsableCommand.Type) -> String {
    let help = root.helpMessage(for: command, columns: 80).split(separator: "\n\n", maxSplits: 1)
    var lines = (help.last ?? "").split(separator: "\n", omittingEmptySubsequences: false)
    while lines.last?.isEmpty == true { lines.removeLast() }
    lines = lines.flatMap { $0.hasPrefix("USAGE: ") ? Self.wrapped($0) : [$0] }
    return "## \(name)\n\n\(command.configuration.abstract)\n\n```text\n\(lines.joined(separator: "\n"))\n```"
  }

  /// The lines of a usage, which help prints as one.
  private static func wrapped(_ usage: Substring) -> [Substring] {
    var lines: [String] = []
    for part in usage.split(separator: " [") {
      let text = lines.isEmpty ? String(part) : " [\(part)"
      if let last = lines.last, last.count + text.count <= 80 {
        lines[lines.count - 1] += text
      } else {
        lines.append(lines.isEmpty ? text : "   \(text)")
      }
    }
    return lines.map { $0[...] }
  }

  /// What holds for all commands.
  static let notes = [
    """
    **The config** is an argument or `-c FILE`, and \(Files.standardConfig) without. Most commands take a saved plan in its
    place (`ocean plan --out`): all but `check`, `plan` and `facts`, which need the config itself. For `check`, `plan`
    and `diff`, `-` is a config from standard input.
    """,
    "**A server is found** by the config's `server.state`, or by `--socket`.",
    "**Wrong usage** exits with 2; with 1 if it is of `plan`, `diff` or `replay`, where 2 says that something changes.",
    """
    **Formats** for programs are `--format json`, and others where they are listed. Errors go to standard error. Colours
    are for terminals, unless `--color` or `NO_COLOR` says otherwise.
    """,
  ]

  private static let head = """
    # Commands

    `ocean schema --cli` writes this file, which is what `ocean help COMMAND` says of each command.

    \(notes.map { "- \($0.split(separator: "\n").joined(separator: "\n  "))\n" }.joined())

    """
}
