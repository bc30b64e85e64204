import NIOCore
import NIOEmbedded
import OceanTLS

/// A client in memory at one end, an embedded channel with the handler at the other.
final class Wire {
  let channel: EmbeddedChannel
  let client: TestClient
  let log: Log
  /// The size in bytes of the pieces in which ciphertext reaches the server.
  var piece: Int
  private let readsByItself: Bool

  init(
    _ settings: TestClient.Settings = .init(), timeout: TimeAmount = .seconds(30), piece: Int = .max,
    readsByItself: Bool = true, contexts: TLSContextSet? = nil, adding existing: EmbeddedChannel? = nil,
    _ log: Log = Log()
  ) throws {
    let contexts = try contexts ?? TLSContextSet.of([TestCertificates.ec, TestCertificates.rsa])
    let handler = TLSServerHandler(contexts: contexts, handshakeTimeout: timeout)
    client = TestClient(settings)
    self.log = log
    self.piece = piece
    self.readsByItself = readsByItself
    if let existing {
      channel = existing
      try channel.pipeline.syncOperations.addHandler(handler, position: .first)
    } else {
      channel = EmbeddedChannel()
      try channel.pipeline.syncOperations.addHandlers([handler, log])
      try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }
  }

  deinit {
    // A channel that is not closed keeps its pipeline alive.
    channel.close(promise: nil)
    channel.embeddedEventLoop.run()
  }

  /// - Parameters:
  ///   - length: how many bytes of the client get through.
  ///   - atEnd: what the client does before its last flight leaves.
  func shakeHands(cutOffAfter length: Int = .max, atEnd: (Wire) -> Void = { _ in }) throws {
    var rest = length
    for _ in 0..<6 where log.events.isEmpty && log.errors.isEmpty && !log.isInactive {
      if client.handshake() == .done { atEnd(self) }
      var flight = client.takeOutput()
      let through = flight.readSlice(length: min(rest, flight.readableBytes)) ?? ByteBuffer()
      rest -= through.readableBytes
      try deliver(through)
      while let flight = try channel.readOutbound(as: ByteBuffer.self) { client.receive(flight) }
    }
    if client.handshake() == .done, !log.isInactive { _ = client.read() }
  }

  /// Sends each line as a record of its own, all in one segment.
  func send(_ lines: String...) throws {
    for line in lines { _ = client.write(Array(line.utf8)) }
    try deliver(client.takeOutput())
  }

  /// Delivers ciphertext to the server like a channel: each piece is a read cycle.
  func deliver(_ ciphertext: ByteBuffer) throws {
    var rest = ciphertext
    while let next = rest.readSlice(length: min(piece, rest.readableBytes)), next.readableBytes > 0 {
      if readsByItself { channel.read() }
      channel.pipeline.fireChannelRead(next)
      channel.pipeline.fireChannelReadComplete()
    }
  }

  func receive() throws -> (plaintext: [UInt8], end: TestClient.Result) {
    while let flight = try channel.readOutbound(as: ByteBuffer.self) { client.receive(flight) }
    return client.read()
  }
}

/// Stands in the session's place in the pipeline and records what happens.
final class Log: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  enum ClockReading: CaseIterable { case handshake, read }

  var closesAt: ClockReading?
  private(set) var plaintext: [UInt8] = []
  private(set) var reads = 0
  private(set) var readCompletes = 0
  private(set) var events: [TLSEvent] = []
  private(set) var errors: [TLSError] = []
  private(set) var hasSeenInputClosed = false
  private(set) var isInactive = false

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    plaintext += Array(unwrapInboundIn(data).readableBytesView)
    reads += 1
    if closesAt == .read { context.close(promise: nil) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    readCompletes += 1
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? TLSEvent { events.append(event) }
    if event as? ChannelEvent == .inputClosed { hasSeenInputClosed = true }
    if closesAt == .handshake { context.close(promise: nil) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let error = error as? TLSError { errors.append(error) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    isInactive = true
  }
}

/// Stands in front of the handler and counts what is passed towards the network, and the reads.
final class OutboundCounter: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer

  private(set) var bytes = 0
  private(set) var largest = 0
  private(set) var reads = 0

  func read(context: ChannelHandlerContext) {
    reads += 1
    context.read()
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let count = unwrapOutboundIn(data).readableBytes
    bytes += count
    largest = max(largest, count)
    context.write(data, promise: promise)
  }
}
