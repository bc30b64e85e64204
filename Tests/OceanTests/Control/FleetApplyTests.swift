import Foundation
import Testing

/// Tests `ocean fleet apply`, `confirm` and `rollback` with servers on loopback addresses, over ssh to an sshd of this test.
@Suite struct FleetApplyTests {
  /// An sshd on a port of its own, and hosts that all lead to it.
  private final class SSH {
    let folder: Workspace
    private let daemon: Command
    private static let port = 2222
    /// The host at whose confirmation the command dies, if it is to die.
    private static let dying = "b"

    /// When the command is killed while all are confirmed.
    enum Death: String {
      /// A node is there, and nobody is told.
      case beforeAll = "ssh \"$@\" < /dev/null | { read -r word; kill -9 $PPID; }"
      /// The others are told, and this one is not.
      case between = "{ read -r word; kill -9 $PPID; } | ssh \"$@\""
      /// All are told.
      case afterAll = "{ read -r word; echo \"$word\"; kill -9 $PPID; } | ssh \"$@\""
    }

    /// - Parameter death: nil lets it live.
    func die(_ death: Death?) throws {
      try? FileManager.default.removeItem(at: folder.directory / "death")
      if let death { try folder.write(death.rawValue + "\n", to: "death") }
    }

    init(hosts: [String]) throws {
      let folder = try Workspace()
      self.folder = folder
      for key in ["host", "user"] {
        let made = try folder.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", folder.path(key)])
        guard made.status == .exited(0) else { throw Failure("no key: \(made.errorOutput)") }
      }
      try FileManager.default.createDirectory(
        at: folder.directory / "bin", withIntermediateDirectories: false)
      try FileManager.default.createSymbolicLink(
        atPath: folder.path("bin/ocean"), withDestinationPath: try oceanBinary())
      try folder.write(
        """
        Port \(Self.port)
        ListenAddress \(folder.address)
        HostKey \(folder.path("host"))
        AuthorizedKeysFile \(folder.path("user.pub"))
        PidFile none
        UsePAM no
        StrictModes no
        PermitRootLogin yes
        PasswordAuthentication no
        MaxStartups 100
        SetEnv PATH=\(folder.path("bin")):/usr/bin:/bin TMPDIR=\(folder.path(""))

        """, to: "sshd_config")
      let entries = hosts.map { host in
        "Host \(host)\n  HostName \(folder.address)\n  HostKeyAlias all\n"
      }
      try folder.write(
        """
        \(entries.joined())
        Host *
          Port \(Self.port)
          User \(NSUserName())
          IdentityFile \(folder.path("user"))
          IdentitiesOnly yes
          UserKnownHostsFile \(folder.path("known_hosts"))

        """, to: "ssh_config")
      let key = folder.read("host.pub").split(separator: " ").prefix(2).joined(separator: " ")
      try folder.write("all \(key)\n", to: "known_hosts")
      guard let ssh = Command.find("ssh") else { throw Failure("ssh is not installed") }
      try folder.write(
        """
        #!/bin/sh
        ssh() { \(ssh) -F \(folder.path("ssh_config")) "$@"; }
        case $* in
        *" \(Self.dying) "*"ocean confirm"*) [ ! -e \(folder.path("death")) ] || { . \(folder.path("death")); exit; } ;;
        esac
        exec \(ssh) -F \(folder.path("ssh_config")) "$@"

        """, to: "ssh")
      try folder.setMode(0o755, of: "ssh")
      // Without this directory sshd does not start; the service makes it.
      mkdir("/run/sshd", 0o755)
      daemon = try Command(
        "/usr/sbin/sshd", ["-D", "-e", "-f", folder.path("sshd_config")], directory: folder.directory)
      try eventually("sshd listens: \(daemon.errorOutput)") {
        try? POP3Client(folder.address, port: Self.port)
      }
    }

    /// No connection can be made any more.
    func stop() {
      daemon.signal(SIGKILL)
      _ = try? daemon.wait()
    }

    var environment: [String: String] {
      let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
      return ["PATH": "\(folder.path("")):\(path)"]
    }
  }

  private final class Fleet {
    let ssh: SSH
    let names: [String]
    let nodes: [Workspace]
    var servers: [Server]

