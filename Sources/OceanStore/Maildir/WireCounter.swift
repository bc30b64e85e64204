import OceanBase

/// Counts the octets that a message takes on the wire, where every line ends in CRLF (RFC 1939 §11): its
/// bytes, one more for each LF without a CR before it, and what the last line lacks of its CRLF.
/// Byte-stuffing does not count.
struct WireCounter: ~Copyable {
  private let scratch: ScratchMemory
  let cancellation: Cancellation?

  init(_ cancellation: Cancellation? = nil) throws(StoreError) {
    scratch = try ScratchMemory(count: 64 << 10)
    self.cancellation = cancellation
  }

  /// Lets others have their turn.
  ///
  /// - Returns: whether nobody waits for the count any more.
  func pause() -> Bool { cancellation?.pause() ?? false }

  /// - Throws: `cancelled` if there is more to read than the first block; otherwise like `MessageFile.read`.
  func count(_ file: MessageFile) throws(StoreError) -> UInt64 {
    let buffer = scratch.bytes
    // The buffer's first byte is the one before those just read, so that a CRLF is seen across two reads.
    let block = UnsafeMutableRawBufferPointer(rebasing: buffer[1...])
    buffer[0] = 0
    var offset: UInt64 = 0
    var bareLineFeeds: UInt64 = 0
    while case let count = try file.read(into: block, at: offset), count > 0 {
      bareLineFeeds += UInt64(Self.bareLineFeeds(in: UnsafeRawBufferPointer(rebasing: buffer[...count])))
      offset += UInt64(count)
      if offset < file.size, pause() { throw .cancelled }
      buffer[0] = block[count - 1]
      // A hole may begin here; it has no line ends. The last byte is read in any case.
      if buffer[0] == 0 { offset = file.endOfHole(at: offset) }
    }
    let missing: UInt64 =
      switch buffer[0] {
      case _ where offset == 0: 0
      case UInt8(ascii: "\n"): 0
      case UInt8(ascii: "\r"): 1
      default: 2
      }
    return offset + bareLineFeeds + missing
  }

  func size(of file: MessageFile) throws(StoreError) -> MessageSize {
    guard file.size <= MessageSize.maxBytes else { return .guess(bytes: file.size) }
    return .counted(bytes: file.size, octets: try count(file), modified: file.modified)
  }

  /// The number of LFs without a CR before them. The first byte is only context for the second.
  static func bareLineFeeds(in bytes: UnsafeRawBufferPointer) -> Int {
    // Some attachments are nothing but one line without an end.
    guard var start = bytes.firstIndex(of: 0x0A, from: 1) else { return 0 }
    var count = 0
    while start < bytes.count {
      // Short enough for a sum in eight bits, and free of branches: the compiler makes vector code of this
      // loop.
      let end = min(start + 255, bytes.count)
      var bare: UInt8 = 0
      for position in start..<end {
        let isLineFeed: UInt8 = bytes[position] == UInt8(ascii: "\n") ? 1 : 0
        let followsReturn: UInt8 = bytes[position &- 1] == UInt8(ascii: "\r") ? 1 : 0
        bare &+= isLineFeed & ~followsReturn
      }
      count += Int(bare)
      start = end
    }
    return count
  }
}
