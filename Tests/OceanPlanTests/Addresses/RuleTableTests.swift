import OceanPlan
import Testing

struct RuleTableTests {
  /// Against the definition: of all blocks that hold an address the longest decides, then the first listed.
  private func check(_ patterns: [AddressPattern], at addresses: [IPAddress]) {
    let rules = AddressRules(patterns)
    let table = RuleTable(rules)
    let blocks = patterns.enumerated().flatMap { index, pattern in
      pattern.prefixes.map { (first: $0.network, last: $0.last, prefix: $0, rule: UInt32(index)) }
    }
    for address in addresses {
      let expected = blocks.filter { address >= $0.first && address <= $0.last }
        .sorted { ($1.prefix.length, $0.rule) < ($0.prefix.length, $1.rule) }
      let decided = table.rule(for: address)
      if decided != expected.first?.rule { Issue.record("\(address): \(String(describing: decided))") }
      let all = table.allMatches(address)
      if all.map(\.rule) != expected.map(\.rule) || all.map(\.prefix) != expected.map(\.prefix) {
        Issue.record("\(address): \(all)")
      }
    }
    #expect(table.addresses == AddressSet(rules))
  }

  @Test(arguments: Universe.small)
  func smallUniverse(_ universe: Universe) {
    var random = SplitMix64(state: 2)
    for round in 0..<20 {
      let patterns = universe.randomPatterns(round, &random)
      let beside = [universe.start &- 1, universe.start &+ UInt128(universe.size)].map {
        IPAddress(family: universe.family, value: $0)
      }
      check(patterns, at: universe.addresses + beside)
    }
  }

  @Test(arguments: Universe.tiny)
  func everyPairOfBlocks(_ universe: Universe) {
    for p in universe.prefixes {
      for q in universe.prefixes {
        let table = RuleTable(AddressRules([AddressPattern(p), AddressPattern(q)]))
        for address in universe.addresses {
          let expected: UInt32? =
            switch (p.contains(address), q.contains(address)) {
            case (true, true): q.length > p.length ? 1 : 0
            case (true, false): 0
            case (false, true): 1
            case (false, false): nil
            }
          if table.rule(for: address) != expected { Issue.record("\(p), \(q) at \(address)") }
        }
      }
    }
  }

  @Test(arguments: IPFamily.allCases, [1, 3, 10, 60])
  func randomRules(_ family: IPFamily, _ count: Int) {
    var random = SplitMix64(state: UInt64(count))
    for _ in 0..<(count < 50 ? 10 : 2) {
      let patterns = randomPatterns(count, family: family, &random)
      check(patterns, at: probes(patterns, family: family, &random))
    }
  }

  /// Many rules in one place and few elsewhere, so that one slot of the table holds nearly all.
  @Test(arguments: IPFamily.allCases)
  func crowdedRules(_ family: IPFamily) {
    var random = SplitMix64(state: 4)
    let crowd = (0..<400).map { _ in
      let value = 0x0a00_0000 + UInt128.random(in: 0..<2048, using: &random)
      let address = IPAddress(family: family, value: value)
      return AddressPattern(IPPrefix(address, length: family.bits - Int.random(in: 0...4, using: &random)))
    }
    let outlier = AddressPattern(IPPrefix(IPAddress(family: family, value: .max), length: 4))
    let patterns = crowd + [outlier]
    check(patterns, at: probes(patterns, family: family, &random))
  }

  @Test func bothFamiliesInOneTable() throws {
    let patterns = try ["0.0.0.0/0", "::/0", "10.*.*.*", "2001:db8::/32"].map {
      try AddressPattern(parsing: $0)
    }
    let table = RuleTable(AddressRules(patterns))
    let asked = ["9.255.255.255", "10.0.0.0", "2001:db9::", "2001:db8::1"]
    #expect(try asked.map { table.rule(for: try IPAddress(parsing: $0)) } == [0, 2, 1, 3])
  }

  @Test func emptyTableDecidesNothing() {
    let table = RuleTable(AddressRules())
    for family in IPFamily.allCases {
      for value in [0, 1, UInt128.max] {
        let address = IPAddress(family: family, value: value)
        #expect(table.rule(for: address) == nil)
        #expect(table.allMatches(address).isEmpty)
      }
    }
    #expect(table.addresses.isEmpty)
  }

  @Test func ruleNumbersAreTheCallers() throws {
    var rules = AddressRules()
    rules.append(try AddressPattern(parsing: "10.0.0.0/8"), rule: 7)
    rules.append(contentsOf: AddressRules([try AddressPattern(parsing: "10.0.0.0/8")]), offset: 40)
    let table = RuleTable(rules)
    #expect(table.allMatches(try IPAddress(parsing: "10.9.9.9")).map(\.rule) == [7, 40])
  }

  @Test(arguments: [IPFamily.v4: 30_000, .v6: 10_000])
  func largeTableAgainstBinarySearch(_ family: IPFamily, _ count: Int) {
    var random = SplitMix64(state: 11)
    let patterns = (0..<count).map { _ in
      let address = IPAddress(family: family, value: UInt128.random(in: 0 ... .max, using: &random))
      return AddressPattern(IPPrefix(address, length: family.bits - Int.random(in: 0...14, using: &random)))
    }
    let table = RuleTable(AddressRules(patterns))
    var byPrefix: [IPPrefix: UInt32] = [:]
    for (index, pattern) in patterns.enumerated() {
      for prefix in pattern.prefixes where byPrefix[prefix] == nil { byPrefix[prefix] = UInt32(index) }
    }
    for _ in 0..<20_000 {
      let near = patterns[Int.random(in: 0..<count, using: &random)].first.value
      let address = IPAddress(
        family: family, value: near &+ UInt128.random(in: 0..<40_000, using: &random) &- 20_000)
      let expected = (0...14).lazy.compactMap { byPrefix[IPPrefix(address, length: family.bits - $0)] }.first
      if table.rule(for: address) != expected { Issue.record("\(address)") }
    }
  }
}
