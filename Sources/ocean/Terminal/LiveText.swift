import OceanCompiler
import OceanPlan
import OceanSyntax

/// What a plan would mean for the running server, for people.
struct LiveText {
  private static let mostSessions = 10

  let comparison: LiveComparison

  var heading: [String] {
    let status = comparison.status
    var against = "against   running \(status.plan.short)"
    if let unconfirmed = status.unconfirmed {
      against += ", NOT CONFIRMED: reverts in \(Quantities.duration(seconds: unconfirmed.secondsLeft))"
    } else if let confirmed = comparison.confirmed {
      against += ", confirmed \(confirmed)"
    }
    let drift = comparison.drift
    return [
      against,
      ("inputs    " + (drift.isEmpty ? "unchanged" : "changed since: \(drift.joined(separator: ", "))"))
        .escapedForDisplay,
    ]
  }

  func lines(_ consequences: LiveComparison.Consequences) -> [String] {
    let (open, ended) = (consequences.open, consequences.ended.count)
    return ["sessions  \(open) open: \(open - ended) kept, \(ended) ended"]
      + list(consequences.ended, "would end")
      + list(consequences.couldNotComeBack, "could not come back")
      + list(consequences.onClosingPorts, "on ports that close")
  }

  /// `2 kept, 1 opened, 0 closed`
  static func listeners(of diff: PlanDiff) -> String {
    var (kept, opened, closed) = (diff.new.plan.activeListeners.count, 0, 0)
    for change in diff.changes {
      switch change {
      case .opened: (kept, opened) = (kept - 1, opened + 1)
      case .closed: closed += 1
      default: break
      }
    }
    return "\(kept) kept, \(opened) opened, \(closed) closed"
  }

  private func list(_ sessions: [SessionInfo], _ what: String) -> [String] {
    if sessions.isEmpty { return [] }
    let shown = sessions.prefix(Self.mostSessions).map { "\($0.peer) \($0.user ?? "(not logged in)")" }
    let more = sessions.count > shown.count ? ", and \(sessions.count - shown.count) more" : ""
    return ["    \(sessions.count) \(what): \(shown.joined(separator: ", "))\(more)".escapedForDisplay]
  }
}
