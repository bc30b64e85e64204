import Foundation
import Testing

/// Pastes the commands that ocean prints into a shell that is elsewhere: they find the server and do what was said.
struct PrintedCommandTests {
  private let workspace: Workspace
  private let server: Server

  init() throws {
    workspace = try Workspace()
    try Self.write(10, workspace)
    server = try Server(workspace, serving: "my ocean.yaml")
  }

  private static func write(_ minutes: Int, _ workspace: Workspace) throws {
    try workspace.writeConfig(service: ["idle_timeout: \(minutes)m"])
    try workspace.write(workspace.read("ocean.yaml"), to: "my ocean.yaml")
  }

  /// Runs a line of a shell.
  private func shell(_ line: String, in directory: String = "/") throws -> Command {
    let program = URL(filePath: try oceanBinary()).deletingLastPathComponent().path
    return try workspace.run(
      "sh", ["-c", "cd \"$0\" && PATH=\"\(program):$PATH\" && \(line)", directory])
  }

  /// Applies the config with another idle timeout, from the directory in which it is.
  private func apply(_ minutes: Int, _ options: String = "") throws -> Command {
    try Self.write(minutes, workspace)
    return try shell("ocean apply 'my ocean.yaml' \(options)", in: workspace.directory.path)
  }

  /// What a line of the output says behind a word.
  private func command(_ word: String, in output: String) throws -> String {
    let line = output.split(separator: "\n").first { $0.contains("\(word): ocean ") }
    return try #require(line?.components(separatedBy: "\(word): ").last, "\(output)")
  }

  /// What is between quotes.
  private func quoted(_ name: String, in output: String) throws -> String {
    let range = try #require(output.range(of: "'ocean \(name)"), "\(output)")
    let rest = output[range.lowerBound...].dropFirst()
    return String(rest[..<(try #require(rest.range(of: "yaml''")).upperBound)].dropLast())
  }

  @Test func `what apply prints keeps a plan, and takes it back`() throws {
    let first = try apply(20, "--confirm-within 1h")
    #expect(try shell(try command("keep", in: first.output)).status == .exited(0))
    let second = try apply(30, "--confirm-within 1h")
    let undone = try shell(try command("undo", in: second.output))
    #expect(undone.status == .exited(0), "\(undone.errorOutput)")
    let again = try shell(try command("undo", in: undone.output))
    #expect(again.status == .exited(0) && again.output.contains("20m -> 30m"), "\(again.output)")
    try server.stop()
  }

  @Test func `what status prints keeps a plan`() throws {
    _ = try apply(20, "--confirm-within 1h")
    let status = try shell("ocean status -c 'my ocean.yaml'", in: workspace.directory.path)
    #expect(try shell(try command("keep", in: status.output)).status == .exited(0))
    #expect(try shell(try command("undo", in: status.output)).status == .exited(0))
    let after = try shell("ocean status -c 'my ocean.yaml'", in: workspace.directory.path)
    let applied = try shell(try quoted("apply", in: after.output))
    #expect(applied.status == .exited(0), "\(after.output)\(applied.errorOutput)")
    try server.stop()
  }

  @Test func `a refusal names the command that makes way`() throws {
    _ = try apply(20, "--confirm-within 1h")
    let refused = try apply(30)
    #expect(refused.status == .exited(1))
    #expect(try shell(try quoted("confirm", in: refused.errorOutput)).status == .exited(0))
    #expect(try apply(30).status == .exited(0))
    try server.stop()
  }

  @Test func `what plan saves is applied by what it prints`() throws {
    try Self.write(20, workspace)
    let plan = try shell("ocean plan -c 'my ocean.yaml' --out 'my plan.json'", in: workspace.directory.path)
    let line = try #require(plan.output.components(separatedBy: "apply it with: ").last)
    let applied = try shell(line.trimmingCharacters(in: .newlines))
    #expect(applied.status == .exited(0), "\(plan.output)\(applied.errorOutput)")
    #expect(try shell(try command("undo", in: applied.output)).status == .exited(0))
    try server.stop()
  }

  @Test func `a mailbox that is in use is left by what is said`() throws {
    let client = try POP3Client(workspace.address, port: Workspace.port)
    _ = try client.logIn()
    let check = try shell("ocean mailbox rebuild anna -c 'my ocean.yaml'", in: workspace.directory.path)
    #expect(try shell(try quoted("sessions", in: check.errorOutput)).output.contains("anna@example.org"))
    #expect(try shell(try quoted("kick", in: check.errorOutput)).status == .exited(0))
    try server.stop()
  }
}
