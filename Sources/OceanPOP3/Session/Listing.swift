import NIOCore

/// The reply to LIST or UIDL for a whole mailbox (RFC 1939 §5 and §7), written in pieces of bounded size and
/// work.
struct Listing {
  enum Kind {
    case octets
    case uniqueIDs
  }

  let kind: Kind
  private var next = 0

  init(_ kind: Kind) {
    self.kind = kind
  }

  /// Octets after which a piece ends; also the most messages that are looked at for one.
  private static let pieceLength = 16 * 1024

  /// Appends a piece of about 16 KiB.
  ///
  /// - Returns: whether that was the last one.
  mutating func write(
    _ drop: any Maildrop, without deleted: MessageSet, into output: inout ByteBuffer
  ) -> Bool {
    let (kind, first) = (kind, next)
    var next = first
    // All at once: a buffer is checked for room, and for other owners, each time something is written.
    output.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.pieceLength + Kind.longestLine) { space in
      let stop = min(first + Self.pieceLength, drop.count)
      var end = 0
      while next < stop, end < Self.pieceLength {
        if !deleted.contains(next) { end = kind.store(next, of: drop, in: space, at: end) }
        next += 1
      }
      return end
    }
    self.next = next
    guard next >= drop.count else { return false }
    output.writeStaticString(".\r\n")
    return true
  }
}

extension Listing.Kind {
  /// The octets of a number, a space, a size or an id, and CRLF.
  fileprivate static var longestLine: Int {
    UnsafeMutableRawBufferPointer.maxDecimal + max(UnsafeMutableRawBufferPointer.maxDecimal, longestUIDL) + 3
  }

  /// Appends the line of one message: its number, and its size or unique id.
  func write(_ index: Int, of drop: any Maildrop, into output: inout ByteBuffer) {
    output.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.longestLine) {
      store(index, of: drop, in: $0, at: 0)
    }
  }

  /// - Parameter space: has room for a line at `start`.
  /// - Returns: where the line ends.
  fileprivate func store(
    _ index: Int, of drop: any Maildrop, in space: UnsafeMutableRawBufferPointer, at start: Int
  ) -> Int {
    var end = space.storeDecimal(UInt64(index + 1), at: start)
    space[end] = UInt8(ascii: " ")
    end += 1
    switch self {
    case .octets:
      end = space.storeDecimal(drop.octets(of: index), at: end)
    case .uniqueIDs:
      end += drop.copyUIDL(
        of: index, to: UnsafeMutableRawBufferPointer(rebasing: space[end..<end + longestUIDL]))
    }
    space[end] = UInt8(ascii: "\r")
    space[end + 1] = UInt8(ascii: "\n")
    return end + 2
  }
}
