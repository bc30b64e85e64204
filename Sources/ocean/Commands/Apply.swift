import ArgumentParser
import Glibc
import OceanBase
import OceanClient
import OceanCompiler
import OceanHost
import OceanControlAPI
import OceanPlan
import OceanReport
import OceanSyntax

struct Apply: ParsableCommand {
  static let configuration = CommandConfiguration(
    "apply", "Apply a config, or a saved plan, to the running server.",
    discussion: """
      Shows what 'ocean plan' shows, asks on a terminal, and does exactly that: all of it or nothing.
      """,
    exits: [
      0: "it runs, or ran already", 1: "it failed, or the answer was no", 2: "wrong usage",
      4: "it was made for another plan than runs, or none, and nobody can be asked",
    ], example: "ocean apply --confirm-within 5m ocean.yaml")

  @OptionGroup var config: ConfigArgument

  @Option(
    help: ArgumentHelp(
      "Revert it after this time, like 5m, unless 'ocean confirm' comes first.", valueName: "time"),
    transform: ConfirmationTime.init)
  var confirmWithin: ConfirmationTime?

  @Option(help: "What to do with sessions that the new plan would not let in: keep, drain or end.")
  var sessions = SessionTreatment.keep

  @Option(
    help: ArgumentHelp(
      "Apply even if the expectation at this place, like ocean.yaml:20, is broken.", valueName: "place"))
  var override: [String] = []

  @Option(
    help: ArgumentHelp(
      "Why, for 'ocean history': at most \(ChangeComment.limit) characters.", valueName: "text"),
    transform: ChangeComment.init(argument:))
  var comment: ChangeComment?

  @Flag(help: "Do not ask; also apply a saved plan that was compared with nothing.")
  var yes = false

  @OptionGroup var probe: ProbeOptions

  @OptionGroup var control: ControlOptions

  @OptionGroup var screen: ScreenOptions

  func validate() throws {
    guard let file = config.named else { return }
    if file == Files.standardInput {
      throw ValidationError(
        "Only a file can be applied: 'ocean status' names it and compares it with what runs.")
    }
    if file.isDigest, !file.isFile {
      throw ValidationError(
        "There is no file \(file); if it is the digest of an earlier plan, go back to that with: ocean rollback \(file)"
      )
    }
  }

  func run() throws {
    try ControlOptions.run {
      let login = try probe.login()
      let loaded = try LoadedPlan(try config.path, overriding: Set(override), on: screen.errors)
      if probe.probe, let obstacle = Probe(loaded.plan, login: login).obstacle {
        throw Failure("\(obstacle); nothing was applied")
      }
      let socket = control.socket ?? ControlPath.socket(in: loaded.plan.server.state)
      let client = ControlClient(path: socket)
      let live = try LiveComparison(client)
      let diff = Progress.showing("comparing plans", on: screen.errors) { _ in
        PlanDiff(
          from: PlanVersion(live.running), to: loaded.version, at: SystemClock.wall.seconds
        ).withTLS().withMailboxes()
      }
      let expectations = loaded.config.flatMap { $0.result.expectations.isEmpty ? nil : $0.holding }
      let warning = missingBase(loaded)
      let preview = PreviewText(
        diff,
        heading: LiveText(comparison: live, on: screen.output).heading
          + warning.flatMap {
            screen.output.field("warning", $0, style: .warning)
          },
        live: live,
        sessions: sessions, expectations: expectations, on: screen.output)
      if !preview.isEmpty {
        if control.format == .human { print(preview.text) }
        try ask(about: warning.first)
        if control.format == .human { print("") }
      }
      // A plan that runs already has no effect, whatever it was compared with.
      let base = diff.isEmpty ? nil : loaded.file.madeAgainst
      let request = ApplyRequest(
        expecting: base ?? live.running.digest, sessions: sessions,
        confirmSeconds: confirmWithin?.seconds ?? (probe.probe ? Self.probeSeconds : nil),
        source: Files.absolute(loaded.path), comment: comment)
      var report = try client.apply(loaded.file, request)
      let probed = probe.probe ? try check(client, report, login) : []
      if confirmWithin == nil, report.revertsAt != nil {
        _ = try client.confirm(ConfirmRequest(plan: "\(report.to)"))
        report.revertsAt = nil
      }
      let server = ServerName(control, socket: socket, config: loaded)
      var text = ReportText(
        report, diff, server: server, on: screen.output, now: SystemClock.wall.seconds)
      text.isPlanned = true
      text.expectations = expectations
      text.probed = probed
      let isOfCertificates = diff.hasEffect && diff.classes.isSubset(of: [.certificate, .certificateRenewed])
      if report.undo == nil, report.revertsAt == nil, isOfCertificates {
        text.undo = "put back the certificate's old files, then \(server.apply(request.source))"
      }
      try control.show(Outcome(report: report, probed: probe.probe ? probed : nil), text.text)
    }
  }

  /// The server's report, and what the probe found.
  private struct Outcome: Encodable {
    let report: ApplyReport
    /// Nil without a probe.
    let probed: [String]?

    private enum CodingKeys: CodingKey {
      case probed
    }

    func encode(to encoder: any Encoder) throws {
      try report.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encodeIfPresent(probed, forKey: .probed)
    }
  }

  /// Warns about a saved plan that is never stale: nobody saw what it changes in the running server.
  private func missingBase(_ loaded: LoadedPlan) -> [String] {
    guard loaded.config == nil, loaded.file.madeAgainst == nil else { return [] }
    return [
      "\(loaded.path) was compared with nothing when it was made, so nobody has reviewed these changes"
        .escapedForDisplay
    ]
  }

  /// Asks the person at the terminal, if there is one.
  ///
  /// - Parameter warning: why a person must have seen the changes; nil if a script may apply them.
  /// - Throws: if the answer is not yes.
  private func ask(about warning: String?) throws(Failure) {
    guard !yes else { return }
    guard control.format == .human, isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
      guard let warning else { return }
      throw Failure("\(warning); nothing was applied. With --yes they are applied all the same", .stale)
    }
    printBytes(Array("Apply? [y/N] ".utf8))
    guard ["y", "yes"].contains(readLine()?.lowercased()) else { throw Failure("nothing was applied") }
  }

  /// How long a plan that is only probed waits to be confirmed: if this command dies, the plan is reverted.
  private static let probeSeconds = 120

  /// - Returns: a line for each listener.
  /// - Throws: after going back, if a service does not answer.
  private func check(
    _ client: ControlClient, _ report: ApplyReport, _ login: Probe.Login?
  ) throws(Failure) -> [String] {
    do throws(Failure) {
      return try Probe(try client.plan().plan, login: login).run()
    } catch {
      guard let revertsAt = report.revertsAt else {
        throw Failure("\(error.message); nothing was changed, \(report.to.short) was running before")
      }
      let back: ApplyReport
      do throws(Failure) {
        back = try client.rollback(RollbackRequest(comment: try? ChangeComment("the probe failed")))
      } catch let other {
        throw Failure(
          "\(error.message); rolling back failed too (\(other.message)): the plan reverts by itself at \(revertsAt)"
        )
      }
      throw Failure("\(error.message); went back to \(back.to.short)")
    }
  }
}
