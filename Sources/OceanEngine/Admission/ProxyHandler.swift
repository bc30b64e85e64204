import NIOCore
import OceanAccess
import OceanPlan

/// Reads the PROXY header that one of a service's proxies sends first, then lets in the client that it names.
final class ProxyHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let arrival: Arrival
  private let patience: TimeAmount
  private var input = ByteBuffer()
  private var timeout: Scheduled<Void>?

  /// - Parameter timeout: how long it waits for the header.
  init(_ arrival: Arrival, timeout: TimeAmount) {
    self.arrival = arrival
    patience = timeout
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let channel = context.channel
    timeout = context.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
  }

  func handlerRemoved(context: ChannelHandlerContext) { timeout?.cancel() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    input.writeBuffer(&bytes)
    switch input.withUnsafeReadableBytes({ ProxyHeader.parse($0) }) {
    case .incomplete: return
    case .invalid: refuse(context)
    case .header(let header, let length):
      input.moveReaderIndex(forwardBy: length)
      let rest = input
      input = ByteBuffer()
      do {
        switch header {
        case .local: try arrival.admitHealthCheck(context.channel)
        case .anonymous:
          arrival.refuseProxy(isAnonymous: true)
          return context.close(promise: nil)
        case .proxied(let source, _, let destination, let port):
          try arrival.admit(
            source, at: Endpoint(address: destination, port: Int(port)), context.channel)
        }
      } catch {
        return context.close(promise: nil)
      }
      if rest.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(rest)) }
      context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // It has said all it has to say, and that was no header.
    if let event = event as? ChannelEvent, event == .inputClosed { return refuse(context) }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  private func refuse(_ context: ChannelHandlerContext) {
    arrival.refuseProxy()
    context.close(promise: nil)
  }
}
