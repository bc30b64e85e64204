import ArgumentParser
import OceanHost
package import OceanReport

/// The pages of the manual about commands: ocean(1), and one for each command, from what `ocean help COMMAND` says.
package struct CommandManual {
  private let tree: CommandTree
  private let edition: ManualPage.Edition
  private let commands: [(name: String, type: any ParsableCommand.Type)]

  package init(_ tree: CommandTree, _ edition: ManualPage.Edition) {
    (self.tree, self.edition) = (tree, edition)
    commands = tree.commands
  }

  package var pages: [ManualPage] { [overview] + commands.map(page) }

  private var overview: ManualPage {
    var page = ManualPage(
      "ocean", 1, edition, summary: "POP3 server that shows a change of its config before it is made")
    page.heading("Synopsis")
    page.markup(
      "\(ManualPage.bold("ocean")) \(ManualPage.italic("command")) [\(ManualPage.italic("arguments"))]")
    page.heading("Description")
    page.paragraph(tree.root.configuration.abstract)
    for note in CommandTree.notes { page.point(note) }
    page.heading("Commands")
    for (name, command) in commands {
      page.entry(Self.reference(name), command.configuration.abstract)
    }
    page.heading("Files")
    page.entry(ManualPage.bold(Files.standardConfig), "The config, if a command names no other.")
    page.entry(
      ManualPage.bold("/var/lib/ocean"),
      "What the server keeps, unless `server.state` is another directory; `control.sock` in it is for commands."
    )
    page.heading("Environment")
    page.entry(ManualPage.bold("NO_COLOR"), "If it is set and not empty, output for people is not coloured.")
    page.entry(ManualPage.bold("COLUMNS"), "How wide output on a terminal is.")
    page.seeAlso(("ocean.yaml", 5), ("ocean-codes", 7))
    return page
  }

  private func page(_ name: String, _ command: any ParsableCommand.Type) -> ManualPage {
    let help = CommandHelp(command, of: tree.root)
    var page = ManualPage(Self.file(name), 1, edition, summary: Self.summary(command.configuration.abstract))
    page.heading("Synopsis")
    page.markup(Self.markup(help.usage))
    page.heading("Description")
    page.paragraph(command.configuration.abstract)
    for paragraph in help.discussion { page.paragraph(paragraph) }
    for part in help.parts {
      page.heading(part.title == "SUBCOMMANDS" ? "Commands" : part.title)
      for entry in part.entries {
        page.entry(
          part.title == "SUBCOMMANDS"
            ? Self.reference("\(name) \(entry.label.prefix { $0 != " " })") : Self.markup(entry.label),
          entry.text)
      }
    }
    if !help.exits.isEmpty {
      page.heading("Exit status")
      for exit in help.exits { page.entry(ManualPage.bold(exit.code), exit.meaning) }
    }
    if let example = help.example {
      page.heading("Example")
      page.example(example)
    }
    page.seeAlso(related(to: name))
    return page
  }

  /// The overview, the group of the command, and the other commands in it.
  private func related(to name: String) -> [(name: String, section: Int)] {
    let group = name.split(separator: " ").dropLast().joined(separator: " ")
    let names =
      group == "ocean"
      ? ["ocean"] : ["ocean", group] + commands.map(\.name).filter { $0.hasPrefix(group + " ") }
    return names.filter { $0 != name }.map { (Self.file($0), 1) } + [("ocean.yaml", 5)]
  }

  private static func file(_ command: String) -> String { String(command.map { $0 == " " ? "-" : $0 }) }

  private static func reference(_ command: String) -> String { ManualPage.reference(file(command), 1) }

  /// The first sentence, as `apropos` lists it.
  private static func summary(_ abstract: String) -> String {
    let sentence = abstract.prefix { $0 != "." }
    return sentence.prefix(1).lowercased() + sentence.dropFirst()
  }

  /// Words that are written as they stand in bold, and what stands for something else in italics.
  private static func markup(_ text: some StringProtocol) -> String {
    var result = ""
    var word = ""
    func flush() {
      if !word.isEmpty { result += ManualPage.bold(word) }
      word = ""
    }
    var rest = text[...]
    while let character = rest.popFirst() {
      switch character {
      case "<":
        flush()
        result += ManualPage.italic(rest.prefix { $0 != ">" })
        rest = rest.drop { $0 != ">" }.dropFirst()
      case "[", "]", "|", " ", ",", "(", ")":
        flush()
        result += String(character)
      default: word.append(character)
      }
    }
    flush()
    return result
  }
}

/// What `ocean help COMMAND` says, in its parts.
private struct CommandHelp {
  private(set) var usage = ""
  private(set) var discussion: [String] = []
  private(set) var exits: [(code: String, meaning: String)] = []
  private(set) var example: String?
  private(set) var parts: [(title: String, entries: [(label: String, text: String)])] = []

  /// - Parameter root: the program that the command belongs to.
  init(_ command: any ParsableCommand.Type, of root: any ParsableCommand.Type) {
    for paragraph in command.configuration.discussion.split(separator: "\n\n").map(String.init) {
      if paragraph.hasPrefix("Exit codes:\n") {
        exits = paragraph.split(separator: "\n").dropFirst().map { line in
          let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
          return (String(words.first ?? ""), String((words.last ?? "").drop { $0 == " " }))
        }
      } else if paragraph.hasPrefix("Example:\n  ") {
        example = String(paragraph.dropFirst("Example:\n  ".count))
      } else {
        discussion.append(paragraph)
      }
    }
    // No line is broken.
    for line in root.helpMessage(for: command, columns: 100_000).split(separator: "\n") {
      if line.hasPrefix("USAGE: ") {
        usage = String(line.dropFirst("USAGE: ".count))
      } else if line.hasSuffix(":"), ["ARGUMENTS:", "OPTIONS:", "SUBCOMMANDS:"].contains(line) {
        parts.append((String(line.dropLast()), []))
      } else if !parts.isEmpty {
        add(line)
      }
    }
  }

  /// A label, its text two spaces behind it or in the next line, far to the right; or a remark that is not indented.
  private mutating func add(_ line: Substring) {
    let part = parts.count - 1
    if line.hasPrefix("   "), let last = parts[part].entries.indices.last {
      let text = parts[part].entries[last].text
      parts[part].entries[last].text = (text.isEmpty ? "" : "\(text) ") + line.drop { $0 == " " }
    } else if line.hasPrefix("  ") {
      let rest = line.dropFirst(2)
      var end = rest.startIndex
      while end < rest.endIndex, !rest[end...].hasPrefix("  ") { end = rest.index(after: end) }
      parts[part].entries.append((String(rest[..<end]), String(rest[end...].drop { $0 == " " })))
    }
  }
}
