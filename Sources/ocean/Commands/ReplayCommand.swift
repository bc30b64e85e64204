import ArgumentParser
import CLinux
import OceanBase
import OceanControlAPI
import OceanHost
import OceanReplay
import OceanReport

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    "replay", "Show which clients of an access log a config, or saved plan, would treat differently.",
    discussion: """
      Each connection is judged as it was made: at the same endpoint, through the same proxy, with the same TLS. Blocks \
      and limits are those that a server with the config would have had. Logs may be compressed. What they do not tell is \
      named.
      """,
    exits: [
      0: "nobody is affected, as far as the logs tell",
      1: "an error, or no line could be judged, or wrong usage",
      2: "somebody is affected",
    ], example: "ocean replay ocean.yaml --log access.jsonl")

  @OptionGroup var config: ConfigArgument

  @Option(
    help: ArgumentHelp(
      "The access log, or - for standard input. Repeat it for more logs, in any order.",
      valueName: "path"), completion: .file())
  var log: [String]

  @Option(
    help: ArgumentHelp(
      "Compare with this config or plan, not with the decisions in the log.", valueName: "old"),
    completion: .file())
  var baseline: String?

  @Option(help: "human or json.")
  var format = OutputFormat.human

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    linux_keep_memory()
    let (loaded, logs) = try reporting { try replay() }
    switch format {
    case .human: print(ReplayText(logs, on: screen.output).text)
    case .json: printJSON(try ControlAPI.encode(ReplayReport(logs)))
    }
    try loaded.exitIfBroken(1)
    if logs.replay.isAnybodyAffected { throw ExitCode(2) }
    // "Nobody" would be true of nothing.
    if logs.replay.connections == 0 { throw ExitCode(1) }
  }

  private func replay() throws(Failure) -> (LoadedPlan, AccessLogs) {
    let loaded = try LoadedPlan(asking: try config.path, on: screen.errors)
    let old = try baseline.map { path throws(Failure) in try LoadedPlan(asking: path, on: screen.errors) }
    var logs = AccessLogs(
      Replay(loaded.version, baseline: old?.version), now: SystemClock.wall.now)
    try Progress.showing("reading logs", on: screen.errors) { progress throws(Failure) in
      try logs.read(log) { progress?.update(octets: $0, of: $1) }
    }
    return (loaded, logs)
  }
}
