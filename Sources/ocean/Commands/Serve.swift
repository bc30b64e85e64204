import ArgumentParser
import CLinux
import Glibc
import Logging
import OceanChange
import OceanCompiler
import OceanEngine
import OceanHost
import OceanPlan
import OceanReport
import OceanSyntax
import OceanTLS

struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    "serve", "Run a config, or a plan that 'ocean plan --out' saved.",
    discussion: """
      SIGHUP compiles the config again and applies it; a config with mistakes changes nothing. SIGTERM stops the \
      server once its sessions have ended, a second one at once.
      """,
    exits: [0: "it was stopped", 1: "it failed", 2: "wrong usage"], example: "ocean serve ocean.yaml")

  @OptionGroup var config: ConfigArgument

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    do {
      try serve()
    } catch let error as Failure {
      printSentence(error.message)
      throw ExitCode(1)
    } catch {
      printSentence("\(error)")
      throw ExitCode(1)
    }
  }

  private func serve() throws {
    Server.awaitStart()
    // Plans come and go, and the memory they leave must be given back.
    linux_map_large_blocks()
    linux_bound_heaps(Int32(clamping: 2 * Process.usableCores))
    OceanLogHandler.screen = screen.errors
    LoggingSystem.bootstrap { _ in OceanLogHandler() }
    let manager = ServiceManager.take()
    let logger = Logger(label: "ocean")
    let path = Files.absolute(try config.path)
    let source = try PlanSource(path)
    let loaded = try Progress.showing("compiling \(path)", on: screen.errors) { _ in
      try source.load(starting: true, logger) { $0.log(to: logger) }.completed()
    }
    try Process.prepare(loaded.plan)
    try Process.lockState(loaded.plan.server)
    // The state directory is read after privileges are dropped: the server's user may have written what is in
    // it.
    let store = PlanStore(state: loaded.plan.server.state)
    let runnable = try loaded.orLastConfirmed(store, logger)
    let sockets = Process.takeListenDescriptors()

    Server.blockSignals()
    OceanLogHandler.startWriting()
    let engine = try Engine(
      loops: Process.usableCores, inherited: sockets, fileLimit: Process.raiseFileLimit(),
      program: .own, logger: logger)
    let changes = ChangeControl(engine: engine, store: store, source: path, logger: logger)
    let server = Server(
      engine: engine, changes: changes, logger: logger,
      source: source, file: path, manager: manager)
    let start = Task(priority: Server.priority) {
      do {
        try await server.start(runnable)
      } catch ApplyError.stopping {
        return
      } catch {
        OceanLogHandler.flush()
        printSentence("\(error)")
        Glibc.exit(1)
      }
    }
    server.waitForSignals(after: start)
  }
}
