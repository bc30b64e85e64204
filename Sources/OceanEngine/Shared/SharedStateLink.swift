import Logging
import NIOCore
import OceanAccess
import OceanBase
import OceanControlAPI
import OceanPlan
import Synchronization

/// Keeps what several servers count together in step with the engine that they all ask: Valkey or Redis.
///
/// It has one connection, on which it asks one thing at a time, whatever the number of sessions: all that happened since
/// the last exchange goes into the next. There is an exchange as soon as something is to tell, and else twice a second. No
/// event loop and no client waits for it. While the engine is away it is tried again in growing pauses.
///
/// Where Sentinels say which engine is the master, they are asked for each connection, and from time to time whether it is
/// still that one: an engine that was cut off from them takes it for granted. Their messages are not
/// subscribed to: they are lost while a connection is away, and so could replace none of these questions.
actor SharedStateLink {
  /// How the engine is, for people.
  struct Standing: Sendable {
    enum State: Sendable, Equatable {
      /// It has not answered yet, nor failed to.
      case starting
      case together
      /// - Parameter reason: half a sentence.
      case alone(reason: String)
    }

    var state = State.starting
    /// When it came to be so, in nanoseconds since 1970.
    var since: Int64
    /// Where the engine is, or was the last time; nil if no Sentinel has said so yet.
    var url: String?
    /// The engine's own words: `valkey 8.0.1`; nil before it answered.
    var engine: String?
    /// Half a sentence: why no Sentinel says where the master is; nil if one does, or nobody has asked.
    var sentinelTrouble: String?
    var exchanges = 0
    var failedExchanges = 0
  }

  /// How long others may not know what happened here, and the other way round.
  private static let interval = TimeAmount.milliseconds(500)
  /// After an exchange, so that what happens at the same time goes together.
  private static let pause = Duration.milliseconds(10)
  /// After which Sentinels are asked whether the master is another, in nanoseconds.
  private static let lookInterval: Int64 = 10_000_000_000
  /// How many places are tried that Sentinels name, who may disagree.
  private static let maxCandidates = 3

  private let shared: SharedState
  private let group: any EventLoopGroup
  private let logger: Logger
  private let ticks: AsyncStream<Void>
  private let tick: AsyncStream<Void>.Continuation
  private nonisolated let shown: Mutex<Standing>

  private var take: @Sendable (SharedState.News) -> Void = { _ in }
  private var settings = Plan.SharedState.blank
  private var passwords = Passwords()
  /// Counts the settings that there were.
  private var generation = 0
  private var connection: SharedStateConnection?
  /// Whether Sentinels name another master than that of the connection.
  private var hasMoved = false
  /// When Sentinels were asked last, by the monotonic clock.
  private var lastLook: Int64 = 0
  private var look: Task<Void, Never>?
  /// Whether the log has said that no Sentinel says where the master is.
  private var isSentinelAway = false
  /// The place that the log named last.
  private var loggedPlace = ""
  private var health = BackendHealth()
  private var timer: RepeatedTask?
  private var running: Task<Void, Never>?

  /// - Parameter group: has the loops on which messages come and go.
  init(_ plan: Plan, on group: any EventLoopGroup, logger: Logger) {
    let (ticks, tick) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    (self.ticks, self.tick) = (ticks, tick)
    shared = SharedState(plan.hammeringLimits, v6PrefixLength: plan.server.limits.ipv6Prefix) {
      tick.yield()
    }
    (self.group, self.logger) = (group, logger)
    shown = Mutex(Standing(since: SystemClock.wall.now))
  }

  nonisolated var failures: any AddressFailures { shared.failures }
  nonisolated var connections: any AddressConnections { shared.connections }
  nonisolated var standing: Standing { shown.withLock { $0 } }
  nonisolated var waitingCount: Int { shared.waitingCount }
  nonisolated var droppedFailures: Int { shared.failures.droppedFailures }

  /// The passwords of a plan; nil if there is none, or it cannot be read.
  struct Passwords: Sendable, Equatable {
    var engine: SecretBytes?
    var sentinel: SecretBytes?
  }

  /// Asks the engine of a plan from now on.
  ///
  /// - Parameter take: told what other servers have told.
  func use(
    _ settings: Plan.SharedState, _ passwords: Passwords,
    _ take: @escaping @Sendable (SharedState.News) -> Void
  ) {
    guard settings != self.settings || passwords != self.passwords else { return }
    (self.settings, self.passwords, self.take) = (settings, passwords, take)
    generation += 1
    disconnect()
    shown.withLock { ($0.url, $0.sentinelTrouble) = (settings.url?.description, nil) }
    health = BackendHealth()
    if running == nil {
      timer = group.next().scheduleRepeatedTask(initialDelay: .zero, delay: Self.interval) { [tick] _ in
        tick.yield()
      }
      running = Task { [ticks] in
        for await _ in ticks {
          await step()
          try? await Task.sleep(for: Self.pause)
        }
      }
    }
    tick.yield()
  }

  /// Returns when nothing is asked any more: the loops may go.
  func stop() async {
    generation += 1
    timer?.cancel()
    tick.finish()
    take = { _ in }
    disconnect()
    for task in [running, look] {
      task?.cancel()
      await task?.value
    }
  }

  private func disconnect() {
    connection?.close()
    (connection, hasMoved) = (nil, false)
    shared.beAlone()
  }

  /// Asks all other servers to end sessions that are open now.
  nonisolated func kick(_ selection: SessionSelection) {
    guard let request = try? ControlAPI.encode(selection) else { return }
    shared.ask(String(decoding: request, as: UTF8.self))
  }

  // MARK: - Exchanges

  private func step() async {
    guard !Task.isCancelled, health.admits(at: SystemClock.boot.now) else { return }
    let generation = generation
    do throws(BackendError) {
      while try await exchange() {}
      _ = health.succeeded()
      show(.together)
      lookForMaster()
    } catch {
      // The settings are others since: this was not about the engine that they name.
      guard generation == self.generation else { return }
      disconnect()
      // Whatever is wrong, this server counts alone and tries again.
      let absence = error.isAbsence ? error : .unreachable(error.reason)
      _ = health.failed(absence, at: SystemClock.boot.now, jitter: .random(in: 0...1))
      shown.withLock { $0.failedExchanges += 1 }
      if let trouble = health.trouble { show(.alone(reason: trouble)) }
    }
  }

  /// - Returns: whether there is more to tell or to be told.
  private func exchange() async throws(BackendError) -> Bool {
    let connection = try await connected()
    let exchange = shared.exchange(at: .now)
    do throws(BackendError) {
      let answer = try await connection.exchange(exchange.arguments)
      let news: SharedState.News
      do throws(SharedState.AnswerError) {
        news = try shared.take(answer, to: exchange, at: .now)
      } catch .foreign(let form) {
        throw SharedStateError.foreign(form: form, own: shared.form, settings.prefix)
      } catch {
        throw .nonsense("it answers with what is not ocean's")
      }
      shown.withLock { $0.exchanges += 1 }
      take(news)
      return news.hasMore
    } catch {
      shared.putBack(exchange)
      throw error
    }
  }

  private func connected() async throws(BackendError) -> SharedStateConnection {
    if hasMoved { disconnect() }
    if let connection { return connection }
    let generation = generation
    let opened = try await open()
    // Other settings may have come meanwhile.
    guard generation == self.generation else {
      opened.close()
      throw .unreachable("its settings are others now")
    }
    connection = opened
    shown.withLock {
      ($0.engine, $0.url) = (opened.engine, settings.url?.description ?? "valkey://\(opened.place)")
    }
    shared.beginAnew(at: .now)
    return opened
  }

  private func open() async throws(BackendError) -> SharedStateConnection {
    let (settings, passwords) = (settings, passwords)
    if let place = settings.url?.place {
      return try await SharedStateConnection(to: place, settings, password: passwords.engine, on: group)
    }
    lastLook = SystemClock.boot.now
    let poll = await SentinelPoll.asking(settings, password: passwords.sentinel, on: group)
    if settings == self.settings { note(poll) }
    var failure: BackendError?
    for place in poll.candidates.prefix(Self.maxCandidates) {
      do throws(BackendError) {
        return try await SharedStateConnection(to: place, settings, password: passwords.engine, on: group)
      } catch {
        // What most Sentinels name is told, if no other is better.
        failure = failure ?? .unreachable("Sentinel names \(place): \(error.reason)")
      }
    }
    throw failure ?? .unreachable(poll.trouble ?? "no Sentinel is named")
  }

  /// Asks Sentinels whether the master is another, if that was not asked lately. The connection is used meanwhile, and
  /// whatever becomes of the question: to leave a master takes more than half of them.
  private func lookForMaster() {
    let now = SystemClock.boot.now
    guard settings.sentinel != .blank, look == nil, now - lastLook >= Self.lookInterval else { return }
    lastLook = now
    let (generation, settings, password) = (generation, settings, passwords.sentinel)
    look = Task {
      let poll = await SentinelPoll.asking(settings, password: password, on: group)
      look = nil
      guard generation == self.generation else { return }
      note(poll)
      if let place = poll.majority, let connection, place != connection.place { hasMoved = true }
    }
  }

  /// Notes whether Sentinels say where the master is. The log has it if that is new; without a connection it is the reason
  /// why this server counts alone, and not said twice.
  private func note(_ poll: SentinelPoll) {
    let trouble = poll.trouble
    shown.withLock { $0.sentinelTrouble = trouble }
    if let trouble, !isSentinelAway, connection != nil {
      isSentinelAway = true
      logger.error("no failover would be noticed: Sentinel is away", metadata: ["reason": "\(trouble)"])
    } else if trouble == nil, isSentinelAway {
      isSentinelAway = false
      logger.notice("Sentinel says again where the master is")
    }
  }

  /// Notes how the engine is, and logs it if that is new.
  private func show(_ state: Standing.State) {
    let (before, now) = shown.withLock { standing in
      let before = standing.state
      standing.state = state
      if !before.isSameKind(as: state) { standing.since = SystemClock.wall.now }
      return (before, standing)
    }
    let place = [settings.master, now.url].compactMap(\.self).joined(separator: " at ")
    // Another master is news, too.
    let isNew = !before.isSameKind(as: state) || state == .together && place != loggedPlace
    guard isNew else { return }
    loggedPlace = place
    switch state {
    case .starting: break
    case .together:
      logger.notice(
        "counted together with other servers",
        metadata: ["engine": "\(place)", "version": "\(now.engine ?? "")"])
    case .alone(let reason):
      logger.error(
        "counted alone for now: the shared state is away",
        metadata: ["engine": "\(place)", "reason": "\(reason)"])
    }
  }
}

extension SharedStateLink.Standing.State {
  fileprivate func isSameKind(as other: Self) -> Bool {
    switch (self, other) {
    case (.alone, .alone): true
    default: self == other
    }
  }
}
