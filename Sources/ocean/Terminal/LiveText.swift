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

  func consequences(of diff: PlanDiff) -> [String] {
    let consequences = comparison.consequences(of: diff)
    var lines = ["sessions  \(consequences.open) open: \(consequences.open) kept, 0 ended"]
    lines += list(consequences.couldNotComeBack, "could not come back")
    lines += list(consequences.onClosingPorts, "on ports that close")
    var (kept, opened, closed) = (diff.new.plan.activeListeners.count, 0, 0)
    for change in diff.changes {
      switch change {
      case .opened: (kept, opened) = (kept - 1, opened + 1)
      case .closed: closed += 1
      default: break
      }
    }
    return lines + ["listeners \(kept) kept, \(opened) opened, \(closed) closed"]
  }

  private func list(_ sessions: [SessionInfo], _ what: String) -> [String] {
    if sessions.isEmpty { return [] }
    let shown = sessions.prefix(Self.mostSessions).map { "\($0.peer) \($0.user ?? "(not logged in)")" }
    let more = sessions.count > shown.count ? ", and \(sessions.count - shown.count) more" : ""
    return ["    \(sessions.count) \(what): \(shown.joined(separator: ", "))\(more)".escapedForDisplay]
  }
}
