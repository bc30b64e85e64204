import NIOCore
import OceanBase
import OceanMonitor

/// Gathers what the monitor shows, at most once a second, however many ask.
actor MonitorSource {
  private static let lifetime = Duration.seconds(1)
  private static let interval = Duration.seconds(60)
  private static let historyLifetime = Duration.seconds(60)
  /// How many plans the page shows.
  private static let historyLength = 20

  private weak var engine: Engine?
  private var activity = Activity()
  private var latest: (time: ContinuousClock.Instant, snapshot: Task<MonitorSnapshot?, Never>)?
  private var history: (time: ContinuousClock.Instant, plan: String, decisions: [MonitorSnapshot.Decision])?
  private var sampling: Task<Void, Never>?

  init(_ engine: Engine) { self.engine = engine }

  /// Looks once a minute, for what the last day brought.
  func start() {
    guard sampling == nil else { return }
    sampling = Task { [weak self] in
      while !Task.isCancelled {
        guard let self else { return }
        let isRunning = await self.snapshot() != nil
        try? await Task.sleep(for: isRunning ? Self.interval : Self.lifetime)
      }
    }
  }

  func stop() { sampling?.cancel() }

  func reply(to answer: MonitorAnswer, hidingPeople: Bool) async -> MonitorReply {
    switch answer {
    case .health: return MonitorReply(status: 200, body: "alive\n")
    case .readiness:
      let isReady = await engine?.isReady ?? false
      return MonitorReply(status: isReady ? 200 : 503, body: isReady ? "ready\n" : "not ready\n")
    case .refused(let refusal): return .refusal(refusal)
    case .metrics:
      guard let snapshot = await snapshot() else { return .refusal(.unready) }
      return MonitorReply(
        status: 200, contentType: MetricsText.contentType, body: MetricsText(snapshot).text)
    case .page(let isStill):
      guard var snapshot = await snapshot() else { return .refusal(.unready) }
      snapshot.history = await decisions(of: snapshot.plan.digest)
      if hidingPeople { snapshot.people = nil }
      return MonitorReply(
        status: 200, contentType: Page.contentType,
        headers: [("Content-Security-Policy", PageStyle.policy)],
        body: Page(snapshot, isStill: isStill).text)
    }
  }

  private func snapshot() async -> MonitorSnapshot? {
    if let latest, latest.time.duration(to: .now) < Self.lifetime { return await latest.snapshot.value }
    let task = Task { await gather() }
    latest = (.now, task)
    let snapshot = await task.value
    // No plan is running yet: the next to ask looks again.
    if snapshot == nil { latest = nil }
    return snapshot
  }

  private func gather() async -> MonitorSnapshot? {
    guard let engine, var snapshot = await engine.monitored() else { return nil }
    let sessions = snapshot.services.reduce(0) { $0 + $1.sessionCount }
    activity.note(snapshot.counters, sessions: sessions, at: snapshot.now)
    snapshot.activity = activity.day(before: snapshot.now)
    return snapshot
  }

  /// The plans that were confirmed, which are read from disk.
  ///
  /// - Parameter plan: the plan that runs: another one makes them new.
  private func decisions(of plan: String) async -> [MonitorSnapshot.Decision] {
    if let history, history.plan == plan, history.time.duration(to: .now) < Self.historyLifetime {
      return history.decisions
    }
    let found = await engine?.decisions(Self.historyLength) ?? []
    history = (.now, plan, found)
    return found
  }
}
