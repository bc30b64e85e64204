import Foundation
import Testing

/// `ocean import dovecot` from its arguments to its exit code. OceanImportTests has what it makes of which config.
struct ImportTests {
  private static let folder =
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent() / "OceanImportTests/Doveconf"
  let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private func importing(_ file: String, _ options: String...) throws -> Command {
    let command = try Command(
      try oceanBinary(), ["import", "dovecot", file] + options, directory: workspace.directory)
    try command.wait()
    return command
  }

  @Test(arguments: ["debian", "sql"]) func `makes a config, and tells the rest`(_ name: String) throws {
    let source = try String(contentsOf: Self.folder / "\(name).conf", encoding: .utf8)
    try workspace.write(source, to: "\(name).conf")
    let command = try importing(workspace.path("\(name).conf"))
    let isOpen = ["TO BE DECIDED", "error["].contains(where: command.errorOutput.contains)
    #expect(command.status == .exited(isOpen ? 3 : 0))
    for (text, kind) in [(command.output, "yaml"), (command.errorOutput, "txt")] {
      let text = text.replacing(workspace.directory.path, with: "/etc/dovecot")
      #expect(try text == String(contentsOf: Self.folder / "\(name).\(kind)", encoding: .utf8))
    }
    // This host may lack things, but ocean must understand everything (OC00.. syntax, OC02.. settings).
    try workspace.write(command.output, to: "made.yaml")
    let check = try workspace.ocean("check", "--offline", "--format", "json", workspace.path("made.yaml"))
    struct Report: Decodable {
      struct Diagnostic: Decodable { let code: String; let severity: String; let message: String }
      let diagnostics: [Diagnostic]
    }
    let allowed = command.errorOutput.contains("TO BE DECIDED") ? ["OC0201"] : []
    let wrong = try check.json(Report.self).diagnostics.filter {
      $0.severity == "error" && $0.code < "OC0300" && !allowed.contains($0.code)
    }
    #expect(wrong.map(\.message) == [])
  }

  @Test func `nothing is written over, unless told to`() throws {
    let config = workspace.path("dovecot.conf")
    try workspace.write(
      "# 2.3.19.1 (9b53102964): dovecot.conf\nmail_location = maildir:~/Maildir\n", to: "dovecot.conf")
    let before = workspace.read("ocean.yaml")
    let refused = try importing(config, "--out", workspace.directory.path)
    #expect(refused.status == .exited(1) && refused.errorOutput.contains("--force replaces it"))
    #expect(workspace.read("ocean.yaml") == before)
    let written = try importing(config, "--out", workspace.path("new.yaml"))
    #expect(written.status == .exited(3), "\(written.errorOutput)")
    #expect(
      written.output.hasSuffix("Next: ocean check \(workspace.path("new.yaml"))\n"), "\(written.output)")
    #expect(workspace.read("new.yaml").contains("maildir: \"{home}/Maildir\""))
    #expect(try importing(config, "--out", workspace.directory.path, "--force").status == .exited(3))
    #expect(
      workspace.read("ocean.yaml") == workspace.read("new.yaml").replacing("new.yaml", with: "ocean.yaml"))
  }

  @Test func `what it does not understand is said with its line`() throws {
    // The config is read as on a host without Dovecot.
    try workspace.write("}\n", to: "dovecot.conf")
    let command = try Command(
      try oceanBinary(), ["import", "dovecot", workspace.path("dovecot.conf")],
      environment: ["PATH": "/nowhere"],
      directory: workspace.directory)
    try command.wait()
    #expect(command.status == .exited(1))
    #expect(command.errorOutput.contains("line 1: '}' closes nothing"), "\(command.errorOutput)")
  }
}
