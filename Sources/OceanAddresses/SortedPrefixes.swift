/// All CIDR blocks of the rules, by first number, then larger ones first, then as listed.
struct SortedPrefixes<Word: AddressWord>: Sendable {
  /// A block and its rule. It is smaller than a range, because there is one for every block of a list.
  private struct Element: Sendable {
    let first: Word
    let rule: UInt32
    let hostBits: UInt8

    var block: Block<Word> { Block(first: first, hostBits: Int(hostBits)) }
  }

  private let elements: ContiguousArray<Element>

  init(_ rules: ContiguousArray<RuleRange<Word>>) {
    var elements: ContiguousArray<Element> = []
    elements.reserveCapacity(rules.count)
    for rule in rules {
      for block in Blocks(rule.first, rule.last) {
        let hostBits = UInt8(truncatingIfNeeded: block.hostBits)
        elements.append(Element(first: block.first, rule: rule.rule, hostBits: hostBits))
      }
    }
    // They are in the order of their rules.
    elements.sort(byWord: { UInt32(UInt8.max - $0.hostBits) }) { $0.hostBits > $1.hostBits }
    elements.sort(byWord: { $0.first }) {
      ($0.first, $1.hostBits, $0.rule) < ($1.first, $0.hostBits, $1.rule)
    }
    self.elements = elements
  }

  /// The points at which the deciding rule changes.
  ///
  /// Prefixes nest or are disjoint, so one pass with a stack of the open ones gives these points.
  var changes: ContiguousArray<RuleChange<Word>> {
    var changes: ContiguousArray<RuleChange<Word>> = []
    changes.reserveCapacity(2 * elements.count + 1)
    changes.append(RuleChange(start: 0, rule: nil))
    // The prefixes around the current position, innermost last.
    var open: [(last: Word, hostBits: UInt8, rule: UInt32)] = []

    func decide(from start: Word, _ rule: UInt32?) {
      if changes.last?.start == start { changes.removeLast() }
      if let last = changes.last, last.rule == rule { return }
      changes.append(RuleChange(start: start, rule: rule))
    }

    for element in elements {
      while let inner = open.last, inner.last < element.first {
        open.removeLast()
        decide(from: inner.last + 1, open.last?.rule)
      }
      // The first listed of equal prefixes decides.
      if let inner = open.last, inner.hostBits == element.hostBits { continue }
      decide(from: element.first, element.rule)
      open.append((element.block.last, element.hostBits, element.rule))
    }
    while let inner = open.popLast(), inner.last < .max {
      decide(from: inner.last + 1, open.last?.rule)
    }
    return changes
  }

  /// Every prefix that holds `number`, with its rule: most specific first, equal ones as listed.
  func matches(_ number: Word) -> [(prefix: IPPrefix, rule: UInt32)] {
    var matches: [(prefix: IPPrefix, rule: UInt32)] = []
    for hostBits in 0...Word.bitWidth {
      let block = Block(first: number & ~Block<Word>.hostMask(hostBits), hostBits: hostBits)
      var index = firstIndex(of: block)
      while index < elements.count, elements[index].block == block {
        matches.append((block.prefix, elements[index].rule))
        index += 1
      }
    }
    return matches
  }

  /// The place where a block is or would be.
  private func firstIndex(of block: Block<Word>) -> Int {
    var low = 0
    var high = elements.count
    while low < high {
      let middle = (low + high) / 2
      let other = elements[middle].block
      if (other.first, block.hostBits) < (block.first, other.hostBits) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  /// All numbers of the blocks; linear.
  var union: IntervalSet<Word> {
    IntervalSet(ascending: elements.lazy.map { $0.first...$0.block.last })
  }
}

/// A change of the deciding rule: `rule` decides from `start` up to the next change; nil means that no rule
/// does.
struct RuleChange<Word: AddressWord> {
  let start: Word
  private let code: UInt32

  var rule: UInt32? { code == .max ? nil : code }

  init(start: Word, rule: UInt32?) {
    self.start = start
    code = rule ?? .max
  }
}
