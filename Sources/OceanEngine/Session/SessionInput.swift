import NIOCore
import OceanPOP3

/// What a client has sent and the session has not executed yet.
struct SessionInput {
  /// Octets of commands that may wait behind one that is being executed; if there are more, the socket is no
  /// longer read.
  private static let limit = 8 * 1024

  private var bytes = ByteBuffer()
  /// Whether a read was put off.
  private var isReadSuppressed = false
  /// Whether the client has closed its side. It still gets its replies.
  private(set) var isEnded = false

  var isEmpty: Bool { bytes.readableBytes == 0 }

  /// - Parameter isSecret: whether there may be a password among the bytes; no copy of it may stay behind.
  mutating func append(_ new: ByteBuffer, isSecret: Bool) {
    if isSecret {
      bytes.append(wiping: new)
    } else if isEmpty {
      bytes = new
    } else {
      bytes.writeImmutableBuffer(new)
    }
  }

  /// Notes that nothing follows.
  mutating func end() { isEnded = true }

  /// Overwrites what is left.
  mutating func wipe() { bytes.wipe() }

  /// Frees the memory of an empty input.
  mutating func releaseIfEmpty() {
    if isEmpty { bytes = ByteBuffer() }
  }

  // MARK: Reading

  /// Whether the socket may be read now. If not, `resumesReading` says when.
  mutating func mayRead(isClosing: Bool) -> Bool {
    guard isClosing || bytes.readableBytes > Self.limit else { return true }
    isReadSuppressed = true
    return false
  }

  /// Whether a read that was put off is to be made now.
  mutating func resumesReading() -> Bool {
    guard isReadSuppressed, bytes.readableBytes <= Self.limit else { return false }
    isReadSuppressed = false
    return true
  }

  // MARK: Executing

  mutating func next(of session: inout Session, output: inout ByteBuffer) -> Action {
    session.next(input: &bytes, output: &output)
  }

  /// Forgets what was sent in clear text (RFC 2595 §4).
  mutating func tlsEstablished(_ session: inout Session) {
    session.tlsEstablished(discarding: &bytes)
  }
}
