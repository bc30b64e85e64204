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
    linux_bound_heaps(Int32(clamping: 2 * Process.usableCores))
    LoggingSystem.bootstrap { _ in OceanLogHandler() }
    let logger = Logger(label: "ocean")
    let path = Files.absolute(file)
    let source = try Source(path)
    let loaded = try source.load(starting: true, logger).completed()
    try Process.prepare(loaded.plan)
    try Process.lockState(loaded.plan.server)
    // What is in the state directory its user may have written: it is not believed before that user's rights are all there is.
    let runnable = try Self.confirmed(loaded, logger)
    let sockets = Process.takeListenDescriptors()

    OceanLogHandler.startWriting()
    let engine = try Engine(
      loops: Process.usableCores, inherited: sockets, fileLimit: Process.raiseFileLimit(), logger: logger)
    let changes = ChangeControl(
      engine: engine, state: loaded.plan.server.state, source: path, logger: logger)
    let server = Server(
      engine: engine, changes: changes, logger: logger,
      source: { () throws(CommandError) in try source.load(starting: false, logger) }, file: path)
    let start = Task {
      do {
        try await server.start(runnable)
      } catch ApplyError.stopping {
        return
      } catch {
        OceanLogHandler.flush()
        printError("ocean: \(error)")
        Glibc.exit(1)
      }
    }
    server.waitForSignals(after: start)
  }

  /// What is to run: the plan, unless it was applied and not confirmed; then the last one that was.
  private static func confirmed(_ loaded: Runnable, _ logger: Logger) throws(CommandError) -> Runnable {
    let store = PlanStore(state: loaded.plan.server.state)
    let (mark, withheld) = (PlanMark(loaded.file), store.withheld)
    guard withheld.contains(mark) else { return loaded }
    if let trouble = withheld.trouble {
      logger.error("it is not known which plans were taken back, as \(trouble)")
      // No plan waits to be confirmed, and none was taken back, before one was confirmed.
      guard let last = store.last, last.mark.plan != mark.plan else { return loaded }
    }
    let file = try store.file(of: PlanLine(store.entries).plan(0))
    let last: Runnable
    if withheld.trouble != nil || withheld.waiting?.mark.isFound(in: mark) == true {
      // It comes back as it ran.
      last = try Runnable(renewing: file, from: loaded.plan)
    } else {
      last = try file.refreshed(from: loaded.plan, lists: ListChoice(withheld: withheld.lists)) {
        logger.warning("\($0)")
      }
    }
    let complete = try last.completed(from: loaded.plan, loaded.identities)
    let (wanted, running) = (loaded.file.digest.short, complete.file.digest.short)
    logger.warning(
      "plan \(wanted) was not confirmed, or was taken back: running \(running), the last that was confirmed")
    for path in complete.file.otherLists { logger.warning("\(ListNote.text(path))") }
    return complete
  }

  /// Where plans come from: a config, compiled each time, or a saved plan, which is what it is.
  private enum Source: Sendable {
    case config(path: String)
    case saved(PlanFile, path: String)

    init(_ path: String) throws(CommandError) {
      self = try PlanFile.read(path).map { .saved($0, path: path) } ?? .config(path: path)
    }

    /// - Parameter starting: whether the server starts: then the log has warnings and notes, too, not only what is wrong.
    func load(starting: Bool, _ logger: Logger) throws(CommandError) -> Runnable {
      switch self {
      case .saved(let file, let path):
        try recheck(file, path, logger)
        let runnable = try Runnable(renewing: file, from: nil)
        try runnable.requireRenewals(of: file)
        return runnable
      case .config(let path):
        let config = try CompiledConfig(path, for: starting ? .starting : .reloading)
        if starting || config.result.plan == nil { config.log(to: logger) }
        guard let plan = config.result.plan else {
          throw CommandError("\(path): \(config.reasonForNoPlan)")
        }
        return Runnable(
          try config.planFile(plan), config.identities, config.facts.certificates)
      }
    }

    /// The inputs of a saved plan must still be there; the config may have changed since, and says so.
    private func recheck(_ file: PlanFile, _ path: String, _ logger: Logger) throws(CommandError) {
      for input in file.inputs where input.role != .certificate {
        let bytes: [UInt8]
        do {
          bytes = try Files.read(input.path, limit: Files.configLimit)
        } catch {
          if input.role == .config { continue }
          throw CommandError("cannot read \(input.path), which \(path) needs: \(error.reason)")
        }
        if let expected = input.sha256, Digest(of: bytes) != expected {
          logger.warning("\(input.path) has changed since \(path) was made; the plan runs as it is")
        }
      }
    }
  }
}
