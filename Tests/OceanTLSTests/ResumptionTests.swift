import OceanBase
import OceanTLS
import Testing

@Suite struct ResumptionTests {
  /// Connects, and says whether the session was resumed at both ends.
  private func connect(
    _ contexts: TLSContextSet, _ version: TLSVersion, _ session: ClientSession? = nil, name: String? = nil
  ) throws -> (isResumed: Bool, session: ClientSession) {
    let server = try #require(TLSConnection(contexts: contexts))
    let client = TestClient(.init(versions: version...version, serverName: name, session: session))
    #expect(shakeHands(client, server).client == .done)
    #expect(client.isResumed == server.session.isResumed)
    return (client.isResumed, client.session)
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a ticket is good in a context made anew`(version: TLSVersion) throws {
    let tickets = try TicketKeys(now: 0)
    let first = try connect(try .of([TestCertificates.ec], tickets: tickets), version)
    #expect(!first.isResumed)
    let second = try connect(try .of([TestCertificates.ec], tickets: tickets), version, first.session)
    #expect(second.isResumed)
    #expect(try connect(try .of([TestCertificates.ec], tickets: tickets), version, second.session).isResumed)
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a ticket is no good under another certificate, profile or key`(version: TLSVersion) throws {
    let tickets = try TicketKeys(now: 0)
    let session = try connect(try .of([TestCertificates.ec], tickets: tickets), version).session
    for other in [
      try TLSContextSet.of([TestCertificates.rsa], tickets: tickets),
      try .of([TestCertificates.ec, TestCertificates.rsa], tickets: tickets),
      try .of([TestCertificates.ec], .legacy, tickets: tickets),
      try .of([TestCertificates.ec]),
    ] {
      #expect(try !connect(other, version, session).isResumed)
    }
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a ticket is bound to the certificate that the server name selects`(version: TLSVersion) throws {
    let tickets = try TicketKeys(now: 0)
    let contexts = try TLSContextSet(
      ["a.test", "b.test"].map {
        .init(
          names: [$0],
          context: try TLSContext(
            identities: [TestCertificates.identity(TestCertificates.ecKey, $0)], profile: .intermediate,
            tickets: tickets))
      })
    let session = try connect(contexts, version, name: "b.test").session
    #expect(try connect(contexts, version, session, name: "b.test").isResumed)
    #expect(try !connect(contexts, version, session, name: "a.test").isResumed)
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a ticket outlives rotation for its lifetime and no longer`(version: TLSVersion) throws {
    let tickets = try TicketKeys(now: 1000)
    let contexts = try TLSContextSet.of([TestCertificates.ec], tickets: tickets)
    let old = try connect(contexts, version).session

    tickets.rotate(now: 1000 + TicketKeys.rotation - 1)
    let rotated = 1000 + TicketKeys.rotation
    tickets.rotate(now: rotated)
    let renewed = try connect(contexts, version, old)
    #expect(renewed.isResumed)

    // The first key sealed until `rotated`.
    for now in stride(from: rotated, through: rotated + TicketKeys.lifetime, by: Int(TicketKeys.rotation)) {
      tickets.rotate(now: now)
    }
    #expect(try connect(contexts, version, old).isResumed)
    tickets.rotate(now: rotated + TicketKeys.lifetime + TicketKeys.rotation)
    #expect(try !connect(contexts, version, old).isResumed)
  }

  // MARK: - Keys of a shared secret

  private static func shared(_ character: Character, hour: Int64) throws -> SharedTicketKeys {
    try SharedTicketKeys(SecretBytes(copying: String(repeating: character, count: 32).utf8), hour: hour)
  }

  /// A host with the secret.
  private static func host(_ character: Character = "a", hour: Int64) throws -> (TicketKeys, TLSContextSet) {
    let tickets = try TicketKeys(now: 0)
    tickets.seal(with: try shared(character, hour: hour), now: 0)
    return (tickets, try .of([TestCertificates.ec], tickets: tickets))
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `hosts with one secret resume each other's sessions`(version: TLSVersion) throws {
    let session = try connect(Self.host(hour: 100).1, version).session
    #expect(try connect(Self.host(hour: 100).1, version, session).isResumed)
    #expect(try !connect(Self.host("b", hour: 100).1, version, session).isResumed)
    // The clock of the other is behind, or the client comes back later.
    for (hour, isGood) in [(98, false), (99, true), (101, true), (104, true), (105, false)] {
      #expect(
        try connect(Self.host(hour: Int64(hour)).1, version, session).isResumed == isGood, "hour \(hour)")
    }
  }

  @Test func `the hour's own key seals, and a ticket of the hour before is replaced`() throws {
    let (tickets, contexts) = try Self.host(hour: 100)
    let old = try connect(contexts, .tls12).session
    tickets.enter(hour: 101)
    let renewed = try connect(contexts, .tls12, old).session
    #expect(try !connect(Self.host(hour: 105).1, .tls12, old).isResumed)
    #expect(try connect(Self.host(hour: 105).1, .tls12, renewed).isResumed)
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `another secret, or none, leaves earlier tickets good until they expire`(version: TLSVersion) throws {
    let tickets = try TicketKeys(now: 0)
    let contexts = try TLSContextSet.of([TestCertificates.ec], tickets: tickets)
    let random = try connect(contexts, version).session
    tickets.seal(with: try Self.shared("a", hour: 100), now: 0)
    let first = try connect(contexts, version).session
    tickets.seal(with: try Self.shared("b", hour: 100), now: 10)
    for session in [random, first] { #expect(try connect(contexts, version, session).isResumed) }
    let second = try connect(contexts, version).session
    #expect(try connect(Self.host("b", hour: 100).1, version, second).isResumed)
    tickets.seal(with: nil, now: 20)
    #expect(try connect(contexts, version, second).isResumed)
    tickets.rotate(now: 21 + TicketKeys.lifetime)
    for session in [first, second] { #expect(try !connect(contexts, version, session).isResumed) }
  }

  @Test func `TLS 1.3 replaces every ticket it accepts`() throws {
    let contexts = try TLSContextSet.of([TestCertificates.ec])
    let first = try connect(contexts, .tls13).session
    let second = try connect(contexts, .tls13, first).session
    #expect(!first.ticket.isEmpty)
    #expect(!second.ticket.isEmpty)
    #expect(first.ticket != second.ticket)
  }

  @Test func `an old ticket is replaced by one under the newest key`() throws {
    let tickets = try TicketKeys(now: 0)
    let contexts = try TLSContextSet.of([TestCertificates.ec], tickets: tickets)
    let old = try connect(contexts, .tls12).session
    tickets.rotate(now: TicketKeys.rotation)
    let renewed = try connect(contexts, .tls12, old).session
    // Now the first key goes; the renewed session stays.
    tickets.rotate(now: TicketKeys.rotation * 2)
    tickets.rotate(now: TicketKeys.rotation * 3 + TicketKeys.lifetime - TicketKeys.rotation)
    tickets.rotate(now: TicketKeys.rotation * 2 + TicketKeys.lifetime)
    #expect(try !connect(contexts, .tls12, old).isResumed)
    #expect(try connect(contexts, .tls12, renewed).isResumed)
  }
}
