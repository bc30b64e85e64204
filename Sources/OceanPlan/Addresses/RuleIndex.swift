/// Which rule decides for each number: prefixes flattened to disjoint ranges, found by position.
///
/// Prefixes nest or are disjoint, so that sorting them and one pass with a stack of the open ones gives the places at
/// which the deciding rule changes. A lookup takes two steps, as in DXR (Zec, Rizzo, Mikuc: "DXR: Towards a Billion
/// Routing Lookups per Second in Software", 2012): a direct table of equal slots leads to the change in force at the
/// slot's start, and how many of the next few changes lie before the number is counted without a branch, so that
/// the processor overlaps the cache misses of independent lookups. The slots span just the numbers between which
/// anything changes: a small or clustered set has few. Where changes crowd in a slot, a search takes over that is
/// logarithmic in the distance.
struct RuleIndex<Word: AddressWord>: Sendable {
  /// From `start` up to the next change, `rule` decides.
  private struct Change: Sendable {
    let start: Word
    let rule: UInt32
  }

  /// Stands for "no rule".
  private static var none: UInt32 { .max }

  /// All prefixes by first number, then larger ones first, then as listed.
  private let prefixes: ContiguousArray<RuleRange<Word>>
  /// The first starts at zero; no two neighbours have the same rule. Behind them `reach` copies of the last, starting
  /// at the greatest number, spare the lookup a check for the end.
  private let changes: ContiguousArray<Change>
  /// For each slot the index of the change in force at its start.
  private let slots: ContiguousArray<UInt32>
  /// Slot 0 starts here, though numbers below are looked up in it too.
  private let base: Word
  /// The start of the last change less `base`.
  private let span: Word
  /// Log2 of the numbers in a slot.
  private let shift: Word

  /// How many changes a lookup counts: a cache line of them for IPv4. Evenly spread, a slot has two to four.
  private static var reach: Int { 8 }

  init(_ rules: ContiguousArray<RuleRange<Word>>) {
    prefixes = Self.sortedPrefixes(rules)
    var changes = Self.flatten(prefixes)
    let last = changes[changes.count - 1]
    let base = changes.count > 1 ? changes[1].start : 0
    let span = last.start - base
    let mostSlots = Word(clamping: max(1, changes.count / 2))
    var shift: Word = 0
    while span >> shift >= mostSlots, shift < Word.bitWidth - 1 { shift += 1 }
    self.base = base
    self.span = span
    self.shift = shift

    // Numbers below `base` are looked up in slot 0, so that it leads to the first change of all.
    var slots: ContiguousArray<UInt32> = [0]
    slots.reserveCapacity(Int(span >> shift) + 1)
    var change = 0
    for slot in 0..<Int(span >> shift) {
      let start = base + Word(slot + 1) << shift
      while change + 1 < changes.count, changes[change + 1].start <= start { change += 1 }
      slots.append(UInt32(truncatingIfNeeded: change))
    }
    self.slots = slots
    for _ in 0..<Self.reach { changes.append(Change(start: .max, rule: last.rule)) }
    self.changes = changes
  }

  private static func sortedPrefixes(
    _ rules: ContiguousArray<RuleRange<Word>>
  ) -> ContiguousArray<RuleRange<Word>> {
    var prefixes: ContiguousArray<RuleRange<Word>> = []
    prefixes.reserveCapacity(rules.count)
    for rule in rules {
      for block in Blocks(rule.first, rule.last) {
        prefixes.append(RuleRange(first: block.first, last: block.last, rule: rule.rule))
      }
    }
    prefixes.sort { ($0.first, $1.last, $0.rule) < ($1.first, $0.last, $1.rule) }
    return prefixes
  }

  private static func flatten(_ prefixes: ContiguousArray<RuleRange<Word>>) -> ContiguousArray<Change> {
    var changes: ContiguousArray<Change> = []
    changes.reserveCapacity(2 * prefixes.count + 1 + reach)
    changes.append(Change(start: 0, rule: none))
    // The prefixes around the current position, innermost last.
    var open: [RuleRange<Word>] = []

    func decide(from start: Word, _ rule: UInt32) {
      if changes.last?.start == start { changes.removeLast() }
      if changes.last?.rule != rule { changes.append(Change(start: start, rule: rule)) }
    }

    for prefix in prefixes {
      while let inner = open.last, inner.last < prefix.first {
        open.removeLast()
        decide(from: inner.last + 1, open.last?.rule ?? none)
      }
      // Of equal prefixes the first listed decides.
      if let inner = open.last, inner.first == prefix.first, inner.last == prefix.last { continue }
      decide(from: prefix.first, prefix.rule)
      open.append(prefix)
    }
    while let inner = open.popLast(), inner.last < .max {
      decide(from: inner.last + 1, open.last?.rule ?? none)
    }
    return changes
  }

  /// The rule of the most specific prefix that holds `number`.
  @inline(__always)
  func rule(for number: Word) -> UInt32? {
    let slot = Int(truncatingIfNeeded: min(max(number, base) &- base, span) &>> shift)
    // Every index here is in bounds for any number, by what `init` built.
    let first = Int(slots.span[unchecked: slot])
    let changes = changes.span
    func counts(_ ahead: Int) -> Int { changes[unchecked: first &+ ahead].start <= number ? 1 : 0 }
    // A loop would come out with a branch for each.
    let before =
      (counts(1) &+ counts(2)) &+ (counts(3) &+ counts(4)) &+ (counts(5) &+ counts(6))
      &+ (counts(7) &+ counts(Self.reach))
    let index = before < Self.reach ? first &+ before : crowdedIndex(of: number, from: first &+ before)
    let rule = changes[unchecked: index].rule
    return rule == Self.none ? nil : rule
  }

  /// The last change up to `number`, searched in ever wider steps from one that is.
  @inline(never)
  private func crowdedIndex(of number: Word, from first: Int) -> Int {
    var low = first
    var step = 1
    while low + step < changes.count, changes[low + step].start <= number {
      low += step
      step *= 2
    }
    var high = min(low + step, changes.count)
    while low + 1 < high {
      let middle = (low + high) / 2
      if changes[middle].start <= number { low = middle } else { high = middle }
    }
    return low
  }

  /// Every prefix that holds `number`, with its rule: most specific first, equal ones as listed.
  func matches(_ number: Word) -> [(prefix: IPPrefix, rule: UInt32)] {
    var matches: [(prefix: IPPrefix, rule: UInt32)] = []
    for hostBits in 0...Word.bitWidth {
      let mask = Block<Word>.hostMask(hostBits)
      let block = Block(first: number & ~mask, hostBits: hostBits)
      var index = firstIndex(of: block)
      while index < prefixes.count, prefixes[index].first == block.first, prefixes[index].last == block.last {
        matches.append((block.prefix, prefixes[index].rule))
        index += 1
      }
    }
    return matches
  }

  /// Where in `prefixes` a block is or would be.
  private func firstIndex(of block: Block<Word>) -> Int {
    var low = 0
    var high = prefixes.count
    while low < high {
      let middle = (low + high) / 2
      let prefix = prefixes[middle]
      if (prefix.first, block.last) < (block.first, prefix.last) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Everything some rule decides; linear.
  var decided: IntervalSet<Word> {
    let changes = changes.dropLast(Self.reach)
    return IntervalSet(
      ascending: changes.indices.lazy.filter { changes[$0].rule != Self.none }.map { index in
        changes[index].start...(index + 1 < changes.endIndex ? changes[index + 1].start - 1 : .max)
      })
  }
}
