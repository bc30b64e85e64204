import ArgumentParser
import Glibc
import OceanCompiler
import OceanPlan
import OceanSyntax

struct Apply: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a config, or a saved plan, what the running server does.",
    discussion: """
      Does what 'ocean plan' shows, and nothing else; all of it or nothing. Exits with 0, 1 if it failed, or 4 if the \
      server runs another plan than this one was made for.
      """)

  @Argument(help: "The config or the saved plan (default: \(ControlOptions.defaultFile)).")
  var file: String?

  @Option(
    help: ArgumentHelp(
      "Take it back after this time, like 5m, unless 'ocean confirm' comes.", valueName: "time"))
  var confirmWithin: DurationOption?

  @Option(help: "What becomes of sessions that the new plan would not let in: keep, drain or end.")
  var sessions = SessionTreatment.keep

  @Flag(help: "Connect to every service afterwards; go back at once if one does not answer.")
  var probe = false

  @Option(
    help: ArgumentHelp(
      "Apply though the expectation at this place, like ocean.yaml:20, is broken.", valueName: "place"))
  var override: [String] = []

  @OptionGroup var control: ControlOptions

  func run() throws {
    try ControlOptions.run {
      let loaded = try LoadedPlan(file ?? ControlOptions.defaultFile, overriding: Set(override))
      let client = ControlClient(
        path: control.socket ?? ControlAPI.socketPath(in: loaded.plan.server.state))
      let running = try client.plan()
      let diff = PlanDiff(from: PlanVersion(running), to: loaded.version)
      if control.format == .human { for line in SSHGuard.warnings(diff) { printError(line) } }
      let request = ApplyRequest(
        expecting: loaded.file.madeAgainst ?? running.digest, sessions: sessions,
        confirmSeconds: confirmWithin?.seconds ?? (probe ? Self.probeSeconds : nil),
        source: Files.absolute(loaded.path))
      var report = try client.apply(loaded.file, request)
      let probed = probe ? try check(loaded.plan, client, report) : []
      if confirmWithin == nil, report.revertsAt != nil {
        _ = try client.confirm(ConfirmRequest(plan: "\(report.to)"))
        report.revertsAt = nil
      }
      try control.show(report, Self.text(of: report, diff, probed: probed, loaded))
    }
  }

  /// A plan that is only probed waits to be confirmed for as long: should this command die, it is taken back.
  private static let probeSeconds = 120

  /// - Returns: a line a listener.
  /// - Throws: after going back, if a service does not answer.
  private func check(_ plan: Plan, _ client: ControlClient, _ report: ApplyReport) throws(CommandError)
    -> [String]
  {
    do throws(CommandError) {
      return try Probe(plan).run()
    } catch {
      guard report.from != report.to else { throw error }
      let back = try client.rollback(RollbackRequest(steps: 1))
      throw CommandError("\(error.message); went back to \(back.to.short)")
    }
  }

  /// - Parameters:
  ///   - diff: of the plans, for the words; what was planned if there is a plan that was loaded.
  ///   - probed: what the probe found.
  static func text(of report: ApplyReport, _ diff: PlanDiff, probed: [String] = [], _ loaded: LoadedPlan?)
    -> String
  {
    let sessions = "sessions: \(report.sessions.kept) kept, \(report.sessions.ended) ended"
    guard report.from != report.to else {
      let ended = report.sessions.ended > 0 ? "; \(sessions)" : ""
      return (["no effect: \(report.to.short) runs already\(ended)"] + probed.map { "probe: \($0)" })
        .joined(separator: "\n")
    }
    var lines = ["\(report.from.short) -> \(report.to.short)"]
    if let config = loaded?.config, config.result.expectations > 0 {
      lines.append("  done  expectations: \(config.holding)")
    }
    let isAsPlanned = diff.changes.map { ApplyReport.Change($0) } == report.changes
    if isAsPlanned {
      for block in DiffText(diff: diff, color: Terminal.hasColor(STDOUT_FILENO)).changes {
        lines += block.enumerated().map { ($0 == 0 ? "  done  " : "        ") + $1 }
      }
    } else {
      lines += report.changes.map { "  done  \($0.text)".escapedForDisplay }
    }
    lines.append("  done  \(sessions)")
    lines += probed.map { "  done  probe: \($0)" }
    let now = Timestamp.text(Int64(time(nil))).dropFirst(11).prefix(8)
    lines.append("Applied \(now) UTC\(isAsPlanned && loaded != nil ? ", exactly as planned" : "").")
    if let time = report.revertsAt {
      lines += [
        "", "NOT CONFIRMED. Reverts to \(report.from.short) at \(time.dropFirst(11).prefix(8)) UTC.",
        "  keep: ocean confirm \(report.to.short)", "  undo: ocean rollback",
      ]
    }
    return lines.joined(separator: "\n")
  }
}

/// `5m`, `1h30m`
struct DurationOption: ExpressibleByArgument {
  let seconds: Int

  init?(argument: String) {
    guard let seconds = Duration.seconds(argument), (1...86_400).contains(seconds) else { return nil }
    self.seconds = seconds
  }
}

extension SessionTreatment: ExpressibleByArgument {}

struct Confirm: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Keep the plan that waits to be confirmed.",
    discussion: "Exits with 0, or with 1 if no such plan waits or no server answers.")

  @Argument(help: "Its digest, six digits at least.")
  var plan: String

  @Argument(help: "The config file (default: \(ControlOptions.defaultFile)).")
  var file: String?

  @OptionGroup var control: ControlOptions

  func run() throws {
    try ControlOptions.run {
      let report = try control.client(file: file).confirm(ConfirmRequest(plan: plan))
      try control.show(report, "confirmed \(report.to.short)")
    }
  }
}

struct Rollback: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Go back to an earlier plan, with today's certificates and address lists.",
    discussion: """
      A plan that waits to be confirmed is undone first. The config stays as it is, and is not applied again by a restart. \
      Exits with 0, or with 1 if there is no such plan or no server answers.
      """)

  @Argument(help: "How many confirmed plans back ('ocean history' lists them).")
  var steps = 1

  @Option(help: "The config file (default: \(ControlOptions.defaultFile)).")
  var config: String?

  @OptionGroup var control: ControlOptions

  func run() throws {
    try ControlOptions.run {
      let client = try control.client(file: config)
      let before = try client.plan()
      let report = try client.rollback(RollbackRequest(steps: steps))
      let diff = PlanDiff(from: PlanVersion(before), to: PlanVersion(try client.plan()))
      try control.show(report, Apply.text(of: report, diff, nil))
    }
  }
}

struct History: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Which plans were confirmed?", discussion: "Exits with 0, or with 1 if no server answers.")

  @Argument(help: "The config file (default: \(ControlOptions.defaultFile)).")
  var file: String?

  @OptionGroup var control: ControlOptions

  func run() throws {
    try ControlOptions.run {
      let history = try control.client(file: file).history()
      try control.show(history, Self.text(of: history))
    }
  }

  private static func text(of history: PlanHistory) -> String {
    if history.plans.isEmpty { return "no plan was confirmed yet" }
    var table = Table([("BACK", .right), ("PLAN", .left), ("CONFIRMED", .left), ("MADE FROM", .left)])
    for (index, entry) in history.plans.enumerated() {
      table.add(["\(index)", entry.digest.short, entry.confirmed, entry.source])
    }
    return table.text(color: Terminal.hasColor(STDOUT_FILENO))
  }
}
