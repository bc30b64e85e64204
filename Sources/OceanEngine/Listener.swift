import NIOCore
import NIOPosix
import OceanAccess
import OceanPlan
import OceanPOP3
import Synchronization

/// An endpoint of the running plan: its sockets, accepting on one or more loops.
struct Listener {
  let channels: [any Channel]
  private let owner: Owner

  /// The service that new clients get: a plan may give the endpoint to another one.
  private final class Owner: Sendable {
    private let current: Mutex<Service>

    init(_ service: Service) { current = Mutex(service) }

    var service: Service {
      get { current.withLock { $0 } }
      set { current.withLock { $0 = newValue } }
    }
  }

  /// Accepts from `sockets`, one loop each; a single socket serves all loops.
  static func start(
    _ listener: Plan.Listener, _ sockets: [Int32], service: Service, environment: Environment,
    group: MultiThreadedEventLoopGroup, loops: [NIOLoopBoundBox<LoopState>]
  ) async throws -> Listener {
    let owner = Owner(service)
    var channels: [any Channel] = []
    let output = service.settings.plan.limits.outputOctets
    let eventLoops = loops.map(\.eventLoop)
    var waiting = sockets[...]
    do {
      while let socket = waiting.first {
        let loop = eventLoops[channels.count % eventLoops.count]
        let bootstrap = ServerBootstrap(group: loop, childGroup: sockets.count == 1 ? group : loop)
          // Out of descriptors: the loop waits a second instead of spinning. Only the async binds bring it along.
          .serverChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
              try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
            }
          }
          .childChannelOption(.allowRemoteHalfClosure, value: true)
          .childChannelOption(.writeBufferWaterMark, value: .init(low: output / 2, high: output))
          .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 4096))
          .childChannelInitializer { child in
            child.eventLoop.makeCompletedFuture {
              guard let state = loops.first(where: { $0.eventLoop === child.eventLoop })?.value else {
                return
              }
              try admit(child, on: listener.endpoint, owner.service, environment, state)
            }
          }
        waiting = waiting.dropFirst()  // the channel closes it, whatever comes
        channels.append(try await bootstrap.withBoundSocket(socket).get())
      }
    } catch {
      for channel in channels { channel.close(promise: nil) }
      for socket in waiting { Sockets.close(socket) }
      throw error
    }
    return Listener(channels: channels, owner: owner)
  }

  /// A client has connected: it gets a session, or is told why not.
  private static func admit(
    _ child: any Channel, on local: Endpoint, _ service: Service, _ environment: Environment,
    _ state: LoopState
  ) throws {
    guard let peer = IPAddress(child.remoteAddress) else { return child.close(promise: nil) }
    let settings = service.settings
    let pipeline = child.pipeline.syncOperations
    if let place = service.admit(limit: settings.plan.limits.connections) {
      try pipeline.addHandler(
        SessionHandler(
          service: service, settings: settings, place: place, environment: environment, state: state,
          local: local, peer: peer))
    } else {
      let record = AccessLog.Record(
        service: service.name, peer: peer, local: local, started: state.loop.now, plan: settings.digest)
      settings.accessLog?.refused(record, outcome: "max_connections", on: state.loop)
      try pipeline.addHandler(RefusalHandler())
    }
  }

  func handOver(to service: Service) { owner.service = service }

  func close() {
    for channel in channels { channel.close(promise: nil) }
  }
}

/// Says that the service is full, and closes.
private final class RefusalHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  func channelActive(context: ChannelHandlerContext) {
    // RFC 3206 §3: worth another try later.
    let reply = ByteBuffer(string: "-ERR [SYS/TEMP] too many connections, try again later\r\n")
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    context.writeAndFlush(wrapOutboundOut(reply), promise: promise)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
