internal import COpenSSL
package import OceanBase

/// The client side of a connection, without any IO.
package final class TLSClient {
  private let ssl: OpaquePointer
  private let input: OpaquePointer
  private let output: OpaquePointer
  private let isVerified: Bool

  /// Shared by all clients, because it takes libssl longer to make one than to do a handshake. Nil if the
  /// linked libssl cannot do that.
  nonisolated(unsafe) private static let context: OpaquePointer? = {
    guard let context = SSL_CTX_new(TLS_client_method()) else { return nil }
    // The system's configuration may have switched versions off, and its security level ciphers and keys.
    SSL_CTX_clear_options(context, ocean_SSL_OP_NO_SSL_MASK)
    guard ocean_SSL_CTX_set_min_proto_version(context, 0) == 1,
      ocean_SSL_CTX_set_max_proto_version(context, 0) == 1,
      SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0") == 1
    else {
      SSL_CTX_free(context)
      return nil
    }
    return context
  }()

  /// A client that accepts everything: for finding out what a server speaks and presents. It does not prove the server's
  /// identity. Nil if the linked libssl cannot do that.
  ///
  /// - Parameters:
  ///   - version: the only version that is offered; nil offers all that libssl has.
  ///   - serverName: for SNI (RFC 6066 §3): a host name, not an address.
  package convenience init?(version: TLSVersion? = nil, serverName: String? = nil) {
    guard let context = Self.context else { return nil }
    self.init(context, isVerified: false)
    let bound = Int32(version?.rawValue ?? 0)
    guard ocean_SSL_set_min_proto_version(ssl, bound) == 1, ocean_SSL_set_max_proto_version(ssl, bound) == 1
    else { return nil }
    if let serverName, ocean_SSL_set_tlsext_host_name(ssl, serverName) != 1 { return nil }
  }

  /// A client for a server that is asked something, with TLS 1.2 or later. Nil if the CAs cannot be read.
  ///
  /// - Parameters:
  ///   - host: a name or an address.
  ///   - isVerified: whether the server must have a certificate for `host` from a CA that is trusted.
  ///   - ca: the file of the CAs; nil for those of the system.
  package convenience init?(to host: String, isVerified: Bool, ca: String?) {
    ERR_clear_error()
    guard let context = SSL_CTX_new(TLS_client_method()) else { return nil }
    // The connection keeps it.
    defer { SSL_CTX_free(context) }
    guard ocean_SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 else { return nil }
    if isVerified {
      let found =
        ca.map { SSL_CTX_load_verify_locations(context, $0, nil) }
        ?? SSL_CTX_set_default_verify_paths(context)
      guard found == 1 else { return nil }
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    }
    self.init(context, isVerified: isVerified)
    guard X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) != 1 else { return }
    guard SSL_set1_host(ssl, host) == 1, ocean_SSL_set_tlsext_host_name(ssl, host) == 1 else { return nil }
  }

  private init?(_ context: OpaquePointer, isVerified: Bool) {
    ERR_clear_error()
    guard let ssl = SSL_new(context) else { return nil }
    guard let input = BIO_new(BIO_s_mem()) else {
      SSL_free(ssl)
      return nil
    }
    guard let output = BIO_new(BIO_s_mem()) else {
      BIO_free(input)
      SSL_free(ssl)
      return nil
    }
    SSL_set_bio(ssl, input, output)
    SSL_set_connect_state(ssl)
    self.ssl = ssl
    self.input = input
    self.output = output
    self.isVerified = isVerified
  }

  deinit {
    SSL_free(ssl)
    ERR_clear_error()
  }

  /// Goes on with the handshake until more bytes must be received.
  package func handshake() -> TLSProgress {
    ERR_clear_error()
    let result = SSL_do_handshake(ssl)
    if result == 1 { return .complete }
    return SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ ? .incomplete : .failed(.take())
  }

  /// Takes bytes from the server.
  package func receive(_ bytes: UnsafeRawBufferPointer) {
    guard let count = Int32(exactly: bytes.count), count > 0 else { return }
    BIO_write(input, bytes.baseAddress, count)
  }

  /// Takes the bytes for the server; empty if there are no bytes.
  package func takeOutput() -> [UInt8] {
    var start: UnsafeMutablePointer<CChar>?
    let count = ocean_BIO_get_mem_data(output, &start)
    defer { BIO_ctrl(output, BIO_CTRL_RESET, 0, nil) }
    return Array(UnsafeRawBufferPointer(start: start, count: max(count, 0)))
  }

  /// Encrypts bytes, once the handshake is complete; the result is in `takeOutput`.
  ///
  /// - Returns: false if the connection is of no further use.
  package func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    ERR_clear_error()
    guard let count = Int32(exactly: bytes.count), count > 0 else { return bytes.isEmpty }
    return SSL_write(ssl, bytes.baseAddress, count) == count
  }

  /// Reads decrypted bytes of the server: at most `limit`, empty at the end of them; nil if more must be
  /// received first.
  package func read(atMost limit: Int) -> [UInt8]? {
    ERR_clear_error()
    var bytes = [UInt8](repeating: 0, count: min(max(limit, 1), 1 << 20))
    let count = SSL_read(ssl, &bytes, Int32(bytes.count))
    if count > 0 { return Array(bytes.prefix(Int(count))) }
    return SSL_get_error(ssl, count) == SSL_ERROR_WANT_READ ? nil : []
  }

  /// Half a sentence: why the server's certificate was not accepted; nil if it was, or need not be.
  package var refusal: String? {
    let result = SSL_get_verify_result(ssl)
    guard isVerified, result != X509_V_OK else { return nil }
    return "its certificate is not accepted: \(String(cString: X509_verify_cert_error_string(result)))"
  }

  // MARK: What was negotiated

  package var version: TLSVersion? { TLSVersion(rawValue: UInt16(truncatingIfNeeded: SSL_version(ssl))) }

  /// OpenSSL's name of the cipher suite.
  package var cipher: String? {
    SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)).map { String(cString: $0) }
  }

  /// The certificates that the server sent, in its order, as PEM; empty before they came.
  package var presentedChain: [UInt8] {
    let stack = SSL_get_peer_cert_chain(ssl)
    return (0..<max(OPENSSL_sk_num(stack), 0)).flatMap { index -> [UInt8] in
      let x509 = OpaquePointer(OPENSSL_sk_value(stack, index))
      return MemoryBIO.writing({ PEM_write_bio_X509($0, x509) }, take: { Array($0) }) ?? []
    }
  }
}
