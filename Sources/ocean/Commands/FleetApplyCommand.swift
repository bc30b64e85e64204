import ArgumentParser
import Glibc
import OceanBase
import OceanControlAPI
import OceanFleet
import OceanHost
import OceanPlan
import OceanReport

struct FleetApplyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    "apply", "Bring a config to all nodes of a fleet, step by step, and confirm it on all together.",
    discussion: """
      Shows what 'ocean fleet plan' shows, asks on a terminal, and applies each node's plan with --confirm-within: first on \
      the canaries, then on the others in batches. If all nodes are well, all are confirmed; if one is not, or this command \
      ends, all go back.
      """,
    exits: [
      0: "all nodes run it, or ran it already",
      1: "it failed and all run what they ran before, or the answer was no",
      2: "the fleet file is not valid, or wrong usage",
      4: "another plan runs on a node than it was compared with", 5: "some nodes differ or are unknown",
    ], example: "ocean fleet apply fleet.yaml")

  @OptionGroup var fleet: FleetOptions

  @Option(
    help: ArgumentHelp(
      "How long a node waits to be told to stay before it reverts the plan, like 5m.", valueName: "time"),
    transform: ConfirmationTime.init)
  var confirmWithin: ConfirmationTime?

  @Option(
    help: ArgumentHelp(
      "Why, for 'ocean history': at most \(ChangeComment.limit) characters.", valueName: "text"),
    transform: ChangeComment.init(argument:))
  var comment: ChangeComment?

  @Flag(help: "Do not ask.")
  var yes = false

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    let loaded = try fleet.loaded(on: screen.errors, failing: 2)
    let (plan, prepared) = Progress.showing("planning \(loaded.name)", on: screen.errors) { progress in
      let plan = FleetPlan(of: loaded, asking: fleet.questions) { progress?.update($0) }
      return (plan, PreparedRollout(plan, asking: fleet.questions, at: SystemClock.wall.seconds))
    }
    try fleet.carryOut(
      prepared, of: plan, confirmWithin,
      comment: comment?.text ?? "ocean fleet apply: \(loaded.name)", on: screen
    ) { () throws(Failure) in if !yes { try Question.ask() } }
  }
}

extension FleetOptions {
  /// How long a node waits before it goes back by itself.
  static func seconds(_ time: ConfirmationTime?) -> Int { time?.seconds ?? 300 }

  /// Shows what is to come, brings it to the nodes, prints how that ended, and exits as it did.
  ///
  /// - Parameter ask: asks the person at the terminal, if there is one.
  func carryOut(
    _ prepared: PreparedRollout, of plan: FleetPlan, _ time: ConfirmationTime?, comment: String,
    on screen: ScreenOptions, _ ask: () throws(Failure) -> Void
  ) throws {
    let seconds = Self.seconds(time)
    if format == .human {
      print(
        prepared.preview(
          of: plan, confirmSeconds: seconds, on: screen.output, now: SystemClock.wall.seconds))
    }
    if let report = RolloutReport(unprepared: prepared, of: plan) {
      if format == .json { printJSON(try report.json) }
      printSentence("not everything is known of all nodes: nothing was changed")
      throw ExitCode(5)
    }
    if !prepared.members.isEmpty, format == .human, Question.isPossible { try reporting { try ask() } }
    // All nodes are confirmed over connections that are open at the same time.
    _ = OceanHost.Process.raiseFileLimit()
    Interruption.expect()
    let driver = RolloutDriver(
      prepared, asking: questions, confirmSeconds: seconds, comment: comment,
      clock: RolloutClock(
        now: { SystemClock.wall.seconds }, wait: { Self.wait($0, $1, on: screen) },
        isInterrupted: { Interruption.hasCome }))
    let rollout = driver.run { note, time in
      // Whoever follows it in a file or a pipe sees each line when it is so.
      if format == .human { printBytes(Array("\(note.text(at: time, on: screen.output))\n".utf8)) }
    }
    // The terminal shows the key that was pressed.
    if rollout.wasInterrupted, format == .human, screen.output.isTerminal { print("") }
    try show(RolloutReport(rollout, of: prepared), on: screen)
  }

  /// Waits, and shows on a terminal what for.
  private static func wait(
    _ seconds: Int, _ pause: (words: String, seconds: Int)?, on screen: ScreenOptions
  ) {
    Progress.showing(pause?.words ?? "waiting", on: screen.errors) { progress in
      Interruption.wait(seconds) { passed in
        guard let pause else { return }
        progress?.update("\(Duration.text(seconds: max(0, pause.seconds - passed))) left")
      }
    }
  }

  /// Prints how a rollout ended, and exits as it did.
  func show(_ report: RolloutReport, on screen: ScreenOptions) throws {
    switch format {
    case .human: print(report.text(on: screen.output))
    case .json: printJSON(try report.json)
    }
    switch report.outcome {
    case .done: return
    case .failed: throw ExitCode(1)
    case .stale: throw ExitCode(4)
    case .differs: throw ExitCode(5)
    }
  }
}
