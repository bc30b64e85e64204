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
    if replay.unknown > 0 {
      lines.append(
        "not judged: \(replay.unknown) more, which came through a proxy to a service that there is not; --baseline tells "
          + "which one has its place")
    }
    if let unread { lines.append(unread) }
    for (title, those) in [
      ("would be refused", affected.filter { $0.outcome.obstacle.map { !$0.isOfLogins } ?? false }),
      ("could connect but not log in", affected.filter { $0.outcome.obstacle?.isOfLogins ?? false }),
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
    let what = entry.outcome.rule?.text ?? entry.outcome.words
    return entry.place.map { "\(what), \($0)" } ?? what
  }
}

extension Obstacle {
  /// Whether the client may connect.
  fileprivate var isOfLogins: Bool {
    switch self {
    case .needsTLS, .noTLS, .oldTLS: true
    case .disabled, .unreachable, .isProxy, .notAProxy, .access: false
    }
  }
}

extension PlanDecisions.Outcome {
  /// What decides, if it is not a rule.
  fileprivate var words: String {
    guard service != nil else { return "nothing listens there" }
    return switch obstacle {
    case nil, .access: "ip_control.default"
    case .disabled: "switched off"
    case .unreachable: "its proxy cannot reach it"
    case .isProxy: "proxy_from"
    case .notAProxy: "not in proxy_from"
    case .needsTLS: "plaintext_login"
    case .noTLS: "no TLS there"
    case .oldTLS(let lowest): "\(lowest) and later"
    }
  }

  /// The same in one word, for programs.
  fileprivate var code: String {
    guard service != nil else { return "no_listener" }
    return switch obstacle {
    case nil, .access: rule == nil ? "ip_control_default" : "rule"
    case .disabled: "disabled"
    case .unreachable: "no_listener"
    case .isProxy, .notAProxy: "proxy_from"
    case .needsTLS: "plaintext_login"
    case .noTLS, .oldTLS: "tls"
    }
  }
}

/// The same report for programs.
package struct ReplayReport: Encodable {
  package struct Entry: Encodable {
    package let service: String
    package let peer: String
    package let verdict: String
    /// What decides: `rule`, `ip_control_default`, `no_listener`, `disabled`, `proxy_from`, `plaintext_login` or `tls`.
    package let by: String
    package let connections: Int
    package let last: String
    package let users: [String]
    package let rule: String?
    package let span: Provenance.Origin?
  }

  package let formatVersion = 1
  package let connections: Int
  let unjudged: Int
  let unknown: Int
  let otherLines: Int
  let unreadableLines: Int
  package let affected: [Entry]

  package init(_ lines: AccessLogLines) {
    let replay = lines.replay
    connections = replay.connections
    unjudged = replay.unjudged
    unknown = replay.unknown
    otherLines = replay.otherLines
    unreadableLines = lines.unreadable
    affected = replay.affected.map {
      Entry(
        service: $0.service, peer: "\($0.peer)", verdict: $0.isAllowed ? "allowed" : "refused",
        by: $0.outcome.code,
        connections: $0.connections, last: $0.last, users: $0.users.sorted(), rule: $0.outcome.rule?.text,
        span: $0.place)
    }
  }
}