    /// - Parameter configs: the new config differs by this from the one that runs.
    init(_ names: [String], _ configs: [String] = ["idle_timeout: 10m"]) throws {
      self.names = names
      ssh = try SSH(hosts: names + ["away"])
      nodes = try names.map { _ in try Workspace() }
      for node in nodes { try node.writeConfig(service: configs) }
      servers = try nodes.map { try Server($0) }
      for (name, node) in zip(names, nodes) {
        try FileManager.default.createDirectory(
          at: ssh.folder.directory / name, withIntermediateDirectories: false)
        try ssh.folder.write(node.read("ocean.yaml"), to: "\(name)/ocean.yaml")
      }
    }

    /// Changes the config here, of all nodes.
    func edit(_ old: String, _ new: String) throws {
      for name in names {
        let text = ssh.folder.read("\(name)/ocean.yaml")
        try ssh.folder.write(text.replacing(old, with: new), to: "\(name)/ocean.yaml")
      }
    }

    /// Writes the fleet file.
    func write(_ settings: String = "soak: off", canary: String? = nil, away: String? = nil) throws {
      let lines = zip(names, nodes).map { name, node in
        let target = name == away ? "away" : name
        let canary = name == canary ? ", canary: true" : ""
        return
          "    - { name: \(name), ssh: \(target), config: \(name)/ocean.yaml, remote_config: \(node.path("ocean.yaml"))\(canary) }\n"
      }
      try ssh.folder.write(
        "fleet:\n  name: mail\n  \(settings)\n  nodes:\n\(lines.joined())", to: "fleet.yaml")
    }

    func start(_ command: String, _ arguments: String...) throws -> Command {
      try Command(
        try oceanBinary(), ["fleet", command, ssh.folder.path("fleet.yaml")] + arguments,
        environment: ssh.environment, directory: ssh.folder.directory)
    }

    func run(_ command: String, _ arguments: String...) throws -> Command { try run(command, arguments) }

    func run(_ command: String, _ arguments: [String]) throws -> Command {
      let run = try Command(
        try oceanBinary(), ["fleet", command, ssh.folder.path("fleet.yaml")] + arguments,
        environment: ssh.environment, directory: ssh.folder.directory)
      try run.wait()
      return run
    }

    /// What runs on each node, and whether it waits.
    func plans() throws -> [String] {
      try nodes.map { node in
        let status = try node.ocean("status", "--format", "json", node.path("ocean.yaml"))
        let object = try JSONSerialization.jsonObject(with: Data(status.output.utf8)) as? [String: Any]
        let plan = try #require(object?["plan"] as? String)
        return plan + (object?["unconfirmed"] == nil ? "" : " waits")
      }
    }

    /// The files beside the config of each node that a rollout has put there.
    var leftovers: [String] {
      nodes.flatMap { node in
        ((try? FileManager.default.contentsOfDirectory(atPath: node.directory.path)) ?? []).filter {
          $0.contains(".rollout")
        }
      }
    }

    func configs() -> [String] { nodes.map { $0.read("ocean.yaml") } }
  }

  @Test func `a config comes to all nodes, canary first, and is there after a restart`() throws {
    let fleet = try Fleet(["a", "b", "c"])
    let before = try fleet.plans()
    try fleet.edit("10m", "20m")
    try fleet.write("soak: 1s\n  batch: 50%", canary: "b")
    try fleet.nodes[0].setMode(0o640, of: "ocean.yaml")
    let run = try fleet.run("apply", "--confirm-within", "20s")
    #expect(run.status == .exited(0), "\(run.output)\(run.errorOutput)")
    #expect(run.output.contains("3 of 3 nodes: a, b, c\n") && run.output.contains("10m -> 20m"))
    #expect(run.output.contains("canaries 1 of 2: b\n") && run.output.contains("batch 2 of 2: a, c\n"))
    #expect(run.output.hasSuffix("3 nodes: 3 confirmed\n"), "\(run.output)")
    let after = try fleet.plans()
    #expect(Set(after).isDisjoint(with: before) && !after.contains { $0.hasSuffix("waits") })
    #expect(fleet.leftovers == [])
    #expect(fleet.configs().allSatisfy { $0.contains("idle_timeout: 20m") })
    let mode = try FileManager.default.attributesOfItem(atPath: fleet.nodes[0].path("ocean.yaml"))[
      .posixPermissions]
    #expect(mode as? Int == 0o640)
    let status = try fleet.run("status")
    #expect(status.status == .exited(0), "\(status.output)")

    let again = try fleet.run("apply")
    #expect(again.status == .exited(0) && again.output.hasSuffix("3 nodes: 3 unchanged\n"), "\(again.output)")
    try fleet.servers[0].stop()
    fleet.servers[0] = try Server(fleet.nodes[0])
    #expect(try fleet.plans() == after)

    // A comment changes no plan, and its file comes to the nodes all the same.
    try fleet.edit("version: 1", "version: 1 # the first")
    let comment = try fleet.run("apply", "--format", "json")
    #expect(comment.status == .exited(0), "\(comment.output)\(comment.errorOutput)")
    #expect(fleet.configs().allSatisfy { $0.contains("# the first") } && fleet.leftovers == [])
    #expect(try fleet.plans() == after)
  }

