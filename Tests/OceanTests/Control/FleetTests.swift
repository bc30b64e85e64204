import Foundation
import Testing

/// Tests `ocean fleet` with servers on loopback addresses, which a program in place of ssh reaches.
///
/// The servers are started once, because they are slow to start.
@Suite struct FleetTests {
  /// Reaches the folder that the target is the name of; some nodes are away, hang or lie.
  private static let ssh = """
    #!/bin/sh
    while [ "$1" != -- ]; do shift; done
    root=$(dirname "$0")
    target=$2
    case $target in
    away) echo "ssh: connect to host away port 22: No route to host" >&2; exit 255 ;;
    hang) exec sleep 600 ;;
    bare) exec sh -c "PATH=/nowhere; $3" ;;
    liar) exec sh -c "ocean() { '$OCEAN' \\"\\$@\\"; }; $3" | sed 's/"digest" : "sha256:....../"digest" : "sha256:000000/'; exit ;;
    esac
    exec sh -c "ocean() { '$OCEAN' \\"\\$@\\"; }; $3"

    """

  private struct Fleet {
    let folder: Workspace
    let nodes: [Workspace]
    let servers: [Server]

    init() throws {
      folder = try Workspace()
      nodes = try (0..<3).map { _ in try Workspace() }
      for node in nodes { try node.writeConfig(service: ["idle_timeout: 10m"]) }
      servers = try nodes.map { try Server($0) }
      try folder.write(FleetTests.ssh, to: "ssh")
      try folder.setMode(0o755, of: "ssh")
    }

    /// Writes a fleet file of some nodes: a name and, if it is not a target of its own, the server that is meant.
    func write(_ names: [(name: String, server: Int)], config: String? = nil) throws {
      let lines = names.map { name, server in
        let path = nodes[server].path("ocean.yaml")
        return "    - { name: \(name), ssh: \(name), config: \(config ?? path), remote_config: \(path) }\n"
      }
      try folder.write("fleet:\n  name: mail\n  nodes:\n\(lines.joined())", to: "fleet.yaml")
    }

