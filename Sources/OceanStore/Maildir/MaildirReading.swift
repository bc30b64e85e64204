import CLinux
import Glibc

/// The result of one reading of a Maildir's directories.
struct MaildirReading {
  /// Only the names of messages that are not in the older table are known.
  let merged: TableMerge.Result
  let state: MaildirState

  /// Reads what has changed since an older reading. A folder with the same settled stamp has not changed.
  ///
  /// - Parameters:
  ///   - start: the time before this call, by the clock that stamps files.
  ///   - watch: watches the Maildir since the older reading.
  ///   - cancellation: lets others have their turn. It does not end the reading, or a large Maildir would
  ///     never be read.
  init(
    _ maildir: borrowing OpenMaildir, since older: (table: MessageTable, state: MaildirState)?, start: Int64,
    _ watch: MaildirWatch? = nil, _ cancellation: Cancellation? = nil
  ) throws(StoreError) {
    let margin = maildir.settlingTime
    // A rename while the directories are read can hide a message or show it twice. The second is harmless.
    // Because of the first, they are read again if anything changed, but not for ever.
    var attempts = 0
    while true {
      let before = try maildir.stamp()
      // In this order, because messages move from new/ to cur/.
      var ways = [(Folder.new, before.new), (.cur, before.cur)].map { folder, stamp in
        (folder, Self.way(to: folder, stamp, since: older?.state, told: watch?.changes(in: folder)))
      }
      var table = older?.table ?? MessageTable()
      // The table has only one name of a message with several. If that one is gone, the others may be in
      // either folder.
      if ways.contains(where: { $0.1 != .keep }), table.unlink() { ways = ways.map { ($0.0, .read) } }
      var merge = TableMerge(table)
      let isRead = ways.contains { $0.1 == .read }
      let inodes = InodeIndex(of: table, in: isRead ? ways.filter { $0.1 != .keep }.map(\.0) : [])
      for (folder, way) in ways {
        switch way {
        case .keep: merge.keep(folder)
        case .look(let names): try Self.look(for: names, in: folder, of: maildir, &merge)
        case .read: try Self.read(folder, of: maildir, inodes, into: &merge, cancellation)
        }
      }
      attempts += 1
      let after = try maildir.stamp()
      if after == before || attempts == 3 {
        merged = merge.result()
        state = MaildirState(before, at: start, margin: margin)
        return
      }
    }
  }

  /// The way to bring a folder up to date.
  private enum Way: Equatable {
    case keep
    /// Only these names may have changed.
    case look(for: Set<[UInt8]>)
    case read
  }

  /// - Parameter names: the names that have changed since the older reading, if they are known.
  private static func way(
    to folder: Folder, _ stamp: DirectoryStamp?, since older: MaildirState?, told names: Set<[UInt8]>?
  ) -> Way {
    guard let known = older?[folder] else { return .read }
    let isSame = known.stamp == stamp
    guard let names else { return isSame && known.isSettled ? .keep : .read }
    // The stamp differs, but no names were reported: the folder was changed by a way that is not watched.
    if names.isEmpty { return isSame ? .keep : .read }
    return .look(for: names)
  }

  private static func read(
    _ folder: Folder, of maildir: borrowing OpenMaildir, _ inodes: InodeIndex, into merge: inout TableMerge,
    _ cancellation: Cancellation?
  ) throws(StoreError) {
    let previous = merge.previous
    func announce(_ next: [UInt64]) {
      _ = cancellation?.pause()
      inodes.expect(next)
    }
    try maildir.forEachMessage(in: folder, announcing: announce) { (bytes, inode) throws(StoreError) in
      let name = MessageName(bytes)
      var isUnchanged = false
      let known = inodes.position(of: inode, name) { position in
        previous.withName(of: position) { known in
          isUnchanged = previous.records[position].folder == folder && name.isEqual(to: known)
          return isUnchanged || name.isSameMessage(as: known)
        }
      }
      if let known, isUnchanged { return merge.keep(known) }
      merge.add(name, inode: inode, folder: folder, known: known)
      if merge.isTooLarge { throw .tooLarge(path: maildir.path) }
    }
  }
}

/// Finds the messages of some folders by their inodes.
///
/// One inode may have any number of messages, by hard links. A message that finds no free place within a few
/// steps has no place, and is looked for by its name.
private struct InodeIndex {
  /// With half of the places free, one message in thousands needs more steps.
  private static let maxSteps = 32

  /// Positions in the table plus one, 0 for a free place. The inode gives the place. The number of places is
  /// a power of two, and at least half of them are free.
  private var slots: [UInt32] = []
  private let table: MessageTable
  private let folders: [Folder]

  init(of table: MessageTable, in folders: [Folder]) {
    (self.table, self.folders) = (table, folders)
    let count = table.records.count { folders.contains($0.folder) }
    guard count > 0 else { return }
    var capacity = 16
    while capacity < 2 * count { capacity *= 2 }
    slots = Array(repeating: 0, count: capacity)
    for (position, record) in table.records.enumerated() where folders.contains(record.folder) {
      var slot = Self.slot(of: record.inode, capacity)
      var steps = 1
      while slots[slot] > 0, steps < Self.maxSteps {
        slot = (slot + 1) & (capacity - 1)
        steps += 1
      }
      if slots[slot] == 0 { slots[slot] = UInt32(truncatingIfNeeded: position + 1) }
    }
  }

  /// The place of an inode: the uppermost bits of the product. Inodes are consecutive numbers, or nearly, and
  /// these bits alone keep such numbers apart.
  private static func slot(of inode: UInt64, _ capacity: Int) -> Int {
    Int(
      truncatingIfNeeded: (inode &* 0x9E37_79B9_7F4A_7C15)
        >> UInt64(truncatingIfNeeded: capacity.leadingZeroBitCount + 1))
  }

  /// Prefetches the memory that a search for these inodes will read. Because it may be anywhere in a large
  /// table, each search would otherwise wait three times.
  func expect(_ inodes: [UInt64]) {
    guard !slots.isEmpty else { return }
    func positions(_ body: (Int) -> Void) {
      for inode in inodes {
        let slot = Int(slots[Self.slot(of: inode, slots.count)])
        if slot > 0 { body(slot - 1) }
      }
    }
    slots.withUnsafeBufferPointer { slots in
      for inode in inodes { linux_prefetch(slots.baseAddress.map { $0 + Self.slot(of: inode, slots.count) }) }
    }
    table.records.withUnsafeBufferPointer { records in
      positions { position in linux_prefetch(records.baseAddress.map { $0 + position }) }
    }
    table.strings.bytes.withUnsafeBufferPointer { bytes in
      positions { position in
        let start = table.records[position].start
        if start < bytes.count { linux_prefetch(bytes.baseAddress.map { $0 + start }) }
      }
    }
  }

  /// The message of that inode and name that is also wanted.
  func position(of inode: UInt64, _ name: MessageName, _ isWanted: (Int) -> Bool) -> Int? {
    guard !slots.isEmpty else { return nil }
    var slot = Self.slot(of: inode, slots.count)
    for _ in 0..<Self.maxSteps {
      guard slots[slot] > 0 else { return nil }
      let position = Int(slots[slot]) - 1
      if table.records[position].inode == inode, isWanted(position) { return position }
      slot = (slot + 1) & (slots.count - 1)
    }
    guard let position = table.position(of: name, inode), folders.contains(table.records[position].folder)
    else { return nil }
    return isWanted(position) ? position : nil
  }
}
