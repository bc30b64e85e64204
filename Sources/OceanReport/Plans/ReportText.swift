import OceanBase
import OceanHost
package import OceanControlAPI
package import OceanPlan
package import OceanSyntax

/// The result of an apply or a rollback, for people: each change, its outcome, and the command that reverts
/// it.
package struct ReportText {
  private let report: ApplyReport
  private let diff: PlanDiff
  private let server: ServerName
  private let screen: Screen
  /// The time of the change, in seconds since 1970.
  private let now: Int64

  /// Whether the diff was computed before.
  package var isPlanned = false
  /// How many expectations hold: `3 of 3`; nil without any.
  package var expectations: String?
  /// The results of a probe, one line per listener.
  package var probed: [String] = []
  /// The command that reverts it, if the report names no plan.
  package var undo: String?

  /// - Parameter diff: the difference of the plans, for the words.
  package init(_ report: ApplyReport, _ diff: PlanDiff, server: ServerName, on screen: Screen, now: Int64) {
    self.report = report
    self.diff = diff
    self.server = server
    self.screen = screen
    self.now = now
  }

  package var text: String {
    let sessions = "sessions: \(report.sessions.kept) kept, \(report.sessions.ended) ended"
    guard report.from != report.to else {
      let ended = report.sessions.ended > 0 ? "; \(sessions)" : ""
      return
        (["no effect: \(report.to.short) is running already\(ended)"] + notes
        + probed.map { "probe: \($0)".escapedForDisplay }
        + confirmation)
        .joined(separator: "\n")
    }
    var lines = ["\(report.from.short) -> \(report.to.short)"]
    if let expectations { lines.append("  done  expectations: \(expectations)") }
    let isAsPlanned = diff.changes.map { ApplyReport.Change($0) } == report.changes
    if isAsPlanned {
      for block in DiffText(diff: diff, on: screen).changes {
        lines += Self.done(block)
      }
      let access = AccessText(diff: diff).lines
      lines += Self.done(access.map { $0.hasPrefix("access  ") ? "access: \($0.dropFirst(10))" : $0 })
    } else {
      lines += report.changes.map { "  done  \($0.text)".escapedForDisplay }
    }
    lines.append("  done  \(sessions)")
    if isAsPlanned { lines.append("  done  listeners: \(LiveText.listeners(of: diff))") }
    lines += probed.map { "  done  probe: \($0)".escapedForDisplay }
    let now = Timestamp.text(now).dropFirst(11).prefix(8)
    lines.append("Applied \(now) UTC\(isAsPlanned && isPlanned ? ", exactly as planned" : "").")
    return (lines + notes + confirmation).joined(separator: "\n")
  }

  /// Notes about lists that differ on disk from the running plan.
  private var notes: [String] {
    (report.otherLists ?? []).map { "  note: \(ListNote.text($0))".escapedForDisplay }
  }

  /// Marks the first line as done; the others belong to it.
  private static func done(_ block: [String]) -> [String] {
    block.enumerated().map { ($0 == 0 ? "  done  " : "        ") + $1 }
  }

  /// Whether the plan stays, and what to do about that.
  private var confirmation: [String] {
    let back = report.undo.map(server.rollback) ?? undo
    let undo = back.map { ["  undo: \($0)"] } ?? []
    guard let time = report.revertsAt else { return undo }
    let previous = report.undo.map { " to \($0.short)" } ?? ""
    return [
      "", "NOT CONFIRMED. Reverts\(previous) at \(time.dropFirst(11).prefix(8)) UTC.",
      "  keep: \(server.confirm(report.to))",
    ] + (undo.isEmpty ? ["  undo: \(server.rollback(nil))"] : undo)
  }
}
