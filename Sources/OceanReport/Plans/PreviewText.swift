import Glibc
package import OceanControlAPI
package import OceanPlan
package import OceanSyntax

/// The preview of a plan for people. `ocean plan` prints it, and `ocean apply` before it applies.
package struct PreviewText {
  /// The diff, with its meaning for the connected clients.
  package private(set) var diff: PlanDiff
  private let heading: [String]
  private let live: LiveComparison?
  private let sessions: SessionTreatment
  private let expectations: String?
  private let screen: Screen

  /// - Parameters:
  ///   - heading: what the plan is compared with, in whole lines.
  ///   - live: nil if the plan is not compared with a running server.
  ///   - sessions: what happens to sessions that the new plan would not let in.
  ///   - expectations: how many hold, `6 of 6`; nil if nothing is expected, or that is not known.
  package init(
    _ diff: PlanDiff, heading: [String], live: LiveComparison?, sessions: SessionTreatment,
    expectations: String?, on screen: Screen
  ) {
    self.diff = diff
    self.heading = heading
    self.live = live
    self.sessions = sessions
    self.expectations = expectations
    self.screen = screen
    self.diff.supplement.server = live?.effects(of: diff, sessions: sessions)
  }

  /// Whether applying the plan does nothing at all.
  package var isEmpty: Bool { diff.classes.isEmpty && diff.isEmpty }

  /// The text. It ends with the number of changes.
  package var text: String {
    let text = DiffText(diff: diff, on: screen)
    var body = text.changes.joined() + (diff.hasEffect ? text.meaning : [])
    if let effects = diff.supplement.server, diff.hasEffect || sessions != .keep {
      if let live { body += LiveText(comparison: live, on: screen).lines(effects) }
      if diff.hasEffect { body += screen.field("listeners", LiveText.listeners(of: diff)) }
    }
    body += text.expectations(holding: expectations)
    if !isEmpty { body += diff.classText(on: screen) }
    body += LockoutWarning.lines(diff, on: screen)
    let lines = heading + (body.isEmpty ? [] : [""]) + body
    return (lines + ["", "plan \(diff.to.short): \(text.summary)."]).joined(separator: "\n")
  }
}
