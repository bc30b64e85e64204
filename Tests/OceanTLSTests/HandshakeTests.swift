import OceanBase
import COpenSSL
import NIOCore
import OceanTLS
import Testing

@Suite struct HandshakeTests {
  @Test(arguments: TLSProfile.allCases, TLSVersion.allCases)
  func `a version works exactly where the probe says so`(profile: TLSProfile, version: TLSVersion) throws {
    let contexts = try TLSContextSet.of([TestCertificates.ec, TestCertificates.rsa], profile)
    let server = try #require(TLSConnection(contexts: contexts))
    let client = TestClient(.init(versions: version...version))
    let result = shakeHands(client, server)
    let works = result.client == .done && result.server == .complete
    #expect(contexts.probe().contains { $0.version == version } == works)
    #expect(profile.probe().contains { $0.version == version } == works)
    switch (profile, version) {
    case (_, .tls13): #expect(works)
    case (.intermediate, .tls12), (.legacy, .tls12): #expect(works)
    case (.modern, _), (.intermediate, _): #expect(!works)
    case (.legacy, _): break  // The library decides.
    }
    if works { #expect(server.session.version == version) }
  }

  @Test func `legacy goes below what the other profiles do`() {
    let versions = TLSProfile.legacy.probe().map(\.version)
    #expect(versions.first == .tls1, "libssl of Debian and Ubuntu still speaks TLS 1.0 at level 0")
  }

  @Test(arguments: [
    ("AES128-SHA", false), ("ECDHE-RSA-AES128-SHA", false), ("AES256-GCM-SHA384", false),
    ("DHE-RSA-AES128-GCM-SHA256", false), ("ECDHE-RSA-AES256-GCM-SHA384", true),
    ("ECDHE-ECDSA-CHACHA20-POLY1305", true), ("ECDHE-ECDSA-AES128-GCM-SHA256", true),
  ])
  func `intermediate has forward secrecy and AEAD alone`(cipher: String, works: Bool) throws {
    let contexts = try TLSContextSet.of([TestCertificates.ec, TestCertificates.rsa])
    let server = try #require(TLSConnection(contexts: contexts))
    let client = TestClient(.init(versions: .tls12 ... .tls12, ciphers: cipher + ":@SECLEVEL=0"))
    let result = shakeHands(client, server)
    if works {
      #expect(result.server == .complete)
      #expect(server.session.cipher == cipher)
    } else {
      guard case .failed(let error) = result.server else { return #expect(Bool(false)) }
      #expect(error.reason == "no shared cipher")
    }
  }

  @Test(arguments: ["AES128-SHA", "AES256-SHA256", "ECDHE-RSA-AES128-SHA", "AES128-GCM-SHA256"])
  func `legacy has static RSA and CBC`(cipher: String) throws {
    let contexts = try TLSContextSet.of([TestCertificates.ec, TestCertificates.rsa], .legacy)
    let server = try #require(TLSConnection(contexts: contexts))
    let client = TestClient(.init(versions: .tls12 ... .tls12, ciphers: cipher + ":@SECLEVEL=0"))
    #expect(shakeHands(client, server).server == .complete)
    #expect(server.session.cipher == cipher)
  }

  @Test func `legacy still prefers the best`() throws {
    let contexts = try TLSContextSet.of([TestCertificates.ec, TestCertificates.rsa], .legacy)
    let server = try #require(TLSConnection(contexts: contexts))
    _ = shakeHands(TestClient(.init(versions: .tls12 ... .tls12)), server)
    #expect(
      server.session.cipher == "ECDHE-ECDSA-AES256-GCM-SHA384"
        || server.session.cipher == "ECDHE-ECDSA-AES128-GCM-SHA256")
  }

  @Test(arguments: [
    ("TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"),
    ("TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"),
    ("TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_256_GCM_SHA384"),
  ])
  func `the server chooses, ChaCha20 for those who put it first`(offer: String, choice: String) throws {
    let server = try TLSConnection.presenting(TestCertificates.ec)
    _ = shakeHands(TestClient(.init(ciphersuites: offer)), server)
    #expect(server.session.cipher == choice)
  }

  @Test(arguments: [
    ("ECDHE-ECDSA-AES128-GCM-SHA256", TestCertificates.ec),
    ("ECDHE-RSA-AES128-GCM-SHA256", TestCertificates.rsa),
  ])
  func `ECDSA and RSA stand side by side`(cipher: String, expected: TLSIdentity) throws {
    let contexts = try TLSContextSet.of([TestCertificates.rsa, TestCertificates.ec])
    let server = try #require(TLSConnection(contexts: contexts))
    let client = TestClient(.init(versions: .tls12 ... .tls12, ciphers: cipher))
    #expect(shakeHands(client, server).server == .complete)
    #expect(client.peerFingerprint == expected.leaf?.sha256Fingerprint)
  }

  @Test(arguments: [
    ("", false, true), ("\u{4}pop3", true, true), ("\u{2}h2\u{4}pop3", true, true), ("\u{2}h2", false, false),
    ("\u{5}pop3x\u{3}pop", false, false),
  ])
  func `ALPN is pop3 or nothing`(offer: String, selected: Bool, works: Bool) throws {
    let server = try TLSConnection.presenting(TestCertificates.ec)
    let result = shakeHands(TestClient(.init(alpn: Array(offer.utf8))), server)
    #expect((result.server == .complete) == works)
    #expect(server.session.hasALPN == selected)
    if !works { #expect(result.client == .failed("tlsv1 alert no application protocol")) }
  }

  @Test func `both ends have the same channel binding`() throws {
    for version in [TLSVersion.tls12, .tls13] {
      let server = try TLSConnection.presenting(TestCertificates.ec)
      let client = TestClient(.init(versions: version...version))
      #expect(server.exporterBinding == nil)
      _ = shakeHands(client, server)
      var binding = [UInt8](repeating: 0, count: 32)
      let label = Array("EXPORTER-Channel-Binding".utf8).map(CChar.init)
      SSL_export_keying_material(client.ssl, &binding, 32, label, label.count, nil, 0, 1)
      #expect(server.exporterBinding == binding)
    }
  }

  @Test func `renegotiation is refused`() throws {
    let server = try TLSConnection.presenting(TestCertificates.ec)
    let client = TestClient(.init(versions: .tls12 ... .tls12))
    _ = shakeHands(client, server)
    #expect(SSL_renegotiate(client.ssl) == 1)
    _ = client.handshake()
    server.receive(client.takeOutput())
    var plaintext = ByteBufferAllocator().buffer(capacity: 100)
    #expect(server.read(into: &plaintext) == .incomplete)
    client.receive(server.takeOutput())
    #expect(client.handshake() == .failed("no renegotiation"))
  }

  @Test(arguments: [
    ("GET / HTTP/1.0\r\n\r\n", "http request"), ("CAPA\r\nUSER x\r\n", "wrong version number"),
  ])
  func `what is not TLS fails with a reason`(text: String, reason: String) throws {
    let server = try TLSConnection.presenting(TestCertificates.ec)
    server.receive(ByteBuffer(string: text))
    guard case .failed(let error) = server.handshake() else { return #expect(Bool(false)) }
    #expect(error.reason == reason)
  }

  @Test func `the chain is sent as it was given, without a search for more`() throws {
    let chain = TestChain()
    let file = CertificateFile(chain: chain.leaf + chain.intermediate, key: chain.leafKey)
    let identity = try #require(file.identity)
    let server = try TLSConnection.presenting(identity)
    let client = TestClient()
    #expect(shakeHands(client, server).server == .complete)
    #expect(client.peerChainLength == 2)
  }

  @Test func `contexts say why they cannot be made`() throws {
    let tickets = try TicketKeys(now: 0)
    #expect(throws: TLSContext.CreationError.noIdentity) {
      try TLSContext(identities: [], profile: .modern, tickets: tickets)
    }
    #expect(throws: TLSContext.CreationError.duplicateKeyType(index: 1)) {
      try TLSContext(
        identities: [TestCertificates.ec, TestCertificates.ec], profile: .modern, tickets: tickets)
    }
  }
}
