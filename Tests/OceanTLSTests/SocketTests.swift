import COpenSSL
import Glibc
import NIOCore
import NIOPosix
import OceanTLS
import TestSupport
import Testing

/// Over real sockets, with a blocking client of libssl's.
@Suite struct SocketTests {
  private func withServer(
    loops: Int = 1, tickets: TicketKeys? = nil,
    _ session: @escaping @Sendable () -> any ChannelInboundHandler & Sendable,
    _ body: (UInt16) async throws -> Void
  ) async throws {
    let contexts = try TLSContextSet.of([TestCertificates.ec, TestCertificates.rsa], tickets: tickets)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
    let server = try await ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let handler = TLSServerHandler(contexts: contexts, handshakeTimeout: .seconds(30))
          try channel.pipeline.syncOperations.addHandler(handler)
          try channel.pipeline.syncOperations.addHandler(session())
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let port = UInt16(server.localAddress?.port ?? 0)
    do { try await body(port) } catch { Issue.record(error) }
    try await server.close()
    try await group.shutdownGracefully()
  }

  @Test func `echo, with the client's close_notify answered`() async throws {
    try await withServer({ Echo() }) { port in
      let client = SocketClient(port: port)
      #expect(SSL_connect(client.ssl) == 1)
      var random = SeededGenerator(seed: 1)
      for count in [1, 100, 16384, 16385, 50_000] {
        let sent = random.bytes(count)
        #expect(SSL_write(client.ssl, sent, Int32(count)) == count)
        #expect(client.read(count) == sent)
      }
      #expect(SSL_shutdown(client.ssl) == 0)
      #expect(SSL_shutdown(client.ssl) == 1)
    }
  }

  /// Mostly for ThreadSanitizer: all loops share contexts and ticket keys.
  @Test func `many at once on several loops, full and resumed, while the keys rotate`() async throws {
    let tickets = try TicketKeys(now: 0)
    try await withServer(loops: 3, tickets: tickets, { Echo() }) { port in
      let counts = await withTaskGroup(of: (done: Int, resumed: Int).self) { clients in
        for number in 0..<3 {
          clients.addTask {
            var counts = (done: 0, resumed: 0)
            var session: ClientSession?
            for round in 0..<12 {
              if number == 0 { tickets.rotate(now: Int64(round) * TicketKeys.rotation / 3) }
              let client = SocketClient(port: port)
              if let session { SSL_set_session(client.ssl, session.pointer) }
              guard SSL_connect(client.ssl) == 1, SSL_write(client.ssl, [1], 1) == 1, client.read(1) == [1]
              else { continue }
              counts.done += 1
              counts.resumed += Int(SSL_session_reused(client.ssl))
              session = ClientSession(SSL_get1_session(client.ssl))
              SSL_shutdown(client.ssl)
            }
            return counts
          }
        }
        return await clients.reduce((done: 0, resumed: 0)) { ($0.done + $1.done, $0.resumed + $1.resumed) }
      }
      #expect(counts == (done: 36, resumed: 33))
    }
  }

  @Test func `a flood is sent as the client reads, and held to a bounded amount`() async throws {
    let flood = Flood(total: 64 << 20)
    try await withServer({ flood }) { port in
      let client = SocketClient(port: port)
      #expect(SSL_connect(client.ssl) == 1)
      #expect(client.read(64 << 20).count == 64 << 20)
    }
    // One message above the high-water mark, which is 64 KiB.
    #expect(flood.peak.load() <= 3 * 65536)
  }
}

private final class SocketClient {
  let ssl: OpaquePointer
  private let ctx: OpaquePointer
  private let descriptor: Int32

  init(port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    _ = withUnsafeBytes(of: &address) { bytes in
      connect(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }
    ctx = SSL_CTX_new(TLS_client_method())
    ssl = SSL_new(ctx)
    SSL_set_fd(ssl, descriptor)
    self.descriptor = descriptor
  }

  deinit {
    SSL_free(ssl)
    SSL_CTX_free(ctx)
    close(descriptor)
  }

  func read(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65536)
    while bytes.count < count {
      let got = SSL_read(ssl, &piece, Int32(piece.count))
      guard got > 0 else { break }
      bytes += piece[..<Int(got)]
    }
    return bytes
  }
}

private final class Echo: ChannelInboundHandler, Sendable {
  typealias InboundIn = ByteBuffer

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    context.write(data, promise: nil)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.flush()
  }
}

/// Sends as long as the channel is writable, and notes the most that was under way.
private final class Flood: ChannelInboundHandler, Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let written = Counter()
  private let underWay = Counter()
  let peak = Counter()
  private let total: Int

  init(total: Int) { self.total = total }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is TLSEvent { pump(context) }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) { pump(context) }

  private func pump(_ context: ChannelHandlerContext) {
    while context.channel.isWritable, written.load() < total {
      written.add(65536)
      underWay.add(65536)
      let promise = context.eventLoop.makePromise(of: Void.self)
      promise.futureResult.whenComplete { [underWay] _ in underWay.add(-65536) }
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(repeating: 1, count: 65536)), promise: promise)
      peak.add(max(underWay.load() - peak.load(), 0))
    }
  }
}
