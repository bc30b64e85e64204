import OceanAddresses
import OceanBase
import OceanCompiler
package import OceanHost
import OceanPlan
import OceanReplay
package import OceanSyntax

/// The meaning of a plan for the clients in an access log, for people.
package struct ReplayText {
  private static let maxShown = 40

  private let logs: AccessLogs
  private let screen: Screen

  package init(_ logs: AccessLogs, on screen: Screen) {
    self.logs = logs
    self.screen = screen
  }

  private var replay: Replay { logs.replay }

  package var text: String {
    let affected = replay.affected
    let addresses = replay.addresses == 1 ? "1 address" : "\(replay.addresses) addresses"
    var lines = ["\(counted(replay.connections, "connection")) from \(addresses) in the log\(period)"]
    lines += ReplayNotes(logs).unread.flatMap { screen.fitted($0.escapedForDisplay, indent: 2) }
    for (title, those) in [
      ("would be refused", affected.filter { $0.outcome.obstacle.map { !$0.isOfLogins } ?? false }),
      ("could connect but not log in", affected.filter { $0.outcome.obstacle?.isOfLogins ?? false }),
      ("would be let in", affected.filter(\.isAllowed)),
    ] where !those.isEmpty {
      lines += section("\(those.count) \(title)", clients(those), those.count)
    }
    let blocked = replay.newlyBlocked
    if !blocked.isEmpty {
      let duration = Duration.text(seconds: replay.blockSeconds)
      lines += section(
        "\(blocked.count) would be blocked, for \(duration) each time", blocks(blocked), blocked.count)
    }
    let free = replay.noLongerBlocked
    if !free.isEmpty {
      lines += ["", screen.paint("\(free.count) would not be blocked", .heading)]
      lines += screen.wrapped(free.prefix(Self.maxShown).map(\.short), indent: 0)
      if free.count > Self.maxShown { lines.append(more(free.count)) }
    }
    let unknown = ReplayNotes(logs).unknown.flatMap {
      screen.wrapped($0.split(separator: " ").map(String.init), after: "  ", separator: " ", indent: 4)
    }
    lines += ["", screen.paint("what the log does not tell", .heading)] + unknown
    if !replay.isAnybodyAffected {
      lines += [
        "",
        replay.connections == 0
          ? screen.paint("nothing to compare", .warning)
          : screen.paint("nobody would be treated differently", .good),
      ]
    }
    return lines.joined(separator: "\n")
  }

  /// The days of the log, if it has lines.
  private var period: String {
    guard let period = replay.period else { return "" }
    let (first, last) = (Timestamp.date(period.lowerBound / 1000), Timestamp.date(period.upperBound / 1000))
    return first == last ? ", \(first)" : ", \(first) to \(last)"
  }

  private func section(_ title: String, _ table: Table, _ count: Int) -> [String] {
    ["", screen.paint(title, .heading), table.text(on: screen)] + (count > Self.maxShown ? [more(count)] : [])
  }

  private func more(_ count: Int) -> String {
    "and \(count - Self.maxShown) more (--format json lists all)"
  }

  private func clients(_ those: [Replay.Affected]) -> Table {
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
    return table
  }

  private func blocks(_ those: [Replay.Blocked]) -> Table {
    var table = Table([
      ("ADDRESS", .left), ("FIRST BLOCKED", .left), ("BLOCKS", .right), ("FAILURES", .right),
      ("REFUSED", .right), ("SESSIONS ENDED", .right),
    ])
    for entry in those.prefix(Self.maxShown) {
      table.add([
        entry.prefix.short, String(entry.first.prefix(19)), "\(entry.blocks)", "\(entry.failures)",
        "\(entry.refusals)", "\(entry.endedSessions)",
      ])
    }
    return table
  }

  private func reason(_ entry: Replay.Affected) -> String {
    entry.place.map { "\(entry.outcome.reason), \($0)" } ?? entry.outcome.reason
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
