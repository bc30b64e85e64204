internal import COpenSSL
package import NIOCore
internal import OceanBase

/// The result of a non-blocking call of libssl.
package enum TLSProgress: Equatable, Sendable {
  case complete
  /// More ciphertext must be received first.
  case incomplete
  /// The peer has said that it sends no more (close_notify, RFC 8446 §6.1).
  case closed
  /// The connection is of no further use. `output` may hold the alert that tells the peer why.
  case failed(LibraryError)
}

/// The server side of one TLS connection, without any IO: received ciphertext is given to `receive`;
/// ciphertext for the peer collects in `output`.
///
/// Both are empty, and hold no memory, while nothing is in transit; libssl gives its record buffers back too.
package final class TLSConnection {
  private let ssl: OpaquePointer
  let contexts: TLSContextSet
  /// The server name the client asked for, folded.
  var serverName: String?

  private var received = ByteBuffer()
  /// Ciphertext for the peer.
  var output = ByteBuffer()

  /// Nil if there is no memory for it.
  package init?(contexts: TLSContextSet) {
    ERR_clear_error()
    guard let ssl = SSL_new(contexts.initial.ctx) else { return nil }
    self.ssl = ssl
    self.contexts = contexts
    guard let bio = ConnectionBIO.make(for: self) else { return nil }
    SSL_set_bio(ssl, bio, bio)
    SSL_set_accept_state(ssl)
  }

  deinit {
    // Bytes that were not TLS may be the password of a client that does not know about TLS.
    received.withUnsafeReadableBytes { bytes in
      OPENSSL_cleanse(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }
    SSL_free(ssl)
  }

  /// The owner of an `ssl`, for use within a callback.
  static func owner(of ssl: OpaquePointer) -> TLSConnection? {
    ConnectionBIO.owner(of: SSL_get_rbio(ssl))
  }

  // MARK: Ciphertext

  package func receive(_ ciphertext: ByteBuffer) {
    if received.readableBytes == 0 {
      received = ciphertext
    } else {
      received.writeImmutableBuffer(ciphertext)
    }
  }

  /// Whether another ClientHello may come, in plain text like the first (RFC 8446 §4.1.4). Up to TLS 1.2 this
  /// does not happen, and bytes that look like one may be encrypted.
  var mayTakeHello: Bool { SSL_version(ssl) >= TLS1_3_VERSION }

  /// Whether `read` could have something to work on.
  package var hasInput: Bool { received.readableBytes > 0 || SSL_pending(ssl) > 0 }

  package var hasOutput: Bool { output.readableBytes > 0 }

  package func takeOutput() -> ByteBuffer {
    defer { output = ByteBuffer() }
    return output
  }

  func moveReceived(to target: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(target.count, received.readableBytes)
    guard count > 0 else { return 0 }
    received.readWithUnsafeReadableBytes { bytes in
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
      return count
    }
    if received.readableBytes == 0 { received = ByteBuffer() }
    return count
  }

  // MARK: The four operations

  package func handshake() -> TLSProgress {
    ERR_clear_error()
    return progress(after: SSL_do_handshake(ssl))
  }

  /// Decrypts into the free space of `plaintext`, and says why it stopped; `.complete` means that the space
  /// was used up. `plaintext` may have grown whatever the result is.
  package func read(into plaintext: inout ByteBuffer) -> TLSProgress {
    while plaintext.writableBytes > 0 {
      // Asking libssl nevertheless would make it allocate a record buffer for nothing.
      guard hasInput else { return .incomplete }
      ERR_clear_error()
      var result: Int32 = 0
      plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: 0) { space in
        var count = 0
        result = SSL_read_ex(ssl, space.baseAddress, space.count, &count)
        return result == 1 ? count : 0
      }
      if result != 1 { return progress(after: result) }
    }
    return .complete
  }

  /// The capacity with which `read` neither wastes memory nor must be called often. It is more than was
  /// received, because libssl may hold the beginning of a record; a command line of POP3 fits in any case.
  package var expectedPlaintext: Int {
    min(max(received.readableBytes + Int(max(SSL_pending(ssl), 0)), 256), Self.maxRecord)
  }

  /// Encrypts as much of `plaintext` as keeps `output` within 64 KiB, and moves its reader index. Encrypts
  /// nothing if `output` must be taken first.
  package func write(_ plaintext: inout ByteBuffer) -> TLSProgress {
    let records = min(
      (plaintext.readableBytes + Self.maxRecord - 1) / Self.maxRecord,
      (Self.maxOutput - output.readableBytes) / Self.maxSealedRecord)
    let count = min(plaintext.readableBytes, records * Self.maxRecord)
    guard count > 0 else { return plaintext.readableBytes == 0 ? .complete : .incomplete }
    output.reserveCapacity(minimumWritableBytes: count + records * Self.recordOverhead)
    ERR_clear_error()
    var result: Int32 = 0
    plaintext.readWithUnsafeReadableBytes { bytes in
      var written = 0
      result = SSL_write_ex(ssl, bytes.baseAddress, count, &written)
      return result == 1 ? written : 0
    }
    return progress(after: result)
  }

  /// Puts close_notify into `output`, once. Must not follow a failure.
  package func shutdown() {
    ERR_clear_error()
    if SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN == 0, SSL_is_init_finished(ssl) == 1 { SSL_shutdown(ssl) }
    ERR_clear_error()
  }

  /// The most plaintext in one record (RFC 8446 §5.1).
  private static let maxRecord = 16384
  /// Header, explicit vector, MAC and padding of the most wasteful cipher that legacy clients use, and the
  /// empty fragment that TLS 1.0 puts before it.
  private static let recordOverhead = 176
  private static let maxSealedRecord = maxRecord + recordOverhead
  /// The most that one buffer of ciphertext holds. A full one is passed on and counts towards the channel's
  /// writability.
  private static let maxOutput = 65536

  private func progress(after result: Int32) -> TLSProgress {
    guard result <= 0 else { return .complete }
    switch SSL_get_error(ssl, result) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE:
      // The BIO takes every write; only reading can be the obstacle.
      return .incomplete
    case SSL_ERROR_ZERO_RETURN:
      return .closed
    default:
      return .failed(.take())
    }
  }
}

