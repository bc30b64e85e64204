import NIOCore
import NIOHTTP1
import NIOPosix
import OceanAccess
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
  private let inForce = Mutex<(gate: MonitorGate, rules: AccessRules)?>(nil)
  /// Connections that rules have refused since the start, by the reason.
  private let refused = Mutex<[String: Int]>([:])
  private let source: MonitorSource
  private let troubles: TroubleLog
  private let shortage: AcceptPause.Shortage
  /// The open connections, the oldest first.
  private let connections = Mutex<[any Channel]>([])

  init(source: MonitorSource, troubles: TroubleLog, shortage: AcceptPause.Shortage) {
    (self.source, self.troubles, self.shortage) = (source, troubles, shortage)
  }

  /// Takes over who may connect and ask from now on.
  func update(_ gate: MonitorGate, _ rules: AccessRules) { inForce.withLock { $0 = (gate, rules) } }

  /// The rules in force; nil before there are any.
  var rules: AccessRules? { inForce.withLock { $0?.rules } }

  /// Connections that rules have refused since the start, by the reason.
  var refusals: [String: Int] { refused.withLock { $0 } }

  /// Answers on a listening socket, which the channel closes, whatever comes.
  func listen(on socket: Int32) async throws -> any Channel {
    let group = group
    @Sendable func receive(_ child: any Channel) -> EventLoopFuture<Void> {
      child.eventLoop.makeCompletedFuture {
        try child.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
        admit(child)
        let decoder = HTTPRequestDecoder(
          leftOverBytesStrategy: .dropBytes, limitConfiguration: Self.limits)
        try child.pipeline.syncOperations.addHandlers([
          HTTPResponseEncoder(), ByteToMessageHandler(decoder), MonitorHandler(self),
        ])
      }
    }
    return try await ServerBootstrap(group: group)
      .serverChannelInitializer { [self] channel in
        channel.eventLoop.makeCompletedFuture {
          let earlyRejectHandler = EarlyRejectHandler(
            socket: socket, isTurnedAway: isTurnedAway,
            adopt: { client in
              _ = ClientBootstrap(group: group).channelInitializer(receive).withConnectedSocket(client)
            })
          try channel.pipeline.syncOperations.addHandlers([AcceptPause(shortage), earlyRejectHandler])
        }
      }
      .childChannelInitializer(receive)
      .withBoundSocket(socket).get()
  }

  /// Whether a client is refused for its address alone, without a byte; if so, the refusal is counted and logged.
  private func isTurnedAway(_ peer: IPAddress) -> Bool {
    // Whoever comes before there are rules would outlast them.
    guard let rules else { return true }
    guard case .refused(let reason) = rules.decide(peer) else { return false }
    let outcome = Refusal(reason: reason).outcome
    refused.withLock { $0[outcome, default: 0] &+= 1 }
    troubles.report(
      "connections to the monitor are refused", of: "monitor", reason: outcome,
      ["peer": "\(peer)", "rule": "\(rules.origin(of: reason)?.place.description ?? "")"])
    return true
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
    guard let (gate, rules) = inForce.withLock({ $0 }) else { return done(.refusal(.unready)) }
    // They may be newer than the connection.
    if let peer, case .refused = rules.decide(peer) { return done(.refusal(.unready)) }
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
