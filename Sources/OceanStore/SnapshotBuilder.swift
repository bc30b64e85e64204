import Glibc

/// Makes a snapshot of what a reading has found: what is new is counted and given its unique id.
struct SnapshotBuilder {
  private var table: MessageTable
  private let origins: [UInt32]?
  /// Positions of what the index does not have as it is here.
  private var touched: [UInt32]
  private let state: MaildirState
  private let previous: Snapshot?
  /// By position, what the other server's list says of the order; empty unless it was asked.
  private var ranks: [UInt64] = []
  /// Whether what the other server's list says is for all messages, not for new ones alone.
  private var isAnew = false
  /// Some messages were gone when it came to counting them: probably renamed.
  private(set) var missedMessages = false

  init(_ reading: MaildirReading, previous: Snapshot?) {
    (table, origins, touched) = (reading.merged.table, reading.merged.origins, reading.merged.added)
    (state, self.previous) = (reading.state, previous)
  }

  /// Whether a message was not in the previous snapshot.
  private func isNew(_ position: Int) -> Bool {
    guard previous != nil else { return true }
    return origins.map { $0[position] == TableMerge.none } ?? false
  }

  var hasNews: Bool { (0..<table.count).contains(where: isNew) }

  /// Finds out the sizes that are not known. Messages never change (their files are written in tmp/); should one have changed
  /// all the same, opening it finds out.
  ///
  /// - Parameter claims: whether to believe sizes in file names, until the messages are sent.
  mutating func measure(in maildir: borrowing OpenMaildir, claims: Bool) throws(StoreError) {
    let counter = try WireCounter()
    missedMessages = false
    for position in 0..<table.count {
      let size = table.records[position].messageSize
      if size.isCounted || size.isKnown && claims { continue }
      if claims, let claim = table.withName(of: position, Self.claim) {
        setSize(claim, of: position)
      } else if let size = try Self.count(position, of: table, in: maildir, counter) {
        setSize(size, of: position)
      } else {
        missedMessages = true
      }
    }
  }

  private mutating func setSize(_ size: MessageSize, of position: Int) {
    guard table.records[position].messageSize != size else { return }
    table.setSize(size, of: position)
    if origins?[position] != TableMerge.none { touched.append(UInt32(truncatingIfNeeded: position)) }
  }

  private static func claim(_ name: MessageName) -> MessageSize? {
    let sizes = name.claimedSizes
    return sizes.octets.flatMap { MessageSize.claim(octets: $0, bytes: sizes.bytes) }
  }