  @Test func `included files and lists beside the config come with it, and nothing before it is confirmed`()
    throws
  {
    let fleet = try Fleet(["a", "b"])
    for name in fleet.names {
      let folder = fleet.ssh.folder
      try FileManager.default.createDirectory(
        at: folder.directory / "\(name)/more", withIntermediateDirectories: false)
      try folder.write("203.0.113.0/24\n", to: "\(name)/drop.netset")
      try folder.write("address_lists: { office: [198.51.100.8/29] }\n", to: "\(name)/more/it's.yaml")
    }
    try fleet.edit("version: 1", "version: 1\ninclude: [more/*.yaml]")
    try fleet.edit("idle_timeout: 10m", "ip_control: { black_list: [{ file: drop.netset }, office] }")
    try fleet.write()
    let run = try fleet.run("apply")
    #expect(run.status == .exited(0), "\(run.output)\(run.errorOutput)")
    #expect(
      fleet.nodes.allSatisfy {
        $0.read("drop.netset") == "203.0.113.0/24\n" && !$0.read("more/it's.yaml").isEmpty
      })
    #expect(try fleet.run("plan").status == .exited(0) && fleet.leftovers == [])
    for node in fleet.nodes {
      #expect(try node.ocean("plan", node.path("ocean.yaml")).status == .exited(0))
    }

