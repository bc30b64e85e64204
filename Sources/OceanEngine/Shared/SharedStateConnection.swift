import NIOCore
import NIOPosix
import OceanAccess
import OceanBase
import OceanPlan
import OceanTLS

/// A connection to the engine that counts for several servers, let in and looked over.
struct SharedStateConnection: Sendable {
  /// How long the engine may take to be reached, and for each answer.
  private static let timeout = TimeAmount.seconds(2)

  private let channel: any Channel
  /// The name that the engine has given to the script.
  private let script: String
  private let prefix: String
  /// The engine's own words: `valkey 8.0.1`.
  let engine: String

  init(
    _ settings: Plan.SharedState, password: SecretBytes?, on group: any EventLoopGroup
  ) async throws(BackendError) {
    guard let url = settings.url else { throw .unreachable("it has no place") }
    if settings.password != nil, password == nil { throw .noPassword }
    channel = try await Self.open(url, settings, on: group)
    prefix = settings.prefix
    do throws(BackendError) {
      engine = try await Self.greet(channel, settings, password)
      let loaded = try await Self.ask(
        channel, ["SCRIPT", "LOAD", SharedStateScript.text].map { Array($0.utf8) })
      guard let script = loaded.string else { throw SharedStateError.answer(loaded, prefix) }
      self.script = script
    } catch {
      channel.close(promise: nil)
      throw error
    }
  }

  /// Tells what is new here, and returns what is new elsewhere.
  func exchange(_ arguments: [String]) async throws(BackendError) -> RESPValue {
    let keys = SharedStateScript.keys(prefix)
    let words = ["EVALSHA", script, "\(keys.count)"] + keys + arguments
    let answer = try await Self.ask(channel, words.map { Array($0.utf8) })
    if case .error = answer { throw SharedStateError.answer(answer, prefix) }
    return answer
  }

  func close() { channel.close(promise: nil) }

  // MARK: -

  private static func open(
    _ url: SharedStateURL, _ settings: Plan.SharedState, on group: any EventLoopGroup
  ) async throws(BackendError) -> any Channel {
    do {
      return try await ClientBootstrap(group: group)
        .connectTimeout(timeout)
        .channelOption(.socketOption(.so_keepalive), value: 1)
        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            if settings.tls != .off {
              guard
                let client = TLSClient(to: url.host, isVerified: settings.tls == .verify, ca: settings.ca)
              else { throw TLSClientHandler.Failure(reason: "the CAs for its certificate cannot be read") }
              try channel.pipeline.syncOperations.addHandler(TLSClientHandler(client))
            }
            try channel.pipeline.syncOperations.addHandler(RESPHandler())
          }
        }
        .connect(host: url.host, port: url.port).get()
    } catch let error as NIOConnectionError {
      if error.dnsAError != nil || error.dnsAAAAError != nil, error.connectionErrors.isEmpty {
        throw .unreachable("its name has no address")
      }
      throw .unreachable(error.connectionErrors.first.map { words($0.error) } ?? "it cannot be reached")
    } catch {
      throw .unreachable(words(error))
    }
  }

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

  /// Says who this is, and looks whether the engine is one that can be used.
  private static func greet(
    _ channel: any Channel, _ settings: Plan.SharedState, _ password: SecretBytes?
  ) async throws(BackendError) -> String {
    var words = ["HELLO", "2"].map { Array($0.utf8) }
    if let password {
      words += ["AUTH", settings.user ?? "default"].map { Array($0.utf8) }
      words.append(password.withUnsafeBytes { Array($0) })
    }
    let hello = try await ask(channel, words)
    if case .error = hello { throw SharedStateError.answer(hello, settings.prefix) }
    return try SharedStateError.engine(hello)
  }

  private static func ask(
    _ channel: any Channel, _ words: [[UInt8]]
  ) async throws(BackendError) -> RESPValue {
    let answer = channel.eventLoop.makePromise(of: RESPValue.self)
    let timer = channel.eventLoop.scheduleTask(in: timeout) {
      answer.fail(BackendError.timedOut)
      channel.close(promise: nil)
    }
    channel.writeAndFlush(RESPHandler.Command(bytes: RESPValue.command(words), answer: answer))
      .whenFailure { answer.fail(BackendError.unreachable(Self.words($0))) }
    do {
      let value = try await answer.futureResult.get()
      timer.cancel()
      return value
    } catch {
      timer.cancel()
      throw error as? BackendError ?? .unreachable("it closes the connection")
    }
  }
}
