import OceanBase
import OceanTLS
import Testing

@Suite struct ServerNameTests {
  static let identities = (0..<4).map {
    TestCertificates.identity(TestCertificates.ecKey, "n\($0).example.org")
  }

  @Test(
    arguments: [
      (nil, 0), ("mail.example.org", 0), ("MAIL.Example.ORG", 0), ("pop.example.org", 1),
      ("x.example.net", 2),
      ("pop.example.net", 3), ("x.y.example.net", 0), ("example.net", 0), ("unknown.test", 0),
      ("192.0.2.1", 0), ("second.example.org", 1),
    ] as [(String?, Int)])
  func `exact, then wildcard, then the first`(name: String?, index: Int) throws {
    let tickets = try TicketKeys(now: 0)
    let names = [
      ["mail.example.org"], ["POP.example.org.", "second.example.org"], ["*.example.net"],
      ["pop.example.net", "second.example.org", "bad name", ""],
    ]
    let contexts = try TLSContextSet(
      zip(names, Self.identities).map { names, identity in
        .init(
          names: names,
          context: try TLSContext(identities: [identity], profile: .intermediate, tickets: tickets))
      })
    for version in [TLSVersion.tls12, .tls13] {
      let server = try #require(TLSConnection(contexts: contexts))
      let client = TestClient(.init(versions: version...version, serverName: name))
      #expect(shakeHands(client, server).client == .done)
      #expect(client.peerFingerprint == Self.identities[index].leaf?.sha256Fingerprint)
      #expect(server.session.serverName == name?.lowercased())
    }
  }

  @Test func `a set must agree in what is settled before the name`() throws {
    let tickets = try TicketKeys(now: 0)
    let modern = try TLSContext(identities: [TestCertificates.ec], profile: .modern, tickets: tickets)
    let legacy = try TLSContext(identities: [TestCertificates.ec], profile: .legacy, tickets: tickets)
    #expect(throws: TLSContextSet.CreationError.differingProfilesOrTicketKeys) {
      try TLSContextSet([.init(names: [], context: modern), .init(names: [], context: legacy)])
    }
    #expect(throws: TLSContextSet.CreationError.empty) { try TLSContextSet([]) }
  }
}
