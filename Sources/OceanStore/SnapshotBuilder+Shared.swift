/// The messages of a Maildir that other hosts serve as well, about which `ocean-ids` is asked.
struct SharedMessages {
  /// Their positions, in order.
  let positions: [UInt32]
  /// Those whose ids are in the file.
  var recorded: Set<Int> = []
}

extension SnapshotBuilder {
  private struct Record {
    let scheme: UInt64
    let inode: UInt64
    let id: [UInt8]
  }

  /// Gives messages the ids under which another host has shown them. These come before all others, also before those that
  /// only this host knows.
  ///
  /// - Parameters:
  ///   - scheme: whose ids are wanted. Where its list gives an id, ids of other schemes do not count; where it does not, and
  ///     with ocean's own scheme, messages keep what they have.
  ///   - isAll: whether known messages may have ids that no other host has learned of.
  /// - Throws: like `ForeignList.forEach`.
  mutating func takeShared(
    in maildir: borrowing OpenMaildir, _ scheme: UIDLScheme, isAll: Bool, _ cancellation: Cancellation?
  ) throws(StoreError) {
    var messages = SharedMessages(
      positions: isAll || isAnew ? Array(0..<UInt32(truncatingIfNeeded: table.count)) : withCopies)
    defer { shared = messages }
    guard !messages.positions.isEmpty else { return }
    let records = try records(of: messages, in: maildir, scheme, cancellation)
    let positions = Positions(messages.positions)
    var ids = ForeignIDs(count: positions.count)
    for (first, records) in records {
      let group = group(of: first)
      let inodes = Set(group.map { table.records[$0].inode })
      let byInode = Dictionary(records.map { ($0.inode, $0) }, uniquingKeysWith: { first, _ in first })
      var used: Set<[UInt8]> = []
      for position in group {
        guard let record = byInode[table.records[position].inode] else { continue }
        take(record.id, for: position, at: positions.place(of: position), &ids)
        if scheme == .ocean || record.scheme == scheme.identity { messages.recorded.insert(position) }
        used.insert(record.id)
      }
      // A file that was put back from a backup is the same message, and has another inode. The id of a copy is its own.
      let free = records.filter { record in
        !inodes.contains(record.inode) && record.id != copyID(of: first, record.inode)
      }.map(\.id)
      let rest = group.filter { byInode[table.records[$0].inode] == nil }
      let new = rest.filter(isNew)
      func isCopy(_ position: Int) -> Bool { table.records[position].flags.contains(.copy) }
      for position in rest.filter({ !isNew($0) }) + new.filter({ !isCopy($0) }) + new.filter(isCopy) {
        let own = table.withUIDL(of: position) { Array($0) }
        let known = isNew(position) ? free.first { !used.contains($0) } : nil
        let id = known ?? (used.contains(own) ? copyID(of: position, table.records[position].inode) : own)
        take(id, for: position, at: positions.place(of: position), &ids)
        used.insert(id)
      }
    }
    table.changeIDs(ids.changes, of: positions, ids.strings)
  }

  /// The lines for the messages whose ids other hosts would not make, or not certainly.
  ///
  /// - Precondition: `takeShared` was called, and all ids are as they will be shown.
  func sharedLines(_ scheme: UIDLScheme) -> [UInt8] {
    guard let shared else { return [] }
    let identity = identity(scheme)
    var lines: [UInt8] = []
    for position in shared.positions.lazy.map({ Int($0) }) where !shared.recorded.contains(position) {
      guard identity != UIDLScheme.ocean.identity || !isNamedByBase(position) || group(of: position).count > 1
      else {
        continue
      }
      lines += table.withName(of: position) { name in
        table.withUIDL(of: position) { id in
          SharedIDs.line(scheme: identity, inode: table.records[position].inode, id: id, base: name.base)
        }
      }
    }
    return lines
  }

