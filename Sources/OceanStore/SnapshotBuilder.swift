import Glibc
import OceanBase
import Synchronization

/// Makes a snapshot of what a reading has found: new messages are counted and given their unique ids.
struct SnapshotBuilder {
  var table: MessageTable
  let origins: TableMerge.Origins?
  /// Positions of messages that the index does not have in their present state.
  private var touched: [UInt32]
  private let state: MaildirState
  let previous: Snapshot?
  /// The ranks of `newPositions` in the other server's list; empty unless the list was read.
  var ranks: [UInt64] = []
  /// Whether new messages were denied the ids that their names or the list give them.
  var hasContestedIDs = false
  /// Whether the other server's list applies to all messages, not only to new ones.
  var isAnew = false
  /// The messages that other hosts must know by the same ids; nil if no other host serves the Maildir.
  var shared: SharedMessages?
  /// Whether some messages were gone when they were to be counted: probably they were renamed.
  private(set) var missedMessages = false
  /// Why some messages could not be counted; if there are many, the first errors.
  private(set) var unreadable: [StoreError] = []
  /// Whether the counting was cancelled.
  private var isPartial = false

  private let new: Positions

  init(_ reading: consuming MaildirReading, previous: Snapshot?) {
    (state, self.previous) = (reading.state, previous)
    let merged = reading.merged
    (table, origins, touched) = (merged.table, merged.origins, merged.added)
    if previous?.count ?? 0 == 0 {
      new = Positions(all: merged.table.count)
    } else {
      // New messages are all among those that were added.
      new = Positions(merged.added.filter { merged.origins?[Int($0)] == TableMerge.none })
    }
  }

  /// Whether a message was not in the previous snapshot.
  func isNew(_ position: Int) -> Bool {
    previous == nil || origins?[position] == TableMerge.none
  }

  /// The positions of messages that may get unique ids and places in the order.
  var newPositions: Positions { isAnew ? Positions(all: table.count) : new }

  /// Finds out the sizes that are not known. Messages never change (their files are written in tmp/). If a
  /// message changed all the same, opening it finds that out.
  ///
  /// Once this is cancelled, nothing more is counted. What was counted is kept, so that a mailbox whose
  /// counting takes longer than its clients wait can be opened some day.
  ///
  /// - Parameter claims: whether to believe sizes in file names until the messages are sent.
  mutating func measure(
    in maildir: borrowing OpenMaildir, claims: Bool, _ counter: borrowing WireCounter
  ) throws(StoreError) {
    missedMessages = false
    unreadable = []
    var hasCounted = false
    var believed = 0
    for position in 0..<table.count {
      let size = table.records[position].messageSize
      if size.isCounted || size.isKnown && claims { continue }
      let sizes = claims ? table.withName(of: position) { $0.claimedSizes } : (octets: nil, bytes: nil)
      if let octets = sizes.octets, let claim = claim(octets, sizes.bytes, of: position, in: maildir) {
        setSize(claim, of: position)
        believed += 1
        if believed % 256 == 0, counter.pause() {
          isPartial = true
          return
        }
        continue
      }
      // At least one message is counted: so the counting comes to an end, however soon each login is given
      // up.
      if hasCounted, counter.pause() {
        isPartial = true
        return
      }
      hasCounted = true
      do throws(StoreError) {
        if let size = try count(position, in: maildir, counter) {
          setSize(size, of: position)
        } else {
          missedMessages = true
        }
      } catch .cancelled {
        isPartial = true
        return
      }
    }
  }

  private mutating func setSize(_ size: MessageSize, of position: Int) {
    guard table.records[position].messageSize != size else { return }
    table.setSize(size, of: position)
    if origins?[position] != TableMerge.none { touched.append(UInt32(truncatingIfNeeded: position)) }
  }

  /// The size that a name or another server's list gives a message, if it can be true of the file that is
  /// there. Finding that out takes a system call, so another machine is not asked for each message.
  func claim(
    _ octets: UInt64, _ bytes: UInt64?, of position: Int, in maildir: borrowing OpenMaildir
  ) -> MessageSize? {
    guard maildir.isLocal else { return MessageSize.claim(octets: octets, bytes: bytes) }
    guard let status = Self.status(of: position, in: table, maildir) else { return nil }
    let size = UInt64(max(status.st_size, 0))
    return bytes ?? size == size ? MessageSize.claim(octets: octets, bytes: size) : nil
  }

  /// The positions of files that were not in the previous snapshot, in order: new messages, and those that have another
  /// inode, which keep the ids of the files in whose place they are.
  var newFiles: [UInt32] {
    guard let previous, previous.count > 0 else { return Array(0..<UInt32(truncatingIfNeeded: table.count)) }
    return touched.filter { position in
      guard let origin = origins?[Int(position)], origin != TableMerge.none else { return true }
      return previous.table.records[Int(origin)].inode != table.records[Int(position)].inode
    }.sorted()
  }

  /// Notes that the index does not have a message in its present state.
  mutating func touch(_ position: Int) {
    if !isNew(position) { touched.append(UInt32(truncatingIfNeeded: position)) }
  }

