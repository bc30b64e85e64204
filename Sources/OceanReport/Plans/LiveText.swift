import OceanCompiler
package import OceanPlan
package import OceanSyntax

/// The effects of a plan on the running server, for people.
package struct LiveText {
  private static let maxSessions = 10
  private static let maxReasons = 5

  private let comparison: LiveComparison

  private let screen: Screen

  package init(comparison: LiveComparison, on screen: Screen) {
    self.comparison = comparison
    self.screen = screen
  }

  package var heading: [String] {
    against + screen.field("inputs", comparison.inputsText.escapedForDisplay)
  }

  /// The plan that runs.
  var against: [String] {
    let status = comparison.status
    var against = "running \(status.plan.short)"
    if let unconfirmed = status.unconfirmed {
      against += ", \(screen.paint("NOT CONFIRMED", .warning)): reverts in "
      against += Quantities.duration(seconds: unconfirmed.secondsLeft)
    } else if let confirmed = comparison.confirmed {
      against += ", confirmed \(confirmed)"
    }
    return screen.field("against", against)
  }

  func lines(_ effects: ServerEffects) -> [String] {
    let (open, ended) = (effects.openSessions, effects.sessions.count(where: \.ends))
    return screen.field("sessions", "\(open) open: \(open - ended) kept, \(ended) ended")
      + list(effects.sessions.filter(\.ends), "would end")
      + list(effects.sessions.filter(\.couldNotComeBack), "could not come back")
      + reasons(effects.sessions.filter(\.couldNotComeBack))
      + list(effects.sessions.filter(\.isOnClosingPort), "on ports that close")
  }

  /// What would refuse them, and how many of them; the reason for most of them comes first.
  private func reasons(_ sessions: [ServerEffects.Session]) -> [String] {
    let counts = sessions.reduce(into: [String: Int]()) { counts, session in
      if let reason = session.reason { counts[reason, default: 0] += 1 }
    }
    let sorted = counts.sorted { (-$0.value, $0.key) < (-$1.value, $1.key) }
    let more = sorted.count - Self.maxReasons
    let lines =
      sorted.prefix(Self.maxReasons).map { "\($0.value): \($0.key)" }
      + (more > 0 ? ["and \(counted(more, "more reason"))"] : [])
    return lines.flatMap { screen.fitted($0.escapedForDisplay, after: "        ", indent: 10) }
  }

  /// How many listeners are kept, opened and closed: `2 kept, 1 opened, 0 closed`.
  package static func listeners(of diff: PlanDiff) -> String {
    let listeners = ServerEffects.Listeners(diff)
    return "\(listeners.kept) kept, \(listeners.opened) opened, \(listeners.closed) closed"
  }

  private func list(_ sessions: [ServerEffects.Session], _ what: String) -> [String] {
    if sessions.isEmpty { return [] }
    let shown = sessions.prefix(Self.maxSessions).map {
      "\($0.info.peer) \($0.info.user ?? "(not logged in)")".escapedForDisplay
    }
    let more = sessions.count > shown.count ? ["and \(sessions.count - shown.count) more"] : []
    return screen.fitted(shown + more, after: "    \(sessions.count) \(what): ", indent: 6)
  }
}

extension LiveComparison {
  /// The plan that runs, in a line: `running e33c8b, confirmed 2026-11-25T15:02:34Z`.
  package var againstText: String {
    var text = "running \(status.plan.short)"
    if let unconfirmed = status.unconfirmed {
      text += ", NOT CONFIRMED: reverts in \(Quantities.duration(seconds: unconfirmed.secondsLeft))"
    } else if let confirmed {
      text += ", confirmed \(confirmed)"
    }
    return text
  }

  /// Which files have changed since the running plan was compiled.
  package var inputsText: String {
    let drift = drift
    return drift.isEmpty ? "unchanged" : "changed since: \(drift.joined(separator: ", "))"
  }
}