  /// The new files, and those that have the base name of one.
  private var withCopies: [UInt32] {
    var positions: [UInt32] = []
    for position in newFiles where positions.last.map({ $0 < position }) ?? true {
      positions += group(of: Int(position)).map { UInt32(truncatingIfNeeded: $0) }
    }
    return positions
  }

  /// The messages with the base name of one of them.
  private func group(of position: Int) -> Range<Int> {
    table.withName(of: position) { table.positions(of: $0) }
  }

  /// Whether the id is the one that is made of the base name.
  private func isNamedByBase(_ position: Int) -> Bool {
    table.records[position].flags.isDisjoint(with: [.copy, .assigned])
  }

  /// The id of a file that has a message's base name and is a copy.
  private func copyID(of position: Int, _ inode: UInt64) -> [UInt8] {
    table.withName(of: position) { UniqueID.with(base: $0.base, copy: inode) { Array($0) } }
  }

  /// How many lines there may be about the files of some names, beside 16 for each message: files come and go.
  private static let maxRecords = 10_000

  /// What the file says, by the first message of each base name.
  private func records(
    of messages: SharedMessages, in maildir: borrowing OpenMaildir, _ scheme: UIDLScheme,
    _ cancellation: Cancellation?
  ) throws(StoreError) -> [Int: [Record]] {
    maildir.lookAnew()
    let maxRecords = Self.maxRecords + 16 * messages.positions.count
    var filter = HashFilter(count: messages.positions.count)
    for position in messages.positions {
      table.withName(of: Int(position)) { filter.insert(XXHash.hash($0.base)) }
    }
    let names =
      messages.positions.count > Self.fewNames
      ? nil : messages.positions.map { table.withName(of: Int($0)) { SharedIDs.escaped($0.base) } }
    var records: [Int: [Record]] = [:]
    var count = 0
    try SharedIDs.list.forEach(
      in: maildir, named: names, cancellation, where: { filter.mayContain(XXHash.hash($0.base)) }
    ) { entry in
      guard count <= maxRecords, let first = table.positions(of: entry.name).first, let inode = entry.inode,
        let scheme = entry.scheme
      else { return }
      count += 1
      records[first, default: []].append(Record(scheme: scheme, inode: inode, id: Array(entry.id)))
    }
    // Nobody has shown so many files of these names: it is not a server's.
    guard count <= maxRecords else { throw .badList(path: "\(maildir.path)/\(SharedIDs.list.name)") }
    for (first, all) in records {
      let own = all.filter { $0.scheme == scheme.identity }
      let isListed = group(of: first).contains(where: isListed)
      var valid =
        scheme != .ocean && (isListed || !own.isEmpty) ? own : all.filter { $0.scheme == all.last?.scheme }
      // An id that a later line gives to another file is that one's: the first file was gone, and its inode may be that of
      // a third one now.
      var owners: [[UInt8]: UInt64] = [:]
      for record in valid { owners[record.id] = record.inode }
      valid.removeAll { owners[$0.id] != $0.inode }
      records[first] = valid
    }
    return records
  }

  /// Whether the other server's list has just given a message its id.
  private func isListed(_ position: Int) -> Bool {
    guard !ranks.isEmpty, let place = newPositions.place(of: position) else { return false }
    return ranks[place] != .max
  }

  /// - Parameter place: the place among the ids; nil for a message that is not asked about.
  private mutating func take(_ id: [UInt8], for position: Int, at place: Int?, _ ids: inout ForeignIDs) {
    guard let place, !table.withUIDL(of: position, { $0.elementsEqual(id) }) else { return }
    let isCopy = id == copyID(of: position, table.records[position].inode)
    let isMade = table.withName(of: position) { name in
      UniqueID.with(base: name.base, copy: nil) { $0.elementsEqual(id) }
    }
    if isCopy || isMade {
      ids.set(nil, at: place)
    } else {
      id.withUnsafeBytes { ids.set($0, at: place) }
    }
    table.setFlag(.copy, of: position, to: isCopy)
    touch(position)
  }
}
