import CLinux
import Glibc
import NIOCore
import OceanAddresses

/// Refuses clients by an address rule or a block, before anything is made for them.
///
/// It comes before NIO's own handler in the pipeline of a listening socket. NIO accepts a client and makes a
/// channel for it. Where that client is refused, others like it are likely to wait: those are accepted here,
/// at the price of the system calls. Then it waits for a moment, so that the next ones come together. So a
/// flood costs little, and welcome clients take NIO's way.
final class EarlyRejectHandler: ChannelDuplexHandler {
  typealias InboundIn = any Channel
  typealias InboundOut = any Channel
  typealias OutboundIn = Never

  /// Clients accepted here each time the socket has some: well under a millisecond's work.
  private static let maxAtOnce = 64
  /// How long it waits after it has refused a client; welcome clients wait as well.
  private static let pause = TimeAmount.microseconds(500)

  private let socket: CInt
  private let isTurnedAway: (IPAddress) -> Bool
  private let adopt: (CInt) -> Void
  private var left = maxAtOnce
  private var isPausing = false
  private var isReadHeld = false

  /// - Parameters:
  ///   - socket: the channel's socket.
  ///   - isTurnedAway: asked once for each client; counts and logs the refusals.
  ///   - adopt: takes a connected socket of a client that is welcome.
  init(
    socket: CInt, isTurnedAway: @escaping (IPAddress) -> Bool, adopt: @escaping (CInt) -> Void
  ) {
    self.socket = socket
    self.isTurnedAway = isTurnedAway
    self.adopt = adopt
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let client = unwrapInboundIn(data)
    guard let peer = IPAddress(client.remoteAddress), isTurnedAway(peer) else {
      return context.fireChannelRead(data)
    }
    client.close(promise: nil)
    acceptOthers(context)
    if !isPausing { pause(context) }
  }

  func read(context: ChannelHandlerContext) {
    if isPausing { isReadHeld = true } else { context.read() }
  }

  private func pause(_ context: ChannelHandlerContext) {
    isPausing = true
    context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
      self.isPausing = false
      guard self.isReadHeld, context.channel.isActive else { return }
      self.isReadHeld = false
      context.read()
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    left = Self.maxAtOnce
    context.fireChannelReadComplete()
  }

  /// Accepts clients until one is welcome or no more wait. If accepting ends for another reason, NIO finds
  /// that out with its next accept.
  private func acceptOthers(_ context: ChannelHandlerContext) {
    while left > 0, context.channel.isActive {
      left -= 1
      var address = sockaddr_storage()
      let client = linux_accept(socket, &address, CUnsignedInt(MemoryLayout<sockaddr_storage>.size))
      guard client >= 0 else { return }
      guard let peer = IPAddress(address), isTurnedAway(peer) else { return adopt(client) }
      Sockets.close(client)
    }
  }
}
