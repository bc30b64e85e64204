import NIOCore
import NIOPosix
import OceanAccess
import OceanAddresses
import OceanPlan
import OceanPOP3
import OceanTLS
import Synchronization

/// The service that an endpoint belongs to now: a plan may hand the endpoint over to another service, or to another mode.
final class ServiceBinding: Sendable {
  private let current: Mutex<(service: Service, tls: Plan.Listener.TLSMode)>

  fileprivate init(_ service: Service, _ tls: Plan.Listener.TLSMode) { current = Mutex((service, tls)) }

  /// What serves a client that connects at this moment.
  var target: Target {
    let (service, tls) = current.withLock { $0 }
    return Target(service: service, settings: service.settings, tls: tls)
  }

  fileprivate func handOver(to service: Service, tls: Plan.Listener.TLSMode) {
    current.withLock { $0 = (service, tls) }
  }

  /// A service with its settings and mode at one moment.
  struct Target {
    let service: Service
    let settings: ServiceSettings
    let tls: Plan.Listener.TLSMode
  }
}

/// An endpoint of the running plan: its sockets, accepting on one or more loops.
struct Listener {
  let channels: [any Channel]
  private let binding: ServiceBinding

  /// Accepts from `sockets`, one loop each; a single socket serves all loops.
  static func start(
    _ listener: Plan.Listener, _ sockets: [Int32], service: Service, environment: Environment,
    group: MultiThreadedEventLoopGroup, loops: [NIOLoopBoundBox<LoopState>]
  ) async throws -> Listener {
    let binding = ServiceBinding(service, listener.tls)
    var channels: [any Channel] = []
    let output = service.settings.plan.limits.outputOctets

    @Sendable func incoming(_ peer: IPAddress, _ state: LoopState) -> IncomingConnection {
      IncomingConnection(
        binding: binding, environment: environment, state: state, peer: peer, local: listener.endpoint)
    }

    @Sendable func receive(_ child: any Channel) -> EventLoopFuture<Void> {
      child.eventLoop.makeCompletedFuture {
        let options = child.syncOptions
        try options?.setOption(.allowRemoteHalfClosure, value: true)
        try options?.setOption(.writeBufferWaterMark, value: .init(low: output / 2, high: output))
        try options?.setOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 4096))
        guard let state = loops.first(where: { $0.eventLoop === child.eventLoop })?.value else { return }
        guard let peer = IPAddress(child.remoteAddress) else { return child.close(promise: nil) }
        try incoming(peer, state).receive(child)
      }
    }

    var waiting = sockets[...]
    do {
      while let socket = waiting.first {
        let state = loops[channels.count % loops.count]
        let loop = state.eventLoop
        let childGroup: any EventLoopGroup = sockets.count == 1 ? group : loop
        let bootstrap = ServerBootstrap(group: loop, childGroup: childGroup)
          .serverChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
              let state = state.value
              let earlyRejectHandler = EarlyRejectHandler(
                socket: socket, isTurnedAway: { incoming($0, state).isTurnedAway() },
                adopt: { client in
                  _ = ClientBootstrap(group: childGroup).channelInitializer(receive).withConnectedSocket(
                    client)
                })
              try channel.pipeline.syncOperations.addHandlers([
                AcceptPause(environment.shortage), earlyRejectHandler,
              ])
            }
          }
          .childChannelInitializer(receive)
        waiting = waiting.dropFirst()  // the channel closes it, whatever comes
        channels.append(try await bootstrap.withBoundSocket(socket).get())
      }
    } catch {
      for channel in channels { channel.close(promise: nil) }
      for socket in waiting { Sockets.close(socket) }
      throw error
    }
    return Listener(channels: channels, binding: binding)
  }

  func handOver(to service: Service, tls: Plan.Listener.TLSMode) { binding.handOver(to: service, tls: tls) }

  func close() {
    for channel in channels { channel.close(promise: nil) }
  }
}
