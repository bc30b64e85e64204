/// A rule that could go without changing which addresses are matched.
package struct CoveredRule: Sendable, Hashable {
  package let rule: UInt32
  /// The fewest rules that together match all it matches, by first address; none of them is covered itself.
  package let by: ArraySlice<UInt32>
}

extension AddressRules {
  /// The rules that others cover, alone or together, by number.
  ///
  /// All of them could go at once: of rules that cover each other, those listed first stay. Every range counts as
  /// one rule. O(n log n) in all, however many rules cover each other.
  package func covered() -> [CoveredRule] {
    (Self.covered(v4) + Self.covered(v6)).sorted { $0.rule < $1.rule }
  }

  private static func covered<Word>(_ rules: ContiguousArray<RuleRange<Word>>) -> [CoveredRule] {
    let removed = redundant(rules)
    if removed.isEmpty { return [] }
    var isRemoved = [Bool](repeating: false, count: rules.count)
    for index in removed { isRemoved[index] = true }
    // None of those that stay is covered by others, so that sorted by their starts they are sorted by their ends
    // too, and the fewest that cover a range are neighbours.
    let kept = rules.indices.filter { !isRemoved[$0] }.sorted { rules[$0].first < rules[$1].first }
    let keptRules = kept.map { rules[$0].rule }
    return removed.map { index in
      let rule = rules[index]
      // From the last that starts early enough to the first that ends late enough; one alone may do both, and then
      // it may be the earlier of two that do.
      let start = kept.partitioningIndex { rules[$0].first > rule.first } - 1
      let end = kept.partitioningIndex { rules[$0].last >= rule.last }
      return CoveredRule(rule: rule.rule, by: keptRules[min(start, end)...end])
    }
  }

  /// The indices of the rules to remove, the last listed first wherever there is a choice.
  private static func redundant<Word>(_ rules: ContiguousArray<RuleRange<Word>>) -> [Int] {
    // The number line is cut where any rule starts or ends; `depth` is how many rules lie over each piece.
    var cuts = ContiguousArray(rules.lazy.map(\.first))
    cuts.append(contentsOf: rules.lazy.filter { $0.last < .max }.map { $0.last + 1 })
    cuts.sort()
    cuts.removeRepeated()
    let pieces = rules.map { rule in
      let start = cuts.partitioningIndex { $0 >= rule.first }
      return start..<(rule.last == .max ? cuts.count : cuts.partitioningIndex { $0 > rule.last })
    }
    var change = [Int32](repeating: 0, count: cuts.count + 1)
    for range in pieces {
      change[range.lowerBound] += 1
      change[range.upperBound] -= 1
    }
    var depth: [Int32] = []
    depth.reserveCapacity(cuts.count)
    // How many of the pieces before have one rule only, for good: its rule stays.
    var lonelyBefore: [Int32] = [0]
    lonelyBefore.reserveCapacity(cuts.count + 1)
    for index in cuts.indices {
      depth.append((depth.last ?? 0) + change[index])
      lonelyBefore.append(lonelyBefore[index] + (depth[index] == 1 ? 1 : 0))
    }
    let candidates = rules.indices.filter {
      lonelyBefore[pieces[$0].lowerBound] == lonelyBefore[pieces[$0].upperBound]
    }
    if candidates.isEmpty { return [] }
    var depths = MinimumTree(depth)
    return candidates.reversed().filter { index in
      guard depths.minimum(in: pieces[index]) > 1 else { return false }
      depths.decrement(pieces[index])
      return true
    }
  }
}

extension RandomAccessCollection where Index == Int {
  /// The first index whose element satisfies a predicate that holds from some element on, or `endIndex`.
  fileprivate func partitioningIndex(_ holds: (Element) -> Bool) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

extension ContiguousArray where Element: Equatable {
  /// Leaves one of each run of equal elements.
  fileprivate mutating func removeRepeated() {
    var kept = 0
    for index in indices where index == 0 || self[index] != self[kept - 1] {
      self[kept] = self[index]
      kept += 1
    }
    removeSubrange(kept...)
  }
}