    func run(_ command: String, _ arguments: String...) throws -> Command {
      let path = "\(folder.path("")):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")"
      return try folder.run(
        try oceanBinary(), ["fleet", command, folder.path("fleet.yaml")] + arguments,
        environment: ["PATH": path, "OCEAN": try oceanBinary()])
    }
  }

  @Test func `plan, status and diff of servers that run, and of nodes that are away, hang and lie`() throws {
    let fleet = try Fleet()
    let all = [("a", 0), ("b", 1), ("c", 2)]

    // One policy on three servers with other addresses.
    try fleet.write(all)
    let same = try fleet.run("plan")
    #expect(same.status == .exited(0), "\(same.output)\(same.errorOutput)")
    #expect(same.output.contains("3 of 3 nodes: a, b, c\n"))
    #expect(same.output.hasSuffix("3 nodes: 3 unchanged. Nothing was applied.\n"))
    let status = try fleet.run("status")
    #expect(status.status == .exited(0), "\(status.output)\(status.errorOutput)")
    #expect(status.output.contains("3 of 3 nodes: a, b, c\n"))
    let diff = try fleet.run("diff")
    #expect(diff.status == .exited(0), "\(diff.output)\(diff.errorOutput)")
    #expect(diff.output.hasSuffix("3 nodes: 3 of one policy\n"))

    // Another policy in the files of two of them.
    for node in fleet.nodes.dropLast() { try node.writeConfig(service: ["idle_timeout: 20m"]) }
    let change = try fleet.run("plan")
    #expect(change.status == .exited(5), "\(change.output)")
    #expect(change.output.contains("2 of 3 nodes: a, b\n") && change.output.contains("10m -> 20m"))
    #expect(change.output.contains("3 nodes: 2 change, 1 unchanged; 2 policies where there should be one"))
    try fleet.nodes[2].writeConfig(service: ["idle_timeout: 20m"])
    #expect(try fleet.run("plan").status == .exited(2))

    // It runs on one of them.
    try fleet.servers[0].reload()
    let drift = try fleet.run("diff", "--format", "json")
    #expect(drift.status == .exited(5))
    let object = try JSONSerialization.jsonObject(with: Data(drift.output.utf8)) as? [String: Any]
    let groups = try #require(object?["groups"] as? [[String: Any]])
    #expect(groups.map { $0["nodes"] as? [String] } == [["a"], ["b", "c"]])
    #expect(
      groups[0]["differences"] as? [[String: String]]
        == [["path": "services.pop3.idle_timeout", "here": "20m", "elsewhere": "10m"]])

    // Nodes that cannot be asked are unknown, within the time that they have.
    try fleet.write(all + [("away", 0), ("hang", 0), ("liar", 1), ("bare", 2)])
    let start = ContinuousClock.now
    let unknown = try fleet.run("plan", "--timeout", "3")
    #expect(ContinuousClock.now - start < .seconds(30))
    #expect(unknown.status == .exited(5))
    #expect(unknown.output.contains("UNREACHABLE  2 of 7 nodes: away, hang\n"))
    #expect(unknown.output.contains("away: ssh away: connect to host away port 22: No route to host\n"))
    #expect(unknown.output.contains("within 3s\n"))
    #expect(unknown.output.contains("NOT BELIEVED  1 of 7 nodes: liar\n"))
    #expect(unknown.output.contains("it says 000000, but holds"))
    #expect(unknown.output.contains("FAILED  1 of 7 nodes: bare\n"))
    #expect(unknown.output.contains("fleet.yaml:7\n"))
    let others = try fleet.run("status", "--timeout", "3")
    #expect(others.status == .exited(5))
    #expect(others.output.contains("NOT BELIEVED  2 of 7 nodes: b, liar\n"), "\(others.output)")

    // A server that stopped is told from a node that is away.
    try fleet.servers[2].stop()
    try fleet.write(all)
    let stopped = try fleet.run("status")
    #expect(stopped.status == .exited(5))
    #expect(stopped.output.contains("FAILED  1 of 3 nodes: c\n"))
  }

  @Test func `mistakes in a fleet file are told before anybody is asked`() throws {
    let workspace = try Workspace()
    try workspace.write("fleet: { config: ocean.yaml, nodes: [{ name: a, ssh: -x }] }\n", to: "fleet.yaml")
    for (command, code) in [("plan", 1), ("diff", 1), ("status", 2)] {
      let run = try workspace.ocean("fleet", command, workspace.path("fleet.yaml"))
      #expect(run.status == .exited(Int32(code)), "\(command)")
      #expect(run.errorOutput.contains("error[OC0483]: '-x' is not a host for ssh"))
      #expect(run.errorOutput.hasSuffix("1 mistake in the fleet file: no node was asked\n"))
      #expect(run.output.isEmpty)
      #expect(try workspace.ocean("fleet", command, "nowhere.yaml").status == .exited(Int32(code)))
      #expect(try workspace.ocean("fleet", command).status == .exited(Int32(code)))
    }
  }

  @Test func `the plan that runs can be saved, and is the same`() throws {
    let workspace = try Workspace()
    let (config, saved) = (workspace.path("ocean.yaml"), workspace.path("running.json"))
    #expect(try workspace.ocean("plan", "--running", "--format", "json", config).status == .exited(1))
    let server = try Server(workspace)
    let run = try workspace.ocean("plan", "--running", "--out", saved, config)
    #expect(run.status == .exited(0), "\(run.errorOutput)")
    #expect(try workspace.ocean("diff", saved, config).status == .exited(0))
    #expect(workspace.read("running.json").contains(try workspace.runningPlan()))
    #expect(try workspace.ocean("plan", "--running", config).status == .exited(1))
    let both = try workspace.ocean("plan", "--running", "--format", "json", "--facts", "x", config)
    #expect(both.status == .exited(1))
    try server.stop()
  }
}
