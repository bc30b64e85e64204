import ArgumentParser
import Glibc
import OceanCompiler
import OceanHost
import OceanControlAPI
import OceanPlan
import OceanReport
import OceanSyntax

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Show which clients of an access log a config, or saved plan, would treat differently.",
    discussion: """
      Each connection is judged as it was made: at the same endpoint, through the same proxy, with the same TLS. Blocks \
      and limits are left out: they depend on what the log does not say. Exits with 0 if nobody is affected, 2 if somebody \
      is, 1 on errors.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case human
    case json
  }

  @Argument(help: "The config or the saved plan.")
  var file: String

  @Option(
    help: ArgumentHelp(
      "The access log, or - for standard input. Repeat it for more logs; they are read in this order.",
      valueName: "path"))
  var log: [String]

  @Option(
    help: ArgumentHelp(
      "Compare with this config or plan, not with the decisions in the log.", valueName: "old"))
  var baseline: String?

  @Option(help: "human or json.")
  var format = Format.human

  func run() throws {
    var lines: AccessLogLines
    let loaded: LoadedPlan
    do throws(Failure) {
      loaded = try LoadedPlan(asking: file)
      lines = AccessLogLines(Replay(loaded.version, baseline: try baseline.map(version)))
      for path in log {
        try lines.read(path, unpacked: "ocean replay \(Files.absolute(file).shellQuoted) --log -")
      }
      try lines.requireLines()
    } catch {
      printError("ocean: \(error.message)")
      throw ExitCode(1)
    }
    switch format {
    case .human: print(ReplayText(lines, color: Terminal.hasColor(STDOUT_FILENO)).text)
    case .json: printBytes(try ControlAPI.encode(ReplayReport(lines)))
    }
    try loaded.exitIfBroken(1)
    if !lines.replay.affected.isEmpty { throw ExitCode(2) }
  }

  private func version(_ path: String) throws(Failure) -> PlanVersion {
    try LoadedPlan(asking: path).version
  }
}
