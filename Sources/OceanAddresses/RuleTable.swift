/// Address rules compiled for lookup: the most specific prefix decides, of equal ones the first listed.
///
/// A rule that is a range counts as the fewest CIDR blocks it comes to. Immutable; lookups allocate nothing.
package final class RuleTable: Sendable {
  private let v4: RuleTrie<UInt32>
  private let v6: RuleTrie<UInt128>
  private let v4Prefixes: SortedPrefixes<UInt32>
  private let v6Prefixes: SortedPrefixes<UInt128>

  /// O(n log n) in the blocks of the rules.
  package init(_ rules: AddressRules) {
    v4Prefixes = SortedPrefixes(rules.v4)
    v6Prefixes = SortedPrefixes(rules.v6)
    v4 = RuleTrie(v4Prefixes.changes)
    v6 = RuleTrie(v6Prefixes.changes)
  }

  /// The number of the rule that decides for an address, nil where none matches.
  package func rule(for address: IPAddress) -> UInt32? {
    switch address.family {
    case .v4: v4.rule(for: UInt32(truncatingIfNeeded: address.value))
    case .v6: v6.rule(for: address.value)
    }
  }

  /// A prefix that holds an address, and the rule it belongs to.
  package struct Match: Sendable, Hashable {
    package let prefix: IPPrefix
    package let rule: UInt32
  }

  /// Every match, the deciding one first: by falling prefix length, then as listed. For explanations: some
  /// microseconds.
  package func allMatches(_ address: IPAddress) -> [Match] {
    let matches =
      switch address.family {
      case .v4: v4Prefixes.matches(UInt32(truncatingIfNeeded: address.value))
      case .v6: v6Prefixes.matches(address.value)
      }
    return matches.map { Match(prefix: $0.prefix, rule: $0.rule) }
  }

  /// Every address for which some rule decides; linear.
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
