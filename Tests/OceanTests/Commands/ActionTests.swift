import Foundation
import Testing

/// Runs the shell steps of deploy/github-action/action.yml as they are, in a repository with two commits.
@Suite struct ActionTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeConfig(service: ["ip_control: { black_list: [127.51.100.0/24] }"])
    // A runner has neither the accounts nor the directories of the mail host.
    #expect(
      try workspace.ocean("facts", workspace.config, "--out", workspace.path("facts.json")).status
        == .exited(0))
    try git("init", "--quiet")
    try git("add", "ocean.yaml")
    try commit("A config")
    for name in ["temp", "summary", "output"] {
      try? FileManager.default.removeItem(atPath: workspace.path(name))
    }
    try FileManager.default.createDirectory(
      atPath: workspace.path("temp"), withIntermediateDirectories: false)
  }

  private func git(_ arguments: String...) throws {
    let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-C", workspace.path("")]
    #expect(try workspace.run("git", identity + arguments).status == .exited(0), "\(arguments)")
  }

  private func commit(_ message: String) throws {
    try git("commit", "--quiet", "--all", "--message", message)
  }

  private struct Step: Decodable {
    let id: String?
    let shell: String
    let env: [String: String]
    let run: String
  }

  /// The steps, as another program reads the file.
  private func steps() throws -> [Step] {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../deploy/github-action/action.yml").standardizedFileURL.path
    let reader = try workspace.run(
      "python3",
      [
        "-c", "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))['runs']['steps']))",
        file,
      ])
    #expect(reader.status == .exited(0), "\(reader.errorOutput)")
    return try JSONDecoder().decode([Step].self, from: Data(reader.output.utf8))
  }

  /// Runs all steps as a runner does; the result is that of the last one that was run.
  private func runSteps(base: String = "HEAD~1", failOn: String = "") throws -> Command {
    let inputs = [
      "config": "ocean.yaml", "base": base, "facts": "facts.json", "fail-on": failOn,
      "ocean": try oceanBinary(),
    ]
    var last: Command?
    for step in try steps() {
      #expect(step.shell == "bash")
      var environment = [
        "RUNNER_TEMP": workspace.path("temp"), "GITHUB_STEP_SUMMARY": workspace.path("summary"),
        "GITHUB_OUTPUT": workspace.path("output"),
      ]
      for (name, value) in step.env {
        let input = try #require(value.firstMatch(of: /^\$\{\{ inputs\.([a-z-]+) \}\}$/)?.output.1)
        environment[name] = inputs[String(input)]
      }
      // What the runner calls 'shell: bash'.
      let script = "cd \"$0\" && exec bash --noprofile --norc -eo pipefail -c \"$1\""
      let command = try workspace.run(
        "bash", ["-c", script, workspace.path(""), step.run], environment: environment)
      last = command
      if command.status != .exited(0) { break }
    }
    return try #require(last)
  }

  private func outputs() -> [String: String] {
    var result: [String: String] = [:]
    var lines = workspace.read("output").split(separator: "\n", omittingEmptySubsequences: false)[...]
    while let line = lines.popFirst() {
      if let named = line.firstMatch(of: /^(\w+)<<(.+)$/) {
        var value: [Substring] = []
        while let next = lines.popFirst(), next != named.output.2 { value.append(next) }
        result[String(named.output.1)] = value.joined(separator: "\n")
      } else if let named = line.firstMatch(of: /^(\w+)=(.*)$/) {
        result[String(named.output.1)] = String(named.output.2)
      }
    }
    return result
  }

  @Test func `a change is told, and the checkout left as it was`() throws {
    try workspace.write(
      workspace.read("ocean.yaml").replacing("127.51.100.0/24", with: "127.51.100.0/25"), to: "ocean.yaml")
    try commit("A shorter list")
    let command = try runSteps()
    #expect(command.status == .exited(0), "\(command.output) \(command.errorOutput)")
    let outputs = outputs()
    #expect(outputs["effect"] == "changes")
    let report = try String(contentsOfFile: try #require(outputs["file"]), encoding: .utf8)
    #expect(report == workspace.read("summary"))
    #expect(outputs["report"].map { $0 + "\n" } == report)
    #expect(report.hasPrefix("### ocean: 1 change — **weakened**\n"), "\(report)")
    #expect(report.contains("| gains | 128 IPv4 | `127.51.100.128/25` |"), "\(report)")
    #expect(!FileManager.default.fileExists(atPath: workspace.path(".ocean-base")))
    // Another run on the same checkout does the same.
    #expect(try runSteps(failOn: "weakened").status == .exited(3))
    #expect(self.outputs()["effect"] == "refused")
  }

  @Test func `a mistake ends it before anything is compared`() throws {
    try workspace.write(workspace.read("ocean.yaml") + "nonsense: 1\n", to: "ocean.yaml")
    try commit("A mistake")
    let command = try runSteps()
    #expect(command.status == .exited(1) && command.output.contains("::error"), "\(command.output)")
    #expect(workspace.read("output").isEmpty)
  }

  @Test func `a config that is new is shown whole`() throws {
    try git("mv", "ocean.yaml", "other.yaml")
    try commit("Another name")
    try git("mv", "other.yaml", "ocean.yaml")
    try commit("The name again")
    let command = try runSteps()
    #expect(command.status == .exited(0), "\(command.errorOutput)")
    #expect(outputs()["effect"] == "none" && workspace.read("summary").contains("nothing: --against none"))
  }
}
