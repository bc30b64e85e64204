import Glibc

/// Makes a snapshot of what a reading has found: what is new is counted and given its unique id.
struct SnapshotBuilder {
  var table: MessageTable
  let origins: TableMerge.Origins?
  /// Positions of what the index does not have as it is here.
  private var touched: [UInt32]
  private let state: MaildirState
  let previous: Snapshot?
  /// Of `newPositions`, what the other server's list says of the order; empty unless it was asked.
  var ranks: [UInt64] = []
  /// Whether new messages were denied the ids that their names or the list give them.
  var hasContestedIDs = false
  /// Whether what the other server's list says is for all messages, not for new ones alone.
  var isAnew = false
  /// Some messages were gone when it came to counting them: probably renamed.
  private(set) var missedMessages = false
  /// Why some messages could not be counted; of many the first.
  private(set) var unreadable: [StoreError] = []
  /// Whether somebody cancelled the counting.
  private var isPartial = false

  private let new: Positions

  init(_ reading: consuming MaildirReading, previous: Snapshot?) {
    (state, self.previous) = (reading.state, previous)
    let merged = reading.merged
    (table, origins, touched) = (merged.table, merged.origins, merged.added)
    if previous?.count ?? 0 == 0 {
      new = Positions(all: merged.table.count)
    } else {
      // All of them are among what was added.
      new = Positions(merged.added.filter { merged.origins?[Int($0)] == TableMerge.none })
    }
  }

  /// Whether a message was not in the previous snapshot.
  func isNew(_ position: Int) -> Bool {
    previous == nil || origins?[position] == TableMerge.none
  }

  /// What may be given unique ids and places in the order.
  var newPositions: Positions { isAnew ? Positions(all: table.count) : new }

  /// Finds out the sizes that are not known. Messages never change (their files are written in tmp/); should one have changed
  /// all the same, opening it finds out.
  ///
  /// Once it is cancelled nothing more is counted: what was counted is kept, so that a mailbox whose counting takes longer
  /// than its clients wait is open some day.
  ///
  /// - Parameter claims: whether to believe sizes in file names, until the messages are sent.
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
      // One at least: so there is an end of it, however soon each login is given up.
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

  /// What a name or another server's list says of a message's size, if it can be true of the file that is there. That costs a
  /// system call; another machine is not asked for each message.
  func claim(
    _ octets: UInt64, _ bytes: UInt64?, of position: Int, in maildir: borrowing OpenMaildir
  ) -> MessageSize? {
    guard maildir.isLocal else { return MessageSize.claim(octets: octets, bytes: bytes) }
    guard let status = Self.status(of: position, in: table, maildir) else { return nil }
    let size = UInt64(max(status.st_size, 0))
    return bytes ?? size == size ? MessageSize.claim(octets: octets, bytes: size) : nil
  }

  /// In bytes. Anything longer is no mail, and counting it would keep a login waiting for many seconds: it is listed with its
  /// length, and counted when it is wanted.
  private static let countedUpTo: UInt64 = 4 << 30

  /// Nil if the file is gone. One that can not be read is listed with its length on disk, so that a single bad file does
  /// not lock its owner out; opening it reports the error.
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
      if unreadable.count < Self.mostUnreadable { unreadable.append(error) }
      return Self.status(of: position, in: table, maildir).map { .guess(bytes: UInt64(max($0.st_size, 0))) }
    }
  }

  private static let mostUnreadable = 16

  private static func status(
    of position: Int, in table: MessageTable, _ maildir: borrowing OpenMaildir
  ) -> stat? {
    var status = stat()
    let directory = maildir[table.records[position].folder]
    let result = table.withCName(of: position) { fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) }
    return result == 0 ? status : nil
  }

  /// Of several files with one base name one alone has the id made of the name. Who has it keeps it; among those that are
  /// new it is the one with the earliest mtime: the original, as far as a copy made by hand can be told.
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
      // Equal times: the lower inode, which comes first.
      original = times.min { $0.1 < $1.1 }?.0
    }
    for position in group where isNew(position) {
      table.setFlag(.copy, of: position, to: position != original)
    }
  }

  private func hasSameBase(_ position: Int, _ other: Int) -> Bool {
    table.withName(of: position) { name in table.withName(of: other) { $0.isSameMessage(as: name) } }
  }

  func finish(_ scheme: UIDLScheme) -> (Snapshot, SnapshotChanges) {
    var changes = changes()
    changes.mustLast = mustLast
    let snapshot = Snapshot(
      table: table, order: order(scheme), state: state,
      // Back to ocean's own: what came from the other server stays.
      scheme: scheme == .ocean ? previous?.scheme ?? scheme.identity : scheme.identity,
      isPartial: isPartial, saved: nil)
    return (snapshot, changes)
  }

  /// See `SnapshotChanges.mustLast`. What another server's list has it will tell again; a message that it has not may get
  /// a number there later, when its clients know it by its name.
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
