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
        (screen.fitted("\(moved): \(report.to.short) is running already\(ended)", indent: 2) + notes
        + probed.flatMap { screen.fitted("probe: \($0)".escapedForDisplay, indent: 2) } + confirmation)
        .joined(separator: "\n")
    }
    var lines = ["\(report.from.short) -> \(report.to.short)"]
    if let expectations { lines += done("expectations: \(expectations)") }
    let isAsPlanned = diff.changes.map { ApplyReport.Change($0) } == report.changes
    if isAsPlanned {
      let inner = screen.narrowed(by: Self.margin.count)
      for block in DiffText(diff: diff, on: inner).changes {
        lines += done(block)
      }
      let access = AccessText(diff: diff, on: inner)
      lines += done(
        inner.wrapped(access.summary, after: "access: ", separator: "; ", indent: 8) + access.details)
    } else {
      lines += report.changes.flatMap { done($0.text) }
    }
    lines += done(sessions)
    if isAsPlanned { lines += done("listeners: \(LiveText.listeners(of: diff))") }
    lines += probed.flatMap { done("probe: \($0)") }
    let now = Self.clock(Timestamp.text(now))
    let verdict = "Applied \(now) UTC\(isAsPlanned && isPlanned ? ", exactly as planned" : "")."
    lines.append(screen.paint(verdict, report.revertsAt == nil ? .good : .heading))
    return (lines + notes + confirmation).joined(separator: "\n")
  }

  /// What became of the end of the time to confirm, where nothing else changed.
  private var moved: String {
    guard let before = report.revertsAtBefore, before != report.revertsAt else { return "no effect" }
    guard let after = report.revertsAt else { return "confirmed" }
    let isSameDay = before.prefix(10) == after.prefix(10)
    func text(_ time: String) -> String { (isSameDay ? "" : "\(time.prefix(10)) ") + Self.clock(time) }
    return "the deadline moved from \(text(before)) to \(text(after)) UTC"
  }

  /// The time of day of an RFC 3339 time.
  private static func clock(_ time: String) -> Substring { time.dropFirst(11).prefix(8) }

  /// Notes about lists that differ on disk from the running plan.
  private var notes: [String] {
    (report.otherLists ?? []).flatMap {
      screen.fitted("note: \(ListNote.text($0))".escapedForDisplay, after: "  ", indent: 8)
    }
  }

  /// Marks the first line as done; the others belong to it.
  private func done(_ block: [String]) -> [String] {
    block.enumerated().map { ($0 == 0 ? "  \(screen.paint("done", .good))  " : Self.margin) + $1 }
  }

  private func done(_ text: String) -> [String] {
    done(screen.narrowed(by: Self.margin.count).fitted(text.escapedForDisplay, indent: 2))
  }

  private static let margin = "        "

  /// Whether the plan stays, and what to do about that.
  private var confirmation: [String] {
    let back = report.undo.map(server.rollback) ?? undo
    let undo = back.map { ["  undo: \($0)"] } ?? []
    guard let time = report.revertsAt else { return undo }
    let previous = report.undo.map { " to \($0.short)" } ?? ""
    return [
      "",
      "\(screen.paint("NOT CONFIRMED.", .warning)) Reverts\(previous) at \(Self.clock(time)) UTC.",
      "  keep: \(server.confirm(report.to))",
    ] + (undo.isEmpty ? ["  undo: \(server.rollback(nil))"] : undo)
  }
}
