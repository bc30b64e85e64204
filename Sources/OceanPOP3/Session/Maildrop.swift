/// A mailbox as the protocol sees it: a frozen list of messages.
///
/// Nothing here may change while a session holds it (RFC 1939 §4: the drop is locked, message numbers are
/// stable). Indices run from 0 to `count - 1`; on the wire message numbers are one higher. A class, so that a
/// session holds it by reference without a box; sendable, because it is opened away from the event loop.
package protocol Maildrop: AnyObject, Sendable {
  /// The number of messages.
  var count: Int { get }

  /// The sum of `octets(of:)` over all messages.
  var totalOctets: UInt64 { get }

  /// The octets that RETR sends of this message before dot-stuffing and without the terminator: every line
  /// end counts as CRLF, a missing last one included (RFC 1939 §11). Only RETR itself knows better if another
  /// server's size was believed, or the message was changed since.
  func octets(of index: Int) -> UInt64

  /// Writes the unique id to the beginning of `output`, which has room for `longestUIDL` octets: 1 to 70
  /// octets of 0x21...0x7E (RFC 1939 §7, UIDL), or more if another server gave such an id to clients.
  ///
  /// - Returns: its length.
  func copyUIDL(of index: Int, to output: UnsafeMutableRawBufferPointer) -> Int
}

/// Octets of the longest unique id that can be sent.
package let longestUIDL = 255
