import ArgumentParser
import Glibc
import OceanCompiler
import OceanHost
import OceanPlan
import OceanSyntax

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Whom of those in an access log would a config, or saved plan, treat otherwise?",
    discussion: """
      Rules only: blocks and limits depend on what the log does not say. Exits with 0 if nobody is affected, 2 if somebody \
      is, 1 on errors.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case human
    case json
  }

  @Argument(help: "The config or the saved plan.")
  var file: String

  @Option(
    help: ArgumentHelp(
      "The access log, or - for standard input; given again, another one that is read after it.",
      valueName: "path"))
  var log: [String]

  @Option(
    help: ArgumentHelp(
      "Compare with this config or plan, not with what the log says was done.", valueName: "old"))
  var baseline: String?

  @Option(help: "human or json.")
  var format = Format.human

  private static let mostShown = 40

  func run() throws {
    var lines: AccessLogLines
    let loaded: LoadedPlan
    do throws(Failure) {
      loaded = try LoadedPlan(asking: file)
      lines = AccessLogLines(Replay(loaded.version, baseline: try baseline.map(version)))
      for path in log {
        try lines.read(path, unpacked: "ocean replay \(Files.absolute(file).shellQuoted) --log -")
      }
      try lines.requireLines()
    } catch {
      printError("ocean: \(error.message)")
      throw ExitCode(1)
    }
    switch format {
    case .human: print(text(of: lines.replay, unreadable: lines))
    case .json: printBytes(try ControlAPI.encode(Report(lines)))
    }
    try loaded.exitIfBroken(1)
    if !lines.replay.affected.isEmpty { throw ExitCode(2) }
  }

  private func version(_ path: String) throws(Failure) -> PlanVersion {
    try LoadedPlan(asking: path).version
  }

  private func text(of replay: Replay, unreadable lines: AccessLogLines) -> String {
    let affected = replay.affected
    let addresses = replay.addresses == 1 ? "1 address" : "\(replay.addresses) addresses"
    let unread = lines.summary
    var lines = ["\(counted(replay.connections, "connection")) from \(addresses) in the log"]
    if replay.unjudged > 0 {
      lines.append(
        "not judged: \(replay.unjudged) more, which blocks, limits or a missing PROXY header refused")
    }
    if let unread { lines.append(unread) }
    for (title, those) in [
      ("would be refused", affected.filter { !$0.isAllowed }),
      ("would be let in", affected.filter(\.isAllowed)),
    ] where !those.isEmpty {
      lines += ["", "\(those.count) \(title)"]
      var table = Table([
        ("ADDRESS", .left), ("SERVICE", .left), ("CONNECTIONS", .right), ("LAST", .left), ("USERS", .left),
        ("BY", .left),
      ])
      for entry in those.prefix(Self.mostShown) {
        table.add([
          "\(entry.peer)", entry.service, "\(entry.connections)", String(entry.last.prefix(19)),
          entry.users.sorted().prefix(3).joined(separator: ", "), reason(entry),
        ])
      }
      lines.append(table.text(color: Terminal.hasColor(STDOUT_FILENO)))
      if those.count > Self.mostShown {
        lines.append("and \(those.count - Self.mostShown) more (--format json lists all)")
      }
    }
    if replay.connections == 0 {
      lines.append("nothing to compare")
    } else if affected.isEmpty {
      lines.append("nobody would be treated otherwise")
    }
    return lines.joined(separator: "\n")
  }

  private func reason(_ entry: Replay.Affected) -> String {
    guard entry.isServed else { return "no such service" }
    let rule = entry.rule?.text ?? "ip_control.default"
    return entry.place.map { "\(rule), \($0)" } ?? rule
  }

  private struct Report: Encodable {
    struct Entry: Encodable {
      let service: String
      let peer: String
      let verdict: String
      let connections: Int
      let last: String
      let users: [String]
      let rule: String?
      let span: Provenance.Origin?
    }

    let formatVersion = 1
    let connections: Int
    let unjudged: Int
    let otherLines: Int
    let unreadableLines: Int
    let affected: [Entry]

    init(_ lines: AccessLogLines) {
      let replay = lines.replay
      connections = replay.connections
      unjudged = replay.unjudged
      otherLines = replay.otherLines
      unreadableLines = lines.unreadable
      affected = replay.affected.map {
        Entry(
          service: $0.service, peer: "\($0.peer)", verdict: $0.isAllowed ? "allowed" : "refused",
          connections: $0.connections, last: $0.last, users: $0.users.sorted(), rule: $0.rule?.text,
          span: $0.place)
      }
    }
  }
}
