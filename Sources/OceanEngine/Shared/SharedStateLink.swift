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
    /// The engine's own words: `valkey 8.0.1`; nil before it answered.
    var engine: String?
    var exchanges = 0
    var failedExchanges = 0
  }

  /// How long others may not know what happened here, and the other way round.
  private static let interval = TimeAmount.milliseconds(500)
  /// After an exchange, so that what happens at the same time goes together.
  private static let pause = Duration.milliseconds(10)

  private let shared: SharedState
  private let group: any EventLoopGroup
  private let logger: Logger
  private let ticks: AsyncStream<Void>
  private let tick: AsyncStream<Void>.Continuation
  private nonisolated let shown: Mutex<Standing>

  private var take: @Sendable (SharedState.News) -> Void = { _ in }
  private var settings = Plan.SharedState.blank
  private var password: SecretBytes?
  /// Counts the settings that there were.
  private var generation = 0
  private var connection: SharedStateConnection?
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

  /// Asks the engine of a plan from now on.
  ///
  /// - Parameters:
  ///   - password: nil if there is none, or it cannot be read.
  ///   - take: told what other servers have told.
  func use(
    _ settings: Plan.SharedState, password: SecretBytes?,
    _ take: @escaping @Sendable (SharedState.News) -> Void
  ) {
    guard settings != self.settings || password != self.password else { return }
    (self.settings, self.password, self.take) = (settings, password, take)
    generation += 1
    disconnect()
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

  func stop() {
    timer?.cancel()
    tick.finish()
    running?.cancel()
    take = { _ in }
    disconnect()
  }

  private func disconnect() {
    connection?.close()
    connection = nil
    shared.beAlone()
  }

  /// Asks all other servers to end sessions that are open now.
  nonisolated func kick(_ selection: SessionSelection) {
    guard let request = try? ControlAPI.encode(selection) else { return }
    shared.ask(String(decoding: request, as: UTF8.self))
  }

  // MARK: - Exchanges

  private func step() async {
    guard health.admits(at: SystemClock.boot.now) else { return }
    let generation = generation
    do throws(BackendError) {
      while try await exchange() {}
      _ = health.succeeded()
      show(.together)
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
    if let connection { return connection }
    let generation = generation
    let opened = try await SharedStateConnection(settings, password: password, on: group)
    // Other settings may have come meanwhile.
    guard generation == self.generation else {
      opened.close()
      throw .unreachable("its settings are others now")
    }
    connection = opened
    shown.withLock { $0.engine = opened.engine }
    shared.beginAnew(at: .now)
    return opened
  }

  /// Notes how the engine is, and logs it if that is new.
  private func show(_ state: Standing.State) {
    let before = shown.withLock { standing in
      let before = standing.state
      standing.state = state
      if !before.isSameKind(as: state) { standing.since = SystemClock.wall.now }
      return before
    }
    guard !before.isSameKind(as: state) else { return }
    let place = settings.url?.description ?? ""
    switch state {
    case .starting: break
    case .together:
      logger.notice(
        "counted together with other servers",
        metadata: ["engine": "\(place)", "version": "\(standing.engine ?? "")"])
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
