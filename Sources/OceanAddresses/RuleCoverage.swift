/// A rule that could go without changing which addresses are matched.
package struct CoveredRule: Sendable, Hashable {
  package let rule: UInt32
  /// Rules that together match everything this rule matches, by first address. Each is needed and not covered
  /// itself. At most `maxShown` of them are listed.
  package let by: [UInt32]
  /// Whether there are more than `by` lists.
  package let isByMore: Bool

  package static let maxShown = 16
}

extension AddressRules {
  /// The rules that others cover, alone or together, by number.
  ///
  /// All of them could go at once, or any of them alone: of rules that cover each other, those listed first
  /// stay. Ranges with one number are one rule; they must be disjoint. O(n log n) in all, however many rules
  /// cover each other.
  package func covered() -> [CoveredRule] {
    var (four, six) = (Overlaps(v4), Overlaps(v6))
    guard four.hasCandidates || six.hasCandidates else { return [] }
    var removed: [(four: Range<Int>, six: Range<Int>)] = []
    // Wherever there is a choice, the order is from the last listed to the first.
    var (end4, end6) = (v4.count, v6.count)
    while end4 > 0 || end6 > 0 {
      let last4 = end4 > 0 ? v4[end4 - 1].rule : nil
      let last6 = end6 > 0 ? v6[end6 - 1].rule : nil
      let rule = max(last4 ?? 0, last6 ?? 0)
      let run4 = Self.run(of: rule, before: end4, in: v4)
      let run6 = Self.run(of: rule, before: end6, in: v6)
      (end4, end6) = (run4.lowerBound, run6.lowerBound)
      guard four.areCovered(run4), six.areCovered(run6) else { continue }
      four.remove(run4)
      six.remove(run6)
      removed.append((run4, run6))
    }
    if removed.isEmpty { return [] }
    let cover4 = Cover(v4, without: removed.map(\.four))
    let cover6 = Cover(v6, without: removed.map(\.six))
    return removed.reversed().map { four, six in
      var by: [UInt32] = []
      let isWhole = cover4.add(v4[four], to: &by) && cover6.add(v6[six], to: &by)
      return CoveredRule(rule: v4[four].first?.rule ?? v6[six].first?.rule ?? 0, by: by, isByMore: !isWhole)
    }
  }

  /// The ranges of a rule that end at this index.
  private static func run<Word>(
    of rule: UInt32, before end: Int, in rules: ContiguousArray<RuleRange<Word>>
  ) -> Range<Int> {
    var start = end
    while start > 0, rules[start - 1].rule == rule { start -= 1 }
    return start..<end
  }
}

/// Counts how many ranges lie over each part of the number line, while some of them are taken away.
private struct Overlaps<Word: AddressWord> {
  /// The part that each range lies over, in pieces.
  private let pieces: [Range<Int>]
  /// How many of the pieces before each one have only one range, for good: its rule stays.
  private let lonelyBefore: [Int32]
  private var depths: MinimumTree?

  init(_ rules: ContiguousArray<RuleRange<Word>>) {
    // The number line is cut where any range starts or ends.
    var cuts = ContiguousArray(rules.lazy.map(\.first))
    cuts.append(contentsOf: rules.lazy.filter { $0.last < .max }.map { $0.last + 1 })
    cuts.sort()
    cuts.removeRepeated()
    pieces = rules.map { rule in
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
    var lonelyBefore: [Int32] = [0]
    lonelyBefore.reserveCapacity(cuts.count + 1)
    for index in cuts.indices {
      depth.append((depth.last ?? 0) + change[index])
      lonelyBefore.append(lonelyBefore[index] + (depth[index] == 1 ? 1 : 0))
    }
    self.lonelyBefore = lonelyBefore
    let isAnyShared = pieces.contains { lonelyBefore[$0.lowerBound] == lonelyBefore[$0.upperBound] }
    depths = isAnyShared ? MinimumTree(depth) : nil
  }

  /// Whether any range has others over all of it.
  var hasCandidates: Bool { depths != nil }

  /// Whether others lie over all of these ranges; true if there are no ranges.
  func areCovered(_ ranges: Range<Int>) -> Bool {
    ranges.allSatisfy { index in
      let range = pieces[index]
      guard let depths, lonelyBefore[range.lowerBound] == lonelyBefore[range.upperBound] else { return false }
      return depths.minimum(in: range) > 1
    }
  }

  mutating func remove(_ ranges: Range<Int>) {
    for index in ranges { depths?.decrement(pieces[index]) }
  }
}

/// The ranges that stay. They are asked which of them lie over another one.
private struct Cover<Word: AddressWord> {
  /// The ranges, by their starts.
  private let kept: [RuleRange<Word>]
  /// For each index, the index of the range up to it that ends last.
  private let farthest: [Int]

  init(_ rules: ContiguousArray<RuleRange<Word>>, without removed: [Range<Int>]) {
    var isRemoved = [Bool](repeating: false, count: rules.count)
    for index in removed.joined() { isRemoved[index] = true }
    let kept = rules.indices.filter { !isRemoved[$0] }.map { rules[$0] }
      .sorted { $0.first == $1.first ? $0.last > $1.last : $0.first < $1.first }
    var farthest: [Int] = []
    farthest.reserveCapacity(kept.count)
    for index in kept.indices {
      if let best = farthest.last, kept[best].last >= kept[index].last {
        farthest.append(best)
      } else {
        farthest.append(index)
      }
    }
    self.kept = kept
    self.farthest = farthest
  }

  /// Adds the fewest ranges that lie over each of some ranges; returns false if they are too many.
  func add(_ ranges: ArraySlice<RuleRange<Word>>, to by: inout [UInt32]) -> Bool {
    for range in ranges {
      var start = range.first
      while true {
        let place = kept.partitioningIndex { $0.first > start } - 1
        guard farthest.indices.contains(place) else { break }
        let best = kept[farthest[place]]
        if !by.contains(best.rule) {
          guard by.count < CoveredRule.maxShown else { return false }
          by.append(best.rule)
        }
        guard best.last >= start, best.last < range.last else { break }
        start = best.last + 1
      }
    }
    return true
  }
}

extension RandomAccessCollection where Index == Int {
  /// The index of the first element that satisfies the predicate, which must hold from there on; otherwise
  /// `endIndex`.
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
  /// Leaves one element of each run of equal ones.
  fileprivate mutating func removeRepeated() {
    var kept = 0
    for index in indices where index == 0 || self[index] != self[kept - 1] {
      self[kept] = self[index]
      kept += 1
    }
    removeSubrange(kept...)
  }
}
