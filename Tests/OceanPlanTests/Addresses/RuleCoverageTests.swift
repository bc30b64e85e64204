import OceanPlan
import TestSupport
import Testing

struct RuleCoverageTests {
  private func covered(_ texts: [String]) throws -> [String] {
    AddressRules(try texts.map { try AddressPattern(parsing: $0) }).covered().map { covered in
      texts[Int(covered.rule)] + " by " + covered.by.map { texts[Int($0)] }.joined(separator: " and ")
    }
  }

  @Test func aloneAndTogether() throws {
    #expect(try covered(["10.0.0.0/8", "10.1.0.0/16"]) == ["10.1.0.0/16 by 10.0.0.0/8"])
    #expect(try covered(["10.1.0.0/16", "10.0.0.0/8"]) == ["10.1.0.0/16 by 10.0.0.0/8"])
    #expect(
      try covered(["10.0.0.0/25", "10.0.0.128/25", "10.0.0.0/24"])
        == ["10.0.0.0/24 by 10.0.0.0/25 and 10.0.0.128/25"])
    #expect(
      try covered(["10.0.0.0/24", "10.0.0.0/25", "10.0.0.128/25"])
        == ["10.0.0.0/25 by 10.0.0.0/24", "10.0.0.128/25 by 10.0.0.0/24"])
    #expect(
      try covered(["10.0.0.1-10.0.0.9", "10.0.0.5-10.0.0.15", "10.0.0.8-10.0.0.20"])
        == ["10.0.0.5-10.0.0.15 by 10.0.0.1-10.0.0.9 and 10.0.0.8-10.0.0.20"])
    #expect(try covered(["10.0.0.0/24", "::/0", "10.0.1.0/24"]) == [])
    #expect(try covered([]) == [])
  }

  @Test func ofEqualRulesTheFirstStays() throws {
    #expect(try covered(["::/0", "2001:db8::1", "::/0"]) == ["2001:db8::1 by ::/0", "::/0 by ::/0"])
    let rules = AddressRules([AddressPattern](repeating: try AddressPattern(parsing: "10.0.0.1"), count: 3))
    #expect(rules.covered().map { [$0.rule] + $0.by } == [[1, 0], [2, 0]])
  }

  /// Against removing rules one by one, last listed first, wherever the others still match all they match.
  @Test(arguments: Universe.small)
  func againstRemovingOneByOne(_ universe: Universe) {
    var random = SeededGenerator(seed: 3)
    for round in 0..<60 {
      let patterns = universe.randomPatterns(1 + round % 15, &random)
      func matched(_ rules: some Sequence<Int>) -> Set<IPAddress> {
        let rules = Array(rules)
        return Set(universe.addresses.filter { address in rules.contains { patterns[$0].contains(address) } })
      }
      var kept = Array(patterns.indices)
      for index in patterns.indices.reversed() {
        let others = kept.filter { $0 != index }
        if matched([index]).isSubset(of: matched(others)) { kept = others }
      }
      let covered = AddressRules(patterns).covered()
      #expect(covered.map { Int($0.rule) } == patterns.indices.filter { !kept.contains($0) })
      for rule in covered {
        let by = rule.by.map(Int.init)
        #expect(by.allSatisfy(kept.contains))
        #expect(matched([Int(rule.rule)]).isSubset(of: matched(by)))
        for one in by {
          #expect(
            !matched([Int(rule.rule)]).isSubset(of: matched(by.filter { $0 != one })), "\(one) is not needed")
        }
      }
    }
  }

  /// Many great rules each covered by many small ones: quadratic if every list of covering rules were built.
  @Test func manyCoveredByMany() throws {
    var rules = AddressRules()
    for number in 0..<20_000 {
      rules.append(AddressPattern(IPAddress(v4: UInt32(number))), rule: UInt32(number))
    }
    for number in 20_000..<40_000 {
      let offset = number - 20_000
      let range = "\(IPAddress(v4: UInt32(offset / 3)))-\(IPAddress(v4: UInt32(19_999 - offset / 3)))"
      rules.append(try AddressPattern(parsing: range), rule: UInt32(number))
    }
    let covered = rules.covered()
    #expect(covered.count == 20_000)
    #expect(covered[0].by.count == 20_000)
    #expect(AddressSet(rules).count(.v4) == .some(20_000))
  }
}
