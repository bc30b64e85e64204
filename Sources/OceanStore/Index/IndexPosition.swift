/// Where a snapshot is on disk: what must still be so for a transaction to be appended.
struct IndexPosition: Equatable, Sendable {
  var device: UInt64
  var inode: UInt64
  /// Of the header and the sections.
  var tableBytes: Int
  /// Of the whole file.
  var size: Int
  var hash: UInt64
}

/// What makes one snapshot of another.
struct SnapshotChanges: Equatable, Sendable {
  /// Positions in the new table.
  var put: [Int] = []
  /// Positions in the old one.
  var dropped: [Int] = []
  /// Not told one by one.
  var isEverything = false
  /// There are new ids among them that neither a message's name nor another server's list would give again. A client that has
  /// seen one is to see it again (RFC 1939 §7), so it must be on disk before.
  var mustLast = false

  var isEmpty: Bool { put.isEmpty && dropped.isEmpty && !isEverything }
}
