import NIOCore
import NIOPosix
import OceanAccess
import OceanBase
import OceanPlan
import OceanTLS

/// A connection to Valkey, Redis or a Sentinel, on which one thing is asked at a time. A task that is cancelled waits for
/// nothing.
struct RESPConnection: Sendable {
  private let channel: any Channel
  private let timeout: TimeAmount

  /// - Parameters:
  ///   - settings: say whether there is TLS.
  ///   - timeout: how long it may take to be reached, its name to be resolved included, and for each answer.
  init(
    to place: EnginePlace, _ settings: Plan.SharedState, timeout: TimeAmount, on group: any EventLoopGroup
  ) async throws(BackendError) {
    self.timeout = timeout
    let opened = group.next().makePromise(of: (any Channel).self)
    let connecting = ClientBootstrap(group: group)
      .connectTimeout(timeout)
      .channelOption(.socketOption(.so_keepalive), value: 1)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if settings.tls != .off {
            guard
              let client = TLSClient(
                to: place.host, isVerified: settings.tls == .verify, ca: settings.ca)
            else { throw TLSClientHandler.Failure(reason: "the CAs for its certificate cannot be read") }
            try channel.pipeline.syncOperations.addHandler(TLSClientHandler(client))
          }
          try channel.pipeline.syncOperations.addHandler(RESPHandler())
        }
      }
      .connect(host: place.host, port: place.port)
    connecting.cascade(to: opened)
    do {
      channel = try await withTaskCancellationHandler {
        try await opened.futureResult.get()
      } onCancel: {
        opened.fail(CancellationError())
        connecting.whenSuccess { $0.close(promise: nil) }
      }
    } catch let error as NIOConnectionError {
      if error.dnsAError != nil || error.dnsAAAAError != nil, error.connectionErrors.isEmpty {
        throw .unreachable("its name has no address")
      }
      throw .unreachable(
        error.connectionErrors.first.map { Self.words($0.error) } ?? "it cannot be reached")
    } catch {
      throw .unreachable(Self.words(error))
    }
  }

  func ask(_ words: [[UInt8]]) async throws(BackendError) -> RESPValue {
    let answer = channel.eventLoop.makePromise(of: RESPValue.self)
    let timer = channel.eventLoop.scheduleTask(in: timeout) { [channel] in
      answer.fail(BackendError.timedOut)
      channel.close(promise: nil)
    }
    channel.writeAndFlush(RESPHandler.Command(bytes: RESPValue.command(words), answer: answer))
      .whenFailure { answer.fail(BackendError.unreachable(Self.words($0))) }
    do {
      let value = try await withTaskCancellationHandler {
        try await answer.futureResult.get()
      } onCancel: {
        answer.fail(CancellationError())
      }
      timer.cancel()
      return value
    } catch {
      timer.cancel()
      throw error as? BackendError ?? .unreachable("it closes the connection")
    }
  }

  func close() { channel.close(promise: nil) }

  static func words(_ error: any Error) -> String {
    switch error {
    case let error as IOError: errorText(error.errnoCode)
    case let error as TLSClientHandler.Failure: error.reason
    case ChannelError.connectTimeout: "it does not answer in time"
    case ChannelError.eof, ChannelError.ioOnClosedChannel, ChannelError.alreadyClosed:
      "it closes the connection"
    default: "it cannot be reached"
    }
  }
}

extension SentinelPoll {
  /// How long a Sentinel may take to be reached, and for each answer.
  private static let timeout = TimeAmount.seconds(1)

  /// Asks Sentinels, until what most of them say is known.
  ///
  /// - Parameter password: theirs; nil if there is none, or it cannot be read.
  static func asking(
    _ settings: Plan.SharedState, password: SecretBytes?, on group: any EventLoopGroup
  ) async -> SentinelPoll {
    // What a task returns takes its answer. Optimised, a group of results ended after the first (Swift 6.3).
    await withTaskGroup(of: (@Sendable (inout SentinelPoll) -> Void).self) { tasks in
      var poll = SentinelPoll(settings.sentinel)
      let question = poll.question
      for (index, place) in settings.sentinel.at.enumerated() {
        tasks.addTask {
          do throws(BackendError) {
            let answer = try await ask(question, place, settings, password, on: group)
            return { $0.take(answer, from: index) }
          } catch {
            return { $0.failed(error, at: index) }
          }
        }
      }
      for await answered in tasks {
        answered(&poll)
        if poll.isDecided { break }
      }
      // Those that are late are not waited for.
      tasks.cancelAll()
      return poll
    }
  }

  private static func ask(
    _ question: [String], _ place: EnginePlace, _ settings: Plan.SharedState, _ password: SecretBytes?,
    on group: any EventLoopGroup
  ) async throws(BackendError) -> RESPValue {
    if settings.sentinel.password != nil, password == nil { throw .noPassword }
    let connection = try await RESPConnection(to: place, settings, timeout: timeout, on: group)
    defer { connection.close() }
    if let password {
      let words = ["AUTH", settings.sentinel.user ?? "default"].map { Array($0.utf8) }
      let answer = try await connection.ask(words + [password.withUnsafeBytes { Array($0) }])
      if case .error = answer { return answer }
    }
    return try await connection.ask(question.map { Array($0.utf8) })
  }
}
