import OceanBase
import NIOCore
import OceanTLS
import Testing

@Suite struct TLSClientTests {
  @Test func `a client sees what is presented for the name it asks for`() throws {
    let tickets = try TicketKeys(now: 0)
    let contexts = try TLSContextSet(
      [TestCertificates.ec, TestCertificates.rsa].map { identity in
        TLSContextSet.Entry(
          names: identity.leaf?.names.map(\.description) ?? [],
          context: try TLSContext(identities: [identity], profile: .intermediate, tickets: tickets))
      })
    for (name, version) in [("rsa.example.org", nil), ("ec.example.org", TLSVersion.tls12)] {
      let client = try #require(TLSClient(version: version, serverName: name))
      let server = try #require(TLSConnection(contexts: contexts))
      #expect(client.presentedChain.isEmpty)
      var progress = client.handshake()
      for _ in 0..<4 where progress == .incomplete {
        server.receive(ByteBuffer(bytes: client.takeOutput()))
        _ = server.handshake()
        server.takeOutput().withUnsafeReadableBytes { client.receive($0) }
        progress = client.handshake()
      }
      #expect(progress == .complete)
      #expect(client.version == version ?? .tls13)
      #expect(client.cipher != nil)
      let presented = CertificateFile(chain: client.presentedChain, key: nil)
      #expect(presented.certificates.first?.names == [.dns(name)])

      server.receive(ByteBuffer(bytes: client.takeOutput()))
      #expect(server.handshake() == .complete)
      server.takeOutput().withUnsafeReadableBytes { client.receive($0) }
      // The server's tickets are not data.
      #expect(client.read(atMost: 100) == nil)
      var greeting = ByteBuffer(string: "+OK\r\n")
      _ = server.write(&greeting)
      server.takeOutput().withUnsafeReadableBytes { client.receive($0) }
      #expect(client.read(atMost: 3) == Array("+OK".utf8))
      #expect(client.read(atMost: 100) == [13, 10])
      #expect(client.read(atMost: 100) == nil)
      #expect(Array("QUIT\r\n".utf8).withUnsafeBytes { client.write($0) })
      server.receive(ByteBuffer(bytes: client.takeOutput()))
      var command = ByteBufferAllocator().buffer(capacity: 100)
      _ = server.read(into: &command)
      #expect(command == ByteBuffer(string: "QUIT\r\n"))
      server.shutdown()
      server.takeOutput().withUnsafeReadableBytes { client.receive($0) }
      #expect(client.read(atMost: 100) == [])
    }
  }

  @Test func `what is not TLS fails`() throws {
    let client = try #require(TLSClient())
    #expect(client.handshake() == .incomplete)
    #expect(!client.takeOutput().isEmpty)
    Array("+OK POP3 ready\r\n".utf8).withUnsafeBytes { client.receive($0) }
    guard case .failed = client.handshake() else { return #expect(Bool(false)) }
  }
}
