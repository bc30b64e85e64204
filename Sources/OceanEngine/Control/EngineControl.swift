import Glibc
import NIOCore
import OceanAccess
package import OceanAddresses
import OceanBase
package import OceanControlAPI
import OceanMonitor
package import OceanPlan

/// Answers to what the control API asks of an engine.
extension Engine {
  /// The server's status; nil unless a plan is running.
  ///
  /// - Parameters:
  ///   - file: where the plan comes from.
  ///   - unconfirmed: when the plan is reverted; nil if it is confirmed.
  ///   - takenBack: the plans that were reverted.
  ///   - damaged: files of the plans that are kept which cannot be used.
  ///   - heldLists: list files in whose place earlier entries run.
  ///   - isFileUnchanged: whether `file` is known to give the running plan. It may block.
  package func status(
    file: String, unconfirmed: UnconfirmedPlan? = nil, takenBack: [RevertedPlan] = [],
    policy: Digest? = nil, damaged: [DamagedFile] = [], heldLists: [ServerStatus.HeldList] = [],
    isFileUnchanged: @escaping @Sendable () -> Bool = { false }
  ) async -> ServerStatus? {
    guard let directories = running?.directories else { return nil }
    // A slow disk is not waited for.
    async let loops = loopCounts()
    async let isKnown = files.run(at: .own("config"), within: Self.fileTimeout, isFileUnchanged)
    var accounts = await accountStatus(Array(directories.values))
    let isUnchanged = await isKnown ?? false
    let counts = await loops.0
    guard let running else { return nil }
    let remembered = running.sources.remotes(running.plan.accounts).compactMap {
      $0.source.rememberedLogins?.count
    }
    accounts.remembered = remembered.isEmpty ? nil : remembered.reduce(0, +)
    let age = NIODeadline.now() - started
    let services = running.services.values.sorted { $0.name < $1.name }.map { service in
      let listeners = running.plan.services.first { $0.name == service.name }?.listeners ?? []
      return ServerStatus.Service(
        name: service.name, listeners: listeners.filter { running.listeners[$0.endpoint] != nil },
        explicit: service.settings.plan.tls?.explicit, sessions: service.sessionCount,
        maxSessions: service.settings.plan.limits.connections,
        refused: service.refusals(at: .now()))
    }
    return ServerStatus(
      state: isDraining ? .draining : .serving, plan: running.digest, file: file, unconfirmed: unconfirmed,
      takenBack: takenBack, damaged: damaged.isEmpty ? nil : damaged,
      heldLists: heldLists.isEmpty ? nil : heldLists, pid: getpid(),
      since: Timestamp.text(nanoseconds: SystemClock.wall.now - age.nanoseconds),
      uptimeSeconds: Int(age.nanoseconds / 1_000_000_000), services: services,
      blocked: environment?.admission.hammering.blocks(at: .now).count ?? 0,
      certificates: running.plan.presented.map { certificate in
        ServerStatus.Certificate(
          name: certificate.name, expires: Timestamp.text(certificate.leaf.notAfter),
          refused: refusedRenewals[certificate.name])
      }, accounts: accounts, lostLogLines: running.accessLog?.lostLines,
      unanswered: files.silences().map { silence in
        ServerStatus.Unanswered(
          path: silence.path, type: silence.type, seconds: silence.milliseconds / 1000,
          calls: silence.numbers.calls, waiting: silence.numbers.waiting)
      }, nextEnd: running.plan.ends.first, program: program, fileUnchanged: isUnchanged ? true : nil,
      policy: policy, sharedState: sharedState, counts: ServerCounts(counts))
  }

  private var sharedState: ServerStatus.SharedState? {
    guard let shared = environment?.shared, let settings = running?.plan.server.sharedState else {
      return nil
    }
    let standing = shared.standing
    let (state, reason): (ServerStatus.SharedState.State, String?) =
      switch standing.state {
      case .starting: (.starting, nil)
      case .together: (.together, nil)
      case .alone(let reason): (.alone, reason)
      }
    return ServerStatus.SharedState(
      url: standing.url, master: settings.master, state: state,
      reason: reason, since: Timestamp.text(nanoseconds: standing.since),
      engine: standing.engine, sentinelTrouble: standing.sentinelTrouble, waiting: shared.waitingCount)
  }

  /// How long files may take to answer a question for the status.
  private static let fileTimeout = Duration.seconds(1)

