import NIOCore
import NIOEmbedded
import OceanTLS
import Testing

/// Whatever arrives, the server neither traps nor accepts what it should not.
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

  @Test func `a channel that closes at any byte of the handshake reports it once`() throws {
    let flights = try record(.tls13)
    for length in 1..<flights[0].readableBytes {
      let wire = try Wire()
      try wire.deliver(flights[0].getSlice(at: 0, length: length) ?? ByteBuffer())
      wire.channel.pipeline.fireChannelInactive()
      #expect(wire.log.errors == [.handshakeAborted])
    }
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a hello with any byte changed never completes and never traps`(version: TLSVersion) throws {
    var random = SeededGenerator(UInt64(version.rawValue))
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
    var random = SeededGenerator(seed)
    let wire = try Wire(piece: Int.random(in: 1...50, using: &random))
    var bytes = random.bytes(400)
    if seed % 2 == 0 { bytes.replaceSubrange(0..<6, with: [0x16, 3, 1, 1, 0x80, 1]) }
    try wire.deliver(ByteBuffer(bytes: bytes))
    #expect(wire.log.errors.count <= 1)
    #expect(wire.log.events.isEmpty)
  }

  @Test func `garbage behind a handshake ends the session with one error`() throws {
    for seed in UInt64(1)...50 {
      var random = SeededGenerator(seed)
      let wire = try Wire()
      try wire.shakeHands()
      try wire.deliver(ByteBuffer(bytes: [0x17, 3, 3, 0, 100] + random.bytes(200)))
      #expect(wire.log.errors.count == 1)
      #expect(wire.log.isInactive)
      #expect(wire.log.plaintext.isEmpty)
    }
  }
}
