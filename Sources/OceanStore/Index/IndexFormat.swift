/// An index file: a table as it is in memory, and behind it a log of what has changed since.
///
///     header    21 words: magic, version, scheme, counts, folders, hash of the sections, hash of the header
///     sections  records, order, starts of templates, strings, templates, path of the Maildir, unless the file is in it
///     log       transactions: length, kind, hash; the folders if the kind says so; operations
///
/// Words are of 64 bits in the machine's order: the magic tells a file of another machine. Each hash goes on from the one
/// before it, so that nothing holds that does not follow whole on what it followed when it was written. A transaction that
/// does not is the end: what is before it was true once, and its folders' stamps tell what to read again.
enum IndexFormat {
  static let magic: UInt64 = 0x7869_2D6E_6165_636F  // "ocean-ix"
  static let version: UInt64 = 1
  static let headerWords = 21
  static let headerBytes = headerWords * 8
  static let transactionWords = 3

  struct Header {
    var scheme: UInt64 = 0
    var messages = 0
    var orderCount = 0
    var templateStarts = 0
    var stringBytes = 0
    var templateBytes = 0
    var pathBytes = 0
    var state = MaildirState(
      new: FolderState(stamp: nil, isSettled: false), cur: FolderState(stamp: nil, isSettled: false))
    var sectionHash: UInt64 = 0

    var sectionBytes: Int {
      messages * MemoryLayout<MessageRecord>.stride + (orderCount + templateStarts) * 4 + stringBytes
        + templateBytes + pathBytes
    }

    var words: [UInt64] {
      let counts = [messages, orderCount, templateStarts, stringBytes, templateBytes, pathBytes]
      let words =
        [magic, version, scheme] + counts.map { UInt64($0) } + IndexFormat.words(of: state) + [sectionHash]
      return words + [words.withUnsafeBytes { XXHash.hash($0) }]
    }

    init(scheme: UInt64, state: MaildirState) { (self.scheme, self.state) = (scheme, state) }

    /// Nil unless it is one of this version, whole, and all counts are within `limit`.
    init?(_ words: [UInt64], limit: Int) {
      guard words.count == headerWords, words[0] == magic, words[1] == version,
        words[..<(headerWords - 1)].withUnsafeBytes({ XXHash.hash($0) }) == words[headerWords - 1],
        words[3..<9].allSatisfy({ $0 <= UInt64(max(limit, 0)) }),
        let state = IndexFormat.state(words[9..<19])
      else { return nil }
      scheme = words[2]
      let counts = words[3..<9].map { Int($0) }
      (messages, orderCount, templateStarts) = (counts[0], counts[1], counts[2])
      (stringBytes, templateBytes, pathBytes) = (counts[3], counts[4], counts[5])
      self.state = state
      sectionHash = words[19]
      guard orderCount == 0 || orderCount == messages, sectionBytes <= limit else { return nil }
    }
  }

  private enum Presence: UInt64 { case absent, absentSettled, present, settled }

  static func words(of state: MaildirState) -> [UInt64] {
    [state.new, state.cur].flatMap { folder -> [UInt64] in
      guard let stamp = folder.stamp else {
        let presence: Presence = folder.isSettled ? .absentSettled : .absent
        return [presence.rawValue, 0, 0, 0, 0]
      }
      let presence: Presence = folder.isSettled ? .settled : .present
      let times = [stamp.modified, stamp.changed].map { UInt64(bitPattern: $0) }
      return [presence.rawValue, stamp.device, stamp.inode] + times
    }
  }

  static func state(_ words: some Collection<UInt64>) -> MaildirState? {
    let words = Array(words)
    func folder(_ start: Int) -> FolderState? {
      guard let presence = Presence(rawValue: words[start]) else { return nil }
      switch presence {
      case .absent, .absentSettled: return FolderState(stamp: nil, isSettled: presence == .absentSettled)
      case .present, .settled:
        let stamp = DirectoryStamp(
          device: words[start + 1], inode: words[start + 2], modified: Int64(bitPattern: words[start + 3]),
          changed: Int64(bitPattern: words[start + 4]))
        return FolderState(stamp: stamp, isSettled: presence == .settled)
      }
    }
    guard words.count == 10, let new = folder(0), let cur = folder(5) else { return nil }
    return MaildirState(new: new, cur: cur)
  }
}

/// What is appended to an index's log at once.
struct IndexTransaction {
  fileprivate enum Operation: UInt8 {
    /// A message that is new, or has another name, size or flags: record, id, name.
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

  /// - Parameter size: instead of the one in the table.
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

  /// At most 255 bytes, which nothing here exceeds.
  private mutating func append(_ string: UnsafeRawBufferPointer) {
    payload.append(UInt8(truncatingIfNeeded: string.count))
    payload.append(contentsOf: string)
  }

  /// As it is written, and the hash that the next one goes on from.
  func bytes(after hash: UInt64) -> (bytes: [UInt8], hash: UInt64) {
    let words = [UInt64(payload.count), hasState ? 1 : 0]
    let hash = Self.hash(words, payload, after: hash)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(payload.count + IndexFormat.transactionWords * 8)
    (words + [hash]).withUnsafeBytes { bytes.append(contentsOf: $0) }
    return (bytes + payload, hash)
  }

  fileprivate static func hash(_ words: [UInt64], _ payload: [UInt8], after hash: UInt64) -> UInt64 {
    let seed = words.withUnsafeBytes { XXHash.hash($0, seed: hash) }
    return payload.withUnsafeBytes { XXHash.hash($0, seed: seed) }
  }
}

/// The log's transactions, applied to a table as far as they are whole.
struct IndexReplay {
  private struct Identity: Hashable {
    let base: [UInt8]
    let inode: UInt64
  }

