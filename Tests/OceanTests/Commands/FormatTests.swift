import Foundation
import Testing

/// Tests `--format sarif` and `--format github` as the program prints them.
@Suite struct FormatTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private func sarif(_ text: String) throws -> [String: Any] {
    let log = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    return try #require((log?["runs"] as? [[String: Any]])?.first)
  }

  @Test(arguments: ["check", "plan"]) func `mistakes`(_ command: String) throws {
    try workspace.write(
      workspace.read("ocean.yaml").replacing("state: state", with: "state: st"), to: "bad.yaml")
    let path = workspace.path("bad.yaml")
    let sarif = try workspace.ocean(command, path, "--format", "sarif")
    #expect(sarif.status == .exited(1))
    let results = try #require(try self.sarif(sarif.output)["results"] as? [[String: Any]])
    let errors = results.filter { $0["level"] as? String == "error" }
    #expect(errors.map { $0["ruleId"] as? String } == ["OC0310"])

    let github = try workspace.ocean(command, path, "--format", "github")
    #expect(github.status == .exited(1))
    let lines = github.output.split(separator: "\n")
    let commands = lines.filter { $0.hasPrefix("::error") }
    #expect(commands.count == 1)
    #expect(commands.first?.hasPrefix("::error file=\(path),line=6,") == true, "\(github.output)")
    #expect(commands.first?.contains("title=OC0310::") == true)
    #expect(lines.last?.hasSuffix(": invalid") == (command == "check"))
  }

  @Test func `no mistakes`() throws {
    let path = workspace.path("ocean.yaml")
    for command in ["check", "plan"] {
      let sarif = try workspace.ocean(command, path, "--format", "sarif")
      #expect(sarif.status == .exited(0), "\(sarif.errorOutput)")
      let results = try #require(try self.sarif(sarif.output)["results"] as? [[String: Any]])
      #expect(results.allSatisfy { $0["level"] as? String != "error" })
    }
    let github = try workspace.ocean("plan", path, "--format", "github")
    #expect(
      github.output.split(separator: "\n").last?.hasPrefix("::notice::plan ") == true, "\(github.output)")
  }
}
