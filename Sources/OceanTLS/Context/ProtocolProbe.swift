internal import NIOCore

/// What a handshake with one version came to.
package struct ProtocolSupport: Hashable, Sendable {
  package let version: TLSVersion
  /// OpenSSL's name of the cipher suite that was negotiated.
  package let cipher: String
}

extension TLSContextSet {
  /// Which protocol versions really work, found by a handshake in memory for each, with a client that
  /// accepts everything. Tables and setters cannot tell: the library's build, its configuration file and
  /// its security policy all have a say.
  ///
  /// - Returns: the versions that work, the oldest first.
  package func probe() -> [ProtocolSupport] {
    TLSVersion.allCases.compactMap { version in
      guard let client = TLSClient(version: version), let server = TLSConnection(contexts: self),
        let cipher = client.handshake(with: server)
      else { return nil }
      return ProtocolSupport(version: version, cipher: cipher)
    }
  }
}

extension TLSProfile {
  /// Which protocol versions the linked libssl really speaks under this profile, probed with a throw-away
  /// ECDSA certificate; empty if there is none.
  package func probe() -> [ProtocolSupport] {
    guard let key = PrivateKey.generate(.ecP256),
      let certificate = CertificateRequest(names: [.dns("probe.invalid")]).selfSigned(
        by: key, from: 0, to: Int64(Int32.max)),
      let tickets = try? TicketKeys(now: 0),
      let context = try? TLSContext(
        identities: [TLSIdentity(chain: [certificate], key: key)], profile: self, tickets: tickets),
      let contexts = try? TLSContextSet([.init(names: [], context: context)])
    else { return [] }
    return contexts.probe()
  }
}

extension TLSClient {
  /// The negotiated cipher; nil if they do not come together.
  fileprivate func handshake(with server: TLSConnection) -> String? {
    // A full TLS 1.2 handshake takes two round trips; a retry one more.
    for _ in 0..<8 {
      let isDone = handshake() == .complete
      let flight = takeOutput()
      if !flight.isEmpty { server.receive(ByteBuffer(bytes: flight)) }
      let progress = server.handshake()
      if isDone, progress == .complete { return cipher }
      guard progress == .complete || progress == .incomplete else { return nil }
      server.takeOutput().withUnsafeReadableBytes { receive($0) }
    }
    return nil
  }
}
