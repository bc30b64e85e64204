import CLinux
import Glibc
import Logging
package import OceanControlAPI
import OceanEngine
import OceanHost
import OceanPlan
import OceanReport
package import OceanSyntax

extension Server {
  /// Runs a config or a saved plan until signals end it. The process is prepared for that: its memory, its signals, its
  /// user. There must be only one thread.
  ///
  /// - Parameters:
  ///   - file: finds the path.
  ///   - program: what runs it.
  ///   - screen: standard error.
  package static func run(
    _ file: () throws -> String, program: ServerProgram, on screen: Screen
  ) throws -> Never {
    awaitStart()
    // Plans come and go, and the memory they leave must be given back.
    linux_map_large_blocks()
    linux_bound_heaps(Int32(clamping: 2 * Process.usableCores))
    OceanLogHandler.screen = screen
    LoggingSystem.bootstrap { _ in OceanLogHandler() }
    let manager = ServiceManager.take()
    let logger = Logger(label: "ocean")
    let path = Files.absolute(try file())
    let source = try PlanSource(path)
    let loaded = try Progress.showing("compiling \(path)", on: screen) { _ in
      try source.load(starting: true, logger) { $0.log(to: logger) }.completed()
    }
    try Process.prepare(loaded.plan)
    try Process.lockState(loaded.plan.server)
    // The state directory is read after privileges are dropped: the server's user may have written what is in
    // it.
    let store = PlanStore(state: loaded.plan.server.state)
    let runnable = try loaded.orLastConfirmed(store, logger)
    let sockets = Process.takeListenDescriptors()

    blockSignals()
    OceanLogHandler.startWriting()
    let engine = try Engine(
      loops: Process.usableCores, inherited: sockets, fileLimit: Process.raiseFileLimit(),
      program: program, logger: logger)
    let changes = ChangeControl(engine: engine, store: store, source: path, logger: logger)
    let server = Server(
      engine: engine, changes: changes, logger: logger,
      source: source, file: path, manager: manager)
    let start = Task(priority: priority) {
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
