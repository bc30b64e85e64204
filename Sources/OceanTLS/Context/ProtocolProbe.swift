internal import COpenSSL
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
      guard let client = ProbeClient(version), let server = TLSConnection(contexts: self),
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

/// A client for one version that trusts everybody.
private final class ProbeClient {
  private let ssl: OpaquePointer
  private let input: OpaquePointer
  private let output: OpaquePointer

  init?(_ version: TLSVersion) {
    ERR_clear_error()
    guard let ctx = SSL_CTX_new(TLS_client_method()) else { return nil }
    defer { SSL_CTX_free(ctx) }
    SSL_CTX_clear_options(ctx, ocean_SSL_OP_NO_SSL_MASK)
    guard ocean_SSL_CTX_set_min_proto_version(ctx, Int32(version.rawValue)) == 1,
      ocean_SSL_CTX_set_max_proto_version(ctx, Int32(version.rawValue)) == 1,
      SSL_CTX_set_cipher_list(ctx, "ALL:@SECLEVEL=0") == 1,
      let ssl = SSL_new(ctx)
    else { return nil }
    guard let input = BIO_new(BIO_s_mem()), let output = BIO_new(BIO_s_mem()) else {
      SSL_free(ssl)
      return nil
    }
    SSL_set_bio(ssl, input, output)
    SSL_set_connect_state(ssl)
    self.ssl = ssl
    self.input = input
    self.output = output
  }

  deinit {
    SSL_free(ssl)
    ERR_clear_error()
  }

  /// The negotiated cipher; nil if they do not come together.
  func handshake(with server: TLSConnection) -> String? {
    // A full TLS 1.2 handshake takes two round trips; a retry one more.
    for _ in 0..<8 {
      ERR_clear_error()
      let isDone = SSL_do_handshake(ssl) == 1
      if let flight = takeOutput() { server.receive(flight) }
      let progress = server.handshake()
      if isDone, progress == .complete {
        return SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)).map { String(cString: $0) }
      }
      guard progress == .complete || progress == .incomplete else { return nil }
      server.takeOutput().withUnsafeReadableBytes { bytes in
        _ = BIO_write(input, bytes.baseAddress, Int32(bytes.count))
      }
    }
    return nil
  }

  private func takeOutput() -> ByteBuffer? {
    var start: UnsafeMutablePointer<CChar>?
    let count = ocean_BIO_get_mem_data(output, &start)
    guard count > 0 else { return nil }
    var flight = ByteBuffer()
    flight.writeBytes(UnsafeRawBufferPointer(start: start, count: count))
    BIO_ctrl(output, BIO_CTRL_RESET, 0, nil)
    return flight
  }
}
