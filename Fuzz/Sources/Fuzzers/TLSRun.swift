import OceanBase
import NIOCore
import NIOEmbedded
import OceanTLS
import TestSupport

/// An embedded channel with the handler and a session behind it; both ends are watched.
final class TLSRun {
  /// The way in which a connection ends.
  private enum Ending: UInt8 {
    case hangUp, halfClose, silence, sessionCloses
  }

  /// More than any connection needs: libssl's state of both ends, and a few records in transit.
  private static let memoryLimit = 512 * 1024
  private static let timeout = TimeAmount.seconds(30)

  private let channel = EmbeddedChannel()
  private let session: WatchedSession
  private let ending: Ending
  private let version: TLSVersion
  private let isResuming: Bool
  private let readsByItself: Bool
  private var random: SeededGenerator
  private let memoryBefore = allocatedBytes()

  init(options: UInt8, seed: UInt8) {
    version = options & 1 == 0 ? .tls13 : .tls12
    isResuming = options & 2 != 0
    readsByItself = options & 4 == 0
    session = WatchedSession(closesAt: options & 8 == 0 ? nil : options & 16 == 0 ? .handshake : .read)
    ending = Ending(rawValue: options >> 5 & 3) ?? .hangUp
    random = SeededGenerator(seed: UInt64(seed))
    channel.allowRemoteHalfClosure = options & 128 != 0
    let handler = TLSServerHandler(contexts: Peers.contexts, handshakeTimeout: Self.timeout)
    guard (try? channel.pipeline.syncOperations.addHandlers([handler, session])) != nil,
      let address = try? SocketAddress(ipAddress: "127.0.0.1", port: 1),
      (try? channel.connect(to: address).wait()) != nil
    else { preconditionFailure("no channel") }
  }

  /// Delivers octets like a channel: in pieces, each of them a read cycle, and nothing after the end.
  func receive(_ bytes: [UInt8]) {
    for piece in bytes.pieces(using: &random) where !piece.isEmpty && !session.isInactive {
      if readsByItself || Bool.random(using: &random) { channel.read() }
      channel.pipeline.fireChannelRead(ByteBuffer(bytes: piece))
      channel.pipeline.fireChannelReadComplete()
      precondition(allocatedBytes() - memoryBefore < Self.memoryLimit, "unbounded")
    }
  }

  /// Runs a client that shakes hands, sends and closes, while its octets are damaged on the way. Whatever the
  /// damage is, each end gets what the other sent, from the beginning and without gaps.
  func converse(_ damage: Damage) {
    var damage = damage
    let client = TestClient(
      .init(
        versions: version...version, serverName: "pop.example.net", alpn: [4] + Array("pop3".utf8),
        session: isResuming ? Peers.session(of: version) : nil))
    let lines = Array("CAPA\r\n".utf8) + [UInt8](repeating: 7, count: 20_000)
    var received: [UInt8] = []
    var hasSent = false
    for _ in 0..<8 {
      if client.handshake() == .done, !hasSent {
        hasSent = client.write(lines) == .done
        client.shutdown()
      }
      receive(damage.change(Array(client.takeOutput().readableBytesView)))
      while let flight = try? channel.readOutbound(as: ByteBuffer.self) { client.receive(flight) }
      if hasSent { received += client.read().plaintext }
    }
    precondition(lines.starts(with: session.plaintext))
    precondition(session.written.starts(with: received))
    guard damage.kind == .none, session.closesAt == nil else { return }
    precondition(session.isEstablished && session.error == nil)
    if readsByItself { precondition(session.plaintext == lines && received == session.written) }
  }

  /// Closes the channel, whatever happened before.
  func end() {
    let wasEstablished = session.isEstablished
    if !session.isInactive {
      switch ending {
      case .hangUp:
        channel.pipeline.fireChannelInactive()
      case .halfClose:
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        precondition(wasEstablished || session.isInactive)
      case .silence:
        channel.embeddedEventLoop.advanceTime(by: Self.timeout)
        precondition(wasEstablished || session.isInactive)
      case .sessionCloses:
        session.close()
      }
    }
    channel.close(promise: nil)
    channel.embeddedEventLoop.run()
    precondition(session.isInactive && session.isEstablished == wasEstablished)
  }
}

/// A session that repeats what it reads. It checks that the handler tells it everything in order, and nothing
/// twice.
private final class WatchedSession: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  enum ClockReading { case handshake, read }

  let closesAt: ClockReading?
  private(set) var isEstablished = false
  private(set) var plaintext: [UInt8] = []
  private(set) var written: [UInt8] = []
  private(set) var error: TLSError?
  private(set) var isInactive = false
  private var isInputClosed = false
  private var context: ChannelHandlerContext?

  init(closesAt: ClockReading?) { self.closesAt = closesAt }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func close() { context?.close(promise: nil) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    precondition(isEstablished && !isInputClosed && error == nil && !isInactive)
    let bytes = unwrapInboundIn(data)
    precondition(bytes.readableBytes > 0)
    plaintext += Array(bytes.readableBytesView)
    write(bytes, context)
    if closesAt == .read { context.close(promise: nil) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event as? TLSEvent {
    case .handshakeCompleted:
      precondition(!isEstablished && !isInputClosed && error == nil && !isInactive)
      isEstablished = true
      write(ByteBuffer(string: "+OK ready\r\n"), context)
      if closesAt == .handshake { context.close(promise: nil) }
    case .inputClosed:
      precondition(isEstablished && !isInputClosed && error == nil)
      isInputClosed = true
    case nil: break
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let error = error as? TLSError else { preconditionFailure("\(error)") }
    precondition(self.error == nil && !isInactive)
    self.error = error
  }

  func channelInactive(context: ChannelHandlerContext) {
    isInactive = true
  }

  private func write(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
    written += Array(bytes.readableBytesView)
    context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
  }
}

/// The memory in use by AddressSanitizer's count; every fuzzer is built with it.
@_silgen_name("__sanitizer_get_current_allocated_bytes")
private func allocatedBytes() -> Int