    // A list alone.
    for name in fleet.names { try fleet.ssh.folder.write("203.0.113.0/25\n", to: "\(name)/drop.netset") }
    #expect(try fleet.run("apply").status == .exited(0))
    #expect(fleet.nodes.allSatisfy { $0.read("drop.netset") == "203.0.113.0/25\n" })
  }

  @Test func `a new config may name what is on the nodes, and what is missing on one is told with its name`()
    throws
  {
    let fleet = try Fleet(["a", "b"])
    try fleet.write()
    let (name, port) = (Workspace.hostName, Workspace.tlsPort)
    try fleet.edit(
      "version: 1", "version: 1\ncertificates: { main: { chain: tls/\(name).crt, key: tls/\(name).key } }")
    try fleet.edit("idle_timeout: 10m", "tls: { implicit: [\(port)], explicit: optional }")
    try fleet.nodes[0].makeCertificate()
    let before = try fleet.plans()
    let missing = try fleet.run("plan")
    #expect(missing.status == .exited(5))
    #expect(missing.output.contains("INVALID  1 of 2 nodes: b"), "\(missing.output)")
    #expect(
      missing.output.contains("there is no \(fleet.nodes[1].path("tls"))/\(name).crt [OC0317]"),
      "\(missing.output)")
    try fleet.nodes[1].makeCertificate()
    // The certificate of a node is its own, and is no other change.
    let run = try fleet.run("apply")
    #expect(run.status == .exited(0), "\(run.output)\(run.errorOutput)")
    #expect(run.output.contains("2 of 2 nodes: a, b\n") && run.output.hasSuffix("2 nodes: 2 confirmed\n"))
    #expect(try Set(fleet.plans()).isDisjoint(with: before))
    for node in fleet.nodes { #expect(try node.sClient([]).output.contains("+OK")) }
    #expect(fleet.leftovers == [])
  }

  @Test func `nothing is applied anywhere if a node is away, refuses, or has no place for the file`() throws {
    let fleet = try Fleet(["a", "b"])
    let (before, files) = (try fleet.plans(), fleet.configs())
    try fleet.edit("10m", "20m")
    func expectNothing(_ run: Command, _ code: Int32, _ text: String) throws {
      #expect(
        run.status == .exited(code) && (run.output + run.errorOutput).contains(text),
        "\(run.output)\(run.errorOutput)")
      #expect(try fleet.plans() == before && fleet.configs() == files && fleet.leftovers == [])
    }
    try fleet.write(away: "b")
    // Nothing listens at the name, because sshd knows no such host key: ssh itself ends.
    try fleet.ssh.folder.write(
      fleet.ssh.folder.read("ssh_config").replacing(
        "Host away\n  HostName \(fleet.ssh.folder.address)", with: "Host away\n  HostName 127.0.0.1"),
      to: "ssh_config")
    try expectNothing(try fleet.run("apply"), 5, "UNREACHABLE  1 of 2 nodes: b")
    try fleet.write()

    // One server answers for both.
    let twins = fleet.ssh.folder.read("fleet.yaml").replacing(
      fleet.nodes[1].path("ocean.yaml"), with: fleet.nodes[0].path("ocean.yaml"))
    try fleet.ssh.folder.write(twins, to: "fleet.yaml")
    try expectNothing(try fleet.run("apply"), 1, "NOT BELIEVED  2 of 2 nodes: a, b")
    try fleet.write()

    // A plan that the server of one node does not take: another program has its port.
    let thief = try Command(
      "python3",
      [
        "-c",
        "import socket,time; s=socket.create_server((\"\(fleet.nodes[1].address)\", 1111)); print(1, flush=True); time.sleep(600)",
      ],
      directory: fleet.ssh.folder.directory)
    try eventually("the port is taken") { thief.output.isEmpty ? nil : true }
    try fleet.edit("ports: [1110]", "ports: [1110, 1111]")
    let refused = try fleet.run("apply")
    try expectNothing(refused, 1, "FAILED  1 of 2 nodes: b")
    #expect(
      refused.output.contains("another program listens there")
        && refused.output.contains("The fleet runs what it ran before"))
    #expect(refused.output.contains("WENT BACK") || refused.output.contains("NOT CHANGED"))

    // A link is not replaced.
    try fleet.edit("ports: [1110, 1111]", "ports: [1110]")
    let node = fleet.nodes[0]
    try FileManager.default.moveItem(at: node.directory / "ocean.yaml", to: node.directory / "real.yaml")
    try FileManager.default.createSymbolicLink(
      atPath: node.path("ocean.yaml"), withDestinationPath: node.path("real.yaml"))
    let linked = try fleet.run("apply", "--format", "json")
    try expectNothing(linked, 1, "is a link")
    let report = try JSONSerialization.jsonObject(with: Data(linked.output.utf8)) as? [String: Any]
    #expect(report?["outcome"] as? String == "failed")
  }

  @Test func `a node that another plan runs on by then is not changed, nor is any other`() throws {
    let fleet = try Fleet(["a", "b"])
    try fleet.edit("10m", "20m")
    try fleet.write()
    try fleet.nodes[1].writeConfig(service: ["idle_timeout: 15m"])
    let node = fleet.nodes[1]
    #expect(try node.ocean("apply", "--confirm-within", "1m", node.path("ocean.yaml")).status == .exited(0))
    let before = try fleet.plans()
    let run = try fleet.run("apply")
    #expect(run.status == .exited(4) && run.output.contains("waits to be confirmed there"), "\(run.output)")
    #expect(try fleet.plans() == before && fleet.leftovers == [])
  }

  /// The command is killed once it has said something; then nobody tells the nodes to stay.
  private func killed(
    _ fleet: Fleet, _ name: String = "apply", at text: String, _ arguments: [String] = []
  ) throws -> Command {
    let command = try Command(
      try oceanBinary(), ["fleet", name, fleet.ssh.folder.path("fleet.yaml")] + arguments,
      environment: fleet.ssh.environment, directory: fleet.ssh.folder.directory)
    try eventually("'\(text)' is said: \(command.output)\(command.errorOutput)") {
      command.output.contains(text) ? true : nil
    }
    command.signal(SIGKILL)
    try command.wait()
    return command
  }

  @Test(arguments: ["10m -> 20m", "canaries 1 of 2", "applied", "batch 2 of 2", "confirming all"])
  func `when the command is killed, all nodes come to run one plan`(_ text: String) throws {
    let fleet = try Fleet(["a", "b"])
    let (before, files) = (try fleet.plans(), fleet.configs())
    try fleet.edit("10m", "20m")
    try fleet.write("soak: 1s", canary: "a")
    _ = try killed(fleet, at: text, ["--confirm-within", "4s"])
    // What was begun on a node comes to its end there.
    try eventually("all run one plan: \(try fleet.plans())", within: 40) {
      let (plans, configs) = (try fleet.plans(), fleet.configs())
      let isOld = plans == before && configs == files
      let isNew = Set(plans).isDisjoint(with: before) && configs.allSatisfy { $0.contains("20m") }
      return isOld || isNew && !plans.contains { $0.hasSuffix("waits") } ? true : nil
    }
    // It can be done again, and leaves nothing. What was on its way to a node may have come there meanwhile: then that waits.
    try eventually("it is done again", within: 40) {
      let again = try fleet.run("apply")
      #expect(again.status == .exited(0) || again.status == .exited(4), "\(again.output)\(again.errorOutput)")
      return again.status == .exited(0) ? true : nil
    }
    #expect(fleet.configs().allSatisfy { $0.contains("20m") } && fleet.leftovers == [])
  }

  @Test func `a rollout that waits is confirmed, or taken back, by hand`() throws {
    let fleet = try Fleet(["a", "b"])
    let (before, files) = (try fleet.plans(), fleet.configs())
    try fleet.edit("10m", "20m")
    try fleet.write("soak: 10m\n  batch: 100%")
    #expect(try fleet.run("confirm").status == .exited(1))
    let nothing = try fleet.run("rollback")
    #expect(
      nothing.status == .exited(5) && nothing.output.contains("there is no plan so far back"),
      "\(nothing.output)")
    let all = "b  applied"
    _ = try killed(fleet, at: all, ["--confirm-within", "5m"])
    #expect(try fleet.plans().allSatisfy { $0.hasSuffix("waits") } && fleet.configs() == files)
    let status = try fleet.run("status")
    #expect(status.status == .exited(5) && status.output.contains("UNCONFIRMED  2 of 2 nodes: a, b"))
    let back = try fleet.run("rollback", "--comment", "not today")
    #expect(back.status == .exited(0), "\(back.output)")
    #expect(back.output.contains("WENT BACK  2 of 2 nodes: a, b"), "\(back.output)\(back.errorOutput)")
    #expect(try fleet.plans() == before && fleet.configs() == files && fleet.leftovers == [])

    _ = try killed(fleet, at: all, ["--confirm-within", "5m"])
    let node = fleet.nodes[1]
    // One of them is not confirmed alone.
    #expect(try node.ocean("rollback", "-c", node.path("ocean.yaml")).status == .exited(0))
    let one = try fleet.run("confirm")
    #expect(one.status == .exited(5) && one.output.contains("of another policy"), "\(one.output)")
    #expect(try fleet.run("rollback").output.contains("WENT BACK  1 of 2 nodes: a"))

    _ = try killed(fleet, at: all, ["--confirm-within", "5m"])
    let kept = try fleet.run("confirm", "--format", "json")
    #expect(kept.status == .exited(0), "\(kept.output)\(kept.errorOutput)")
    #expect(Set(try fleet.plans()).isDisjoint(with: before) && fleet.leftovers == [])
    #expect(fleet.configs().allSatisfy { $0.contains("20m") })
    #expect(try fleet.run("status").status == .exited(0))
  }

  @Test func `a change that was confirmed is taken back on all nodes together`() throws {
    let fleet = try Fleet(["a", "b", "c"])
    let before = try fleet.plans()
    try fleet.edit("10m", "20m")
    try fleet.write(canary: "a")
    #expect(try fleet.run("apply").status == .exited(0))
    let (after, files) = (try fleet.plans(), fleet.configs())

    let dry = try fleet.run("rollback", "--dry-run")
    #expect(dry.status == .exited(0), "\(dry.output)\(dry.errorOutput)")
    #expect(
      dry.output.contains("3 of 3 nodes: a, b, c\n") && dry.output.contains("20m -> 10m"), "\(dry.output)")
    #expect(dry.output.contains("stays as it is, and does not run until it is edited, or applied again"))
    #expect(dry.output.hasSuffix("3 nodes: 3 change. Nothing was changed.\n"), "\(dry.output)")
    #expect(
      try fleet.run("rollback", "--dry-run", "--format", "json").output.contains("\"effect\":\"changes\""))
    #expect(try fleet.plans() == after)

    // Killed at any point, all come to run one plan, and it can be done again. What was on its way to a node may come there
    // meanwhile, and waits then.
    for text in ["batch 1 of 1", "confirming all"] {
      _ = try killed(fleet, "rollback", at: text, ["--yes", "--confirm-within", "15s"])
      try eventually("it is done again: \(try fleet.plans())", within: 120) {
        let again = try fleet.run("rollback", "--yes")
        let isDone = again.status == .exited(0) || again.errorOutput.contains("nothing to take back")
        return isDone ? true : nil
      }
      #expect(try fleet.plans() == before)
      #expect(try fleet.run("apply").status == .exited(0))
      #expect(try fleet.plans() == after)
    }

    // A script that tidies up after a rollout does not take back the one before.
    let unasked = try fleet.run("rollback")
    #expect(
      unasked.status == .exited(1) && unasked.errorOutput.contains("takes --yes"), "\(unasked.errorOutput)")
    #expect(try fleet.plans() == after)

    let back = try fleet.run("rollback", "--yes", "--comment", "not today")
    #expect(back.status == .exited(0), "\(back.output)\(back.errorOutput)")
    #expect(
      back.output.hasSuffix("WENT BACK  3 of 3 nodes: a, b, c\n3 nodes: 3 went back\n"), "\(back.output)")
    #expect(try fleet.plans() == before && fleet.configs() == files && fleet.leftovers == [])
    let node = fleet.nodes[0]
    #expect(try node.ocean("history", "-c", node.path("ocean.yaml")).output.contains("not today"))
    let again = try fleet.run("rollback", "--yes")
    #expect(
      again.status == .exited(1) && again.errorOutput.contains("there is nothing to take back"),
      "\(again.output)")
    // A restart does not apply the config again.
    try fleet.servers[0].stop()
    fleet.servers[0] = try Server(node)
    #expect(try fleet.plans() == before)

    // Nodes whose last changes are others do not go back, nor does any if one is away.
    #expect(try fleet.run("apply").status == .exited(0))
    let other = fleet.nodes[2]
    try other.writeConfig(service: ["idle_timeout: 15m"])
    #expect(try other.ocean("apply", other.path("ocean.yaml")).status == .exited(0))
    let mixed = try fleet.plans()
    let refused = try fleet.run("rollback", "--yes")
    #expect(refused.status == .exited(5), "\(refused.output)")
    #expect(refused.output.contains("ANOTHER CHANGE  1 of 3 nodes: c"), "\(refused.output)")
    #expect(refused.errorOutput.contains("nothing was changed"))
    #expect(try fleet.plans() == mixed)
    fleet.servers[2].process.signal(SIGKILL)
    try fleet.servers[2].process.wait()
    let away = try fleet.run("rollback", "--yes", "--format", "json")
    #expect(away.status == .exited(5) && away.output.contains("\"state\":\"unknown\""), "\(away.output)")
  }

  @Test
  func `when the command dies before a node is told to stay, nodes go back; after all are told, they stay`()
    throws
  {
    let fleet = try Fleet(["a", "b"])
    let before = try fleet.plans()
    try fleet.edit("10m", "20m")
    try fleet.write()
    try fleet.ssh.die(.beforeAll)
    #expect(try fleet.run("apply", "--confirm-within", "20s").status != .exited(0))
    try eventually("they go back: \(try fleet.plans())", within: 40) {
      try fleet.plans() == before ? true : nil
    }
    #expect(try fleet.run("status").output.contains("HALF CONFIRMED") == false)
    try fleet.ssh.die(.afterAll)
    #expect(try fleet.run("apply", "--confirm-within", "20s").status != .exited(0))
    try eventually("they stay: \(try fleet.plans())", within: 40) {
      let plans = try fleet.plans()
      return Set(plans).isDisjoint(with: before) && !plans.contains { $0.hasSuffix("waits") } ? true : nil
    }
    try fleet.ssh.die(nil)
    try eventually("it is finished", within: 40) {
      try fleet.run("apply").status == .exited(0) && fleet.run("status").status == .exited(0) ? true : nil
    }
    #expect(fleet.configs().allSatisfy { $0.contains("20m") } && fleet.leftovers == [])
  }

  @Test func `what goes back to a plan that a rollout brought is not taken for that rollout`() throws {
    let fleet = try Fleet(["a", "b"])
    try fleet.edit("10m", "20m")
    try fleet.write()
    #expect(try fleet.run("apply").status == .exited(0))
    let first = try fleet.plans()
    try fleet.edit("20m", "30m")
    #expect(try fleet.run("apply").status == .exited(0))
    #expect(try fleet.plans() != first)
    _ = try killed(fleet, "rollback", at: "confirming all", ["--yes", "--confirm-within", "15s"])
    let status = try fleet.run("status").output
    #expect(!status.contains("rollout brought") && !status.contains("not its files yet"), "\(status)")
    try eventually("it is done again: \(try fleet.plans())", within: 120) {
      let again = try fleet.run("rollback", "--yes")
      return again.status == .exited(0) || again.errorOutput.contains("nothing to take back") ? true : nil
    }
    #expect(try fleet.plans() == first)
  }

  /// The one moment in which nodes can come to differ: one is told to stay, and the command dies.
  @Test(arguments: ["confirm", "rollback", "apply", "rollback late"])
  func `a rollout that one node keeps and another does not is named, and finished or taken back`(
    _ way: String
  ) throws {
    let fleet = try Fleet(["a", "b"])
    let (before, isLate) = (try fleet.plans(), way == "apply" || way == "rollback late")
    try fleet.edit("10m", "20m")
    try fleet.write()
    try fleet.ssh.die(.between)
    #expect(
      try fleet.run("apply", "--confirm-within", way == "rollback late" ? "20s" : "5m").status != .exited(0))
    try fleet.ssh.die(nil)
    if way == "apply" {
      // A server that starts again does not run what was never confirmed.
      fleet.servers[1].process.signal(SIGKILL)
      try fleet.servers[1].process.wait()
      fleet.servers[1] = try Server(fleet.nodes[1])
    }
    let after = try #require(fleet.plans().first?.split(separator: " ").first)
    try eventually("one keeps it: \(try fleet.plans())", within: 60) {
      let plans = try fleet.plans()
      return plans[0] == after && (isLate ? plans[1] == before[1] : plans[1].hasSuffix("waits")) ? true : nil
    }
    let status = try fleet.run("status")
    #expect(status.status == .exited(5), "\(status.output)")
    let words =
      isLate ? "b went back from it: 'ocean fleet apply'" : "b waits to keep it: 'ocean fleet confirm'"
    #expect(
      status.output.contains("HALF CONFIRMED  a keeps policy ") && status.output.contains(words),
      "\(status.output)")
    let done = try fleet.run(String(way.prefix { $0 != " " }), way.hasPrefix("confirm") ? [] : ["--yes"])
    #expect(done.status == .exited(0), "\(done.output)\(done.errorOutput)")
    let plans = try fleet.plans()
    if way.hasPrefix("rollback") {
      // What a node that went back by itself has left is removed by the next rollout.
      #expect(plans == before && (isLate || fleet.leftovers == []))
    } else {
      #expect(plans[0] == after && Set(plans).isDisjoint(with: before) && !plans[1].hasSuffix("waits"))
      #expect(fleet.configs().allSatisfy { $0.contains("20m") } && fleet.leftovers == [])
    }
    #expect(try fleet.run("status").output.contains("HALF CONFIRMED") == false)
  }

  @Test func `an interruption says what goes back by itself, and when`() throws {
    let fleet = try Fleet(["a", "b"])
    let before = try fleet.plans()
    try fleet.edit("10m", "20m")
    try fleet.write("soak: 10m", canary: "a")
    let run = try fleet.start("apply", "--confirm-within", "5s")
    try eventually("the canary has it") { run.output.contains("a  applied") ? true : nil }
    run.signal(SIGINT)
    #expect(try run.wait() == .exited(5), "\(run.output)\(run.errorOutput)")
    #expect(run.output.contains("UNCONFIRMED  1 of 2 nodes: a\n"), "\(run.output)")
    #expect(run.output.contains(/each goes back by itself, at 20\S+Z at the latest/))
    #expect(run.output.contains("Interrupted. 2 nodes: 1 unconfirmed, 1 not changed"))
    try eventually("it went back", within: 40) { try fleet.plans() == before ? true : nil }
  }

  @Test(arguments: [60, 80, 200])
  func `on a terminal it asks, no line is too long, and Ctrl-C says what goes back`(_ columns: Int) throws {
    let fleet = try Fleet(["a", "b"])
    let before = try fleet.plans()
    try fleet.edit("10m", "20m")
    try fleet.write("soak: 10m", canary: "a")
    func dialog(_ words: String..., answers: [(prompt: String, answer: String)]) throws -> Dialog {
      let folder = fleet.ssh.folder
      let dialog = try folder.dialog(
        [try oceanBinary(), "fleet"] + words + [folder.path("fleet.yaml")],
        environment: fleet.ssh.environment,
        columns: columns, answers)
      let text = dialog.screen.replacing(/\u{1b}\[[0-9;]*[mK]/, with: "")
      for line in text.split(whereSeparator: \.isNewline) {
        #expect(line.count <= columns || line.contains("ocean-test-"), "\(line)")
      }
      return dialog
    }
    let no = try dialog("apply", answers: [("Apply? [y/N] ", "no")])
    #expect(no.code == 1 && no.screen.hasSuffix("\nocean: nothing was applied\n"), "\(no.screen)")
    let early = try dialog("apply", answers: [("Apply? [y/N] ", "^C")])
    #expect(early.code == 130, "\(early.screen)")
    #expect(try fleet.plans() == before && fleet.leftovers == [])
    let run = try dialog(
      "apply", "--confirm-within", "5s", answers: [("Apply? [y/N] ", "Yes "), (" left", "^C")])
    #expect(run.code == 5 && run.screen.contains("UNCONFIRMED  1 of 2 nodes: a"), "\(run.screen)")
    #expect(
      run.screen.contains("watching 1 of 2 nodes: 9m") || run.screen.contains("watching 1 of 2 nodes: 10m"))
    try eventually("it went back", within: 40) { try fleet.plans() == before ? true : nil }

    try fleet.write()
    #expect(try dialog("apply", answers: [("Apply? [y/N] ", "y")]).code == 0)
    let back = try dialog("rollback", answers: [("Take back? [y/N] ", "")])
    #expect(back.code == 1 && back.screen.hasSuffix("\nocean: nothing was changed\n"), "\(back.screen)")
    #expect(try dialog("rollback", answers: [("Take back? [y/N] ", "y")]).code == 0)
    #expect(try fleet.plans() == before)
  }

  @Test func `once nodes are confirmed, an interruption comes too late`() throws {
    let fleet = try Fleet(["a", "b"])
    try fleet.edit("10m", "20m")
    try fleet.write()
    let run = try fleet.start("apply")
    try eventually("they are confirmed") { run.output.contains("confirming all") ? true : nil }
    run.signal(SIGTERM)
    #expect(try run.wait() == .exited(0), "\(run.output)\(run.errorOutput)")
    #expect(run.output.hasSuffix("2 nodes: 2 confirmed\n") && fleet.leftovers == [])
    #expect(fleet.configs().allSatisfy { $0.contains("20m") })
  }

  @Test func `without a network all nodes go back by themselves`() throws {
    let fleet = try Fleet(["a", "b"])
    let (before, files) = (try fleet.plans(), fleet.configs())
    try fleet.edit("10m", "20m")
    try fleet.write("soak: 10m\n  batch: 100%")
    let run = try fleet.start("apply", "--confirm-within", "8s")
    try eventually("both have it") { run.output.contains("b  applied") ? true : nil }
    fleet.ssh.stop()
    #expect(try run.wait() == .exited(5), "\(run.output)\(run.errorOutput)")
    #expect(run.output.contains("UNREACHABLE  2 of 2 nodes: a, b\n"), "\(run.output)")
    #expect(run.output.contains("each goes back by itself"))
    try eventually("they went back", within: 40) { try fleet.plans() == before ? true : nil }
    #expect(fleet.configs() == files)
  }

  @Test func `a node whose server dies, or whose clients fail, takes the plan back from all`() throws {
    let fleet = try Fleet(["a", "b"])
    let before = try fleet.plans()
    try fleet.edit("10m", "20m")
    try fleet.write("soak: 10m", canary: "a")
    let sick = try fleet.start("apply", "--confirm-within", "8s")
    try eventually("the canary has it") { sick.output.contains("a  applied") ? true : nil }
    for _ in 0..<4 {
      #expect(try fleet.servers[0].greeted().logIn("anna", "wrong").hasPrefix("-ERR"))
    }
    #expect(try sick.wait() == .exited(1), "\(sick.output)\(sick.errorOutput)")
    #expect(
      sick.output.contains(/NOT WELL  1 of 2 nodes: a\n/) && sick.output.contains("logins failed"),
      "\(sick.output)")
    #expect(try fleet.plans() == before && fleet.leftovers == [])

    let dead = try fleet.start("apply", "--confirm-within", "8s")
    try eventually("the canary has it") { dead.output.contains("a  applied") ? true : nil }
    fleet.servers[0].process.signal(SIGKILL)
    try fleet.servers[0].process.wait()
    #expect(try dead.wait() == .exited(5), "\(dead.output)\(dead.errorOutput)")
    #expect(dead.output.contains("FAILED  1 of 2 nodes: a"), "\(dead.output)")
    fleet.servers[0] = try Server(fleet.nodes[0])
    #expect(try fleet.plans() == before)
  }
}
