/// Makes the nodes of a `RuleTrie`: those of the root one after the other, then those below, level by level.
struct RuleTrieBuilder<Word: AddressWord> {
  private typealias Entry = RuleTrie<Word>.Entry

  /// The slots from `slot` up to the next run.
  private struct Run {
    let slot: Int
    /// The changes in the run, except one at its start. If it is empty, the change before decides throughout.
    var changes: Range<Int>
  }

  private let changes: ContiguousArray<RuleChange<Word>>
  /// The first change that is in no line yet.
  private var next = 1
  /// The runs of the current node.
  private var runs: [Run] = []
  /// The changes in every node below the root.
  private var pending: ContiguousArray<Range<Int>> = []
  /// The nodes below the root, those that are made already.
  private(set) var nodes: ContiguousArray<RuleTrie<Word>.Node> = []
  private(set) var entries: ContiguousArray<RuleTrie<Word>.Entry> = []

  /// - Parameter changes: in ascending order; the first is at zero.
  init(_ changes: ContiguousArray<RuleChange<Word>>) {
    self.changes = changes
  }

  /// The smallest block that contains all these changes, with no change at its start.
  func block(around range: Range<Int>) -> Block<Word> {
    guard !range.isEmpty else { return Block(first: 0, hostBits: 0) }
    let low = changes[range.lowerBound].start - 1
    let hostBits = Word.bitWidth - (low ^ changes[range.upperBound - 1].start).leadingZeroBitCount
    return Block(first: low & ~Block<Word>.hostMask(hostBits), hostBits: hostBits)
  }

  // MARK: - The root

  /// Makes the line for a block, which must follow the block of the call before.
  mutating func nextLine(_ block: Block<Word>) -> RuleTrie<Word>.Line {
    while next < changes.count, changes[next].start <= block.first { next += 1 }
    let low = next
    while next < changes.count, changes[next].start <= block.last { next += 1 }
    cut(block, low..<next)

    var line = RuleTrie<Word>.Line()
    // The last place is for the node with everything that does not fit.
    let room = line.entries.count - 1
    var count = 0
    var isFull = false
    for (index, run) in runs.enumerated() {
      let rule = rule(at: run.changes.lowerBound)
      var place = count
      if run.changes.isEmpty {
        place = (0..<count).first { line.entries[$0] == rule } ?? count
      }
      if place == room {
        if !isFull { line.entries[room] = node(low..<next) }
        isFull = true
      } else if place == count {
        line.entries[place] = run.changes.isEmpty ? rule : node(run.changes)
        count += 1
      }
      for slot in run.slot..<(index + 1 < runs.count ? runs[index + 1].slot : 64) {
        line.places[slot / 16] |= UInt64(place) << UInt64(slot % 16 * 4)
      }
    }
    return line
  }

  /// The rule that decides up to a change.
  private func rule(at change: Int) -> Entry {
    Entry(rule: changes[change - 1].rule)
  }

  private mutating func node(_ changes: Range<Int>) -> Entry {
    pending.append(changes)
    return Entry(node: pending.count - 1)
  }

  // MARK: - Below

  /// Makes all nodes below the lines made.
  mutating func buildNodes() {
    nodes.reserveCapacity(pending.count)
    // `pending` grows meanwhile.
    while nodes.count < pending.count {
      let range = pending[nodes.count]
      let block = block(around: range)
      cut(block, range)
      var node = RuleTrie<Word>.Node(
        first: block.first, shift: UInt32(max(0, block.hostBits - 6)),
        starts: runs.reduce(0) { $0 | 1 << UInt64($1.slot) },
        others: UInt32(truncatingIfNeeded: entries.count))
      for (index, run) in runs.enumerated() {
        let entry = run.changes.isEmpty ? rule(at: run.changes.lowerBound) : self.node(run.changes)
        if index < node.entries.count { node.entries[index] = entry } else { entries.append(entry) }
      }
      nodes.append(node)
    }
  }

  /// Finds the runs of a block's 64 slots, or of fewer if the block has fewer numbers.
  ///
  /// - Parameter range: the changes in the block, except one at its start.
  private mutating func cut(_ block: Block<Word>, _ range: Range<Int>) {
    let hostBits = max(0, block.hostBits - 6)
    runs.removeAll(keepingCapacity: true)
    var run = Run(slot: 0, changes: range.lowerBound..<range.lowerBound)
    for index in range {
      let offset = changes[index].start - block.first
      let slot = Int(offset >> Word(hostBits))
      if slot > run.slot {
        end(run, at: slot, index)
        run = Run(slot: slot, changes: index..<index)
      }
      let isStart = offset & Block<Word>.hostMask(hostBits) == 0
      run.changes = (isStart ? index + 1 : run.changes.lowerBound)..<(index + 1)
    }
    end(run, at: 64, range.upperBound)
  }

  /// Appends a run, and another for the slots between it and the next if it has changes: its node would
  /// answer for those as well, but takes longer.
  private mutating func end(_ run: Run, at slot: Int, _ change: Int) {
    runs.append(run)
    if !run.changes.isEmpty, run.slot + 1 < slot {
      runs.append(Run(slot: run.slot + 1, changes: change..<change))
    }
  }
}
