/// Applies the log's transactions to a table, up to the first that is not whole.
struct IndexReplay: ~Copyable {
  private struct Identity: Hashable {
    let base: [UInt8]
    let inode: UInt64
  }

  private struct Change {
    /// Nil if the message is gone.
    var record: MessageRecord?
    var id: [UInt8] = []
    var name: [UInt8] = []
  }

  private var base: MessageTable
  private var changes: [Identity: Change] = [:]
  /// Messages that came, in the order of the log.
  private var arrivals: [Identity] = []
  private(set) var state: MaildirState
  private(set) var hash: UInt64

  init(_ base: MessageTable, _ state: MaildirState, hash: UInt64) {
    (self.base, self.state, self.hash) = (base, state, hash)
  }

  /// Applies a transaction.
  ///
  /// - Parameter words: length, kind and hash.
  /// - Returns: false, with nothing done, unless the transaction is whole and follows the one before it.
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

  /// The table, and its order if it has one.
  consuming func result(order: [UInt32]?, isOrdered: Bool) -> (MessageTable, order: [UInt32]?) {
    guard !changes.isEmpty else { return (base, order) }
    var merge = TableMerge(base, staying: true)
    // Only the merge holds the table now, and can let it grow.
    base = MessageTable()
    for (identity, change) in changes {
      let known = identity.base.withUnsafeBytes {
        merge.previous.position(of: MessageName($0), identity.inode)
      }
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
    let old = isOrdered ? order ?? merge.previous.records.indices.map { UInt32($0) } : []
    let result = merge.result()
    guard isOrdered, let origins = result.origins else { return (result.table, order) }
    return (result.table, Self.order(of: result.table, origins, old, arrivals))
  }

  private static func order(
    of table: MessageTable, _ origins: TableMerge.Origins, _ old: [UInt32], _ arrivals: [Identity]
  ) -> [UInt32] {
    var order: [UInt32] = []
    order.reserveCapacity(table.count)
    var isPlaced = [Bool](repeating: false, count: table.count)
    func place(_ position: Int) {
      if !isPlaced[position] { order.append(UInt32(position)) }
      isPlaced[position] = true
    }
    if origins.kept != nil {
      for position in old { place(Int(position)) }
    } else {
      var positions = [UInt32](repeating: TableMerge.none, count: old.count)
      for position in 0..<table.count where origins[position] != TableMerge.none {
        positions[Int(origins[position])] = UInt32(position)
      }
      for position in old where positions[Int(position)] != TableMerge.none {
        place(Int(positions[Int(position)]))
      }
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
