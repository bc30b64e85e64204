import NIOCore
import OceanAccess
import OceanPlan
import OceanPOP3

/// Reads the PROXY header that one of a service's proxies sends first, then lets in the client that it names.
final class ProxyHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let incoming: IncomingConnection
  /// A place among the connections that have not logged in, until the client has one.
  private var place: PendingLogins.Ticket?
  private let limit: TimeAmount
  private var input = ByteBuffer()
  private var timeout: Scheduled<Void>?

  /// - Parameter timeout: how long it waits for the header.
  init(_ incoming: IncomingConnection, _ place: PendingLogins.Ticket, timeout: TimeAmount) {
    self.incoming = incoming
    self.place = place
    limit = timeout
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let channel = context.channel
    timeout = context.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timeout?.cancel()
    input.wipe()
    incoming.environment.noteConnection()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // A login may follow in the same segment.
    input.append(wiping: unwrapInboundIn(data))
    switch input.withUnsafeReadableBytes({ ProxyHeader.parse($0) }) {
    case .incomplete: return
    case .invalid: refuse(context, .noHeader)
    case .header(let header, let length):
      input.moveReaderIndex(forwardBy: length)
      let rest = input
      input = ByteBuffer()
      // If the place has gone to another by now, the client asks for one like every client.
      place = nil
      do {
        switch header {
        case .local: try incoming.admitHealthCheck(context.channel)
        case .anonymous:
          incoming.refuseProxy(.anonymous)
          return context.close(promise: nil)
        case .proxied(let source, _, let destination, let port):
          try incoming.admit(
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
    // The proxy has sent all that it will send, and that was not a header.
    if let event = event as? ChannelEvent, event == .inputClosed { return refuse(context, .noHeader) }
    if event is MustGiveWay { return refuse(context, .gaveWay) }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  private func refuse(_ context: ChannelHandlerContext, _ failure: IncomingConnection.ProxyFailure) {
    incoming.refuseProxy(failure)
    context.close(promise: nil)
  }
}
