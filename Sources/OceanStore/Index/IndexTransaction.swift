/// A piece that is appended to an index's log at once.
struct IndexTransaction {
  enum Operation: UInt8 {
    /// A message that is new, or has a different name, size or flags: record, id, name.
    case put = 1
    /// A message that is gone: inode, name.
    case drop
  }

  private(set) var payload: [UInt8] = []
  private let hasState: Bool

  init(state: MaildirState?) {
    hasState = state != nil
    if let state { IndexFormat.words(of: state).withUnsafeBytes { payload.append(contentsOf: $0) } }
  }

  /// - Parameter size: used instead of the one in the table.
  mutating func put(_ position: Int, of table: MessageTable, size: MessageSize? = nil) {
    var record = table.records[position]
    record.start = 0
    if let size { record.messageSize = size }
    payload.append(Operation.put.rawValue)
    withUnsafeBytes(of: record.words) { payload.append(contentsOf: $0) }
    if table.withAssignedID(of: position, { append($0) }) == nil { payload.append(0) }
    table.withName(of: position) { append($0.bytes) }
  }

  mutating func drop(_ position: Int, of table: MessageTable) {
    payload.append(Operation.drop.rawValue)
    withUnsafeBytes(of: table.records[position].inode) { payload.append(contentsOf: $0) }
    table.withName(of: position) { append($0.base) }
  }

  /// Appends a string with its length. It has at most 255 bytes, which nothing here exceeds.
  private mutating func append(_ string: UnsafeRawBufferPointer) {
    payload.append(UInt8(truncatingIfNeeded: string.count))
    payload.append(contentsOf: string)
  }

  /// The bytes to write, and the hash that the next transaction continues.
  func bytes(after hash: UInt64) -> (bytes: [UInt8], hash: UInt64) {
    let words = [UInt64(payload.count), hasState ? 1 : 0]
    let hash = Self.hash(words, payload, after: hash)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(payload.count + IndexFormat.transactionWords * 8)
    (words + [hash]).withUnsafeBytes { bytes.append(contentsOf: $0) }
    return (bytes + payload, hash)
  }

  static func hash(_ words: [UInt64], _ payload: [UInt8], after hash: UInt64) -> UInt64 {
    let seed = words.withUnsafeBytes { XXHash.hash($0, seed: hash) }
    return payload.withUnsafeBytes { XXHash.hash($0, seed: seed) }
  }
}
