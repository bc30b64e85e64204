import Foundation

/// A real redis-server on an address of its own.
final class Engine {
  private(set) var process: Command
  let workspace: Workspace
  private let arguments: [String]

  var address: String { workspace.address }
  var url: String { "valkey://\(address):6379" }

  /// - Parameter options: more options, made for the engine's workspace.
  init(_ options: (Workspace) throws -> [String] = { _ in [] }) throws {
    workspace = try Workspace()
    arguments =
      ["--bind", workspace.address, "--port", "6379", "--dir", workspace.directory.path, "--save", ""]
      + (try options(workspace))
    process = try Command("redis-server", arguments, directory: workspace.directory)
    try waitUntilReady()
  }

  deinit { process.signal(SIGKILL) }

  func start() throws {
    process = try Command("redis-server", arguments, directory: workspace.directory)
    try waitUntilReady()
  }

  private func waitUntilReady() throws {
    try eventually("redis-server answers: \(process.output)") {
      // It may want a password.
      try ["PONG", "NOAUTH Authentication required."].contains(cli("PING")) ? true : nil
    }
  }

  /// What it calls itself: `redis`, or `valkey` where that runs in its place (Tests/valkey).
  func name() throws -> String {
    let lines = try cli("HELLO", "2").split(separator: "\n")
    return lines.count > 1 && lines[0] == "server" ? String(lines[1]) : "nothing"
  }

  func cli(_ words: String...) throws -> String { try cli(words) }

  func cli(_ words: [String]) throws -> String { try workspace.redis(port: 6379, words) }
}

/// A real redis-sentinel on an address of its own.
final class Sentinel {
  private(set) var process: Command
  let workspace: Workspace

  var address: String { workspace.address }

  /// - Parameters:
  ///   - engine: what it takes for the master at first.
  ///   - options: more lines of its configuration.
  init(of engine: Engine, _ options: (Workspace) throws -> [String] = { _ in [] }) throws {
    workspace = try Workspace()
    let lines =
      [
        "port 26379", "bind \(workspace.address)", "dir \(workspace.directory.path)",
        "sentinel announce-ip \(workspace.address)", "sentinel monitor mymaster \(engine.address) 6379 2",
        "sentinel down-after-milliseconds mymaster 400", "sentinel failover-timeout mymaster 3000",
      ] + (try options(workspace))
    try workspace.write(lines.joined(separator: "\n") + "\n", to: "sentinel.conf")
    process = try Command(
      "redis-sentinel", [workspace.path("sentinel.conf")], directory: workspace.directory)
    try eventually("redis-sentinel answers: \(process.output)") { try cli("PING") == "PONG" ? true : nil }
    // Otherwise it asks every ten seconds, and says every two that it is there.
    let periods = ["info-period", "200", "ping-period", "100", "publish-period", "100", "ask-period", "100"]
    _ = try cli(["SENTINEL", "DEBUG"] + periods)
  }

  deinit { process.signal(SIGKILL) }

  func cli(_ words: String...) throws -> String { try cli(words) }

  func cli(_ words: [String]) throws -> String { try workspace.redis(port: 26379, words) }

  /// Where it says that the master is.
  func master() throws -> String {
    String(try cli("SENTINEL", "get-master-addr-by-name", "mymaster").prefix { $0 != "\n" })
  }
}

/// A master and a replica, watched by three Sentinels.
final class WatchedEngines {
  let engines: [Engine]
  let sentinels: [Sentinel]

  var places: String { sentinels.map(\.address).joined(separator: ", ") }

  /// - Parameters:
  ///   - options: more options of each engine.
  ///   - sentinelOptions: more lines of each Sentinel's configuration.
  init(
    _ options: (Workspace) throws -> [String] = { _ in [] },
    sentinelOptions: (Workspace) throws -> [String] = { _ in [] }
  ) throws {
    func announced(_ workspace: Workspace) throws -> [String] {
      // Otherwise it is known by the address that its connections come from, which is 127.0.0.1.
      ["--replica-announce-ip", workspace.address, "--repl-diskless-sync-delay", "0"]
        + (try options(workspace))
    }
    let master = try Engine(announced)
    let replica = try Engine { try announced($0) + ["--replicaof", master.address, "6379"] }
    engines = [master, replica]
    sentinels = try (0..<3).map { _ in try Sentinel(of: master, sentinelOptions) }
    try waitUntilWatched()
  }

  func waitUntilWatched() throws {
    for sentinel in sentinels {
      try eventually("it knows the others, and the replica") {
        let others = try sentinel.cli("SENTINEL", "CKQUORUM", "mymaster")
        let replicas = try sentinel.cli("SENTINEL", "REPLICAS", "mymaster")
        return others.hasPrefix("OK 3 usable") && replicas.contains("master-link-status\nok") ? true : nil
      }
    }
  }
}

extension Workspace {
  fileprivate func redis(port: Int, _ words: [String]) throws -> String {
    let command = try run("redis-cli", ["-h", address, "-p", "\(port)"] + words)
    return command.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  struct SharedState: Decodable {
    let url: String?
    let state: String
    let reason: String?
    let sentinel_trouble: String?
    let waiting: Int
  }

  /// Writes a config with a shared state.
  func writeShared(_ settings: String, server: [String] = []) throws {
    let server = server.isEmpty ? ["anti_hammering: { max_failures: 3, block_for: 1h }"] : server
    try writeConfig(
      server: ["drain_timeout: 0s", "shared_state: { \(settings) }"] + server,
      service: ["max_login_attempts: 10"])
  }

  func sharedState() throws -> SharedState {
    struct Status: Decodable { let shared_state: SharedState }
    let status: Status = try ocean("status", config, "--format", "json").json()
    return status.shared_state
  }

  func blockedAddresses() throws -> [String] {
    struct Blocks: Decodable {
      struct Block: Decodable { let address: String }
      let blocks: [Block]
    }
    let list: Blocks = try ocean("blocks", config, "--format", "json").json()
    return list.blocks.map(\.address)
  }
}