  /// Looks at the account files, but does not wait for a slow disk.
  private nonisolated func accountStatus(_ directories: [AccountDirectory]) async -> ServerStatus.Accounts {
    let sources = await withTaskGroup { group in
      for directory in directories {
        group.addTask { [files] in
          await files.run(at: .own(directory.name), within: Self.fileTimeout) { directory.health() }
            ?? directory.healthUnanswered()
        }
      }
      return await group.reduce(into: []) { $0 += $1 }
    }
    // Several services may ask the same file, each together with other files.
    let byName = Dictionary(sources.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    return ServerStatus.Accounts(
      active: byName.values.reduce(0) { $0 + ($1.counts?.active ?? 0) },
      disabled: byName.values.reduce(0) { $0 + ($1.counts?.disabled ?? 0) },
      problems: byName.values.sorted { $0.name < $1.name }.compactMap { source in
        source.problem.map { problem in
          let isAway = if case .away = problem { true } else { false }
          return ServerStatus.Accounts.Problem(
            path: source.name, reason: problem.reason, isAway: isAway ? true : nil)
        }
      })
  }

  /// The open sessions. The loops only copy values; the texts for people are made here.
  package nonisolated func sessions() async -> SessionList {
    let snapshots = await onEachLoop { $0.snapshots() }
    return SessionList(sessions: snapshots.joined().map(SessionInfo.init).sorted { $0.id < $1.id })
  }

  /// What is known of an address; nil unless the service is running.
  package func report(on question: AddressQuestion) -> AddressReport? {
    guard let running, let environment, let service = running.services[question.service] else { return nil }
    return AddressReport(
      plan: running.digest, state: environment.admission.state(of: question.address, for: service, at: .now))
  }

  /// The addresses that are blocked now.
  package func blocks() -> ActiveBlocks {
    ActiveBlocks(environment?.admission.hammering.blocks(at: .now) ?? [], at: .now)
  }

  /// Lifts blocks; nil lifts all.
  ///
  /// - Returns: the blocks that were lifted.
  package func unblock(_ prefixes: [IPPrefix]?) -> ActiveBlocks {
    ActiveBlocks(environment?.unblock(prefixes, at: .now) ?? [], at: .now)
  }

  /// Makes account sources forget the logins that they remember.
  ///
  /// - Parameter user: the name as a client gives it, or that of the account; nil for everybody.
  package func forgetLogins(of user: String?) -> ForgottenLogins {
    let remotes = running.map { $0.sources.remotes($0.plan.accounts) } ?? []
    return ForgottenLogins(
      sources: remotes.filter { $0.source.rememberedLogins != nil }.map { name, source in
        .init(name: name, forgotten: source.forgetLogins(of: user))
      })
  }

  /// Ends sessions and removes none of their messages.
  package func kick(_ selection: SessionSelection) async -> KickResult {
    // First those of this server, which would hear of it from the engine, too, and end them uncounted.
    let ended = await onEachLoop { $0.kick(selection) }.flatMap(\.self).sorted()
    // A number names a session of one server.
    let shared = if case .ids = selection { nil as SharedStateLink? } else { environment?.shared }
    shared?.kick(selection)
    return KickResult(ended: ended, othersTold: shared?.standing.state == .together ? true : nil)
  }

  /// Asks each loop. Not to be called after `shutdown`: loops that have ended give no answer.
  nonisolated func onEachLoop<Result: Sendable>(
    _ body: @escaping @Sendable (LoopState) -> EventLoopFuture<Result>
  ) async -> [Result] {
    var results: [Result] = []
    for answer in loops.map({ bound in bound.eventLoop.flatSubmit { body(bound.value) } }) {
      if let result = try? await answer.get() { results.append(result) }
    }
    return results
  }
}

extension ActiveBlocks {
  fileprivate init(_ blocks: [OceanAccess.Block], at now: ClockReading) {
    let second: Int64 = 1_000_000_000
    self.init(
      blocks: blocks.map { block in
        Block(
          address: block.prefix, since: Timestamp.text(block.since / second),
          until: Timestamp.text(block.until / second),
          secondsLeft: Int(clamping: max(0, block.until - now.wall) / second), failures: block.failures)
      })
  }
}

extension SessionInfo {
  fileprivate init(_ snapshot: SessionSnapshot) {
    let record = snapshot.record
    self.init(
      id: snapshot.id, service: record.service, peer: record.peer.description,
      proxy: record.proxy?.description,
      local: record.local.description,
      tls: record.tls, user: record.user, state: snapshot.state,
      since: Timestamp.text(nanoseconds: SystemClock.wall.now - snapshot.age.nanoseconds),
      seconds: Int(snapshot.age.nanoseconds / 1_000_000_000),
      idleSeconds: Int(snapshot.idle.nanoseconds / 1_000_000_000), retrieved: record.retrieved,
      bytes: record.bytes)
  }
}

extension ServerCounts {
  fileprivate init(_ counters: MonitorCounters) {
    self.init()
    for service in counters.services.values {
      connections &+= service.connections
      refused.merge(service.refusals, uniquingKeysWith: &+)
      for (login, count) in service.logins { logins[login.result.rawValue, default: 0] &+= count }
    }
    handshakes = counters.handshakes.values.reduce(0, &+)
    handshakesFailed = counters.handshakesFailed
  }
}
