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
    // In as few pieces as can be: there are many lines, and each piece is checked for room.
    let room = 2 * UnsafeMutableRawBufferPointer.maxDecimal + 3
    output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { line in
      var end = line.storeDecimal(UInt64(index + 1), at: 0)
      line[end] = UInt8(ascii: " ")
      end += 1
      guard self == .octets else { return end }
      end = line.storeDecimal(drop.octets(of: index), at: end)
      line[end] = UInt8(ascii: "\r")
      line[end + 1] = UInt8(ascii: "\n")
      return end + 2
    }
    if self == .uniqueIDs {
      drop.writeUIDL(of: index, into: &output)
      output.writeStaticString("\r\n")
    }
  }
}
