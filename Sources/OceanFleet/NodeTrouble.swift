package import OceanHost
import OceanBase

/// Why nothing, or nothing that can be believed, is known of a node.
package struct NodeTrouble: Error, Sendable, Hashable {
  package enum Kind: String, Sendable, Codable {
    /// ssh did not get there, or no answer came in time.
    case unreachable
    /// It was reached, and the command failed there.
    case refused
    /// It answered something that cannot be so.
    case wrong
    /// Its config does not compile with its facts.
    case invalid
    /// Another plan runs there than the one that was compared with.
    case stale
    /// It is not well with its new plan.
    case unwell
    /// Its last change is not that of the others.
    case anotherChange = "another_change"
  }

  package let kind: Kind
  /// A sentence without its full stop.
  package let reason: String

  package init(_ kind: Kind, _ reason: String) { (self.kind, self.reason) = (kind, reason) }
}

extension NodeTrouble {
  /// The word that is shown before the nodes.
  package var word: String {
    switch kind {
    case .unreachable: "UNREACHABLE"
    case .refused: "FAILED"
    case .wrong: "NOT BELIEVED"
    case .invalid: "INVALID"
    case .stale: "CHANGED MEANWHILE"
    case .unwell: "NOT WELL"
    case .anotherChange: "ANOTHER CHANGE"
    }
  }

  /// What a command on a node came to.
  ///
  /// - Parameters:
  ///   - target: where ssh was to reach it.
  ///   - command: what was run there.
  ///   - seconds: how long it was waited for.
  package static func answer(
    _ outcome: ChildProcesses.Outcome, of target: String, to command: String, within seconds: Int
  ) -> Result<[UInt8], NodeTrouble> {
    switch outcome {
    case .late:
      .failure(NodeTrouble(.unreachable, "\(target) did not answer '\(command)' within \(seconds)s"))
    case .tooLong: .failure(NodeTrouble(.wrong, "'\(command)' on \(target) prints without end"))
    case .notStarted(let code):
      .failure(NodeTrouble(.unreachable, "ssh cannot be started: \(errorText(code))"))
    case .ended(let ending): answer(ending, of: target, to: command)
    }
  }

  private static func answer(
    _ ending: ChildProcesses.Ending, of target: String, to command: String
  ) -> Result<[UInt8], NodeTrouble> {
    let said = lastLine(of: ending.complaints)
    switch ending.status {
    case 0: return .success(ending.output)
    // `ocean plan` ends with 2 or 3 if something would change; it has answered all the same.
    case 1...3 where ending.output.first == UInt8(ascii: "{"): return .success(ending.output)
    case 4: return .failure(NodeTrouble(.stale, said ?? "another plan runs there"))
    // What ssh ends with by itself.
    case 255: return .failure(NodeTrouble(.unreachable, "ssh \(target): \(said ?? "it ended with 255")"))
    // What a shell ends with.
    case 127:
      return .failure(NodeTrouble(.refused, "ocean is not installed on \(target): \(said ?? "not found")"))
    default:
      return .failure(
        NodeTrouble(
          .refused, "'\(command)' on \(target): \(said ?? "it ended with \(ending.status), and said nothing")"
        ))
    }
  }

  /// The last line that is not empty, without the name of the program before it. Of wrong usage the first line says what is
  /// wrong, and the others what is right.
  private static func lastLine(of bytes: [UInt8]) -> String? {
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
      .filter { !$0.allSatisfy(\.isWhitespace) }
    let isUsage = lines.contains { $0.hasPrefix("Usage: ") }
    guard let line = isUsage ? lines.last(where: { $0.hasPrefix("Error: ") }) ?? lines.last : lines.last
    else { return nil }
    let name = ["ocean: ", "ssh: ", "Error: "].first { line.hasPrefix($0) } ?? ""
    return String(line.dropFirst(name.count).prefix(500))
  }
}
