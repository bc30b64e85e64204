import Glibc
import Logging
import NIOCore
import OceanBase
import Synchronization

/// Stops accepting for a second when the system has no descriptor or memory left for another connection.
///
/// NIO reports the error and tries again at once, because the socket remains readable: its loop would do
/// nothing else. (NIO's own `AcceptBackoffHandler` holds back reads, but the read that failed is still in
/// force.)
final class AcceptPause: ChannelInboundHandler {
  typealias InboundIn = any Channel
  typealias InboundOut = any Channel

  private static let pause = TimeAmount.seconds(1)

  /// State shared by all listening sockets of the process: a shortage is logged once. It is over when nothing
  /// has failed for a minute.
  final class Shortage: Sendable {
    private let latestFailure = Mutex<NIODeadline?>(nil)
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// Notes that only the last descriptors are left, which are kept for connections that are already in.
    func reached(at now: NIODeadline) {
      guard isNew(now) else { return }
      logger.error(
        "open files are running out: connections that have not logged in give way, and new ones are refused",
        metadata: [
          "remedy": "a higher limit of open files (LimitNOFILE= in systemd), or a lower max_connections"
        ])
    }

    private func isNew(_ now: NIODeadline) -> Bool {
      latestFailure.withLock { latest in
        defer { latest = now }
        return latest.map { now - $0 > .minutes(1) } ?? true
      }
    }

    fileprivate func failed(_ error: IOError, at now: NIODeadline) {
      guard isNew(now) else { return }
      logger.error(
        "no connection can be accepted until others have ended",
        metadata: ["error": "\(errorText(error.errnoCode))"])
    }
  }

  private let shortage: Shortage

  init(_ shortage: Shortage) { self.shortage = shortage }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let error = error as? IOError, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode),
      let options = context.channel.syncOptions
    else { return context.fireErrorCaught(error) }
    shortage.failed(error, at: context.eventLoop.now)
    try? options.setOption(.autoRead, value: false)
    context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
      guard context.channel.isActive else { return }
      try? options.setOption(.autoRead, value: true)
    }
  }
}
