/// Address rules compiled for lookup: the most specific prefix decides, of equal ones the first listed.
///
/// A rule that is a range counts as the fewest CIDR blocks it comes to. Immutable; lookups allocate nothing.
package final class RuleTable: Sendable {
  private let v4: RuleIndex<UInt32>
  private let v6: RuleIndex<UInt128>

  /// O(n log n) in the blocks of the rules.
  package init(_ rules: AddressRules) {
    v4 = RuleIndex(rules.v4)
    v6 = RuleIndex(rules.v6)
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

  /// Every match, the deciding one first: by falling prefix length, then as listed. For explanations.
  package func allMatches(_ address: IPAddress) -> [Match] {
    let matches =
      switch address.family {
      case .v4: v4.matches(UInt32(truncatingIfNeeded: address.value))
      case .v6: v6.matches(address.value)
      }
    return matches.map { Match(prefix: $0.prefix, rule: $0.rule) }
  }

  /// Every address for which some rule decides; linear.
  package var addresses: AddressSet {
    AddressSet(v4: v4.decided, v6: v6.decided)
  }
}
