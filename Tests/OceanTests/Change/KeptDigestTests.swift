import Foundation
import Testing

/// Tests that `diff` and `plan --against` take the digests of kept plans.
@Suite struct KeptDigestTests {
  private let workspace: Workspace
  private let server: Server

  init() throws {
    workspace = try Workspace()
    server = try Server(workspace)
  }

  /// The digits of the plan that runs.
  private func running() throws -> String { String(try workspace.runningPlan().dropFirst(7)) }

  private func diff(_ arguments: String...) throws -> Command {
    try workspace.run(oceanBinary(), ["diff", "--config", workspace.config] + arguments)
  }

  @Test func `digests name plans that are kept`() throws {
    let first = try running()
    try workspace.writeConfig(service: ["idle_timeout: 20m"])
    _ = try workspace.ocean("apply", workspace.config)
    let second = try running()
    for (old, new) in [
      (first.prefix(6), second.prefix(7)), ("sha256:" + first.prefix(8), "sha256:" + second),
      (first.prefix(6), workspace.config[...]),
      (first.prefix(6).uppercased()[...], "SHA256:" + second.uppercased()),
    ] {
      let command = try diff(String(old), String(new))
      #expect(
        command.status == .exited(2) && command.output.contains("\n    10m -> 20m "), "\(command.output)")
    }
    #expect(try diff(second, workspace.config).output == "no effect\n")

    let against = try workspace.ocean("plan", workspace.config, "--against", String(first.prefix(6)))
    #expect(against.status == .exited(2) && against.output.contains("\n    10m -> 20m "), "\(against.output)")
    #expect(
      against.output.hasPrefix("against   \(workspace.path("state/plans/000001.json")), \(first.prefix(6))\n")
    )

    // A plan that was made for one which does not run any more is stale.
    let saved = workspace.path("change.plan")
    _ = try workspace.ocean("plan", workspace.config, "--against", first, "--out", saved)
    try workspace.writeConfig(service: ["idle_timeout: 30m"])
    _ = try workspace.ocean("apply", workspace.config)
    #expect(try workspace.ocean("apply", saved).status == .exited(4))
    #expect(
      try workspace.ocean("rollback", first.uppercased(), "--config", workspace.config).status == .exited(0))
    #expect(try workspace.ocean("apply", saved).status == .exited(0))
    #expect(try running() == second)
    try server.stop()
    // Nobody needs to run a server for it.
    #expect(try diff(first, second).status == .exited(2))
  }

  @Test func `a digest that names nothing is answered with what there is`() throws {
    let first = try running()
    let unknown = try diff("000000", first)
    #expect(unknown.status == .exited(1))
    #expect(
      unknown.errorOutput == "ocean: there is no plan 000000 in \(workspace.path("state/plans")), which has "
        + "\(first.prefix(6)) ('ocean history' tells more)\n", "\(unknown.errorOutput)")
    // A file of such a name has a path.
    try workspace.write(workspace.read("ocean.yaml"), to: "000000")
    let file = try workspace.run(
      "sh",
      [
        "-c",
        "cd '\(workspace.path(""))' && exec '\(oceanBinary())' diff 000000 ./000000 --config ocean.yaml",
      ])
    #expect(file.status == .exited(1))
    #expect(file.errorOutput.hasSuffix("; for the file, write ./000000\n"), "\(file.errorOutput)")
    let both = try workspace.run(
      "sh",
      [
        "-c",
        "cd '\(workspace.path(""))' && exec '\(oceanBinary())' diff \(first) ./000000 --config ocean.yaml",
      ])
    #expect(both.output == "no effect\n", "\(both.errorOutput)")
    let elsewhere = try workspace.ocean("diff", first, first, "--config", workspace.path("none.yaml"))
    #expect(elsewhere.status == .exited(1))
    #expect(elsewhere.errorOutput.hasPrefix("ocean: cannot read \(workspace.path("none.yaml")): "))
    try server.stop()
  }
}
