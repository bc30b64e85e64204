import Glibc
import OceanPlan

/// What applying a plan would change, for people: what `ocean plan` prints, and `ocean apply` before it does it.
struct PreviewText {
  private let diff: PlanDiff
  private let heading: [String]
  private let live: LiveComparison?
  private let consequences: LiveComparison.Consequences?
  private let expectations: String?

  /// - Parameters:
  ///   - heading: what it is compared with, in whole lines.
  ///   - live: nil if that is not what a server runs.
  ///   - sessions: what would become of sessions that the new plan would not let in.
  ///   - expectations: `6 of 6`, how many hold; nil if nothing is expected, or that is not known.
  init(
    _ diff: PlanDiff, heading: [String], live: LiveComparison?, sessions: SessionTreatment,
    expectations: String?
  ) {
    self.diff = diff
    self.heading = heading
    self.live = live
    self.expectations = expectations
    // Without any effect nobody is held against the rules, unless that is asked for.
    consequences =
      diff.hasEffect || sessions != .keep ? live?.consequences(of: diff, sessions: sessions) : nil
  }

  /// What the changes are about, with what they mean for those who are connected.
  var classes: Set<ChangeClass> {
    var classes = diff.classes
    if diff.hasEffect, consequences?.couldNotComeBack.isEmpty == false { classes.insert(.sessionsLockedOut) }
    if consequences?.ended.isEmpty == false { classes.insert(.sessionsEnded) }
    return classes
  }

  /// Whether applying it does nothing at all.
  var isEmpty: Bool { classes.isEmpty && diff.isEmpty }

  /// Ends with how many changes there are.
  var text: String {
    let text = DiffText(diff: diff, color: Terminal.hasColor(STDOUT_FILENO))
    var body = text.changes.joined() + (diff.hasEffect ? AccessText(diff: diff).lines : [])
    if let live, let consequences {
      body += LiveText(comparison: live).lines(consequences)
      if diff.hasEffect { body.append("listeners \(LiveText.listeners(of: diff))") }
    }
    body += text.expectations(holding: expectations)
    if !isEmpty { body += diff.classText(classes) }
    body += SSHGuard.warnings(diff)
    let lines = heading + (body.isEmpty ? [] : [""]) + body
    return (lines + ["", "plan \(diff.to.short): \(text.summary)."]).joined(separator: "\n")
  }
}
