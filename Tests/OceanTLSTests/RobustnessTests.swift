import OceanBase
import NIOCore
import NIOEmbedded
import OceanTLS
import TestSupport
import Testing

/// Whatever arrives, the server neither traps nor accepts anything that it should not.
@Suite struct RobustnessTests {
  /// A client's flights in a handshake that works.
  private func record(_ version: TLSVersion) throws -> [ByteBuffer] {
    let server = try TLSConnection.presenting(TestCertificates.ec)
    let client = TestClient(
      .init(versions: version...version, serverName: "pop.example.org", alpn: [4] + Array("pop3".utf8)))
    var flights: [ByteBuffer] = []
    for _ in 0..<3 {
      _ = client.handshake()
      let flight = client.takeOutput()
      guard flight.readableBytes > 0 else { break }
      flights.append(flight)
      server.receive(flight)
      if server.handshake() == .complete { return flights }
      client.receive(server.takeOutput())
    }
    return flights
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a handshake that is cut off anywhere is incomplete or refused`(version: TLSVersion) throws {
    let flights = try record(version)
    let contexts = try TLSContextSet.of([TestCertificates.ec])
    for length in 0..<flights[0].readableBytes {
      let server = try #require(TLSConnection(contexts: contexts))
      server.receive(flights[0].getSlice(at: 0, length: length) ?? ByteBuffer())
      #expect(server.handshake() == .incomplete)
      #expect(!server.hasOutput)
    }
  }

  /// Both flights, with the end of the connection behind each of their bytes.
  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a channel that closes at any byte of the handshake reports it once`(version: TLSVersion) throws {
    let contexts = try TLSContextSet.of([TestCertificates.ec])
    var length = 0
    var isComplete = false
    while !isComplete {
      length += 1
      let wire = try Wire(.init(versions: version...version), contexts: contexts)
      try wire.shakeHands(cutOffAfter: length)
      isComplete = !wire.log.events.isEmpty
      wire.channel.pipeline.fireChannelInactive()
      #expect(wire.log.errors == (isComplete ? [] : [.handshakeAborted]))
    }
    // The end is reached, and not too early.
    #expect((200...1000).contains(length))
  }

  @Test func `half a handshake and the client's end close the channel, with an alert or without`() throws {
    let contexts = try TLSContextSet.of([TestCertificates.ec])
    for length in stride(from: 1, to: 300, by: 7) {
      let wire = try Wire(contexts: contexts)
      wire.channel.allowRemoteHalfClosure = true
      try wire.shakeHands(cutOffAfter: length)
      wire.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
      #expect(wire.log.errors == [.handshakeAborted])
      #expect(wire.log.isInactive)
    }
  }

  @Test func `a handshake byte by byte does not outlast the clock`() throws {
    let wire = try Wire(timeout: .seconds(30))
    _ = wire.client.handshake()
    var hello = wire.client.takeOutput()
    for second in 0..<60 where wire.log.errors.isEmpty {
      #expect(second < 30)
      try wire.deliver(hello.readSlice(length: 1) ?? ByteBuffer())
      wire.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    }
    #expect(wire.log.errors == [.handshakeTimedOut])
    #expect(wire.log.isInactive)
  }

  /// Input that could go on for ever without completing a handshake.
  @Test(arguments: [
    // A hello of 16 MiB, in full records.
    ([0x16, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff] + [UInt8](repeating: 0, count: 0x3ffc), 1),
    // Warnings, records without content, changes of the cipher.
    ([0x15, 3, 1, 0, 2, 1, 90], 100), ([0x16, 3, 1, 0, 0], 100), ([0x14, 3, 3, 0, 1, 1], 100),
  ])
  func `what leads nowhere is refused soon`(record: [UInt8], timeout: Int) throws {
    let wire = try Wire()
    for _ in 0..<timeout where wire.log.errors.isEmpty { try wire.deliver(ByteBuffer(bytes: record)) }
    #expect(wire.log.errors.count == 1)
    #expect(wire.log.isInactive)
  }

  /// Each of the client's requests is answered, and no answer belongs to a write of the session.
  @Test func `a client that asks without end and never reads is no longer read`() throws {
    let wire = try Wire()
    try wire.shakeHands()
    let network = OutboundCounter()
    try wire.channel.pipeline.syncOperations.addHandler(network, position: .first)
    var reads = 0
    for cycle in 0..<1000 where cycle == 0 || network.reads > reads {
      reads = network.reads
      #expect(wire.client.requestKeyUpdate())
      try wire.deliver(wire.client.takeOutput())
      wire.channel.isWritable = network.bytes < 4096
    }
    #expect((4096...2 * 4096).contains(network.bytes))

    wire.channel.isWritable = true
    wire.channel.pipeline.fireChannelWritabilityChanged()
    #expect(network.reads == reads + 1)
    try wire.send("QUIT\r\n")
    #expect(wire.log.plaintext == Array("QUIT\r\n".utf8))
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a hello with any byte changed never completes and never traps`(version: TLSVersion) throws {
    var random = SeededGenerator(seed: UInt64(version.rawValue))
    let hello = try record(version)[0]
    let contexts = try TLSContextSet.of([TestCertificates.ec])
    for index in 0..<hello.readableBytes {
      for _ in 0..<4 {
        var changed = hello
        changed.setInteger(UInt8.random(in: 0...255, using: &random), at: index)
        let server = try #require(TLSConnection(contexts: contexts))
        server.receive(changed)
        #expect(server.handshake() != .complete)
      }
    }
  }

  @Test(arguments: UInt64(1)...200)
  func `garbage is refused`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let wire = try Wire(piece: Int.random(in: 1...50, using: &random))
    var bytes = random.bytes(400)
    if seed % 2 == 0 { bytes.replaceSubrange(0..<6, with: [0x16, 3, 1, 1, 0x80, 1]) }
    try wire.deliver(ByteBuffer(bytes: bytes))
    #expect(wire.log.errors.count <= 1)
    #expect(wire.log.events.isEmpty)
  }

  @Test func `garbage behind a handshake ends the session with one error`() throws {
    for seed in UInt64(1)...50 {
      var random = SeededGenerator(seed: seed)
      let wire = try Wire()
      try wire.shakeHands()
      try wire.deliver(ByteBuffer(bytes: [0x17, 3, 3, 0, 100] + random.bytes(200)))
      #expect(wire.log.errors.count == 1)
      #expect(wire.log.isInactive)
      #expect(wire.log.plaintext.isEmpty)
    }
  }
}
