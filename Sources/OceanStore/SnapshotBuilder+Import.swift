extension SnapshotBuilder {
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
  func order(_ scheme: UIDLScheme) -> [UInt32]? {
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
}
