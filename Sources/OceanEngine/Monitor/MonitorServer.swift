import NIOCore
import NIOHTTP1
import NIOPosix
import OceanAddresses
import OceanMonitor
import OceanPlan
import Synchronization

/// Serves the monitor's HTTP on an event loop of its own: whatever its clients do, no mail session waits for
/// it.
///
/// It uses NIO's parser and encoder alone. The control server's Hummingbird has keep-alive, bodies and a task
/// for each connection; here each connection is one small object that answers once, so that every bound is a
/// number below.
final class MonitorServer: Sendable {
  /// Connections at a time; with one more the oldest is closed. So a thousand slow browsers do not keep
  /// Prometheus out.
  static let maxConnections = 64

  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  /// Nil before a plan with a monitor is in force.
  private let gate = Mutex<MonitorGate?>(nil)
  private let source: MonitorSource
  private let troubles: TroubleLog
  private let shortage: AcceptPause.Shortage
  /// The open connections, the oldest first.
  private let connections = Mutex<[any Channel]>([])

  init(source: MonitorSource, troubles: TroubleLog, shortage: AcceptPause.Shortage) {
    (self.source, self.troubles, self.shortage) = (source, troubles, shortage)
  }

  /// Takes over who may ask from now on.
  func update(_ new: MonitorGate) { gate.withLock { $0 = new } }

  /// Answers on a listening socket, which the channel closes, whatever comes.
  func listen(on socket: Int32) async throws -> any Channel {
    try await ServerBootstrap(group: group)
      .serverChannelInitializer { [shortage] channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AcceptPause(shortage))
        }
      }
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { [self] child in
        child.eventLoop.makeCompletedFuture {
          admit(child)
          let decoder = HTTPRequestDecoder(
            leftOverBytesStrategy: .dropBytes, limitConfiguration: Self.limits)
          try child.pipeline.syncOperations.addHandlers([
            HTTPResponseEncoder(), ByteToMessageHandler(decoder), MonitorHandler(self),
          ])
        }
      }
      .withBoundSocket(socket).get()
  }

  private static var limits: NIOHTTPDecoderLimitConfiguration {
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = 4096
    limits.maxHeaderListSize = 16 * 1024
    limits.maxHeaderFieldCount = 64
    return limits
  }

  private func admit(_ child: any Channel) {
    let oldest = connections.withLock { open -> (any Channel)? in
      open.append(child)
      return open.count > Self.maxConnections ? open.removeFirst() : nil
    }
    if let oldest {
      oldest.close(promise: nil)
      troubles.report(
        "the monitor has too many connections", of: "monitor",
        reason: "there are \(Self.maxConnections), and the oldest are closed")
    }
    child.closeFuture.whenComplete { [self] _ in
      connections.withLock { open in open.removeAll { $0 === child } }
    }
  }

  // MARK: - Answers

  /// - Parameter done: called once, on any thread.
  func answer(
    _ request: MonitorRequest, from peer: IPAddress?, _ done: @escaping @Sendable (MonitorReply) -> Void
  ) {
    guard let gate = gate.withLock({ $0 }) else { return done(.refusal(.unready)) }
    let answer = gate.judge(request)
    if case .refused(let refusal) = answer {
      note(refusal, from: peer)
      return done(.refusal(refusal))
    }
    Task { [source] in done(await source.reply(to: answer, hidingPeople: gate.hidesPeople)) }
  }

  /// Logs a refusal; each kind once an hour.
  func note(_ refusal: MonitorRefusal, from peer: IPAddress?) {
    guard ![.notFound, .wrongMethod].contains(refusal) else { return }
    troubles.report(
      "requests to the monitor are refused", of: "monitor", reason: "\(refusal.rawValue): \(refusal.text)",
      ["peer": "\(peer?.description ?? "")"])
  }

  /// Ends everything.
  func stop() async { try? await group.shutdownGracefully() }
}
