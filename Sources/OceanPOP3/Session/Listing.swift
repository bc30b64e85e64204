import NIOCore

/// LIST or UIDL of a whole mailbox on its way out (RFC 1939 §5 and §7), in pieces of bounded size and work.
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

  /// Appends a piece of about 16 KiB.
  ///
  /// - Returns: whether that was the last one.
  mutating func write(
    _ drop: any Maildrop, without deleted: MessageSet, into output: inout ByteBuffer
  ) -> Bool {
    let outputEnd = output.readableBytes + 16 * 1024
    let stop = min(next + 16 * 1024, drop.count)
    while next < stop, output.readableBytes < outputEnd {
      if !deleted.contains(next) {
        kind.write(next, of: drop, into: &output)
      }
      next += 1
    }
    guard next >= drop.count else { return false }
    output.writeStaticString(".\r\n")
    return true
  }
}

extension Listing.Kind {
  /// Appends the line of one message: its number, and its size or unique id.
  func write(_ index: Int, of drop: any Maildrop, into output: inout ByteBuffer) {
    output.writeDecimal(index + 1)
    output.writeStaticString(" ")
    switch self {
    case .octets: output.writeDecimal(drop.octets(of: index))
    case .uniqueIDs: drop.writeUIDL(of: index, into: &output)
    }
    output.writeStaticString("\r\n")
  }
}