  /// The largest file that is counted, in bytes. A longer file is not mail, and counting it would delay a
  /// login by many seconds: it is listed with its length, and counted when it is wanted.
  private static let countedUpTo: UInt64 = 4 << 30

  /// Counts a message; nil if the file is gone. A file that cannot be read is listed with its length on disk,
  /// so that a single bad file does not lock its owner out. Opening it reports the error.
  private mutating func count(
    _ position: Int, in maildir: borrowing OpenMaildir, _ counter: borrowing WireCounter
  ) throws(StoreError) -> MessageSize? {
    do {
      guard let file = try MessageFile(maildir, table, position) else { return nil }
      guard file.size <= Self.countedUpTo else { return .guess(bytes: file.size) }
      return try counter.size(of: file)
    } catch .exhausted(let failure) {
      throw .exhausted(failure)
    } catch .cancelled {
      throw .cancelled
    } catch {
      if unreadable.count < Self.maxUnreadable { unreadable.append(error) }
      return Self.status(of: position, in: table, maildir).map { .guess(bytes: UInt64(max($0.st_size, 0))) }
    }
  }

  private static let maxUnreadable = 16

  private static func status(
    of position: Int, in table: MessageTable, _ maildir: borrowing OpenMaildir
  ) -> stat? {
    var status = stat()
    let directory = maildir[table.records[position].folder]
    let result = table.withCName(of: position) { fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) }
    return result == 0 ? status : nil
  }

  /// Finds out which of several files with the same base name has the id made of the name; the others are
  /// copies. A file that already has the id keeps it. Among new files it is the one with the earliest mtime:
  /// as well as can be told, the original of copies made by hand.
  mutating func tellCopies(in maildir: borrowing OpenMaildir) {
    var end = 0
    for position in new where position >= end {
      var first = position
      while first > 0, hasSameBase(first - 1, position) { first -= 1 }
      end = position + 1
      while end < table.count, hasSameBase(position, end) { end += 1 }
      if end - first > 1 { tellCopies(in: first..<end, maildir) }
    }
  }

  private mutating func tellCopies(in group: Range<Int>, _ maildir: borrowing OpenMaildir) {
    let known = group.filter { !isNew($0) && !table.records[$0].flags.contains(.copy) }
    var original = known.first
    if original == nil {
      let times = group.filter(isNew).map { position in
        (position, Self.status(of: position, in: table, maildir)?.st_mtim.nanoseconds ?? Int64.max)
      }
      // If the times are equal, it is the file with the lower inode, which comes first.
      original = times.min { $0.1 < $1.1 }?.0
    }
    for position in group where isNew(position) {
      table.setFlag(.copy, of: position, to: position != original)
    }
  }

  private func hasSameBase(_ position: Int, _ other: Int) -> Bool {
    table.withName(of: position) { name in table.withName(of: other) { $0.isSameMessage(as: name) } }
  }

  /// The scheme whose ids the messages have. Back at ocean's own, ids that came from the other server stay.
  func identity(_ scheme: UIDLScheme) -> UInt64 {
    scheme == .ocean ? previous?.scheme ?? scheme.identity : scheme.identity
  }

  func finish(_ scheme: UIDLScheme) -> (Snapshot, SnapshotChanges) {
    var changes = changes()
    changes.mustLast = mustLast
    let snapshot = Snapshot(
      table: table, order: order(scheme), state: state, scheme: identity(scheme),
      isPartial: isPartial, saved: nil)
    snapshot.isShared.store(shared != nil, ordering: .relaxed)
    return (snapshot, changes)
  }

  /// Whether there are ids that neither a name nor a list gives again (see `SnapshotChanges.mustLast`). The
  /// other server's list will give again what it has. A message that it does not have may get a number there
  /// later, when its clients already know it by its name.
  private var mustLast: Bool {
    hasContestedIDs || ranks.contains(.max)
      || newPositions.contains { table.records[$0].flags.contains(.copy) }
  }

  private func changes() -> SnapshotChanges {
    guard let previous, previous.count > 0, !isAnew else { return SnapshotChanges(isEverything: true) }
    // In the order of messages, which the index keeps.
    var put = touched.map { Int($0) }
    if !ranks.isEmpty {
      func rank(_ position: Int) -> UInt64 { new.place(of: position).map { ranks[$0] } ?? .max }
      put.sort { (rank($0), $0) < (rank($1), $1) }
    }
    guard let origins else { return SnapshotChanges(put: put) }
    var isKept = [Bool](repeating: false, count: previous.count)
    for position in 0..<table.count {
      let origin = origins[position]
      guard origin != TableMerge.none else { continue }
      let isSame = previous.table.records[Int(origin)].inode == table.records[position].inode
      if isSame { isKept[Int(origin)] = true }
    }
    let dropped = isKept.indices.filter { !isKept[$0] }
    if put.count + dropped.count > table.count / 2 + 64 { return SnapshotChanges(isEverything: true) }
    return SnapshotChanges(put: put, dropped: dropped)
  }
}
