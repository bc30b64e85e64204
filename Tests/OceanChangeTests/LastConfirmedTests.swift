import Logging
import OceanCompiler
import OceanEngine
import OceanHost
import OceanPlan
import OceanSyntax
import Synchronization
import TestPlans
import Testing
@testable import OceanChange

/// What a server that starts says of the plans that it keeps.
@Suite struct LastConfirmedTests {
  private let folder: ConfigFolder

  init() throws { folder = try ConfigFolder() }

  /// The plans are read by one store: findings about the config, which `check` has too, say nothing of them.
  @Test(arguments: Damage.allCases)
  func `a damaged plan is logged once, and the status knows it`(_ damage: Damage) async throws {
    let (state, config) = (folder.path("state"), folder.path("ocean.yaml"))
    _ = try PlanStore(state: state).confirm(
      try folder.plan("max_connections: 100"), from: PlanOrigin(source: config),
      at: "2026-11-29T10:00:00Z", .applied(lists: []))
    let path = folder.path("state/plans/000001.json")
    try damage.make(path)
    let wanted = try folder.plan("max_connections: 101")

    let lines = Lines()
    let logger = Logger(label: "test") { _ in Lines.Handler(lines: lines) }
    var findings: [String] = []
    let loaded = try PlanSource(config).load(starting: true, logger) { compiled in
      findings += compiled.result.diagnostics.map(\.message) + compiled.result.notChecked
    }
    let store = PlanStore(state: state)
    let runnable = try loaded.completed().orLastConfirmed(store, logger)
    let engine = try Engine(loops: 1, logger: logger)
    let changes = ChangeControl(engine: engine, store: store, source: config, logger: logger)
    #expect(runnable.file.digest == wanted.digest)
    #expect(changes.damagedFiles().map(\.path) == [path])
    let said = (findings + lines.taken).filter { $0.contains("plans/") }
    #expect(said.count == 1 && said[0].contains("\(path) cannot be used: \(damage.reason)"), "\(said)")
    await engine.drain()
    await engine.shutdown()
  }

  private static let protecting = "expect: [{ from: 127.0.0.9, to: pop3, verdict: allow }]\n"

  /// What `serve` runs, and what it logs about that.
  private func started() throws -> (digest: Digest, said: [String]) {
    let lines = Lines()
    let logger = Logger(label: "test") { _ in Lines.Handler(lines: lines) }
    let loaded = try PlanSource(folder.path("ocean.yaml")).load(starting: true, logger) { _ in }
    let runnable = try loaded.completed().orLastConfirmed(PlanStore(state: folder.path("state")), logger)
    return (runnable.file.digest, lines.taken)
  }

  private func confirm(_ plan: PlanFile) throws {
    _ = try PlanStore(state: folder.path("state")).confirm(
      plan, from: PlanOrigin(source: folder.path("ocean.yaml")), at: "2026-11-29T10:00:00Z",
      .applied(lists: []))
  }

  @Test func `a config that breaks an expectation gives way to what was confirmed`() throws {
    try folder.configure(rest: Self.protecting)
    let sound = try folder.plan()
    try confirm(sound)
    try folder.configure("ip_control: { black_list: [127.0.0.0/28] }", rest: Self.protecting)
    let (digest, said) = try started()
    #expect(digest == sound.digest)
    #expect(
      said.contains {
        $0.hasSuffix(
          " breaks what is expected at \(folder.path("ocean.yaml")):9: running \(sound.digest.short), the last that was confirmed"
        )
      }, "\(said)")
  }

  @Test func `a config that breaks an expectation runs if nothing was confirmed`() throws {
    try folder.configure("ip_control: { black_list: [127.0.0.0/28] }", rest: Self.protecting)
    #expect(try started().said.isEmpty)
  }

  /// Its expectation was overridden when it was applied.
  @Test func `a config that breaks an expectation runs if it was confirmed last`() throws {
    try folder.configure("ip_control: { black_list: [127.0.0.0/28] }", rest: Self.protecting)
    let broken = try LoadedPlan(folder.path("ocean.yaml"), overriding: ["\(folder.path("ocean.yaml")):9"]) {
      _ in
    }
    .file
    try confirm(broken)
    let (digest, said) = try started()
    #expect(digest == broken.digest && said.isEmpty, "\(said)")
  }
}

/// The messages that were logged.
private final class Lines: Sendable {
  private let lines = Mutex<[String]>([])

  var taken: [String] { lines.withLock { $0 } }

  struct Handler: LogHandler {
    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.lines.withLock { $0.append("\(event.message)") } }
  }
}
