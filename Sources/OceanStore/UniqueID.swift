/// Unique ids of messages: 1 to 70 octets of 0x21-0x7E (RFC 1939 §7), made of what never changes about a
/// message, so that they survive renames, restarts and the loss of every index. Ids of other servers are
/// taken as they are.
enum UniqueID {
  /// Begins the ids that are hashes. A base name that begins like this is hashed too, so that it cannot equal
  /// one of them.
  private static let marker = UInt8(ascii: "~")
  private static let alphabet: StaticString = "abcdefghijklmnopqrstuvwxyz234567"
  private static let maximumLength = 70

  /// - Parameter inode: the inode of a further file with the same base name.
  static func with<R>(
    base: UnsafeRawBufferPointer, copy inode: UInt64?, _ body: (UnsafeRawBufferPointer) -> R
  ) -> R {
    if let inode {
      // A base name has no colon in it, so this is not the hash of a base name.
      var bytes = Array(base) + [UInt8(ascii: ":")]
      withUnsafeBytes(of: inode.littleEndian) { bytes.append(contentsOf: $0) }
      return bytes.withUnsafeBytes { withHash(of: $0, body) }
    }
    return isFit(base) ? body(base) : withHash(of: base, body)
  }

  /// Whether clients can have been given this id by another server. Some servers give out longer ids than the
  /// RFC allows, and a client that knows a message by such an id must not download it again.
  static func isSendable(_ id: UnsafeRawBufferPointer) -> Bool {
    (1...PackedStrings.maximumLength).contains(id.count) && isVisible(id)
  }

  private static func isFit(_ base: UnsafeRawBufferPointer) -> Bool {
    guard let first = base.first, first != marker, base.count <= maximumLength else { return false }
    return isVisible(base)
  }

  private static func isVisible(_ id: UnsafeRawBufferPointer) -> Bool {
    // Eight bytes at a time: with the first number added to it, a byte from 0x21 on has its upper bit, and with the second
    // one from 0x7F on. Where no upper bit was set, nothing is carried into the next byte.
    let (ones, upper): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
    var position = 0
    while position + 8 <= id.count {
      let word = id.loadUnaligned(fromByteOffset: position, as: UInt64.self)
      guard word & upper == 0, (word &+ ones &* 0x5F) & ~(word &+ ones) & upper == upper else { return false }
      position += 8
    }
    while position < id.count {
      guard (0x21...0x7E).contains(id[position]) else { return false }
      position += 1
    }
    return true
  }

  /// Calls `body` with the marker and 128 bits in base32: 27 octets.
  static func withHash<R>(of bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> R)
    -> R
  {
    let (low, high) = SipHash.hash(bytes)
    var rest = UInt128(high) << 64 | UInt128(low)
    return withUnsafeTemporaryAllocation(byteCount: 27, alignment: 1) { text in
      text[0] = marker
      for position in 1..<27 {
        text[position] = alphabet.utf8Start[Int(rest & 31)]
        rest >>= 5
      }
      return body(UnsafeRawBufferPointer(text))
    }
  }
}
