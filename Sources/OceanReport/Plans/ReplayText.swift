import OceanCompiler
package import OceanHost
package import OceanPlan
import OceanSyntax

/// The meaning of a plan for the clients in an access log, for people.
package struct ReplayText {
  private static let maxShown = 40

  private let lines: AccessLogLines
  private let color: Bool

  package init(_ lines: AccessLogLines, color: Bool) {
    self.lines = lines
    self.color = color
  }

  package var text: String {
    let replay = lines.replay
    let affected = replay.affected
    let addresses = replay.addresses == 1 ? "1 address" : "\(replay.addresses) addresses"
    let unread = lines.summary
    var lines = ["\(counted(replay.connections, "connection")) from \(addresses) in the log"]
    if replay.unjudged > 0 {
      lines.append(
        "not compared: \(replay.unjudged) more, refused by blocks, limits or a missing PROXY header")
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
      for entry in those.prefix(Self.maxShown) {
        table.add([
          "\(entry.peer)", entry.service, "\(entry.connections)", String(entry.last.prefix(19)),
          entry.users.sorted().prefix(3).joined(separator: ", "), reason(entry),
        ])
      }
      lines.append(table.text(color: color))
      if those.count > Self.maxShown {
        lines.append("and \(those.count - Self.maxShown) more (--format json lists all)")
      }
    }
    if replay.connections == 0 {
      lines.append("nothing to compare")
    } else if affected.isEmpty {
      lines.append("nobody would be treated differently")
    }
    return lines.joined(separator: "\n")
  }

  private func reason(_ entry: Replay.Affected) -> String {
    guard entry.isServed else { return "no such service" }
    let rule = entry.rule?.text ?? "ip_control.default"
    return entry.place.map { "\(rule), \($0)" } ?? rule
  }
}

/// The same report for programs.
package struct ReplayReport: Encodable {
  package struct Entry: Encodable {
    package let service: String
    package let peer: String
    package let verdict: String
    package let connections: Int
    package let last: String
    package let users: [String]
    package let rule: String?
    package let span: Provenance.Origin?
  }

  package let formatVersion = 1
  package let connections: Int
  let unjudged: Int
  let otherLines: Int
  let unreadableLines: Int
  package let affected: [Entry]

  package init(_ lines: AccessLogLines) {
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
