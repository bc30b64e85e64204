import Dispatch
import Glibc
package import Logging
import NIOCore
import NIOPosix
package import OceanAccess
import OceanBase
package import OceanControlAPI
package import OceanMonitor
package import OceanPlan
import OceanTLS
import OceanStore
import Synchronization

/// Runs a plan. Only `apply` starts or changes anything; only `drain` and `shutdown` stop it.
package actor Engine {
  struct Running {
    var file: PlanFile
    var identities: Identities
    var services: [String: Service]
    var directories: [[Plan.AccountSource]: AccountDirectory]
    var sources: AccountSources
    var accessLog: AccessLog?
    var listeners: [Endpoint: Listener]
    var monitor: [Endpoint: any Channel]
    /// Nil if requests to the monitor need none.
    var monitorToken: MonitorToken?
    /// Nil if keys of session tickets are this process's own.
    var ticketSecret: SecretBytes?
    var sharedStatePasswords: SharedStateLink.Passwords

    var plan: Plan { file.plan }
    var digest: Digest { file.digest }
  }

  private let logger: Logger
  /// What `status` tells of the program; nil if nobody needs to know.
  let program: ServerProgram?
  private let group: MultiThreadedEventLoopGroup
  let loops: [NIOLoopBoundBox<LoopState>]
  let files: FilePool
  private let hashing: NIOThreadPool
  private let tickets: TicketKeys
  let backends: BackendLog
  private let descriptors: Descriptors
  private(set) var environment: Environment?
  private(set) var running: Running?
  let started = NIODeadline.now()
  package private(set) var isDraining = false
  /// How long sessions may take to end, by the running plan.
  private let runningDrainSeconds = Atomic(0)
  /// Renewals that were refused, by the certificate's name. An entry goes once the certificate in the files
  /// is the one presented.
  private(set) var refusedRenewals: [String: ServerStatus.RefusedRenewal] = [:]
  private var isApplying = false
  private var waitingForApply: [CheckedContinuation<Void, Never>] = []
  private var control: ControlServer?
  /// Carries out what is asked about plans; nil before `serveControl`.
  private(set) var plans: (any PlanControl)?
  var monitor: (server: MonitorServer, source: MonitorSource)?
  /// Lines that access logs lost which are no longer open.
  private(set) var lostLinesBefore = 0
  /// Sockets that the service manager opened for us.
  var inherited: [Endpoint: Int32]

  /// - Parameters:
  ///   - loops: event loops, one thread each.
  ///   - inherited: listening sockets to use instead of new ones (`LISTEN_FDS`).
  ///   - fileLimit: how many files the system allows the process to have open.
  package init(
    loops count: Int, inherited sockets: [Int32] = [], fileLimit: Int = .max, program: ServerProgram? = nil,
    logger: Logger
  ) throws(ApplyError) {
    self.program = program
    self.logger = logger
    descriptors = Descriptors(limit: fileLimit)
    backends = BackendLog(logger: logger)
    group = MultiThreadedEventLoopGroup(numberOfThreads: count)
    loops = group.makeIterator().map { loop in
      NIOLoopBoundBox.makeBoxSendingValue(LoopState(loop: loop), eventLoop: loop)
    }
    files = FilePool(
      FilePool.Limits(threads: 4 * count),
      report: { [logger] silence, isOver in logger.note(silence, isOver: isOver) })
    hashing = NIOThreadPool(numberOfThreads: count)
    do {
      tickets = try TicketKeys(now: SystemClock.boot.seconds)
    } catch {
      throw ApplyError.randomness(reason: error.reason)
    }
    // Each key seals tickets for an hour; being a minute late does not matter.
    group.any().scheduleRepeatedTask(initialDelay: .minutes(1), delay: .minutes(1)) { [tickets] _ in
      tickets.rotate(now: SystemClock.boot.seconds)
      tickets.enter(hour: SystemClock.wall.seconds / TicketKeys.rotation)
    }
    hashing.start()
    inherited = [:]
    for socket in sockets {
      guard let endpoint = Sockets.endpoint(of: socket) else { throw ApplyError.inheritedSocket(socket) }
      inherited[endpoint] = socket
    }
  }

  package var runningDigest: Digest? { running?.digest }
  package var runningPlan: Plan? { running?.plan }
  package var runningFile: PlanFile? { running?.file }
  package var runningIdentities: Identities { running?.identities ?? [:] }

  /// Notes the result of the last look at each certificate's files, for `status`: why they are refused, or held
  /// back until somebody decides; nil if they hold what is presented.
  package func renewalsLooked(_ refusals: [String: (reason: String, isHeldBack: Bool)?]) {
    for (name, refusal) in refusals {
      refusedRenewals[name] = refusal.map {
        ServerStatus.RefusedRenewal(
          time: Timestamp.text(SystemClock.wall.seconds), reason: $0.reason,
          heldBack: $0.isHeldBack ? true : nil)
      }
    }
  }

  // MARK: - Apply

  /// Makes a plan the running plan: whole, or not at all.
  ///
  /// - Parameters:
  ///   - file: the plan, and the places of its values, for explanations.
  ///   - identities: the certificates that the plan names, as they were when the plan was compiled.
  ///   - expecting: the digest of the plan that must be running, nil if no plan must be running.
  ///   - monitorToken: what the plan's token for the monitor holds, or half a sentence on why it cannot be had: then the
  ///     one that runs stays, if it is the same place.
  ///   - secrets: the secrets of the plan that could be read; those that run stand in for others.
  ///   - sessions: what happens to sessions that the plan would not let in.
  /// - Returns: what was done, in order; the same list that `Plan.diff` gives beforehand.
  package func apply(
    _ file: PlanFile, identities: Identities, monitorToken: ReadMonitorToken = .none,
    secrets: AccountSources.Secrets = [:], expecting: Digest?,
    sessions: SessionTreatment = .keep
  ) async throws -> ApplyResult {
    guard !isApplying else { throw ApplyError.busy }
    isApplying = true
    defer {
      isApplying = false
      for waiting in waitingForApply { waiting.resume() }
      waitingForApply = []
    }
    guard !isDraining else { throw ApplyError.stopping }
    guard running?.digest == expecting else { throw ApplyError.stale(running: running?.digest) }
    let plan = file.plan
    let changes = await aside { [before = running?.plan] in Plan.diff(before, plan) }
    if let old = running?.plan.server, let refusal = ApplyError(changing: old, to: plan.server) {
      throw refusal
    }
    // Clients would connect to such a socket and wait for ever.
    let wanted = Set(plan.activeListeners.keys.map(\.endpoint)).union(plan.monitor.bind)
    if running == nil, let stray = inherited.keys.filter({ !wanted.contains($0) }).min() {
      throw ApplyError.strayInheritedSocket(stray)
    }
    let environment = try environment ?? start(plan)
    let token = try usableToken(monitorToken, plan)
    let sharedTicketKeys = try sharedTicketKeys(of: plan, secrets)
    let accessLog = try await openAccessLog(plan)

    let log = ClientLog(
      access: accessLog, logins: plan.log.logins, environment.loginLog, environment.lastLogins)
    var sources = AccountSources(
      defaultDomain: plan.server.defaultDomain, secrets: secrets, after: running?.sources,
      observer: backends.observer, now: { SystemClock.wall.now })
    let (services, directories) = try await makeServices(file, identities, log, &sources)
    sources.keep(plan.accounts)
    let monitorRules = await monitorRules(file, beside: services)
    var listeners = running?.listeners ?? [:]
    var opened: [Endpoint: Listener] = [:]
    var monitors: [Endpoint: any Channel] = [:]
    do {
      for case .opened(let listener, let name) in changes {
        guard let service = services[name]?.service else { continue }
        opened[listener.endpoint] = try await open(listener, service, environment, beside: opened.keys)
      }
      for endpoint in plan.monitor.bind where running?.monitor[endpoint] == nil {
        monitors[endpoint] = try await openMonitor(at: endpoint, environment, beside: opened.keys)
      }
      // The server may have been told to stop meanwhile.
      if isDraining { throw ApplyError.stopping }
    } catch {
      for listener in opened.values { listener.close() }
      for channel in monitors.values { channel.close(promise: nil) }
      throw error
    }

    // Nothing below can fail.
    runningDrainSeconds.store(plan.server.drainSeconds, ordering: .relaxed)
    environment.apply(plan, at: .now)
    tickets.seal(with: sharedTicketKeys, now: SystemClock.boot.seconds)
    let sharedPasswords = sharedStatePasswords(of: plan, secrets)
    await environment.shared?.use(plan.server.sharedState, sharedPasswords, environment.take)
    let before = services.values.map { $0.service.update($0.settings) }
    listeners.merge(opened) { _, new in new }
    for case .closed(let listener, _) in changes { listeners.removeValue(forKey: listener.endpoint)?.close() }
    for (listener, name) in plan.activeListeners {
      if let service = services[name]?.service {
        listeners[listener.endpoint]?.handOver(to: service, tls: listener.tls)
      }
    }
    let monitored = takeOver(monitors, of: plan, token, monitorRules)
    if let log = running?.accessLog, log !== accessLog { lostLinesBefore += log.lostLines }
    // A service that goes while it has sessions may come back: its count must continue.
    let leaving = (running?.services ?? [:]).filter { $0.value.sessionCount > 0 }
    for service in (running?.services ?? [:]).values { service.isRetired = services[service.name] == nil }
    refusedRenewals = refusedRenewals.filter { name, _ in
      // A refusal concerns the files of one certificate: a certificate that differs from the one before was
      // not refused, or is presented now.
      file.plan.certificates.first { $0.name == name } == running?.plan.certificates.first { $0.name == name }
    }
    let previous = running?.plan
    running = Running(
      file: file, identities: identities,
      services: leaving.merging(services.mapValues(\.service)) { _, new in new },
      directories: directories, sources: sources,
      accessLog: accessLog, listeners: listeners, monitor: monitored, monitorToken: token,
      ticketSecret: sharedTicketKeys?.secret, sharedStatePasswords: sharedPasswords)
    environment.descriptors.measure()
    let treated = await treatSessions(sessions, after: previous)
    // Every loop has answered since the swap, so that no loop still uses the old settings, and no loop has to
    // free them.
    return withExtendedLifetime(before) { ApplyResult(changes: changes, sessions: treated) }
  }

  /// The passwords for the shared state, or those that run if they cannot be read. A server without them counts alone.
  private func sharedStatePasswords(
    of plan: Plan, _ secrets: AccountSources.Secrets
  ) -> SharedStateLink.Passwords {
    let (new, old) = (plan.server.sharedState, running?.plan.server.sharedState)
    func password(
      _ source: Plan.SecretSource?, before: Plan.SecretSource?, _ known: SecretBytes?
    ) -> SecretBytes? {
      guard let source else { return nil }
      return secrets[source] ?? (source == before ? known : nil)
    }
    let known = running?.sharedStatePasswords
    return SharedStateLink.Passwords(
      engine: password(new.password, before: old?.password, known?.engine),
      sentinel: password(new.sentinel.password, before: old?.sentinel.password, known?.sentinel))
  }

  /// The keys of the secret that a plan names; nil if it names none.
  private func sharedTicketKeys(
    of plan: Plan, _ secrets: AccountSources.Secrets
  ) throws(ApplyError) -> SharedTicketKeys? {
    guard let source = plan.server.ticketSecret else { return nil }
    let known = running?.plan.server.ticketSecret == source ? running?.ticketSecret : nil
    let usable = [secrets[source], known].compactMap(\.self).first {
      $0.count >= SharedTicketKeys.minSecretLength
    }
    guard let usable else {
      let reason = secrets[source] == nil ? "it cannot be read" : "it has fewer than 32 octets"
      throw ApplyError.ticketSecret(source: source.description, reason: reason)
    }
    do {
      return try SharedTicketKeys(usable, hour: SystemClock.wall.seconds / TicketKeys.rotation)
    } catch {
      throw ApplyError.randomness(reason: error.reason)
    }
  }

  /// Ends the sessions that the plan, which already runs, would not let in, if `treatment` wants them ended.
  ///
  /// - Parameter previous: the plan that ran before, by which they came in.
  private func treatSessions(_ treatment: SessionTreatment, after previous: Plan?) async
    -> ApplyResult.Sessions
  {
    var result = ApplyResult.Sessions(kept: 0, ended: 0)
    guard let running else { return result }
    // Sessions of services that only the plan before had are asked as well.
    let decisions = PlanDecisions(
      running.plan, running.services.mapValues(\.settings.access), after: previous)
    for counts in await onEachLoop({ $0.treat(treatment, by: decisions) }) {
      result.kept += counts.kept
      result.ended += counts.ended
    }
    return result
  }

  /// Makes, once, what does not depend on services.
  private func start(_ plan: Plan) throws -> Environment {
    do {
      let environment = try Environment(
        plan, files: files, hashing: hashing, loops: loops, descriptors: descriptors, logger: logger)
      self.environment = environment
      loops[0].eventLoop.scheduleRepeatedTask(initialDelay: .minutes(1), delay: .minutes(1)) { [hashing] _ in
        hashing.submit { _ in environment.admission.sweep(at: .now) }
      }
      loops[0].eventLoop.scheduleRepeatedTask(initialDelay: .seconds(20), delay: .seconds(20)) {
        [hashing] _ in
        hashing.submit { _ in
          environment.returnMemory()
          environment.descriptors.measure()
        }
      }
      return environment
    } catch {
      throw ApplyError.state(path: plan.server.state, reason: "\(error)")
    }
  }

  /// The access log of `plan`: the one that is open, if the path is the same.
  private func openAccessLog(_ plan: Plan) async throws -> AccessLog? {
    guard let path = plan.log.access else { return nil }
    if running?.plan.log.access == path { return running?.accessLog }
    let opened = await files.run(at: .own(path), within: Self.fileTimeout) { [logger] in
      Result { () throws(RegularFileError) in try AccessLog(path: path, logger: logger) }
    }
    switch opened {
    case .success(let log): return log
    case .failure(let error): throw ApplyError.accessLog(path: path, reason: error.reason)
    case nil: throw ApplyError.accessLog(path: path, reason: AccountFileError.unanswered.reason)
    }
  }

  /// Does what takes seconds where address lists are long on a thread of its own. The engine does other things meanwhile: it
  /// may be told to stop.
  nonisolated func aside<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      DispatchQueue(label: "apply").async { continuation.resume(returning: work()) }
    }
  }

  /// How long a change may wait for a file. The engine does other things meanwhile: it may be told to stop.
  private static let fileTimeout = Duration.seconds(10)

  /// Makes the services of `plan`. Those that already run keep their counts; their new settings are not in
  /// force yet.
  private func makeServices(
    _ file: PlanFile, _ identities: Identities, _ log: ClientLog, _ accounts: inout AccountSources
  ) async throws -> (
    services: [String: (service: Service, settings: ServiceSettings)],
    directories: [[Plan.AccountSource]: AccountDirectory]
  ) {
    let plan = file.plan
    var services: [String: (service: Service, settings: ServiceSettings)] = [:]
    var directories: [[Plan.AccountSource]: AccountDirectory] = [:]
    var policies = (running?.services ?? [:]).values.map(\.settings.access)
    var contexts = TLSContexts(plan: plan, identities: identities, tickets: tickets)
    let uidls = UIDLScheme(plan.mail.uidl)
    for service in plan.services where service.enabled {
      let sources = plan.accountSources(of: service).map(\.unnamed)
      let directory: AccountDirectory
      if let known = directories[sources] {
        directory = known
      } else {
        directory = accounts.directory(sources)
        if running?.directories[sources] == nil { try await readAccounts(directory) }
      }
      directories[sources] = directory
      let access = await aside { [policies] in
        AccessPolicy(service, of: plan.server, rules: file.rules, reusing: policies)
      }
      policies.append(access)
      let settings = ServiceSettings(
        plan: service, of: plan, access: access, accounts: directory, uidls: uidls,
        contexts: try contexts.set(for: service),
        log: log, digest: file.digest)
      let object = running?.services[service.name] ?? Service(name: service.name, settings: settings)
      services[service.name] = (object, settings)
    }
    return (services, directories)
  }

  /// Begins to read the accounts, and throws if a file cannot be opened: listening does not wait for a long file, but
  /// logins do. The user the server runs as may be allowed less than the user who checked the config. This must be
  /// said now: later it would only show in logins that fail. A source outside of this process may be away: that is temporary, and nothing to stop a server for.
  private func readAccounts(_ directory: AccountDirectory) async throws(ApplyError) {
    let health = await files.run(at: .own(directory.name), within: Self.fileTimeout) { directory.begin() }
    for source in health ?? directory.healthUnanswered() {
      guard case .file(let problem)? = source.problem else { continue }
      throw ApplyError.accounts(path: source.name, reason: problem.reason)
    }
  }

  /// - Parameter opened: the endpoints that this change has opened so far.
  private func open(
    _ listener: Plan.Listener, _ service: Service, _ environment: Environment,
    beside opened: some Sequence<Endpoint>
  ) async throws -> Listener {
    let sockets: [Int32]
    if let socket = inherited.removeValue(forKey: listener.endpoint) {
      sockets = [socket]
    } else {
      sockets = try Sockets.listen(
        listener, service: service.name, count: loops.count,
        probe: !isOwn(listener.endpoint, beside: opened))
    }
    return try await Listener.start(
      listener, sockets, service: service, environment: environment, group: group, loops: loops)
  }

  /// Whether a socket of our own has the endpoint, or one that includes it: it would look like another program's
  /// to the probe.
  func isOwn(_ endpoint: Endpoint, beside opened: some Sequence<Endpoint>) -> Bool {
    let own = Array(opened) + (running.map { Array($0.listeners.keys) + Array($0.monitor.keys) } ?? [])
    return own.contains { $0.overlaps(endpoint) }
  }

  // MARK: - Control

  /// Answers on the running plan's control socket until `shutdown`.
  ///
  /// - Parameter plans: carries out what is asked about plans.
  package func serveControl(_ plans: any PlanControl) async throws {
    self.plans = plans
    guard control == nil, !isDraining, let state = running?.plan.server.state, let environment else { return }
    control = try await ControlServer.start(
      for: self, at: ControlPath.socket(in: state), plans: plans, shortage: environment.shortage,
      logger: logger)
    environment.descriptors.measure()
  }

  /// To be called once everything is open that a server has open without clients.
  ///
  /// - Throws: if no client could be served.
  package func requireOpenFiles() async throws(ApplyError) {
    let listeners = running?.plan.services.filter(\.enabled).map(\.listeners.count).reduce(0, +) ?? 0
    let expected = OpenFiles.atStart(
      cores: loops.count, listeners: listeners, hasAccessLog: running?.accessLog != nil)
    if let shortage = await descriptors.shortage(expecting: expected) { throw shortage }
  }

  // MARK: - Stop

  /// How long sessions that were ended may take to end.
  private static let endTimeout = TimeAmount.seconds(5)
  /// How long threads may take after that, whatever delays them: a disk, or a file system of another machine.
  private static let threadTimeout = Duration.seconds(3)

  /// Stops accepting, lets logged-in sessions go on for the plan's drain timeout, then ends them. It returns
  /// some seconds later, whatever they do.
  package func drain() async {
    isDraining = true
    closeListeners()
    let seconds = Int64(running?.plan.server.drainSeconds ?? 0)
    let ends = loops.map { bound in bound.eventLoop.flatSubmit { bound.value.drain() } }
    let timer = loops[0].eventLoop.scheduleTask(in: .seconds(seconds)) { [loops] in Self.endAll(loops) }
    for end in ends { try? await end.get() }
    timer.cancel()
    // The timer may be running at this moment: the loops must still exist for it.
    _ = try? await timer.futureResult.get()
  }

  /// Ends all sessions now; a drain that is waiting for them goes on.
  package nonisolated func endSessions() { Self.endAll(loops) }

  package nonisolated var drainSeconds: Int { runningDrainSeconds.load(ordering: .relaxed) }

  /// What keeps the process from ending, for people. Waits for 0.2 s at most.
  package nonisolated func obstacles() -> [String] {
    let answers = SilentLoops(loops.count)
    for (number, bound) in loops.enumerated() { bound.eventLoop.execute { answers.answered(number) } }
    usleep(200_000)
    let silent = answers.silent.map { "event loop \($0 + 1) of \(loops.count) does not answer" }
    let obstacles = silent + unanswered
    return obstacles.isEmpty ? ["what is under way does not end"] : obstacles
  }

  /// File systems with calls that have not come back, for people.
  package nonisolated var unanswered: [String] {
    files.silences().map { silence in
      "\(silence.path) has not answered for \(silence.milliseconds / 1000) s (calls: \(silence.numbers.calls))"
    }
  }

  private static func endAll(_ loops: [NIOLoopBoundBox<LoopState>]) {
    for bound in loops { bound.eventLoop.execute { bound.value.endAll(timeout: endTimeout) } }
  }

  /// Stops what was started, to be called after `drain`. It waits a few seconds at most; the process should
  /// end then.
  package func shutdown() async {
    closeListeners()
    let (steps, end) = AsyncStream.makeStream(of: Void.self)
    Task { [control, monitor, accessLog = running?.accessLog, environment, group, files, hashing] in
      // An apply opens listeners on loops that must still exist. It gives up now.
      await whenNothingIsApplied()
      await control?.stop()
      await monitor?.source.stop()
      await monitor?.server.stop()
      await accessLog?.close()
      await environment?.lastLogins.close()
      await environment?.shared?.stop()
      try? await group.shutdownGracefully()
      files.stop()
      await files.ended()
      try? await hashing.shutdownGracefully()
      end.finish()
    }
    Task {
      try? await Task.sleep(for: Self.threadTimeout)
      end.finish()
    }
    for await _ in steps {}
  }

  private func whenNothingIsApplied() async {
    guard isApplying else { return }
    await withCheckedContinuation { waitingForApply.append($0) }
  }

  private func closeListeners() {
    for listener in running?.listeners.values ?? [:].values { listener.close() }
    running?.listeners = [:]
  }

  /// Returns once every event loop has answered. Not to be called after `shutdown`.
  package nonisolated func answerFromLoops() async {
    _ = await onEachLoop { $0.loop.makeSucceededVoidFuture() }
  }

  package var sessionCount: Int { running?.services.values.reduce(0) { $0 + $1.sessionCount } ?? 0 }
}

/// The event loops that have not answered yet.
private final class SilentLoops: Sendable {
  private let numbers: Mutex<Set<Int>>

  init(_ count: Int) { numbers = Mutex(Set(0..<count)) }

  func answered(_ number: Int) { numbers.withLock { _ = $0.remove(number) } }

  var silent: [Int] { numbers.withLock { $0.sorted() } }
}
