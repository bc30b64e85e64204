import Glibc
import NIOCore
import OceanAccess
import OceanAddresses
import OceanBase
import OceanControlAPI
import OceanMonitor
import OceanPlan
import OceanPOP3

/// What the monitor shows of an engine.
extension Engine {
  /// Whether it takes connections.
  var isReady: Bool { running != nil && !isDraining }

  /// Nil unless a plan is running.
  func monitored() async -> MonitorSnapshot? {
    async let loops = loopCounts()
    async let plans = self.plans?.monitored()
    let (counters, sessions) = await loops
    let known = await plans
    guard let running else { return nil }
    let now = SystemClock.wall.seconds
    let age = (NIODeadline.now() - started).nanoseconds / 1_000_000_000
    var snapshot = MonitorSnapshot(
      version: program?.version ?? "unknown", hostname: running.plan.server.hostname,
      isDraining: isDraining, now: now, started: now - age,
      plan: MonitorSnapshot.RunningPlan(
        digest: running.digest.short, policy: known?.policy, file: known?.file ?? "",
        waiting: known?.waiting, nextEnd: running.plan.ends.first?.text))
    snapshot.config = known?.config
    snapshot.counters = counters
    snapshot.monitorRefusals = monitor?.server.refusals ?? [:]
    snapshot.commandNames = CommandName.allCases.map { "\($0)" }
    snapshot.services = running.services.values.sorted { $0.name < $1.name }.map { service in
      MonitorSnapshot.Service(service, sessions.counts[service.name] ?? [:])
    }
    snapshot.certificates = running.plan.presented.map { certificate in
      MonitorSnapshot.Certificate(
        name: certificate.name, notAfter: certificate.leaf.notAfter,
        refused: refusedRenewals[certificate.name]?.reason)
    }
    let blocks = environment?.admission.hammering.blocks(at: .now) ?? []
    snapshot.blocked = blocks.count
    snapshot.blocksMade = environment?.blocksMade.load(ordering: .relaxed) ?? 0
    snapshot.pools = [
      .init(name: "files", waiting: files.waitingCount),
      .init(name: "hashing", waiting: environment?.hashing.waitingCount ?? 0),
    ]
    let remotes = running.sources.remotes(running.plan.accounts)
    snapshot.pools += remotes.map { .init(name: "accounts.\($0.name)", waiting: $0.source.waitingCount) }
    snapshot.backends = remotes.map { name, source in
      var backend = backends.counts(
        of: source.name, named: name, trouble: source.lastHealth.problem?.reason)
      backend.remembered = source.rememberedLogins.map { ($0.count, $0.answered) }
      return backend
    }
    snapshot.sharedState = environment?.shared.map(MonitorSnapshot.SharedState.init)
    snapshot.droppedLogLines = lostLinesBefore + (running.accessLog?.lostLines ?? 0)
    snapshot.silences = unanswered
    snapshot.people = MonitorSnapshot.People(
      sessions: sessions.oldest.map(MonitorSnapshot.Session.init),
      blocks: blocks.sorted { $0.until > $1.until }.prefix(MonitorSnapshot.People.limit).map { block in
        .init(
          address: block.prefix.short, until: block.until / 1_000_000_000, failures: block.failures)
      })
    return snapshot
  }

  nonisolated func loopCounts() async -> (MonitorCounters, MonitoredSessions) {
    let limit = MonitorSnapshot.People.limit
    var (counters, sessions) = (MonitorCounters(), MonitoredSessions(limit: limit))
    let answers = await onEachLoop { state in
      state.monitored(oldest: limit).assumeIsolated().map { ($0, state.counters) }.nonisolated()
    }
    for answer in answers {
      sessions.add(answer.0)
      counters.add(answer.1)
    }
    return (counters, sessions)
  }

  /// The plans that were confirmed last, the newest first.
  func decisions(_ count: Int) async -> [MonitorSnapshot.Decision] {
    guard let history = try? await plans?.history() else { return [] }
    return history.plans.prefix(count).map { entry in
      let author = entry.by.map { by in
        [by.event.rawValue, by.user].compactMap(\.self).joined(separator: ", ")
      }
      return MonitorSnapshot.Decision(
        digest: entry.digest.short, time: entry.confirmed, source: entry.source, author: author,
        comment: entry.by?.comment, isTakenBack: entry.takenBack != nil)
    }
  }
}

extension MonitorSnapshot.SharedState {
  fileprivate init(_ shared: SharedStateLink) {
    let standing = shared.standing
    let trouble: String? =
      switch standing.state {
      case .starting: "it has not answered yet"
      case .together: nil
      case .alone(let reason): reason
      }
    self.init(
      trouble: trouble, exchanges: standing.exchanges, failedExchanges: standing.failedExchanges,
      waiting: shared.waitingCount, droppedFailures: shared.droppedFailures)
  }
}

extension MonitorSnapshot.Service {
  fileprivate init(_ service: Service, _ sessions: [SessionInfo.State: Int]) {
    let plan = service.settings.plan
    self.init(
      name: service.name, listeners: plan.listeners.map(plan.text), maxSessions: plan.limits.connections,
      sessions: Dictionary(sessions.map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: +),
      refused: service.refusals(at: .now()))
  }
}

extension MonitorSnapshot.Session {
  fileprivate init(_ snapshot: SessionSnapshot) {
    let record = snapshot.record
    self.init(
      user: record.user, peer: record.peer.description, service: record.service,
      state: snapshot.state.rawValue, tls: record.tls,
      seconds: Int(snapshot.age.nanoseconds / 1_000_000_000), bytes: record.bytes)
  }
}