  private struct Change {
    /// Nil: gone.
    var record: MessageRecord?
    var id: [UInt8] = []
    var name: [UInt8] = []
  }

  private let base: MessageTable
  private var changes: [Identity: Change] = [:]
  /// In the order of the log.
  private var arrivals: [Identity] = []
  private(set) var state: MaildirState
  private(set) var hash: UInt64

  init(_ base: MessageTable, _ state: MaildirState, hash: UInt64) {
    (self.base, self.state, self.hash) = (base, state, hash)
  }

  /// - Parameter words: length, kind and hash.
  /// - Returns: false, and has done nothing, unless the transaction is whole and follows on the one before it.
  mutating func apply(_ words: [UInt64], _ payload: [UInt8]) -> Bool {
    guard words.count == IndexFormat.transactionWords, words[1] <= 1,
      IndexTransaction.hash(Array(words[..<2]), payload, after: hash) == words[2]
    else { return false }
    var reader = PayloadReader(payload)
    var newState = state
    if words[1] == 1 {
      guard let told = reader.words(10).flatMap({ IndexFormat.state($0) }) else { return false }
      newState = told
    }
    var operations: [(Identity, Change)] = []
    while !reader.isAtEnd {
      guard let operation = reader.byte().flatMap(IndexTransaction.Operation.init) else { return false }
      switch operation {
      case .put:
        guard let words = reader.words(3), let id = reader.string(), let name = reader.string(),
          Self.isName(name)
        else { return false }
        let record = MessageRecord(inode: words[0], size: words[1], place: words[2])
        operations.append(
          (Self.identity(name, record.inode), Change(record: record, id: id, name: name)))
      case .drop:
        guard let words = reader.words(1), let name = reader.string(), Self.isName(name) else { return false }
        operations.append((Self.identity(name, words[0]), Change()))
      }
    }
    for (identity, change) in operations {
      if changes[identity]?.record == nil, change.record != nil { arrivals.append(identity) }
      changes[identity] = change
    }
    (state, hash) = (newState, words[2])
    return true
  }

  private static func isName(_ name: [UInt8]) -> Bool {
    !name.isEmpty && !name.contains(0) && !name.contains(UInt8(ascii: "/"))
  }

  private static func identity(_ name: [UInt8], _ inode: UInt64) -> Identity {
    Identity(base: name.withUnsafeBytes { Array(MessageName($0).base) }, inode: inode)
  }

  /// The table, and its order if there is one.
  func result(order: [UInt32]?, isOrdered: Bool) -> (MessageTable, order: [UInt32]?) {
    guard !changes.isEmpty else { return (base, order) }
    var merge = TableMerge(base, staying: true)
    for (identity, change) in changes {
      let known = identity.base.withUnsafeBytes { base.position(of: MessageName($0), identity.inode) }
      if let known { merge.drop(known) }
      guard let record = change.record else { continue }
      change.name.withUnsafeBytes { name in
        change.id.withUnsafeBytes { id in
          merge.add(
            MessageName(name), record.inode, record.flags, record.messageSize, id: id.isEmpty ? nil : id,
            known: known)
        }
      }
    }
    let result = merge.result()
    guard isOrdered, let origins = result.origins else { return (result.table, order) }
    let table = result.table
    return (table, Self.order(of: table, origins, order ?? base.records.indices.map { UInt32($0) }, arrivals))
  }

  private static func order(
    of table: MessageTable, _ origins: [UInt32], _ old: [UInt32], _ arrivals: [Identity]
  ) -> [UInt32] {
    var positions = [UInt32](repeating: TableMerge.none, count: old.count)
    var isPlaced = [Bool](repeating: false, count: table.count)
    for (position, origin) in origins.enumerated() where origin != TableMerge.none {
      positions[Int(origin)] = UInt32(position)
    }
    var order: [UInt32] = []
    func place(_ position: Int) {
      if !isPlaced[position] { order.append(UInt32(position)) }
      isPlaced[position] = true
    }
    for position in old where positions[Int(position)] != TableMerge.none {
      place(Int(positions[Int(position)]))
    }
    for arrival in arrivals {
      let position = arrival.base.withUnsafeBytes { table.position(of: MessageName($0), arrival.inode) }
      if let position { place(position) }
    }
    for position in 0..<table.count { place(position) }
    return order
  }
}

private struct PayloadReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  mutating func byte() -> UInt8? { take(1)?.first }

  mutating func words(_ count: Int) -> [UInt64]? {
    take(count * 8)?.withUnsafeBytes { bytes in
      (0..<count).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
    }
  }

  mutating func string() -> [UInt8]? {
    byte().flatMap { take(Int($0)) }.map(Array.init)
  }

  private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard bytes.count - position >= count else { return nil }
    defer { position += count }
    return bytes[position..<position + count]
  }
}
