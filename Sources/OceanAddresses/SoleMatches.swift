extension AddressRules {
  /// The addresses that exactly one rule matches, ascending, each part with the number of that rule: what a list would
  /// lose with the rule.
  ///
  /// Ranges with one number are one rule; they must be disjoint. O(n log n).
  package var soleMatches: [(pattern: AddressPattern, rule: UInt32)] {
    Self.soleMatches(v4).map { (AddressPattern(IPAddress($0.first), IPAddress($0.last)), $0.rule) }
      + Self.soleMatches(v6).map { (AddressPattern(IPAddress($0.first), IPAddress($0.last)), $0.rule) }
  }

  private static func soleMatches<Word>(_ rules: ContiguousArray<RuleRange<Word>>) -> [RuleRange<Word>] {
    let starts = rules.sorted { $0.first < $1.first }
    let ends = rules.sorted { $0.last < $1.last }
    var result: [RuleRange<Word>] = []
    // How many rules match here, and their numbers combined: of one rule, that is its number.
    var (count, numbers) = (0, UInt32(0))
    var (next, ending) = (0, 0)
    var position: Word = 0
    func add(to last: Word) {
      if count == 1, position <= last { result.append(RuleRange(first: position, last: last, rule: numbers)) }
    }
    while ending < ends.count {
      if next < starts.count, starts[next].first <= ends[ending].last {
        let rule = starts[next]
        if rule.first > position { add(to: rule.first - 1) }
        position = rule.first
        (count, numbers) = (count + 1, numbers ^ rule.rule)
        next += 1
      } else {
        let rule = ends[ending]
        add(to: rule.last)
        (count, numbers) = (count - 1, numbers ^ rule.rule)
        ending += 1
        // Nothing follows the greatest number.
        guard rule.last < .max else { break }
        position = rule.last + 1
      }
    }
    return result
  }
}
