import OceanAddresses
import TestSupport
import Testing

struct RuleTableTests {
  /// Compares with the definition: of all blocks that hold an address the longest decides, then the first
  /// listed.
  private func check(_ patterns: [AddressPattern], at addresses: [IPAddress]) {
    let rules = AddressRules(patterns)
    let table = RuleTable(rules)
    let blocks = patterns.enumerated().flatMap { index, pattern in
      pattern.prefixes.map { (first: $0.network.value, last: $0.last.value, prefix: $0, rule: UInt32(index)) }
    }
    .sorted { ($1.prefix.length, $0.rule) < ($0.prefix.length, $1.rule) }
    for address in addresses {
      let value = address.value
      var expected: [(first: UInt128, last: UInt128, prefix: IPPrefix, rule: UInt32)] = []
      for block in blocks where value >= block.first && value <= block.last {
        if block.prefix.contains(address) { expected.append(block) }
      }
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
  func `small universe`(_ universe: Universe) {
    var random = SeededGenerator(seed: 2)
    for round in 0..<20 {
      let patterns = universe.randomPatterns(round, &random)
      let beside = [universe.start &- 1, universe.start &+ UInt128(universe.size)].map {
        IPAddress(family: universe.family, value: $0)
      }
      check(patterns, at: universe.addresses + beside)
    }
  }

  @Test(arguments: Universe.tiny)
  func `every pair of blocks`(_ universe: Universe) {
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
  func `random rules`(_ family: IPFamily, _ count: Int) {
    var random = SeededGenerator(seed: UInt64(count))
    for _ in 0..<(count < 50 ? 10 : 2) {
      let patterns = randomPatterns(count, family: family, &random)
      check(patterns, at: probes(patterns, family: family, &random))
    }
  }

  /// Many rules are in one place and few elsewhere, so that one slot of the table holds nearly all.
  @Test(arguments: IPFamily.allCases)
  func `crowded rules`(_ family: IPFamily) {
    var random = SeededGenerator(seed: 4)
    let crowd = (0..<400).map { _ in
      let value = 0x0a00_0000 + UInt128.random(in: 0..<2048, using: &random)
      let address = IPAddress(family: family, value: value)
      return AddressPattern(IPPrefix(address, length: family.bits - Int.random(in: 0...4, using: &random)))
    }
    let outlier = AddressPattern(IPPrefix(IPAddress(family: family, value: .max), length: 4))
    let patterns = crowd + [outlier]
    check(patterns, at: probes(patterns, family: family, &random))
  }

  /// There are more rules side by side than a node of the root has entries for, some with others inside.
  @Test(arguments: IPFamily.allCases, [0, 3, 20])
  func `more rules than a line holds`(_ family: IPFamily, _ hostBits: Int) {
    var random = SeededGenerator(seed: 6)
    let block = UInt128(1) << UInt128(hostBits)
    let start = UInt128(0x0a00_0000)
    var patterns = (0..<200).map { number in
      let address = IPAddress(family: family, value: start + UInt128(number) * block)
      return AddressPattern(IPPrefix(address, length: family.bits - hostBits))
    }
    patterns += (0..<50).map { _ in
      AddressPattern(
        IPAddress(family: family, value: .random(in: start..<(start + 200 * block), using: &random)))
    }
    check(patterns, at: probes(patterns, family: family, &random))
    check(patterns.shuffled(using: &random), at: probes(patterns, family: family, &random))
  }

  /// Ranges are nested ever deeper around one address, so that the way to it passes every possible level.
  @Test(arguments: IPFamily.allCases)
  func `deep rules`(_ family: IPFamily) {
    var random = SeededGenerator(seed: 7)
    for value in [0, UInt128.max, 0x5555_5555_5555_5555_5555_5555_5555_5555] {
      let address = IPAddress(family: family, value: value)
      let patterns = (0...family.bits).map { AddressPattern(IPPrefix(address, length: $0)) }
      check(patterns, at: probes(patterns, family: family, &random))
      check(patterns.suffix(3), at: probes(patterns, family: family, &random))
    }
  }

  @Test func `both families in one table`() throws {
    let patterns = try ["0.0.0.0/0", "::/0", "10.*.*.*", "2001:db8::/32"].map {
      try AddressPattern(parsing: $0)
    }
    let table = RuleTable(AddressRules(patterns))
    let asked = ["9.255.255.255", "10.0.0.0", "2001:db9::", "2001:db8::1"]
    #expect(try asked.map { table.rule(for: try IPAddress(parsing: $0)) } == [0, 2, 1, 3])
  }

  @Test func `empty table decides nothing`() {
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

  @Test func `rule numbers are the caller's`() throws {
    var rules = AddressRules()
    rules.append(try AddressPattern(parsing: "10.0.0.0/8"), rule: 7)
    rules.append(contentsOf: AddressRules([try AddressPattern(parsing: "10.0.0.0/8")]), offset: 40)
    let table = RuleTable(rules)
    #expect(table.allMatches(try IPAddress(parsing: "10.9.9.9")).map(\.rule) == [7, 40])
  }

  /// The lengths are those of block lists, and crowded enough that most blocks have others in them. Compares
  /// with a dictionary of blocks.
  @Test(arguments: [(IPFamily.v4, 30_000), (.v6, 15_000)])
  func `large table`(_ family: IPFamily, _ count: Int) {
    var random = SeededGenerator(seed: 11)
    let lengths =
      family == .v4 ? [12...19, 20...23, 24...24, 24...24, 25...32] : [32...47, 48...48, 49...64, 65...128]
    let networks = (0..<40).map { _ in UInt128.random(in: 0 ... .max, using: &random) }
    let prefixes = (0..<count).map { _ in
      let network = networks.randomElement(using: &random) ?? 0
      let spread = UInt128.random(in: 0 ... .max, using: &random) >> UInt128(family == .v4 ? 108 : 30)
      let length = Int.random(in: lengths.randomElement(using: &random) ?? 0...0, using: &random)
      return IPPrefix(IPAddress(family: family, value: network ^ spread), length: length)
    }
    let table = RuleTable(AddressRules(prefixes.map { AddressPattern($0) }))
    var byPrefix: [IPPrefix: UInt32] = [:]
    for (index, prefix) in prefixes.enumerated() where byPrefix[prefix] == nil {
      byPrefix[prefix] = UInt32(index)
    }
    let used = Set(prefixes.map(\.length)).sorted(by: >)
    for prefix in prefixes.prefix(2000) {
      let (first, last) = (prefix.network.value, prefix.last.value)
      for value in [first, last, first &- 1, last &+ 1, .random(in: first...last, using: &random)] {
        let address = IPAddress(family: family, value: value)
        let expected = used.lazy.compactMap { byPrefix[IPPrefix(address, length: $0)] }.first
        if table.rule(for: address) != expected { Issue.record("\(address)") }
      }
    }
  }
}
