import NIOCore
import NIOHTTP1
import OceanAddresses
import OceanMonitor

/// Answers the one request of a connection, and closes it.
///
/// With one request each, nothing can hide behind another, and a connection ends by itself. What a client sends
/// besides is read and dropped until it closes, for a second: otherwise the system would reset the connection,
/// and the client might lose its answer.
final class MonitorHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// How long the head of a request may take.
  static let requestTimeout = TimeAmount.seconds(10)
  /// How long a connection may take in all, however slowly its client reads.
  static let connectionTimeout = TimeAmount.seconds(30)
  private static let lingerTimeout = TimeAmount.seconds(1)

  private enum State {
    case waiting
    case answering
    case lingering
    case closed
  }

  private let server: MonitorServer
  private var state = State.waiting
  private var timer: Scheduled<Void>?
  private var isHead = false

  init(_ server: MonitorServer) { self.server = server }

  func handlerAdded(context: ChannelHandlerContext) { start(Self.requestTimeout, context) }

  func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { end() }

  private func end() {
    state = .closed
    timer?.cancel()
    timer = nil
  }

  private func start(_ time: TimeAmount, _ context: ChannelHandlerContext) {
    timer?.cancel()
    let channel = context.channel
    timer = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard state == .waiting, case .head(let head) = unwrapInboundIn(data) else { return }
    state = .answering
    isHead = head.method == .HEAD
    start(Self.connectionTimeout - Self.requestTimeout, context)
    let request = MonitorRequest(
      method: head.method.rawValue, target: head.uri, headers: head.headers.map { ($0.name, $0.value) },
      isHTTP10: head.version.major == 1 && head.version.minor == 0)
    let peer = IPAddress(context.channel.remoteAddress)
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let loop = context.eventLoop
    server.answer(request, from: peer) { reply in
      loop.execute {
        let (handler, context) = bound.value
        handler.write(reply, context)
      }
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? ChannelEvent, event == .inputClosed, state != .answering {
      context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard state == .waiting, let error = error as? HTTPParserError else {
      // After an answer it is about what came behind the request.
      if state != .lingering, state != .answering { context.close(promise: nil) }
      return
    }
    state = .answering
    let refusal: MonitorRefusal = error == .headerOverflow ? .headersTooLarge : .malformed
    server.note(refusal, from: IPAddress(context.channel.remoteAddress))
    write(.refusal(refusal), context)
  }

  private func write(_ reply: MonitorReply, _ context: ChannelHandlerContext) {
    guard state == .answering else { return }
    state = .lingering
    var headers = HTTPHeaders([
      ("Content-Type", reply.contentType), ("Content-Length", "\(reply.body.utf8.count)"),
      ("Connection", "close"), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"),
      ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"),
      ("Cross-Origin-Resource-Policy", "same-origin"),
    ])
    for (name, value) in reply.headers { headers.add(name: name, value: value) }
    let head = HTTPResponseHead(
      version: .http1_1, status: HTTPResponseStatus(statusCode: reply.status), headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if !isHead {
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: reply.body)))), promise: nil)
    }
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { _ in
      guard self.state == .lingering else { return }
      self.start(Self.lingerTimeout, context)
      context.close(mode: .output, promise: nil)
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: promise)
  }
}

/// An answer of HTTP.
struct MonitorReply: Sendable {
  var status: Int
  var contentType = "text/plain; charset=utf-8"
  var headers: [(String, String)] = []
  var body: String

  static func refusal(_ refusal: MonitorRefusal) -> MonitorReply {
    var reply = MonitorReply(status: refusal.rawValue, body: refusal.text + "\n")
    switch refusal {
    case .unauthorized: reply.headers = [("WWW-Authenticate", "Basic realm=\"ocean\", charset=\"UTF-8\"")]
    case .wrongMethod: reply.headers = [("Allow", "GET, HEAD")]
    default: break
    }
    return reply
  }
}