// MARK: - Facts

extension TLSConnection {
  /// What was negotiated; to be asked after the handshake.
  package var session: TLSSession {
    TLSSession(
      version: TLSVersion(rawValue: UInt16(truncatingIfNeeded: SSL_version(ssl))) ?? .tls13,
      cipher: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)).map { String(cString: $0) } ?? "",
      serverName: serverName,
      isResumed: SSL_session_reused(ssl) == 1,
      hasALPN: hasALPN)
  }

  private var hasALPN: Bool {
    var name: UnsafePointer<UInt8>?
    var count: UInt32 = 0
    SSL_get0_alpn_selected(ssl, &name, &count)
    return count > 0
  }

  /// The channel binding `tls-exporter` (RFC 9266 §2): 32 bytes; nil below TLS 1.3 unless the extended master
  /// secret makes it unique (§4.2).
  package var exporterBinding: [UInt8]? {
    guard SSL_is_init_finished(ssl) == 1,
      SSL_version(ssl) >= TLS1_3_VERSION || ocean_SSL_get_extms_support(ssl) == 1
    else { return nil }
    let label: StaticString = "EXPORTER-Channel-Binding"
    var binding = [UInt8](repeating: 0, count: 32)
    ERR_clear_error()
    let result = label.withUTF8Buffer { label in
      label.withMemoryRebound(to: CChar.self) {
        // The context has length zero, but is present: this makes a difference in TLS 1.2 (RFC 5705 §4).
        SSL_export_keying_material(ssl, &binding, binding.count, $0.baseAddress, $0.count, nil, 0, 1)
      }
    }
    return result == 1 ? binding : nil
  }
}
