/// Address rules compiled for lookup: the most specific prefix decides, and the first listed if several are
/// equal.
///
/// A rule that is a range counts as the fewest CIDR blocks that make it up. Immutable; lookups allocate
/// nothing.
package final class RuleTable: Sendable {
  private let v4: RuleTrie<UInt32>
  private let v6: RuleTrie<UInt128>
  private let v4Prefixes: SortedPrefixes<UInt32>
  private let v6Prefixes: SortedPrefixes<UInt128>

  /// Compiles rules; O(n log n) in their blocks.
  package init(_ rules: AddressRules) {
    v4Prefixes = SortedPrefixes(rules.v4)
    v6Prefixes = SortedPrefixes(rules.v6)
    v4 = RuleTrie(v4Prefixes.changes)
    v6 = RuleTrie(v6Prefixes.changes)
  }

  /// The number of the rule that decides for an address; nil if no rule matches.
  package func rule(for address: IPAddress) -> UInt32? {
    switch address.family {
    case .v4: v4.rule(for: UInt32(truncatingIfNeeded: address.value))
    case .v6: v6.rule(for: address.value)
    }
  }

  /// A prefix that holds an address, and its rule.
  package struct Match: Sendable, Hashable {
    package let prefix: IPPrefix
    package let rule: UInt32
  }

  /// Every match, the deciding one first: by falling prefix length, then as listed. Meant for explanations:
  /// it takes some microseconds.
  package func allMatches(_ address: IPAddress) -> [Match] {
    let matches =
      switch address.family {
      case .v4: v4Prefixes.matches(UInt32(truncatingIfNeeded: address.value))
      case .v6: v6Prefixes.matches(address.value)
      }
    return matches.map { Match(prefix: $0.prefix, rule: $0.rule) }
  }

  /// Every address for which a rule decides; linear.
  package var addresses: AddressSet {
    AddressSet(v4: v4Prefixes.union, v6: v6Prefixes.union)
  }
}

extension AddressRules {
  /// Where the deciding rule changes, ascending from the address zero; O(n log n).
  package func changes(of family: IPFamily) -> [(start: UInt128, rule: UInt32?)] {
    switch family {
    case .v4: SortedPrefixes(v4).changes.map { (UInt128($0.start), $0.rule) }
    case .v6: SortedPrefixes(v6).changes.map { ($0.start, $0.rule) }
    }
  }
}
