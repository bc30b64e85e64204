import ArgumentParser
import Foundation
import OceanCompiler
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

  @Option(help: ArgumentHelp("The access log.", valueName: "path"))
  var log: String

  @Option(
    help: ArgumentHelp(
      "Compare with this config or plan, not with what the log says was done.", valueName: "old"))
  var baseline: String?

  @Option(help: "human or json.")
  var format = Format.human

  private static let mostShown = 40
  /// How a file of gzip begins (RFC 1952 §2.3.1).
  private static let gzip: [UInt8] = [0x1f, 0x8b]

  func run() throws {
    let replay: Replay
    do throws(CommandError) {
      replay = try read(Replay(try LoadedPlan(file).version, baseline: try baseline.map(version)))
    } catch {
      printError("ocean: \(error.message)")
      throw ExitCode(1)
    }
    switch format {
    case .human: print(text(of: replay))
    case .json: printBytes(try ControlAPI.encode(Report(replay)))
    }
    if !replay.affected.isEmpty { throw ExitCode(2) }
  }

  private func version(_ path: String) throws(CommandError) -> PlanVersion { try LoadedPlan(path).version }

  /// Line by line: a log may be larger than memory.
  private func read(_ empty: Replay) throws(CommandError) -> Replay {
    guard let stream = fopen(log, "re") else {
      throw CommandError("cannot read \(log): \(String(cString: strerror(errno)))")
    }
    defer { fclose(stream) }
    var replay = empty
    let decoder = JSONDecoder()
    var (buffer, capacity, number) = (nil as UnsafeMutablePointer<CChar>?, 0, 0)
    defer { free(buffer) }
    while true {
      let count = getline(&buffer, &capacity, stream)
      guard count >= 0, let buffer else { break }
      number += 1
      let bytes = Data(bytes: buffer, count: count)
      if number == 1, bytes.starts(with: Self.gzip) {
        throw CommandError(
          "\(log) is compressed: zcat \(log.shellQuoted) | ocean replay \(file.shellQuoted) --log /dev/stdin")
      }
      guard bytes.contains(where: { $0 > 32 }) else { continue }
      do {
        replay.add(try decoder.decode(Replay.Line.self, from: bytes))
      } catch {
        // The last line may still be being written.
        guard bytes.last != 10 else {
          throw CommandError("\(log):\(number): this is no line of an access log")
        }
      }
    }
    return replay
  }

  private func text(of replay: Replay) -> String {
    let affected = replay.affected
    let addresses = replay.addresses == 1 ? "1 address" : "\(replay.addresses) addresses"
    var lines = ["\(counted(replay.connections, "connection")) from \(addresses) in the log"]
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
    if affected.isEmpty { lines.append("nobody would be treated otherwise") }
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
    let affected: [Entry]

    init(_ replay: Replay) {
      connections = replay.connections
      affected = replay.affected.map {
        Entry(
          service: $0.service, peer: "\($0.peer)", verdict: $0.isAllowed ? "allowed" : "refused",
          connections: $0.connections, last: $0.last, users: $0.users.sorted(), rule: $0.rule?.text,
          span: $0.place)
      }
    }
  }
}
