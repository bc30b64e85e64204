import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
package import OceanHost
package import OceanControlAPI
package import OceanPlan
import OceanSyntax

/// Asks a running server over its control socket.
package struct ControlClient {
  private static let timeout = TimeAmount.minutes(5)
  private static let answerLimit = 256 << 20

  package let path: String

  /// - Parameter path: where the server's control socket is.
  package init(path: String) { self.path = path }

  package func status() throws(Failure) -> ServerStatus { try ask(.GET, ControlAPI.status) }

  package func sessions() throws(Failure) -> SessionList { try ask(.GET, ControlAPI.sessions) }

  package func kick(_ selection: SessionSelection) throws(Failure) -> KickResult {
    try ask(ControlAPI.kick, about: selection)
  }

  package func address(_ question: AddressQuestion) throws(Failure) -> AddressReport {
    try ask(ControlAPI.address, about: question)
  }

  package func plan() throws(Failure) -> PlanFile {
    let json = try answer(.GET, ControlAPI.plan)
    do {
      return try PlanFile(json: json)
    } catch {
      throw Failure("cannot read the server's plan: \(error)")
    }
  }

  package func apply(_ file: PlanFile, _ request: ApplyRequest) throws(Failure) -> ApplyReport {
    let body: [UInt8]
    do {
      body = try file.json
    } catch {
      throw Failure("\(error)")
    }
    return try ask(.POST, ControlAPI.apply + "?" + request.query, body: body)
  }

  package func confirm(_ request: ConfirmRequest) throws(Failure) -> ApplyReport {
    try ask(ControlAPI.confirm, about: request)
  }

  package func rollback(_ request: RollbackRequest) throws(Failure) -> ApplyReport {
    try ask(ControlAPI.rollback, about: request)
  }

  package func preview(_ request: RollbackRequest) throws(Failure) -> RollbackPreview {
    try ask(ControlAPI.rollbackPreview, about: request)
  }

  package func history() throws(Failure) -> PlanHistory { try ask(.GET, ControlAPI.history) }

  package func blocks() throws(Failure) -> ActiveBlocks { try ask(.GET, ControlAPI.blocks) }

  package func unblock(_ request: UnblockRequest) throws(Failure) -> ActiveBlocks {
    try ask(ControlAPI.unblock, about: request)
  }

  package func forget(_ request: ForgetRequest) throws(Failure) -> ForgottenLogins {
    try ask(ControlAPI.forget, about: request)
  }

  private func ask<Answer: Decodable>(
    _ uri: String, about question: some Encodable
  ) throws(Failure) -> Answer {
    let body: [UInt8]
    do {
      body = try ControlAPI.encode(question)
    } catch {
      throw Failure("\(error)")
    }
    return try ask(.POST, uri, body: body)
  }

  private func ask<Answer: Decodable>(
    _ method: HTTPMethod, _ uri: String, body: [UInt8] = []
  ) throws(Failure) -> Answer {
    let json = try answer(method, uri, body: body)
    do {
      return try ControlAPI.decode(Answer.self, from: json)
    } catch {
      throw Failure("cannot read the server's answer: \(error)")
    }
  }

  /// Returns the body of an answer. A refusal is thrown.
  private func answer(
    _ method: HTTPMethod, _ uri: String, body: [UInt8] = []
  ) throws(Failure) -> [UInt8] {
    let response: NIOHTTPClientResponseFull
    do {
      response = try exchange(Exchange.Request(method: method, uri: uri, body: ByteBuffer(bytes: body)))
    } catch {
      throw explanation(of: error)
    }
    let json = response.body.map { Array($0.readableBytesView) } ?? []
    if response.head.status == .ok { return json }
    let failure = try? ControlAPI.decode(ControlFailure.self, from: json)
    let reason = failure?.error.escapedForDisplay ?? "\(response.head.status)"
    throw Failure(
      "the server refuses: \(reason)", response.head.status == .conflict ? .stale : .other)
  }

  private func exchange(_ request: Exchange.Request) throws -> NIOHTTPClientResponseFull {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    let answer = group.next().makePromise(of: NIOHTTPClientResponseFull.self)
    group.next().scheduleTask(in: Self.timeout) { answer.fail(Exchange.Failure.timeout) }
    ClientBootstrap(group: group)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHTTPClientHandlers()
          try pipeline.addHandler(NIOHTTPClientResponseAggregator(maxContentLength: Self.answerLimit))
          try pipeline.addHandler(Exchange(request, answer: answer))
        }
      }
      .connect(unixDomainSocketPath: path)
      .whenFailure { answer.fail($0) }
    return try answer.futureResult.wait()
  }

  /// Explains an error in one sentence: what happened, and what to do.
  private func explanation(of error: any Error) -> Failure {
    switch error {
    case SocketAddressError.unixDomainSocketPathTooLong:
      Failure("\(path.escapedForDisplay) is longer than the path of a socket can be (107 octets)")
    case let error as IOError where [ENOENT, ENOTDIR, ECONNREFUSED].contains(error.errnoCode):
      Failure(
        "no server is running: nothing listens on \(path)"
          + (Files.isDirectory("/run/systemd/system") ? "; 'journalctl -u ocean' may say why it ended" : ""),
        .noServer)
    case let error as IOError where [EACCES, EPERM].contains(error.errnoCode):
      Failure(refusal)
    case Exchange.Failure.closed:
      Failure(
        "the server closed the connection without an answer: \(Self.whoMayAsk). If it took long, 'ocean status' tells what "
          + "runs")
    case Exchange.Failure.timeout:
      Failure(
        "the server did not answer within \(Self.timeout.nanoseconds / 1_000_000_000) seconds")
    default:
      Failure("cannot ask the server on \(path): \(error)")
    }
  }

  /// Why the socket is closed to this user, who may not even know whether it exists.
  private var refusal: String {
    guard let directory = Files.closedDirectory(above: path) else {
      return "\(path) is not for this user: \(Self.whoMayAsk)"
    }
    return
      "cannot tell whether a server runs: this user may not enter \(directory). Ask as root or as the server's "
      + "user. A member of that directory's group may ask too, if its mode is 750"
  }

  private static let whoMayAsk = "root, the server's own user and the socket's group may ask it"
}

/// One request on a connection of its own.
private final class Exchange: ChannelInboundHandler {
  typealias InboundIn = NIOHTTPClientResponseFull
  typealias OutboundOut = HTTPClientRequestPart

  struct Request: Sendable {
    let method: HTTPMethod
    let uri: String
    let body: ByteBuffer
  }

  enum Failure: Error {
    case closed
    case timeout
  }

  private let request: Request
  private let answer: EventLoopPromise<NIOHTTPClientResponseFull>

  init(_ request: Request, answer: EventLoopPromise<NIOHTTPClientResponseFull>) {
    self.request = request
    self.answer = answer
  }

  func channelActive(context: ChannelHandlerContext) {
    let headers: HTTPHeaders = [
      "host": "ocean", "connection": "close", "content-type": "application/json",
      "content-length": "\(request.body.readableBytes)",
    ]
    let head = HTTPRequestHead(version: .http1_1, method: request.method, uri: request.uri, headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(request.body))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    answer.succeed(unwrapInboundIn(data))
    context.close(promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    answer.fail(Self.isHangUp(error) ? Failure.closed : error)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    answer.fail(Failure.closed)
  }

  private static func isHangUp(_ error: any Error) -> Bool {
    if let error = error as? IOError { return [EPIPE, ECONNRESET].contains(error.errnoCode) }
    return error as? HTTPParserError == .invalidEOFState
  }
}
