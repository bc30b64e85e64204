import ArgumentParser
import OceanCommandLine
import Testing

/// Tests which command a command line means, and what is said if it means none.
@Suite struct CommandTreeTests {
  private func message(_ words: String...) -> String {
    do {
      try Program.tree.check(words)
      return "\(type(of: try Program.tree.parse(words)))"
    } catch {
      return Program.message(for: error)
    }
  }

  @Test func `a command is found by its name, its other name, and in its group`() throws {
    let sail = try #require(try Program.tree.parse(["sail", "Bergen", "--speed", "3"]) as? Program.Sail)
    #expect(sail.port == "Bergen" && sail.speed == 3)
    #expect(try Program.tree.parse(["go", "Bergen"]) is Program.Sail)
    #expect(try Program.tree.parse(["cargo", "load", "rum"]) is Program.Load)
    #expect(try Program.tree.parse(["cargo", "unload"]) is Program.Unload)
  }

  @Test func `a word that is not a command is told from arguments`() {
    #expect(message("sial", "Bergen") == "There is no command 'sial'; did you mean 'sail'?")
    #expect(message("fly") == "There is no command 'fly'; there are sail, cargo.")
    #expect(message("cargo", "lod", "rum") == "There is no command 'lod'; did you mean 'load'?")
    #expect(message("cargo", "rum") == "There is no command 'rum'; there are load, unload.")
    #expect(message("\u{1b}[31m") == "There is no command '\\u{1b}[31m'; there are sail, cargo.")
  }

  @Test func `a command of other programs is answered with what to do instead`() {
    #expect(message("stop") == "There is no command 'stop': drop the anchor.")
    #expect(message("cargo", "stop").hasPrefix("There is no command 'stop'; "))
  }

  @Test(arguments: [
    [], ["--help"], ["help"], ["help", "sail"], ["--version"], ["sail", "--version"], ["sail"],
    ["sail", "-h"],
    ["sail", "a", "b"], ["sail", "--speed", "x", "a"], ["cargo"], ["cargo", "load", "--version"],
    ["--", "sail"],
    ["sail", "--", "--help"],
  ])
  func `everything else is as the parser reads it`(_ words: [String]) {
    func result(_ parse: () throws -> any ParsableCommand) -> String {
      do {
        var text = ""
        dump(try parse(), to: &text)
        return text
      } catch {
        return "\(Program.fullMessage(for: error, columns: 80)) \(Program.exitCode(for: error))"
      }
    }
    #expect(result { try Program.tree.parse(words) } == result { try Program.parseAsRoot(words) })
  }
}
