import Glibc
import OceanChange
import OceanHost
import OceanPlan
import OceanSyntax

/// What an apply or a rollback did, for people: each change, what came of it, and the command that takes it back.
struct ReportText {
  private let report: ApplyReport
  private let diff: PlanDiff
  private let server: ServerName

  /// Whether the diff was worked out before.
  var isPlanned = false
  /// `3 of 3`; nil without any.
  var expectations: String?
  /// What a probe found, a line a listener.
  var probed: [String] = []
  /// The command that takes it back, where the report names no plan.
  var undo: String?

  /// - Parameter diff: of the plans, for the words.
  init(_ report: ApplyReport, _ diff: PlanDiff, server: ServerName) {
    self.report = report
    self.diff = diff
    self.server = server
  }

  var text: String {
    let sessions = "sessions: \(report.sessions.kept) kept, \(report.sessions.ended) ended"
    guard report.from != report.to else {
      let ended = report.sessions.ended > 0 ? "; \(sessions)" : ""
      return
        (["no effect: \(report.to.short) runs already\(ended)"] + notes + probed.map { "probe: \($0)" }
        + confirmation)
        .joined(separator: "\n")
    }
    var lines = ["\(report.from.short) -> \(report.to.short)"]
    if let expectations { lines.append("  done  expectations: \(expectations)") }
    let isAsPlanned = diff.changes.map { ApplyReport.Change($0) } == report.changes
    if isAsPlanned {
      for block in DiffText(diff: diff, color: Terminal.hasColor(STDOUT_FILENO)).changes {
        lines += Self.done(block)
      }
      let access = AccessText(diff: diff).lines
      lines += Self.done(access.map { $0.hasPrefix("access  ") ? "access: \($0.dropFirst(10))" : $0 })
    } else {
      lines += report.changes.map { "  done  \($0.text)".escapedForDisplay }
    }
    lines.append("  done  \(sessions)")
    if isAsPlanned { lines.append("  done  listeners: \(LiveText.listeners(of: diff))") }
    lines += probed.map { "  done  probe: \($0)" }
    let now = Timestamp.text(Int64(time(nil))).dropFirst(11).prefix(8)
    lines.append("Applied \(now) UTC\(isAsPlanned && isPlanned ? ", exactly as planned" : "").")
    return (lines + notes + confirmation).joined(separator: "\n")
  }

  /// What is on disk, and does not run.
  private var notes: [String] {
    (report.otherLists ?? []).map { "  note: \(ListNote.text($0))".escapedForDisplay }
  }

  /// The first line says that it is done, the others belong to it.
  private static func done(_ block: [String]) -> [String] {
    block.enumerated().map { ($0 == 0 ? "  done  " : "        ") + $1 }
  }

  /// Whether it stays, and what to do about that.
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

/// How a command is told which server it is for.
struct ServerName {
  /// Of the commands that take the config as an argument.
  private let argument: String
  private let options: String

  /// - Parameters:
  ///   - socket: the server's, for what is no config.
  ///   - config: a config, or what else was loaded.
  init(_ control: ControlOptions, socket: String, config: LoadedPlan) {
    let isConfig = control.socket == nil && config.config != nil
    self.init(socket: isConfig ? nil : socket, config: config.path)
  }

  /// - Parameters:
  ///   - socket: nil if the config says it.
  ///   - config: nil for the one that is taken without being named.
  init(socket: String?, config: String?) {
    if let socket {
      argument = " --socket \(Files.absolute(socket).shellQuoted)"
      options = argument
    } else if let config, config != ControlOptions.defaultFile {
      argument = " \(Files.absolute(config).shellQuoted)"
      options = " --config\(argument)"
    } else {
      argument = ""
      options = ""
    }
  }

  func confirm(_ plan: Digest) -> String { "ocean confirm \(plan.short)\(argument)" }

  /// - Parameter plan: nil takes back the plan that waits.
  func rollback(_ plan: Digest?) -> String { "ocean rollback\(plan.map { " \($0.short)" } ?? "")\(options)" }
}
