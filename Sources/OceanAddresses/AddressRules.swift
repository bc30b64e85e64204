/// Address ranges in the order listed, each with the number of its rule.
///
/// The place of a rule is kept elsewhere, by its number. Numbers rise in the order listed and are below 2³¹ -
/// 1.
package struct AddressRules: Sendable, Equatable {
  private(set) var v4: ContiguousArray<RuleRange<UInt32>> = []
  private(set) var v6: ContiguousArray<RuleRange<UInt128>> = []

  package init() {}

  /// Both must be in the order of their numbers.
  init(v4: ContiguousArray<RuleRange<UInt32>>, v6: ContiguousArray<RuleRange<UInt128>>) {
    self.v4 = v4
    self.v6 = v6
  }

  /// Numbers the patterns from 0.
  package init(_ patterns: some Sequence<AddressPattern>) {
    for (index, pattern) in patterns.enumerated() {
      append(pattern, rule: UInt32(truncatingIfNeeded: index))
    }
  }

  package var count: Int { v4.count + v6.count }
  package var isEmpty: Bool { count == 0 }

  package mutating func append(_ pattern: AddressPattern, rule: UInt32) {
    switch pattern.family {
    case .v4:
      v4.append(
        RuleRange(
          first: UInt32(truncatingIfNeeded: pattern.first.value),
          last: UInt32(truncatingIfNeeded: pattern.last.value), rule: rule))
    case .v6:
      v6.append(RuleRange(first: pattern.first.value, last: pattern.last.value, rule: rule))
    }
  }

  /// Appends all rules of another list, with their numbers raised by `offset`.
  package mutating func append(contentsOf other: AddressRules, offset: UInt32) {
    v4.append(contentsOf: other.v4.lazy.map { $0.renumbered(by: offset) })
    v6.append(contentsOf: other.v6.lazy.map { $0.renumbered(by: offset) })
  }
}

/// The range `first...last` of one family, and its rule.
struct RuleRange<Word: AddressWord>: Sendable, Equatable {
  let first: Word
  let last: Word
  let rule: UInt32

  func renumbered(by offset: UInt32) -> RuleRange {
    RuleRange(first: first, last: last, rule: rule &+ offset)
  }
}
