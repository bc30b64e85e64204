package import NIOCore

/// TLS to a server that ocean asks: everything that passes is encrypted, and nothing is sent before the server has proved
/// who it is, if it has to.
package final class TLSClientHandler: ChannelDuplexHandler {
  package typealias InboundIn = ByteBuffer
  package typealias InboundOut = ByteBuffer
  package typealias OutboundIn = ByteBuffer
  package typealias OutboundOut = ByteBuffer

  /// Why there is no connection: half a sentence.
  package struct Failure: Error, Hashable, Sendable {
    package let reason: String

    package init(reason: String) { self.reason = reason }
  }

  private let client: TLSClient
  private var isComplete = false
  private var hasFailed = false
  /// What is to be sent once the handshake is complete.
  private var waiting: [(ByteBuffer, EventLoopPromise<Void>?)] = []

  package init(_ client: TLSClient) { self.client = client }

  package func channelActive(context: ChannelHandlerContext) {
    advance(context)
    context.fireChannelActive()
  }

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    unwrapInboundIn(data).withUnsafeReadableBytes { client.receive($0) }
    if !isComplete { advance(context) }
    guard isComplete else { return }
    while let bytes = client.read(atMost: 16 << 10) {
      // The end, or what is no TLS: either way there is no more.
      guard !bytes.isEmpty else { return context.close(promise: nil) }
      context.fireChannelRead(wrapInboundOut(ByteBuffer(bytes: bytes)))
    }
    send(context)
  }

  package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    waiting.append((unwrapOutboundIn(data), promise))
  }

  package func flush(context: ChannelHandlerContext) {
    if isComplete { writeWaiting(context) }
  }

  package func channelInactive(context: ChannelHandlerContext) {
    abandon(ChannelError.eof)
    context.fireChannelInactive()
  }

  package func handlerRemoved(context: ChannelHandlerContext) { abandon(ChannelError.eof) }

  private func advance(_ context: ChannelHandlerContext) {
    guard !hasFailed else { return }
    let progress = client.handshake()
    send(context)
    switch progress {
    case .complete:
      isComplete = true
      writeWaiting(context)
    case .incomplete: break
    case .closed, .failed:
      hasFailed = true
      let failure = Failure(reason: client.refusal ?? "it does not speak TLS as ocean does")
      abandon(failure)
      context.fireErrorCaught(failure)
      context.close(promise: nil)
    }
  }

  private func writeWaiting(_ context: ChannelHandlerContext) {
    let waiting = waiting
    self.waiting = []
    for (buffer, promise) in waiting {
      guard buffer.withUnsafeReadableBytes({ client.write($0) }) else {
        promise?.fail(ChannelError.eof)
        continue
      }
      context.write(wrapOutboundOut(ByteBuffer(bytes: client.takeOutput())), promise: promise)
    }
    context.flush()
  }

  /// Sends what TLS itself has to say.
  private func send(_ context: ChannelHandlerContext) {
    let bytes = client.takeOutput()
    if !bytes.isEmpty { context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil) }
  }

  private func abandon(_ error: any Error) {
    let waiting = waiting
    self.waiting = []
    for (_, promise) in waiting { promise?.fail(error) }
  }
}
