extension SnapshotBuilder {
  /// Gives new messages the unique ids and the order that another server gave them.
  ///
  /// - Parameters:
  ///   - anew: whether known messages get them too, because the scheme has changed.
  ///   - cancellation: ends it.
  mutating func take(
    from list: ForeignList, in maildir: borrowing OpenMaildir, anew: Bool, _ cancellation: Cancellation? = nil
  ) throws(StoreError) {
    isAnew = anew
    let new = newPositions
    guard !new.isEmpty else { return }
    var ids = ForeignIDs(count: new.count)
    var ranks = [UInt64](repeating: .max, count: new.count)
    let wanted = wantedNames(new)
    func isWanted(_ name: MessageName) -> Bool { wanted?.mayContain(XXHash.hash(name.base)) ?? true }
    var originals: [Int: Int?] = [:]
    let names = new.count <= Self.fewNames ? new.map { table.withName(of: $0) { Array($0.base) } } : nil
    try list.forEach(in: maildir, named: names, cancellation, where: isWanted) { entry in
      guard let position = position(of: entry.name, &originals), let place = new.place(of: position) else {
        return
      }
      ranks[place] = entry.rank
      if UniqueID.with(base: entry.name.base, copy: nil, { $0.elementsEqual(entry.id) }) {
        ids.set(nil, at: place)
      } else if UniqueID.isSendable(entry.id) {
        ids.set(entry.id, at: place)
      }
      if !table.records[position].messageSize.isKnown, let octets = entry.octets,
        let claim = claim(octets, entry.bytes, of: position, in: maildir)
      {
        table.setSize(claim, of: position)
      }
    }
    self.ranks = ranks
    table.changeIDs(ids.changes, of: new, ids.strings)
  }

  /// Up to so many names are searched for in the list, one after the other. For each name, that takes a
  /// hundredth of the time it takes to look at every line.
  static let fewNames = 32

  /// The base names of the new messages, if these are few: most lines of the list are then of no interest.
  private func wantedNames(_ new: Positions) -> HashFilter? {
    guard new.count <= table.count / 8 else { return nil }
    var filter = HashFilter(count: new.count)
    for position in new { table.withName(of: position) { filter.insert(XXHash.hash($0.base)) } }
    return filter
  }

  /// The message that has the id made of that base name.
  ///
  /// - Parameter originals: results of earlier searches for names whose first message is a copy, by the
  ///   position of that first message.
  private func position(of name: MessageName, _ originals: inout [Int: Int?]) -> Int? {
    let first = table.lowerBound(of: name, 0)
    func isOfName(_ position: Int) -> Bool {
      position < table.count && table.withName(of: position) { $0.isSameMessage(as: name) }
    }
    func isCopy(_ position: Int) -> Bool { table.records[position].flags.contains(.copy) }
    guard isOfName(first) else { return nil }
    if !isCopy(first) { return first }
    if let known = originals[first] { return known }
    var position = first + 1
    while isOfName(position), isCopy(position) { position += 1 }
    let original = isOfName(position) ? position : nil
    originals[first] = .some(original)
    return original
  }

  /// Ensures that no two messages have the same id: a message that already has an id keeps it, and of the new
  /// messages the later ones get other ids.
  mutating func separateIDs() {
    let new = newPositions
    guard !new.isEmpty, table.records.contains(where: { $0.flags.contains(.assigned) }) else { return }
    // Sorted: a set would take several times the memory.
    var ids = new.map(hash)
    ids.sort()
    var taken = known(among: ids)
    let contested = zip(ids, ids.dropFirst()).reduce(into: taken) { if $1.0 == $1.1 { $0.insert($1.0) } }
    guard !contested.isEmpty else { return }
    hasContestedIDs = true
    var changes = [MessageTable.IDChange](repeating: .keep, count: new.count)
    var refused: [Int] = []
    // Ids that another server gave come before ids that are made of a name.
    for isAssigned in [true, false] {
      for (place, position) in new.enumerated()
      where table.records[position].flags.contains(.assigned) == isAssigned {
        let id = hash(position)
        guard contested.contains(id), !taken.insert(id).inserted else { continue }
        changes[place] = .remove
        refused.append(position)
      }
    }
    table.changeIDs(changes, of: new, PackedStrings())
    let others = refused.map(hash).sorted()
    taken.formUnion(known(among: others))
    taken.formUnion(others.filter { ids.sortedIndex(of: $0) != nil })
    for position in refused where !taken.insert(hash(position)).inserted {
      table.setFlag(.copy, of: position, to: true)
    }
  }

  private func hash(_ position: Int) -> UInt64 { table.withUIDL(of: position) { XXHash.hash($0) } }

  /// The known messages' ids that new messages might have as well.
  ///
  /// - Parameter ids: sorted.
  private func known(among ids: [UInt64]) -> Set<UInt64> {
    guard newPositions.count < table.count else { return [] }
    var filter = HashFilter(count: ids.count)
    for id in ids { filter.insert(id) }
    var known: Set<UInt64> = []
    for position in 0..<table.count where !isNew(position) {
      let id = hash(position)
      if filter.mayContain(id), ids.sortedIndex(of: id) != nil { known.insert(id) }
    }
    return known
  }

  /// The order of messages. Known messages keep their order. New messages come behind them, in the order of
  /// the other server's list; behind these come messages that the list does not have, by time of delivery.
  ///
  /// - Parameter scheme: another server's scheme keeps that order; ocean's own is by time of delivery, unless
  ///   the mailbox came from another server.
  func order(_ scheme: UIDLScheme) -> [UInt32]? {
    guard scheme != .ocean || previous.map({ $0.scheme != scheme.identity }) ?? false else { return nil }
    if origins == nil, !isAnew, let previous { return previous.order }
    var order: [UInt32] = []
    if !isAnew, let previous, let kept = origins?.kept {
      // No message went, and the new ones are behind the rest.
      if previous.order == nil, zip(ranks, ranks.dropFirst()).allSatisfy(<=) { return nil }
      order = previous.order ?? (0..<kept).map { UInt32(truncatingIfNeeded: $0) }
    } else if !isAnew, let previous {
      order.reserveCapacity(table.count)
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
    let new = newPositions
    var places = new.indices.map { UInt32(truncatingIfNeeded: $0) }
    if !ranks.isEmpty { places.sort { (ranks[Int($0)], $0) < (ranks[Int($1)], $1) } }
    order.append(contentsOf: places.lazy.map { UInt32(truncatingIfNeeded: new[Int($0)]) })
    return order
  }
}
