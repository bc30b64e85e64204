import OceanBase
import NIOCore
import NIOEmbedded
import OceanTLS
import TestSupport
import Testing

@Suite struct HandlerTests {
  @Test func `a session: handshake, lines both ways, a clean end`() throws {
    let wire = try Wire()
    try wire.shakeHands()
    guard case .handshakeCompleted(let session) = wire.log.events.first else { return #expect(Bool(false)) }
    #expect(session.version == .tls13)

    try wire.send("CAPA\r\n")
    #expect(wire.log.plaintext == Array("CAPA\r\n".utf8))
    wire.channel.writeAndFlush(ByteBuffer(string: "+OK\r\n"), promise: nil)
    #expect(try wire.receive().plaintext == Array("+OK\r\n".utf8))

    wire.channel.close(promise: nil)
    #expect(try wire.receive().end == .closed)
    #expect(wire.log.errors.isEmpty)
    #expect(wire.log.isInactive)
    // The server ended it: there is nothing to say about the input.
    #expect(wire.log.events.count == 1)
  }

  @Test func `the last reply and close_notify leave in one piece`() throws {
    let wire = try Wire()
    try wire.shakeHands()
    let reply = wire.channel.eventLoop.makePromise(of: Void.self)
    let end = wire.channel.eventLoop.makePromise(of: Void.self)
    wire.channel.write(ByteBuffer(string: "+OK bye\r\n"), promise: reply)
    wire.channel.triggerUserOutboundEvent(TLSRequest.endOutput, promise: end)
    try end.futureResult.wait()
    #expect(try wire.channel.readOutbound(as: ByteBuffer.self) == nil)
    wire.channel.flush()
    try reply.futureResult.wait()
    let late = wire.channel.eventLoop.makePromise(of: Void.self)
    wire.channel.writeAndFlush(ByteBuffer(string: "+OK more\r\n"), promise: late)
    #expect(throws: TLSError.notWritable) { try late.futureResult.wait() }

    let piece = try wire.channel.readOutbound(as: ByteBuffer.self)
    wire.client.receive(try #require(piece))
    let (plaintext, clientEnd) = wire.client.read()
    #expect(plaintext == Array("+OK bye\r\n".utf8))
    #expect(clientEnd == .closed)
    wire.channel.close(promise: nil)
    #expect(try wire.channel.readOutbound(as: ByteBuffer.self) == nil)
    #expect(wire.log.isInactive)
  }

  @Test func `the client's close_notify is answered and closes`() throws {
    let wire = try Wire()
    try wire.shakeHands()
    _ = wire.client.write(Array("QUIT\r\n".utf8))
    wire.client.shutdown()
    try wire.deliver(wire.client.takeOutput())
    #expect(wire.log.plaintext == Array("QUIT\r\n".utf8))
    #expect(wire.log.events.last == .inputClosed(clean: true))
    #expect(wire.log.isInactive)
    #expect(try wire.receive().end == .closed)
  }

  @Test func `where half closure is allowed, close_notify leaves the output open`() throws {
    let wire = try Wire()
    wire.channel.allowRemoteHalfClosure = true
    try wire.shakeHands()
    wire.client.shutdown()
    try wire.deliver(wire.client.takeOutput())
    #expect(wire.log.events.last == .inputClosed(clean: true))
    #expect(wire.log.hasSeenInputClosed)
    #expect(!wire.log.isInactive)
    wire.channel.writeAndFlush(ByteBuffer(string: "+OK bye\r\n"), promise: nil)
    #expect(try wire.receive().plaintext == Array("+OK bye\r\n".utf8))
  }

  @Test func `a client that hangs up is reported as unclean, once, and is not an error`() throws {
    let wire = try Wire()
    try wire.shakeHands()
    wire.channel.pipeline.fireChannelInactive()
    #expect(wire.log.events.last == .inputClosed(clean: false))
    #expect(wire.log.events.count == 2)
    #expect(wire.log.errors.isEmpty)
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `byte by byte`(version: TLSVersion) throws {
    let wire = try Wire(.init(versions: version...version), piece: 1)
    try wire.shakeHands()
    try wire.send("RETR 1\r\n")
    #expect(wire.log.plaintext == Array("RETR 1\r\n".utf8))
    // Half a record is not an event for the session.
    #expect(wire.log.reads == 1)
    #expect(wire.log.readCompletes == 1)
  }

  @Test func `the handshake runs by itself, but plaintext waits for a read`() throws {
    let wire = try Wire(readsByItself: false)
    try wire.shakeHands { wire in _ = wire.client.write(Array("USER early\r\n".utf8)) }
    #expect(wire.log.events.count == 1)
    #expect(wire.log.plaintext.isEmpty)
    wire.channel.read()
    #expect(wire.log.plaintext == Array("USER early\r\n".utf8))
    #expect(wire.log.readCompletes == 1)

    try wire.send("PASS unasked\r\n")
    #expect(wire.log.plaintext == Array("USER early\r\n".utf8))
    wire.channel.read()
    #expect(wire.log.plaintext == Array("USER early\r\nPASS unasked\r\n".utf8))
  }

  @Test func `plaintext before the end of the handshake is not accepted`() throws {
    let wire = try Wire()
    let promise = wire.channel.eventLoop.makePromise(of: Void.self)
    wire.channel.writeAndFlush(ByteBuffer(string: "+OK too early\r\n"), promise: promise)
    #expect(throws: TLSError.notWritable) { try promise.futureResult.wait() }
    #expect(try wire.channel.readOutbound(as: ByteBuffer.self) == nil)
  }

  @Test func `a handshake that stalls ends by the clock`() throws {
    let wire = try Wire(timeout: .seconds(30))
    _ = wire.client.handshake()
    let hello = wire.client.takeOutput()
    try wire.deliver(hello.getSlice(at: 0, length: 100) ?? hello)
    wire.channel.embeddedEventLoop.advanceTime(by: .seconds(29))
    #expect(wire.log.errors.isEmpty)
    wire.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    #expect(wire.log.errors == [.handshakeTimedOut])
    #expect(wire.log.isInactive)
  }

  @Test func `who says nothing at all costs no connection, and times out too`() throws {
    let wire = try Wire(timeout: .seconds(30))
    wire.channel.embeddedEventLoop.advanceTime(by: .seconds(30))
    #expect(wire.log.errors == [.handshakeTimedOut])
    let prober = try Wire()
    prober.channel.pipeline.fireChannelInactive()
    #expect(prober.log.errors.isEmpty)
  }

  @Test func `a completed handshake is not timed out`() throws {
    let wire = try Wire(timeout: .seconds(30))
    try wire.shakeHands()
    wire.channel.embeddedEventLoop.advanceTime(by: .hours(1))
    #expect(wire.log.errors.isEmpty)
    #expect(!wire.log.isInactive)
  }

  @Test func `a failed handshake sends the alert, one error, and closes`() throws {
    let wire = try Wire(.init(versions: .tls11 ... .tls11))
    _ = wire.client.handshake()
    try wire.deliver(wire.client.takeOutput())
    guard case .handshakeFailed(let reason) = wire.log.errors.first else { return #expect(Bool(false)) }
    #expect(reason.reason == "unsupported protocol")
    #expect(wire.log.errors.count == 1)
    #expect(wire.log.isInactive)
    #expect(try wire.receive().end == .failed("tlsv1 alert protocol version"))
  }

  @Test func `a record that was tampered with ends the connection`() throws {
    let wire = try Wire()
    try wire.shakeHands()
    _ = wire.client.write(Array("DELE 1\r\n".utf8))
    var record = wire.client.takeOutput()
    record.setInteger(UInt8(0xff) ^ (record.getInteger(at: 7) ?? 0), at: 7)
    try wire.deliver(record)
    guard case .protocolFailed(let reason) = wire.log.errors.first else { return #expect(Bool(false)) }
    #expect(reason.reason == "decryption failed or bad record mac")
    #expect(wire.log.plaintext.isEmpty)
    #expect(try wire.receive().end == .failed("sslv3 alert bad record mac"))
  }

  @Test func `renegotiation is answered at once, and the session goes on`() throws {
    let wire = try Wire(.init(versions: .tls12 ... .tls12))
    try wire.shakeHands()
    #expect(wire.client.requestRenegotiation())
    try wire.deliver(wire.client.takeOutput())
    #expect(wire.log.errors.isEmpty)
    #expect(try wire.receive().end == .failed("no renegotiation"))
  }

  @Test func `what is written is coalesced until a flush`() throws {
    let wire = try Wire()
    try wire.shakeHands()
    for index in 0..<100 { wire.channel.write(ByteBuffer(string: "line \(index)\r\n"), promise: nil) }
    #expect(try wire.channel.readOutbound(as: ByteBuffer.self) == nil)
    wire.channel.flush()
    let flushed = try wire.channel.readOutbound(as: ByteBuffer.self)
    let ciphertext = try #require(flushed)
    #expect(try wire.channel.readOutbound(as: ByteBuffer.self) == nil)
    wire.client.receive(ciphertext)
    #expect(wire.client.read().plaintext.count == (0..<100).reduce(0) { $0 + "line \($1)\r\n".utf8.count })
  }

  @Test func `promises follow their bytes`() throws {
    let wire = try Wire()
    try wire.shakeHands()
    let promises = (0..<3).map { _ in wire.channel.eventLoop.makePromise(of: Void.self) }
    wire.channel.write(ByteBuffer(string: "a"), promise: promises[0])
    wire.channel.write(ByteBuffer(), promise: promises[1])
    wire.channel.write(ByteBuffer(repeating: 1, count: 200_000), promise: promises[2])
    // An embedded channel fulfils promises of flushed writes at once.
    wire.channel.flush()
    for promise in promises { try promise.futureResult.wait() }
  }

  @Test func `unflushed ciphertext is held in buffers of 64 KiB, and counts towards writability`() throws {
    let wire = try Wire()
    try wire.shakeHands()
    let counter = OutboundCounter()
    try wire.channel.pipeline.syncOperations.addHandler(counter, position: .first)
    let message = ByteBuffer(repeating: 7, count: 1 << 20)
    wire.channel.write(message, promise: nil)
    // All buffers but the last were passed on, and the channel counts them.
    #expect(counter.bytes > (1 << 20) - 65536)
    #expect(counter.largest <= 65536)
    wire.channel.flush()
    #expect(try wire.receive().plaintext.count == 1 << 20)
  }

  @Test(arguments: UInt64(1)...6, [TLSVersion.tls12, .tls13])
  func `large transfers arrive byte for byte, however they are split`(seed: UInt64, version: TLSVersion)
    throws
  {
    var random = SeededGenerator(seed: seed)
    let wire = try Wire(.init(versions: version...version))
    try wire.shakeHands()
    let up = random.bytes(300_000)
    let down = random.bytes(300_000)
    var rest = up[...]
    var answer = down[...]
    var received: [UInt8] = []
    while !rest.isEmpty || !answer.isEmpty {
      let line = rest.prefix(Int.random(in: 0...40_000, using: &random))
      rest = rest.dropFirst(line.count)
      if !line.isEmpty { _ = wire.client.write(line) }
      wire.piece = Int.random(in: 1...20_000, using: &random)
      try wire.deliver(wire.client.takeOutput())
      let reply = answer.prefix(Int.random(in: 0...70_000, using: &random))
      answer = answer.dropFirst(reply.count)
      wire.channel.write(ByteBuffer(bytes: reply), promise: nil)
      if Bool.random(using: &random) { wire.channel.flush() }
      received += try wire.receive().plaintext
    }
    wire.channel.flush()
    received += try wire.receive().plaintext
    #expect(wire.log.plaintext == up)
    #expect(received == down)
  }

  @Test func `after STLS, added in the middle of a connection`() throws {
    let channel = EmbeddedChannel()
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    let log = Log()
    try channel.pipeline.syncOperations.addHandler(log)
    channel.writeAndFlush(ByteBuffer(string: "+OK begin TLS\r\n"), promise: nil)
    #expect(try channel.readOutbound(as: ByteBuffer.self) == ByteBuffer(string: "+OK begin TLS\r\n"))
    let wire = try Wire(adding: channel, log)
    try wire.shakeHands()
    try wire.send("CAPA\r\n")
    #expect(log.plaintext == Array("CAPA\r\n".utf8))
  }

  @Test func `a session may close from within what it is told`() throws {
    for moment in Log.ClockReading.allCases {
      let wire = try Wire()
      wire.log.closesAt = moment
      try wire.shakeHands()
      if moment == .read { try wire.send("a\r\n", "b\r\n") }
      #expect(wire.log.isInactive)
      #expect(wire.log.errors.isEmpty)
      #expect(wire.log.reads == (moment == .read ? 1 : 0))
    }
  }
}
