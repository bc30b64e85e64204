internal import NIOCore

/// Looks at a client's handshake before libssl does. libssl makes room for as much as the first octets of a
/// message announce: up to 128 KiB for a ClientHello.
///
/// Until the first ClientHello is complete, nothing else of the connection exists, so that a connection that
/// never gets there costs only what it has sent. For a second one (RFC 8446 §4.1.4) only the length matters.
struct HelloGate {
  /// Octets of the longest ClientHello, like in BoringSSL. Real ones have some hundred, two thousand with
  /// post-quantum keys.
  static let longest = 16 * 1024
  /// The most octets that may be received for it: records have headers, and may be short.
  private static let maxReceived = longest + 4096
  /// RFC 8446 §5.1.
  private static let longestRecord = 16384 + 256

  enum Verdict: Equatable {
    case incomplete
    /// The hello is complete, or the bytes are not a ClientHello: libssl will tell.
    case complete
    case tooLong
  }

  private var verdict = Verdict.incomplete
  private var received = 0
  private var recordHeader: [UInt8] = []
  private var messageHeader: [UInt8] = []
  /// Octets still to come of the record and of the message.
  private var recordLeft = 0
  private var messageLeft = 0
  private var isHandshake = false
  private var hasMessage = false

  /// - Parameter bytes: the bytes that have come since the last call.
  mutating func look(at bytes: ByteBuffer) -> Verdict {
    received += bytes.readableBytes
    bytes.withUnsafeReadableBytes { bytes in
      var rest = bytes[...]
      while let octet = rest.first, verdict != .tooLong {
        if recordLeft == 0 {
          rest = rest.dropFirst()
          guard takeRecordHeader(octet) else {
            verdict = .complete
            return
          }
        } else if isHandshake, messageLeft == 0 {
          rest = rest.dropFirst()
          recordLeft -= 1
          takeMessageHeader(octet)
        } else {
          let count = min(recordLeft, rest.count, isHandshake ? messageLeft : recordLeft)
          rest = rest.dropFirst(count)
          recordLeft -= count
          if isHandshake { messageLeft -= count }
        }
        // Not in the middle of a record, for which libssl would keep its buffers.
        if hasMessage, messageLeft == 0, recordLeft == 0, verdict == .incomplete { verdict = .complete }
      }
    }
    if verdict == .incomplete, received > Self.maxReceived { verdict = .tooLong }
    return verdict
  }

  /// Takes an octet of a record's header: type, version, length (RFC 8446 §5.1).
  ///
  /// - Returns: false if a ClientHello cannot begin like that.
  private mutating func takeRecordHeader(_ octet: UInt8) -> Bool {
    recordHeader.append(octet)
    if recordHeader.count == 2, recordHeader[1] != 3 { return false }
    guard recordHeader.count == 5 else { return true }
    isHandshake = recordHeader[0] == 22
    recordLeft = Int(recordHeader[3]) << 8 | Int(recordHeader[4])
    recordHeader = []
    return verdict != .incomplete || isHandshake && (1...Self.longestRecord).contains(recordLeft)
  }

  /// Takes an octet of a message's header: type and length (RFC 8446 §4).
  private mutating func takeMessageHeader(_ octet: UInt8) {
    messageHeader.append(octet)
    guard messageHeader.count == 4 else { return }
    messageLeft = messageHeader[1...].reduce(0) { $0 << 8 | Int($1) }
    messageHeader = []
    hasMessage = true
    if messageLeft > Self.longest { verdict = .tooLong }
  }
}
