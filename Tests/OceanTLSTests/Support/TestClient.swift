import OceanBase
import COpenSSL
import NIOCore
import OceanTLS

/// A TLS client in memory: libssl's own, over memory BIOs.
final class TestClient {
  struct Settings {
    var versions: ClosedRange<TLSVersion> = .ssl3 ... .tls13
    var ciphers = "ALL:@SECLEVEL=0"
    var ciphersuites: String?
    var serverName: String?
    /// The protocols in wire form.
    var alpn: [UInt8] = []
    var session: ClientSession?
  }

  enum Result: Equatable {
    case done
    case wantsMore
    case closed
    case failed(String)
  }

  let ssl: OpaquePointer
  private let ctx: OpaquePointer
  private let input: OpaquePointer
  private let output: OpaquePointer

  init(_ settings: Settings = Settings()) {
    ctx = SSL_CTX_new(TLS_client_method())
    _ = ocean_SSL_CTX_set_min_proto_version(ctx, Int32(settings.versions.lowerBound.rawValue))
    _ = ocean_SSL_CTX_set_max_proto_version(ctx, Int32(settings.versions.upperBound.rawValue))
    SSL_CTX_set_cipher_list(ctx, settings.ciphers)
    if let suites = settings.ciphersuites { SSL_CTX_set_ciphersuites(ctx, suites) }
    ssl = SSL_new(ctx)
    if let name = settings.serverName { _ = ocean_SSL_set_tlsext_host_name(ssl, name) }
    if !settings.alpn.isEmpty { SSL_set_alpn_protos(ssl, settings.alpn, UInt32(settings.alpn.count)) }
    if let session = settings.session { SSL_set_session(ssl, session.pointer) }
    input = BIO_new(BIO_s_mem())
    output = BIO_new(BIO_s_mem())
    _ = BIO_ctrl(input, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, nil)
    SSL_set_bio(ssl, input, output)
    SSL_set_connect_state(ssl)
  }

  deinit {
    // libssl does not resume a session whose connection was not shut down.
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
    SSL_free(ssl)
    SSL_CTX_free(ctx)
  }

  func receive(_ bytes: ByteBuffer) {
    bytes.withUnsafeReadableBytes { _ = BIO_write(input, $0.baseAddress, Int32($0.count)) }
  }

  /// Takes the bytes for the server; empty if there are no bytes.
  func takeOutput() -> ByteBuffer {
    var start: UnsafeMutablePointer<CChar>?
    let count = ocean_BIO_get_mem_data(output, &start)
    defer { BIO_ctrl(output, BIO_CTRL_RESET, 0, nil) }
    return ByteBuffer(bytes: UnsafeRawBufferPointer(start: start, count: count))
  }

  func handshake() -> Result {
    ERR_clear_error()
    return result(SSL_do_handshake(ssl))
  }

  func write(_ bytes: some Collection<UInt8>) -> Result {
    ERR_clear_error()
    let bytes = Array(bytes)
    return result(SSL_write(ssl, bytes, Int32(bytes.count)))
  }

  func shutdown() {
    ERR_clear_error()
    SSL_shutdown(ssl)
  }

  func requestRenegotiation() -> Bool {
    ERR_clear_error()
    guard SSL_renegotiate(ssl) == 1 else { return false }
    return handshake() == .wantsMore
  }

  /// Asks for new keys in both directions (RFC 8446 §4.6.3).
  func requestKeyUpdate() -> Bool {
    ERR_clear_error()
    return SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) == 1 && handshake() == .done
  }

  /// All plaintext at hand, and the reason why it ends.
  func read() -> (plaintext: [UInt8], end: Result) {
    var plaintext: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 20000)
    while true {
      ERR_clear_error()
      let count = SSL_read(ssl, &piece, Int32(piece.count))
      guard count > 0 else { return (plaintext, result(count)) }
      plaintext += piece[..<Int(count)]
    }
  }

  var session: ClientSession { ClientSession(SSL_get1_session(ssl)) }
  var isResumed: Bool { SSL_session_reused(ssl) == 1 }

  /// The SHA-256 fingerprint of the leaf, in the form of `CertificateInfo`.
  var peerFingerprint: String {
    guard let certificate = SSL_get1_peer_certificate(ssl) else { return "" }
    defer { X509_free(certificate) }
    var digest = [UInt8](repeating: 0, count: 32)
    X509_digest(certificate, EVP_sha256(), &digest, nil)
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  var peerChainLength: Int { Int(OPENSSL_sk_num(SSL_get_peer_cert_chain(ssl))) }

  private func result(_ code: Int32) -> Result {
    guard code <= 0 else { return .done }
    switch SSL_get_error(ssl, code) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wantsMore
    case SSL_ERROR_ZERO_RETURN: return .closed
    default: return .failed(ERR_reason_error_string(ERR_get_error()).map { String(cString: $0) } ?? "?")
    }
  }
}

final class ClientSession {
  let pointer: OpaquePointer?

  init(_ pointer: OpaquePointer?) { self.pointer = pointer }

  var ticket: [UInt8] {
    var start: UnsafePointer<UInt8>?
    var count = 0
    SSL_SESSION_get0_ticket(pointer, &start, &count)
    return Array(UnsafeBufferPointer(start: start, count: count))
  }

  deinit { SSL_SESSION_free(pointer) }
}
