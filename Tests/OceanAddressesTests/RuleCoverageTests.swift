import OceanAddresses
import TestSupport
import Testing

struct RuleCoverageTests {
  private func covered(_ texts: [String]) throws -> [String] {
    AddressRules(try texts.map { try AddressPattern(parsing: $0) }).covered().map { covered in
      texts[Int(covered.rule)] + " by " + covered.by.map { texts[Int($0)] }.joined(separator: " and ")
    }
  }

  @Test func `alone and together`() throws {
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

  @Test func `of equal rules the first stays`() throws {
    #expect(try covered(["::/0", "2001:db8::1", "::/0"]) == ["2001:db8::1 by ::/0", "::/0 by ::/0"])
    let rules = AddressRules([AddressPattern](repeating: try AddressPattern(parsing: "10.0.0.1"), count: 3))
    #expect(rules.covered().map { [$0.rule] + $0.by } == [[1, 0], [2, 0]])
  }

  /// Compares with removing rules one by one, the last listed first, wherever the others still match
  /// everything they match.
  @Test(arguments: Universe.small)
  func `against removing one by one`(_ universe: Universe) {
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

  /// Uses entries of several ranges, like named lists and files, in both families.
  @Test func `of several ranges`() throws {
    func covered(_ entries: [[String]]) throws -> [[UInt32]] {
      var rules = AddressRules()
      for (number, entry) in entries.enumerated() {
        let set = AddressSet(try entry.map { try AddressPattern(parsing: $0) })
        for family in IPFamily.allCases {
          for range in set.ranges(of: family) { rules.append(range, rule: UInt32(number)) }
        }
      }
      return rules.covered().map { [$0.rule] + $0.by }
    }
    #expect(try covered([["10.0.0.1", "::1"], ["10.0.0.1"], ["::1"]]) == [[1, 0], [2, 0]])
    #expect(try covered([["10.0.0.1"], ["10.0.0.1", "::1"], ["::1"]]) == [[0, 1], [2, 1]])
    #expect(try covered([["10.0.0.1"], ["::1"], ["10.0.0.1", "::1"]]) == [[2, 0, 1]])
    #expect(try covered([["10.0.0.1", "10.0.0.3", "::1"], ["10.0.0.0/30"], ["::2"]]) == [])
    #expect(
      try covered([["10.0.0.1", "10.0.0.3"], ["10.0.0.0/30", "::9"], ["::9"]]) == [[0, 1], [2, 1]])
    #expect(try covered([["10.0.0.0/24", "::1"], ["10.0.0.7", "::1"]]) == [[1, 0]])
  }

  /// Compares random entries with trying to remove each of them.
  @Test(arguments: Universe.small)
  func `of several ranges against removing`(_ universe: Universe) {
    var random = SeededGenerator(seed: 7)
    for round in 0..<60 {
      let entries = (0..<(1 + round % 7)).map { _ in
        AddressSet(universe.randomPatterns(Int.random(in: 1...3, using: &random), &random))
      }
      var rules = AddressRules()
      for (number, entry) in entries.enumerated() {
        for family in IPFamily.allCases {
          for range in entry.ranges(of: family) { rules.append(range, rule: UInt32(number)) }
        }
      }
      func union(_ numbers: [Int]) -> AddressSet { numbers.reduce(AddressSet()) { $0.union(entries[$1]) } }
      var kept = Array(entries.indices)
      for index in entries.indices.reversed() {
        let others = kept.filter { $0 != index }
        if entries[index].isSubset(of: union(others)) { kept = others }
      }
      let covered = rules.covered()
      #expect(covered.map { Int($0.rule) } == entries.indices.filter { !kept.contains($0) })
      for rule in covered where !rule.isByMore {
        #expect(rule.by.allSatisfy { kept.contains(Int($0)) })
        #expect(entries[Int(rule.rule)].isSubset(of: union(rule.by.map(Int.init))))
      }
    }
  }

  /// Many large rules are each covered by many small ones: quadratic if every list of covering rules were
  /// built.
  @Test func `many covered by many`() throws {
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
    #expect(covered[0].by == Array(0..<16) && covered[0].isByMore)
    #expect(covered.last.map { $0.by.count == 16 && $0.isByMore } == true)
    #expect(AddressSet(rules).count(.v4) == .some(20_000))
  }
}