  /// Nil if the file is gone. One that can not be read is listed with its length on disk, so that a single bad file does
  /// not lock its owner out; opening it reports the error.
  private static func count(
    _ position: Int, of table: MessageTable, in maildir: borrowing OpenMaildir,
    _ counter: borrowing WireCounter
  ) throws(StoreError) -> MessageSize? {
    do {
      guard let file = try MessageFile(maildir, table, position) else { return nil }
      return try counter.size(of: file)
    } catch .exhausted(let failure) {
      throw .exhausted(failure)
    } catch {
      return status(of: position, in: table, maildir).map { .guess(bytes: UInt64(max($0.st_size, 0))) }
    }
  }

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
    guard origins != nil || previous == nil else { return }
    var end = 0
    for position in 0..<table.count where position >= end && isNew(position) {
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

  /// Gives what is new the unique ids and the order that another server gave it.
  ///
  /// - Parameter anew: also what is known: the scheme has changed.
  mutating func take(from list: ForeignList, anew: Bool) throws(StoreError) {
    guard anew || hasNews else { return }
    isAnew = anew
    var table = table
    var ids = PackedStrings()
    var templates = TemplateIndex(of: ids)
    var changes = [MessageTable.IDChange](repeating: .keep, count: table.count)
    var ranks = [UInt64](repeating: .max, count: table.count)
    let wanted = wantedNames(anew)
    func isWanted(_ name: MessageName) -> Bool { wanted?.contains(XXHash.hash(name.base)) ?? true }
    try list.forEach(where: isWanted) { entry in
      guard let position = Self.position(of: entry.name, in: table), anew || isNew(position) else { return }
      ranks[position] = entry.rank
      if UniqueID.with(base: entry.name.base, copy: nil, { $0.elementsEqual(entry.id) }) {
        changes[position] = .remove
      } else if UniqueID.isSendable(entry.id) {
        changes[position] = .set(UInt32(truncatingIfNeeded: ids.bytes.count))
        ids.append(entry.id, &templates)
      }
      if !table.records[position].messageSize.isKnown, let octets = entry.octets,
        let claim = MessageSize.claim(octets: octets, bytes: entry.bytes)
      {
        table.setSize(claim, of: position)
      }
    }
    self.table = table.changingIDs(changes, ids)
    self.ranks = ranks
  }

  /// Hashes of the base names of what is new, if that is little: most lines of the list are of no interest then.
  private func wantedNames(_ anew: Bool) -> Set<UInt64>? {
    let new = (0..<table.count).lazy.filter(isNew)
    guard !anew, new.prefix(table.count / 8 + 1).count <= table.count / 8 else { return nil }
    return Set(new.map { position in table.withName(of: position) { XXHash.hash($0.base) } })
  }

  private static func position(of name: MessageName, in table: MessageTable) -> Int? {
    table.positions(of: name).first { !table.records[$0].flags.contains(.copy) }
  }

  /// No two messages have the same id: who has it keeps it, and of those that are new the later ones get other ids.
  mutating func separateIDs() {
    guard isAnew || hasNews, table.records.contains(where: { $0.flags.contains(.assigned) }) else { return }
    let table = table
    func hash(_ position: Int) -> UInt64 { table.withUIDL(of: position) { XXHash.hash($0) } }
    let new = (0..<table.count).filter { isAnew || isNew($0) }
    let candidates = Set(new.map(hash))
    /// Of the known ids those that new ones might be.
    func known(among ids: Set<UInt64>) -> Set<UInt64> {
      var known: Set<UInt64> = []
      if isAnew || new.count == table.count { return known }
      for position in 0..<table.count where !isNew(position) {
        let id = hash(position)
        if ids.contains(id) { known.insert(id) }
      }
      return known
    }
    var taken = known(among: candidates)
    if taken.isEmpty, candidates.count == new.count { return }
    var changes = [MessageTable.IDChange](repeating: .keep, count: table.count)
    var refused: [Int] = []
    // What another server gave comes before what is made of a name.
    for isAssigned in [true, false] {
      for position in new where table.records[position].flags.contains(.assigned) == isAssigned {
        guard !taken.insert(hash(position)).inserted else { continue }
        changes[position] = .remove
        refused.append(position)
      }
    }
    guard !refused.isEmpty else { return }
    self.table = table.changingIDs(changes, PackedStrings())
    let others = Set(refused.map { self.table.withUIDL(of: $0) { XXHash.hash($0) } })
    taken.formUnion(known(among: others))
    for position in refused {
      let id = self.table.withUIDL(of: position) { XXHash.hash($0) }
      if !taken.insert(id).inserted { self.table.setFlag(.copy, of: position, to: true) }
    }
  }

  /// Known messages stay in their order; those that are new come behind them, as the other server's list has them, and
  /// behind these what it does not know, by time of delivery.
  ///
  /// - Parameter scheme: one of another server's keeps that order; ocean's own is by time of delivery, unless the mailbox
  ///   came from another server.
  private func order(_ scheme: UIDLScheme) -> [UInt32]? {
    guard scheme != .ocean || previous.map({ $0.scheme != scheme.identity }) ?? false else { return nil }
    if origins == nil, !isAnew, let previous { return previous.order }
    var order: [UInt32] = []
    order.reserveCapacity(table.count)
    if !isAnew, let previous {
      var positions = [UInt32](repeating: TableMerge.none, count: previous.count)
      for position in 0..<table.count {
        let origin = origins?[position] ?? TableMerge.none
        if origin != TableMerge.none { positions[Int(origin)] = UInt32(truncatingIfNeeded: position) }
      }
      for index in 0..<previous.count {
        let position = positions[previous.position(of: index)]
        if position != TableMerge.none { order.append(position) }
      }
    }
    let new = (0..<table.count).filter { isAnew || isNew($0) }
    let sorted = ranks.isEmpty ? new : new.sorted { (ranks[$0], $0) < (ranks[$1], $1) }
    order.append(contentsOf: sorted.lazy.map { UInt32(truncatingIfNeeded: $0) })
    return order
  }

  func finish(_ scheme: UIDLScheme) -> (Snapshot, SnapshotChanges) {
    let changes = changes()
    let snapshot = Snapshot(
      table: table, order: order(scheme), state: state,
      // Back to ocean's own: what came from the other server stays.
      scheme: scheme == .ocean ? previous?.scheme ?? scheme.identity : scheme.identity, saved: nil)
    return (snapshot, changes)
  }

  private func changes() -> SnapshotChanges {
    guard let previous, !isAnew else { return SnapshotChanges(isEverything: true) }
    // In the order of messages, which the index keeps.
    var put = touched.map { Int($0) }
    if !ranks.isEmpty { put.sort { (ranks[$0], $0) < (ranks[$1], $1) } }
    guard let origins else { return SnapshotChanges(put: put) }
    var isKept = [Bool](repeating: false, count: previous.count)
    for (position, origin) in origins.enumerated() where origin != TableMerge.none {
      let isSame = previous.table.records[Int(origin)].inode == table.records[position].inode
      if isSame { isKept[Int(origin)] = true }
    }
    let dropped = isKept.indices.filter { !isKept[$0] }
    if put.count + dropped.count > table.count / 2 + 64 { return SnapshotChanges(isEverything: true) }
    return SnapshotChanges(put: put, dropped: dropped)
  }
}
