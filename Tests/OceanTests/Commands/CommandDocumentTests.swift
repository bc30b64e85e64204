import Foundation
import Testing

/// Tests docs/cli.md, which `make docs` writes from the commands.
struct CommandDocumentTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  /// The sections of the document, by command.
  private func sections() throws -> [String: String] {
    let parts = try workspace.ocean("schema", "--cli").output.components(separatedBy: "\n## ").dropFirst()
    return Dictionary(
      uniqueKeysWithValues: parts.map { part in
        (String(part.prefix { $0 != "\n" }), part)
      })
  }

  @Test func `docs/cli.md is what the commands say`() throws {
    let text = try String(contentsOf: ConsoleTests.repository / "docs/cli.md", encoding: .utf8)
    #expect(try workspace.ocean("schema", "--cli").output == text, "make docs writes it again")
  }

  @Test func `every command tells its exit codes and has an example of itself`() throws {
    for (name, section) in try sections() where !section.contains("\nSUBCOMMANDS:") {
      #expect(section.contains("\nExit codes:\n  0  "), "\(name)")
      #expect(section.contains("  2  wrong usage") || section.contains("wrong usage\n"), "\(name)")
      #expect(section.contains("\nExample:\n  \(name)"), "\(name)")
      #expect(section.split(separator: "\n").allSatisfy { $0.hasPrefix("|") || $0.count <= 120 }, "\(name)")
    }
  }

  /// What an example needs, that was not made by this test, is not there: but it is never wrong usage.
  @Test func `every example is a command that ocean understands`() throws {
    for (name, section) in try sections() {
      guard let example = section.components(separatedBy: "\nExample:\n  ").dropFirst().first else {
        continue
      }
      var line = String(example.prefix { $0 != "\n" })
      // The server of this host, if there is one, is not a test's business.
      if section.contains("--config <file>"), !line.contains("ocean.yaml") { line += " -c ocean.yaml" }
      guard name != "ocean serve" else { continue }
      let program = try oceanBinary()
      let run = try workspace.run(
        "sh", ["-c", "cd \"$0\" && ocean() { '\(program)' \"$@\"; }; \(line) </dev/null", workspace.path("")])
      #expect(!run.errorOutput.contains("Usage: "), "\(line): \(run.errorOutput)")
    }
  }
}
