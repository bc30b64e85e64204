/// The place of a snapshot on disk: what must still be true for a transaction to be appended.
struct IndexPosition: Equatable, Sendable {
  var device: UInt64
  var inode: UInt64
  /// The size of the header and the sections.
  var tableBytes: Int
  /// The size of the whole file.
  var size: Int
  var hash: UInt64
}

/// The differences between two snapshots.
struct SnapshotChanges: Equatable, Sendable {
  /// Positions in the new table.
  var put: [Int] = []
  /// Positions in the old one.
  var dropped: [Int] = []
  /// Whether everything changed, so that the differences are not listed.
  var isEverything = false
  /// Whether there are new ids that neither a message's name nor another server's list would give again. A
  /// client that has seen such an id must see it again (RFC 1939 §7), so it must be on disk before.
  var mustLast = false

  var isEmpty: Bool { put.isEmpty && dropped.isEmpty && !isEverything }
}
