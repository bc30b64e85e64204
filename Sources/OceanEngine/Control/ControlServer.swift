import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOPosix

/// Serves the control API over HTTP/1.1 on a Unix socket.
///
/// It has an event loop of its own: whatever its clients do, no mail session waits for it.
final class ControlServer: Sendable {
  /// Connections at a time; more wait in the socket's queue.
  private static let maxConnections = 32
  private static let idleTimeout = TimeAmount.seconds(5)
  /// How long a connection may take in all, however slowly its client asks or reads.
  private static let connectionTimeout = TimeAmount.minutes(5)

  private let socket: ControlSocket
  private let group: MultiThreadedEventLoopGroup
  private let serving: Task<Void, Never>

  /// Answers for `engine`, which already runs, from now on.
  ///
  /// - Parameters:
  ///   - path: the socket's path, whose directory must be locked; a file of that name is replaced.
  ///   - plans: carries out what is asked about plans.
  ///   - shortage: a shortage of descriptors; clients of the socket then wait like those of mail.
  static func start(
    for engine: Engine, at path: String, plans: any PlanControl, shortage: AcceptPause.Shortage,
    logger: Logger
  ) async throws -> ControlServer {
    let socket = try ControlSocket(path: path)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    // A connection that is refused must not count as a failure: that would end the server.
    let connections: NIOAsyncChannel<Connection?, Never>
    do {
      connections = try await ServerBootstrap(group: group)
        .serverChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(AcceptPause(shortage))
          }
        }
        .childChannelOption(.allowRemoteHalfClosure, value: true)
        .bind(socket.descriptor) { child in
          guard let user = admitted(child, socket) else {
            child.close(promise: nil)
            return child.eventLoop.makeSucceededFuture(nil)
          }
          let timeout = child.eventLoop.scheduleTask(in: connectionTimeout) { child.close(promise: nil) }
          child.closeFuture.whenComplete { _ in timeout.cancel() }
          let http = channel(ControlRoutes(engine: engine, plans: plans, user: user))
          return http.setup(channel: child, logger: logger).map { Connection(http: http, value: $0) }
        }
    } catch {
      socket.remove()
      try? await group.shutdownGracefully()
      throw error
    }
    let serving = Task {
      do {
        try await serve(connections) { await $0.http.handle(value: $0.value, logger: logger) }
      } catch is CancellationError {
      } catch {
        logger.error("the control socket failed", metadata: ["error": "\(error)"])
      }
    }
    return ControlServer(socket: socket, group: group, serving: serving)
  }

  private init(socket: ControlSocket, group: MultiThreadedEventLoopGroup, serving: Task<Void, Never>) {
    self.socket = socket
    self.group = group
    self.serving = serving
  }

  /// A connection, and the routes for its user.
  private struct Connection: Sendable {
    let http: HTTP1Channel
    let value: HTTP1Channel.Value
  }

  private static func channel(_ routes: ControlRoutes) -> HTTP1Channel {
    HTTP1Channel(
      responder: { request, writer, _ in
        let response = try await routes.respond(to: request)
        try await writer.write(response: response.head, body: response.body)
      },
      configuration: .init(
        idleTimeout: idleTimeout,
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: 4096, maxHeaderListSize: 16 * 1024, maxHeaderFieldCount: 64)))
  }

  /// - Returns: the user's number; nil if the connection is refused.
  private static func admitted(_ child: any Channel, _ socket: ControlSocket) -> UInt32? {
    let user = try? child.pipeline.syncOperations
      .withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { socket.admitted($0) }
    return user ?? nil
  }

  private static func serve(
    _ connections: NIOAsyncChannel<Connection?, Never>,
    handle: @escaping @Sendable (Connection) async -> Void
  ) async throws {
    try await connections.executeThenClose { accepted in
      try await withThrowingTaskGroup(of: Void.self) { group in
        var count = 0
        for try await case let connection? in accepted {
          if count == maxConnections {
            try await group.next()
            count -= 1
          }
          group.addTask { await handle(connection) }
          count += 1
        }
      }
    }
  }

  /// Removes the socket and ends the answers that are under way.
  func stop() async {
    socket.remove()
    serving.cancel()
    await serving.value
    try? await group.shutdownGracefully()
  }
}
