import ArgumentParser
import Testing

@testable import ocean

/// Tests that a command reads its words as it does below `ocean`, which goes through all commands.
struct ParsedCommandTests {
  /// Words after a command's name; some are right for some of them, and wrong for most.
  private static let words = [
    [], ["ocean.yaml"], ["a", "b", "c", "d", "e"], ["--help"], ["-V"], ["-c", "ocean.yaml"], ["--", "-V"],
    ["--nonsense"],
  ]
  private static let moreWords = [
    ["-"], ["-h"], ["help"], ["ocean.yaml", "--help"], ["--version"], ["--version", "ocean.yaml"],
    ["-c", "-V"],
    ["--config", "--version"], ["--", "--help"], ["-cV"], ["-c=a"], ["--config=a"], ["-x", "ocean.yaml"],
    ["--format", "json"], ["--format", "nonsense"], ["--json"], ["--color", "never", "ocean.yaml"], ["check"],
    ["--help-hidden"], ["---completion", "check"], [""], ["--"], ["-c"],
  ]

  @Test(arguments: Ocean.tree.commands.map(\.name))
  func `a command reads its words as all of ocean does`(_ name: String) throws {
    let command = try #require(Ocean.tree.commands.first { $0.name == name })
    let path = name.split(separator: " ").dropFirst().map(String.init)
    let example = command.type.configuration.discussion.split(separator: "\n").last {
      $0.hasPrefix("  \(name)")
    }
    let own = example.map { [$0.dropFirst(name.count + 2).split(separator: " ").map(String.init)] } ?? []
    #expect(!own.isEmpty || !command.type.configuration.subcommands.isEmpty, "an example of \(name)")
    for words in own + Self.words + (name == "ocean plan" ? Self.moreWords : []) {
      let line = path + words
      #expect(result { try Ocean.tree.parse(line) } == result { try Ocean.parseAsRoot(line) }, "\(line)")
    }
    for words in own where !words.isEmpty {
      #expect(result { try Ocean.tree.parse(path + words + ["--version"]) }.hasPrefix("ocean 0."))
    }
  }

  @Test(arguments: [
    [], ["nonsense"], ["--version"], ["-V", "check"], ["help"], ["help", "check"], ["help", "cert", "new"],
    ["--help"], ["check", "check"], ["--", "check"], ["---completion", "check", "--", "--explain", "0"],
    ["cert", "new", "--generate-completion-script", "bash"], ["check", "--experimental-dump-help"],
  ])
  func `what no command begins is read by ocean itself`(_ line: [String]) {
    #expect(result { try Ocean.tree.parse(line) } == result { try Ocean.parseAsRoot(line) })
  }

  /// All that is seen of a command or a mistake.
  private func result(_ parse: () throws -> any ParsableCommand) -> String {
    do {
      var text = ""
      dump(try parse(), to: &text)
      return text
    } catch {
      return "\(Ocean.fullMessage(for: error, columns: 80)) \(Ocean.exitCode(for: error))"
    }
  }
}
