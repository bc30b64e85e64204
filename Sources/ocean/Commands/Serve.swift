import ArgumentParser
import CLinux
import Glibc
import Logging
import OceanCompiler
import OceanEngine
import OceanPlan
import OceanSyntax
import OceanTLS

struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a config, or a plan that 'ocean plan --out' saved.",
    discussion: """
      SIGHUP compiles the config again and applies it; a config with mistakes changes nothing. SIGTERM stops the \
      server once its sessions have ended, a second one at once.
      """)

  @Argument(help: "The config file or the saved plan.")
  var file: String

  func run() throws {
    do {
      try serve()
    } catch let error as CommandError {
      printError("ocean: \(error.message)")
      throw ExitCode(1)
    } catch {
      printError("ocean: \(error)")
      throw ExitCode(1)
    }
  }

  private func serve() throws {
    Server.blockSignals()
    // Plans come and go, and what they leave is to go as well.
    linux_map_large_blocks()
    let path = Files.absolute(file)
    let source = try Source(path)
    let loaded = try source.load(starting: true)
    let (runnable, notice) = try Self.confirmed(loaded.completed())
    let plan = runnable.plan
    try Process.prepare(plan)
    try Process.lockState(plan.server.state)
    let sockets = Process.takeListenDescriptors()

    LoggingSystem.bootstrap { _ in OceanLogHandler() }
    let logger = Logger(label: "ocean")
    OceanLogHandler.startWriting()
    let engine = try Engine(loops: Process.usableCores, inherited: sockets, logger: logger)
    if let notice { logger.warning("\(notice)") }
    let changes = ChangeControl(engine: engine, state: plan.server.state, source: path, logger: logger)
    let server = Server(
      engine: engine, changes: changes, logger: logger,
      source: { () throws(CommandError) in try source.load(starting: false) }, file: path)
    let start = Task {
      do {
        try await server.start(runnable)
      } catch {
        OceanLogHandler.flush()
        printError("ocean: \(error)")
        Glibc.exit(1)
      }
    }
    server.waitForSignals(after: start)
  }

  /// What is to run: the plan, unless it was applied and not confirmed; then the last one that was.
  private static func confirmed(_ loaded: Runnable) throws(CommandError) -> (Runnable, notice: String?) {
    let store = PlanStore(state: loaded.plan.server.state)
    guard store.withheld.contains(PlanMark(loaded.file)) else { return (loaded, nil) }
    let file = try store.file(of: PlanLine(store.entries).plan(0))
    let last = try file.refreshed { printError("ocean: \($0)") }.completed()
    return (
      last,
      "plan \(loaded.file.digest.short) was not confirmed, or was taken back: running \(last.file.digest.short), the last "
        + "that was confirmed"
    )
  }

  /// Where plans come from: a config, compiled each time, or a saved plan, which is what it is.
  private enum Source: Sendable {
    case config(path: String)
    case saved(PlanFile, path: String)

    init(_ path: String) throws(CommandError) {
      self = try PlanFile.read(path).map { .saved($0, path: path) } ?? .config(path: path)
    }

    /// - Parameter starting: whether the server starts; then diagnostics go to standard error, not only their number.
    func load(starting: Bool) throws(CommandError) -> Runnable {
      switch self {
      case .saved(let file, let path):
        try recheck(file, path)
        return try Runnable(file)
      case .config(let path):
        let config = try CompiledConfig(path, for: starting ? .starting : .reloading)
        let report = config.report(color: Terminal.hasColor(STDERR_FILENO))
        if starting || config.result.plan == nil, !report.isEmpty { printError(report) }
        guard let plan = config.result.plan else {
          throw CommandError("\(path): \(config.reasonForNoPlan)")
        }
        return Runnable(
          try config.planFile(plan), config.identities, config.facts.certificates)
      }
    }

    /// The inputs of a saved plan must still be there; the config may have changed since, and says so.
    private func recheck(_ file: PlanFile, _ path: String) throws(CommandError) {
      for input in file.inputs where input.role != .certificate {
        let bytes: [UInt8]
        do {
          bytes = try Files.read(input.path, limit: Files.configLimit)
        } catch {
          if input.role == .config { continue }
          throw CommandError("cannot read \(input.path), which \(path) needs: \(error.reason)")
        }
        if let expected = input.sha256, Digest(of: bytes) != expected {
          printError("ocean: \(input.path) has changed since \(path) was made; the plan runs as it is")
        }
      }
    }
  }
}
