internal import NIOCore
package import OceanBase

/// A handshake with one version that succeeded.
package struct ProtocolSupport: Hashable, Sendable {
  package let version: TLSVersion
  /// OpenSSL's name of the cipher suite that was negotiated.
  package let cipher: String
}

extension TLSContextSet {
  /// Finds out which protocol versions really work, by a handshake in memory for each, with a client that
  /// accepts everything. Tables and setters cannot tell: it also depends on the library's build, its
  /// configuration file and its security policy.
  ///
  /// - Returns: the versions that work, the oldest first.
  package func probe() -> [ProtocolSupport] { profile.versions.compactMap(support) }

  /// The newest version that works.
  var newestVersion: TLSVersion? { profile.versions.last { support(for: $0) != nil } }

  private func support(for version: TLSVersion) -> ProtocolSupport? {
    guard let client = TLSClient(version: version), let server = TLSConnection(contexts: self),
      let cipher = client.handshake(with: server)
    else { return nil }
    return ProtocolSupport(version: version, cipher: cipher)
  }
}

extension TLSProfile {
  /// Finds out which protocol versions the linked libssl really speaks under this profile, with a throw-away
  /// ECDSA certificate; empty if it speaks none.
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
  /// The negotiated cipher; nil if the handshake fails.
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
