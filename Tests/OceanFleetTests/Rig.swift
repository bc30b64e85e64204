import Foundation
import OceanCompiler
import OceanFleet
import OceanHost
import OceanPlan
import Synchronization
import TestSupport
import Testing

/// A config in a folder, and nodes that answer what they are told to.
final class Rig: Sendable {
  let directory: TemporaryDirectory
  /// The answers of the nodes, by ssh target and the second word of the command: `facts`, `plan`, `status`; or the second and
  /// third.
  private let answers = Mutex<[String: ChildProcesses.Outcome]>([:])
  /// What was run.
  var commands: [[String]] { run.withLock { $0 } }
  private let run = Mutex<[[String]]>([])
  /// What the first command of each node was given to read.
  var inputs: [String: [UInt8]] { given.withLock { $0 } }
  private let given = Mutex<[String: [UInt8]]>([:])

  static let config = """
    version: 1
    server: { bind: [127.0.0.1], state: state }
    accounts: { main: { passwd_file: users.passwd } }
    mail: { maildir: "mail/{user}" }
    services:
      pop3:
        ports: [1110]
        idle_timeout: 10m
        ip_control: { black_list: [203.0.113.0/24] }

    """

  init() throws {
    directory = try TemporaryDirectory()
    let folders = ["mail/anna", "mail/anna/new", "mail/anna/cur", "mail/anna/tmp"]
    for name in ["state", "mail"] + folders { mkdir(path(name), 0o700) }
    try write("anna:{PLAIN}secret::::::\n", to: "users.passwd")
    try write(Self.config, to: "ocean.yaml")
  }

  func path(_ name: String) -> String { "\(directory.path)/\(name)" }

  func write(_ text: String, to name: String) throws {
    try Files.writePrivately(Array(text.utf8), to: path(name))
  }

  func edit(_ old: String, _ new: String) throws {
    try write(Self.config.replacing(old, with: new), to: "ocean.yaml")
  }

  /// The facts of a host with another name.
  func facts(of host: String) throws -> FactsFile {
    let config = try CompiledConfig(path("ocean.yaml"))
    var facts = config.facts
    facts.hostname = "\(host).example.org"
    return FactsFile(
      facts, for: config.loaded.factRequest, directory: directory.path,
      defaultDomain: config.loaded.config.defaultDomain)
  }

  /// The plan of the config as it is now on a host.
  func plan(of host: String) throws -> PlanFile {
    var configs = RemoteConfigs()
    let config = try configs.compiled(path("ocean.yaml"), try facts(of: host), from: nil)
    return try config.planFile(try #require(config.result.plan))
  }

  /// Nodes that ssh reaches by their names.
  func fleet(_ names: String...) -> Fleet {
    Fleet(
      name: "mail",
      nodes: names.enumerated().map { index, name in
        Fleet.Node(
          name: name, place: .init(file: "fleet.yaml", line: index + 3, column: 5), ssh: name,
          config: path("ocean.yaml"))
      })
  }

  func answer(_ node: String, _ command: String, _ outcome: ChildProcesses.Outcome) {
    answers.withLock { $0["\(node) \(command)"] = outcome }
  }

  func answer(_ node: String, _ command: String, _ bytes: [UInt8]) {
    answer(node, command, .ended(.init(status: 0, output: bytes, complaints: [])))
  }

  func fail(_ node: String, _ command: String, _ status: Int32, _ complaint: String) {
    answer(node, command, .ended(.init(status: status, output: [], complaints: Array(complaint.utf8))))
  }

  /// Nodes that run the config as it is now.
  func run(on names: String...) throws {
    for name in names {
      answer(name, "facts", try facts(of: name).json)
      answer(name, "plan", try plan(of: name).json)
    }
  }

  var questions: FleetQuestions {
    FleetQuestions(seconds: 20) { [self] commands, _, report in
      run.withLock { $0 += commands.map(\.words) }
      return commands.map(\.words).enumerated().map { index, words in
        report(index + 1)
        let (target, command) = (words[words.count - 2], words[words.count - 1].split(separator: " "))
        given.withLock { if $0[target] == nil { $0[target] = commands[index].input } }
        return answers.withLock {
          $0["\(target) \(command[1]) \(command[2])"] ?? $0["\(target) \(command[1])"] ?? .late
        }
      }
    }
  }

  /// A text without what differs from run to run.
  func masked(_ text: String, _ digests: Digest...) -> String {
    var text = text.replacing(directory.path, with: "/etc/ocean")
    for (number, digest) in digests.enumerated() {
      text = text.replacing(digest.short, with: "digest\(number)".suffix(6))
    }
    return text
  }
}

/// Compares a text with the one that is kept.
func expectGolden(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
  let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Texts/\(name).txt")
  let text = text + "\n"
  if ProcessInfo.processInfo.environment["OCEAN_RECORD"] != nil {
    try text.write(to: file, atomically: true, encoding: .utf8)
  }
  #expect(try text == String(contentsOf: file, encoding: .utf8), sourceLocation: sourceLocation)
}
