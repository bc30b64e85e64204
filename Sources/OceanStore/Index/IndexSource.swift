import CLinux

/// The bytes of an index file, wherever they are.
struct IndexSource {
  let size: Int
  /// Fills the buffer with the bytes at an offset; false if it cannot.
  let fill: (UnsafeMutableRawBufferPointer, Int) -> Bool

  init(size: Int, fill: @escaping (UnsafeMutableRawBufferPointer, Int) -> Bool) {
    (self.size, self.fill) = (size, fill)
  }

  /// Reads a snapshot; nil unless the header and the sections are whole and of that owner. The position's
  /// size is where the valid part of the log ends.
  func read(_ owner: String) -> (Snapshot, IndexPosition)? {
    let limit = min(size - IndexFormat.headerBytes, 2 * MessageTable.maximumBytes)
    guard limit >= 0, let words = array(of: UInt64.self, IndexFormat.headerWords, at: 0),
      let header = IndexFormat.Header(words, limit: limit)
    else { return nil }
    var offset = IndexFormat.headerBytes
    var hash: UInt64 = 0
    // Room to append in place what the log adds: each new message takes at least 28 bytes in the log.
    let logBytes = max(limit - header.sectionBytes, 0)
    func section<T: BitwiseCopyable>(_ type: T.Type, _ count: Int, room: Int = 0) -> [T]? {
      let section = array(of: type, count, at: offset, room: room)
      offset += count * MemoryLayout<T>.stride
      section?.withUnsafeBytes { hash = XXHash.hash($0, seed: hash) }
      return section
    }
    guard let records = section(MessageRecord.self, header.messages, room: logBytes / 28),
      let order = section(UInt32.self, header.orderCount),
      let templateStarts = section(UInt32.self, header.templateStarts),
      let bytes = section(UInt8.self, header.stringBytes, room: logBytes),
      let templates = section(UInt8.self, header.templateBytes),
      let path = section(UInt8.self, header.pathBytes),
      hash == header.sectionHash, path.elementsEqual(owner.utf8), Self.isPermutation(order),
      // A scheme without an order has messages come and go without one.
      order.isEmpty || header.scheme != 0,
      let strings = PackedStrings(bytes: bytes, templates: templates, templateStarts: templateStarts)
    else { return nil }
    var replay = IndexReplay(
      MessageTable(records: consume records, strings: consume strings), header.state, hash: hash)
    let tableBytes = offset
    while let (words, payload) = transaction(at: offset), replay.apply(words, payload) {
      offset += IndexFormat.transactionWords * 8 + payload.count
    }
    let position = IndexPosition(device: 0, inode: 0, tableBytes: tableBytes, size: offset, hash: replay.hash)
    let state = replay.state
    let (table, newOrder) = replay.result(order: order.isEmpty ? nil : order, isOrdered: header.scheme != 0)
    let snapshot = Snapshot(table: table, order: newOrder, state: state, scheme: header.scheme, saved: nil)
    return (snapshot, position)
  }

  private func transaction(at offset: Int) -> ([UInt64], [UInt8])? {
    let start = offset + IndexFormat.transactionWords * 8
    guard start <= size, let words = array(of: UInt64.self, IndexFormat.transactionWords, at: offset),
      words[0] <= UInt64(size - start),
      let payload = array(of: UInt8.self, Int(words[0]), at: start)
    else { return nil }
    return (words, payload)
  }

  /// - Parameter room: how many more elements can be appended in place.
  private func array<T: BitwiseCopyable>(of: T.Type, _ count: Int, at offset: Int, room: Int = 0) -> [T]? {
    guard count * MemoryLayout<T>.stride <= size - offset else { return nil }
    var isFilled = false
    let array = [T](unsafeUninitializedCapacity: count + room) { buffer, initialized in
      let bytes = UnsafeMutableRawBufferPointer(
        start: buffer.baseAddress, count: count * MemoryLayout<T>.stride)
      linux_expect_use(bytes.baseAddress, bytes.count)
      isFilled = bytes.isEmpty || fill(bytes, offset)
      initialized = isFilled ? count : 0
    }
    return isFilled ? array : nil
  }

  private static func isPermutation(_ order: [UInt32]) -> Bool {
    var isThere = [Bool](repeating: false, count: order.count)
    for position in order {
      guard position < order.count, !isThere[Int(position)] else { return false }
      isThere[Int(position)] = true
    }
    return true
  }
}
