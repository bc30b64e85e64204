import OceanAddresses
import TestSupport
import Testing

struct AddressSetTests {
  /// Takes every block of the universe alone, then every pair of them, and tests each operation against
  /// membership, address by address.
  @Test(arguments: Universe.tiny)
  func `every pair of blocks`(_ universe: Universe) {
    let addresses = universe.addresses
    let singles = universe.prefixes.map { (prefix: $0, set: AddressSet([AddressPattern($0)])) }
    for (prefix, set) in singles {
      #expect(Array(set.prefixes(of: universe.family)) == [prefix])
      #expect(addresses.allSatisfy { set.contains($0) == prefix.contains($0) })
    }
    for (p, a) in singles {
      for (q, b) in singles {
        let both = AddressSet([AddressPattern(p), AddressPattern(q)])
        let rest = a.subtracting(b)
        #expect(both == a.union(b))
        #expect(a.isSubset(of: b) == addresses.allSatisfy { !p.contains($0) || q.contains($0) })
        #expect(a.isDisjoint(with: b) == !addresses.contains { p.contains($0) && q.contains($0) })
        for address in addresses {
          let (inA, inB) = (p.contains(address), q.contains(address))
          if both.contains(address) != (inA || inB) || rest.contains(address) != (inA && !inB) {
            Issue.record("\(p) and \(q) at \(address)")
          }
        }
      }
    }
  }

  @Test(arguments: Universe.small)
  func `random sets of a small universe`(_ universe: Universe) {
    var random = SeededGenerator(seed: 1)
    let addresses = universe.addresses
    for _ in 0..<20 {
      let patterns = universe.randomPatterns(Int.random(in: 0...12, using: &random), &random)
      let others = universe.randomPatterns(Int.random(in: 0...12, using: &random), &random)
      let (a, b) = (AddressSet(patterns), AddressSet(others))
      let inA = addresses.map { address in patterns.contains { $0.contains(address) } }
      let inB = addresses.map { address in others.contains { $0.contains(address) } }
      #expect(addresses.map(a.contains) == inA)
      #expect(addresses.map(a.union(b).contains) == zip(inA, inB).map { $0 || $1 })
      #expect(addresses.map(a.intersection(b).contains) == zip(inA, inB).map { $0 && $1 })
      #expect(addresses.map(a.subtracting(b).contains) == zip(inA, inB).map { $0 && !$1 })
      #expect(addresses.map(a.complement.contains) == inA.map { !$0 })
      #expect(a.isSubset(of: b) == zip(inA, inB).allSatisfy { !$0 || $1 })
      #expect(a.isDisjoint(with: b) == !zip(inA, inB).contains { $0 && $1 })
      #expect((a == b) == (inA == inB))
      #expect(a.isEmpty == !inA.contains(true))
      #expect(a.count(universe.family) == .some(UInt128(inA.count { $0 })))
      #expect(Array(a.prefixes(of: universe.family)) == fewestBlocks(universe, inA))
    }
  }

  /// What few addresses share with very many is found in another way than by walking through both.
  @Test(arguments: IPFamily.allCases)
  func `small sets and large ones`(_ family: IPFamily) {
    var random = SeededGenerator(seed: 3)
    for count in [1, 2, 5] {
      for _ in 0..<60 {
        let large = AddressSet(randomPatterns(2000, family: family, &random))
        let small = AddressSet(randomPatterns(count, family: family, &random))
        for large in [large, large.complement] {
          let outside = large.complement
          let shared = large.intersection(small)
          #expect(shared == small.intersection(large))
          #expect(small.subtracting(large) == small.intersection(outside))
          #expect(shared.union(small.subtracting(large)) == small)
          #expect(shared.isDisjoint(with: outside) && shared.isSubset(of: large))
          for pattern in small.ranges(of: family) {
            #expect(large.overlaps(pattern) == !large.isDisjoint(with: AddressSet([pattern])))
          }
        }
      }
    }
  }

  /// A small set is laid over a large one piece by piece; where their edges coincide is asked address by address.
  @Test(arguments: IPFamily.allCases)
  func `small sets with the edges of large ones`(_ family: IPFamily) {
    var random = SeededGenerator(seed: 5)
    let most = family == .v4 ? UInt128(UInt32.max) : .max
    func range(_ first: UInt128, _ last: UInt128) -> AddressPattern {
      AddressPattern(IPAddress(family: family, value: first), IPAddress(family: family, value: last))
    }
    let starts: [UInt128] = [0, most / 2 - 10_000, most - 20_002]
    for round in 0..<21 {
      let start = starts[round % 3]
      let patterns: [AddressPattern] = (0..<2000).map { _ in
        let first = start + UInt128.random(in: 0...20_000, using: &random)
        return range(first, first + UInt128.random(in: 0...2, using: &random))
      }
      let large = AddressSet(patterns.shuffled(using: &random))
      #expect(large == AddressSet(patterns.reversed()))
      let edges: [UInt128] = large.ranges(of: family).flatMap { [$0.first.value, $0.last.value] }
      var chosen: [UInt128] = []
      for edge in edges.shuffled(using: &random).prefix(6) {
        chosen += [edge > 0 ? edge - 1 : edge, edge, edge < most ? edge + 1 : edge]
      }
      let ends = chosen.shuffled(using: &random)
      let ranges: [AddressPattern] = [0, 2, 4, 6].map { index in
        range(min(ends[index], ends[index + 1]), max(ends[index], ends[index + 1]))
      }
      let small = AddressSet(ranges)
      let (union, common) = (large.union(small), large.intersection(small))
      let (outer, inner) = (large.subtracting(small), small.subtracting(large))
      for value in Set(chosen + [0, most]) {
        let address = IPAddress(family: family, value: value)
        let (inLarge, inSmall) = (
          patterns.contains { $0.contains(address) }, ranges.contains { $0.contains(address) }
        )
        #expect(large.contains(address) == inLarge && small.contains(address) == inSmall)
        #expect(union.contains(address) == (inLarge || inSmall))
        #expect(common.contains(address) == (inLarge && inSmall))
        #expect(outer.contains(address) == (inLarge && !inSmall))
        #expect(inner.contains(address) == (inSmall && !inLarge))
      }
    }
  }

  /// The fewest blocks by definition: all their addresses are members, and this is not true of their parent.
  private func fewestBlocks(_ universe: Universe, _ isMember: [Bool]) -> [IPPrefix] {
    let full = universe.prefixes.filter { prefix in
      zip(universe.addresses, isMember).allSatisfy { !prefix.contains($0) || $1 }
    }
    return full.filter { prefix in
      !full.contains { $0.length == prefix.length - 1 && $0.contains(prefix.network) }
    }
    .sorted()
  }

  @Test(arguments: IPFamily.allCases, [1, 30, 5000])
  func `laws`(_ family: IPFamily, _ size: Int) {
    var random = SeededGenerator(seed: UInt64(size))
    for _ in 0..<(size > 1000 ? 1 : 40) {
      let a = AddressSet(randomPatterns(size, family: family, &random).filter(\.isNotHuge))
      let b = AddressSet(randomPatterns(size, family: family, &random).filter(\.isNotHuge))
      let c = AddressSet(randomPatterns(size, family: family, &random).filter(\.isNotHuge))
      #expect(a.union(b).complement == a.complement.intersection(b.complement))
      #expect(a.intersection(b).complement == a.complement.union(b.complement))
      #expect(a.complement.complement == a)
      #expect(a.union(a) == a)
      #expect(a.union(b) == b.union(a))
      #expect(a.union(b).union(c) == a.union(b.union(c)))
      #expect(a.intersection(b.union(c)) == a.intersection(b).union(a.intersection(c)))
      #expect(a.subtracting(b) == a.intersection(b.complement))
      #expect(a.union(a.complement) == .all)
      #expect(a.intersection(a.complement).isEmpty)
      #expect(a.intersection(b).isSubset(of: a) && a.isSubset(of: a.union(b)))
      #expect(a.isDisjoint(with: b) == a.intersection(b).isEmpty)
      #expect(a.isDisjoint(with: a.complement) && a.isDisjoint(with: b.subtracting(a)))
      #expect(
        number(a.union(b), family) &+ number(a.intersection(b), family)
          == number(a, family) &+ number(b, family))

      let blocks = Array(a.prefixes(of: family))
      #expect(AddressSet(blocks.map { AddressPattern($0) }) == a)
      for (one, next) in zip(blocks, blocks.dropFirst()) {
        #expect(one.last < next.network)
        let parent = IPPrefix(one.network, length: one.length - 1)
        #expect(one.length != next.length || parent.last != next.last, "\(one) and \(next) are one block")
      }
    }
  }

  /// Tests membership at every edge of both sets and beside it.
  @Test(arguments: IPFamily.allCases)
  func `large sets by membership`(_ family: IPFamily) {
    var random = SeededGenerator(seed: 12)
    let patterns = (0..<2).map { _ in
      (0..<20_000).map { _ in
        let value = UInt128.random(in: 0 ... .max, using: &random) >> (family == .v4 ? 100 : 0)
        let hostBits = Int.random(in: 0...(family == .v4 ? 12 : 120), using: &random)
        return AddressPattern(
          IPPrefix(IPAddress(family: family, value: value), length: family.bits - hostBits))
      }
    }
    let (a, b) = (AddressSet(patterns[0]), AddressSet(patterns[1]))
    let (union, common, rest, others) = (a.union(b), a.intersection(b), a.subtracting(b), a.complement)
    for pattern in patterns.joined() {
      let (first, last) = (pattern.first.value, pattern.last.value)
      for value in [first &- 1, first, last, last &+ 1] {
        let address = IPAddress(family: family, value: value)
        let (inA, inB) = (a.contains(address), b.contains(address))
        let found = [union, common, rest, others].map { $0.contains(address) }
        if found != [inA || inB, inA && inB, inA && !inB, !inA] { Issue.record("\(address): \(found)") }
      }
    }
    #expect(number(rest, family) &+ number(common, family) == number(a, family))
    #expect(number(a, family) &+ number(others, family) == number(.all, family))
  }

  /// The number of addresses; 0 stands for all of IPv6, as 2¹²⁸ in wrapping arithmetic.
  private func number(_ set: AddressSet, _ family: IPFamily) -> UInt128 {
    guard case .some(let count) = set.count(family) else { return 0 }
    return count
  }

  @Test func `order and splitting do not matter`() throws {
    let one = try AddressSet(["10.0.0.0/24", "2001:db8::/32"].map { try AddressPattern(parsing: $0) })
    let parts = ["2001:db8:8000::/33", "10.0.0.128-10.0.0.255", "2001:db8::/33", "10.0.0.0/25", "10.0.0.7"]
    let other = try AddressSet(parts.map { try AddressPattern(parsing: $0) })
    #expect(one == other)
    #expect(one.description == "10.0.0.0/24, 2001:db8::/32")
  }

  @Test func `counts are exact up to the whole space`() throws {
    #expect(AddressSet().count(.v6) == .some(0))
    #expect(AddressSet.all.count(.v4).description == "4294967296")
    #expect(AddressSet.all.count(.v6).description == "340282366920938463463374607431768211456")
    let one = AddressSet([try AddressPattern(parsing: "::1")])
    #expect(one.complement.count(.v6) == .some(.max))
    #expect(one.complement.count(.v6) < AddressSet.all.count(.v6))
  }

  @Test func `ranges are maximal`() throws {
    let set = try AddressSet(["10.0.0.4/31", "10.0.0.6", "10.0.0.9"].map { try AddressPattern(parsing: $0) })
    #expect(set.ranges(of: .v4).map(\.description) == ["10.0.0.4-10.0.0.6", "10.0.0.9"])
    #expect(set.complement.ranges(of: .v6).map(\.description) == ["::/0"])
  }

  /// The first block of a huge range is there without computing the rest.
  @Test func `prefixes are lazy`() {
    #expect(AddressSet.all.prefixes(of: .v6).first { _ in true }?.description == "::/0")
  }
}

extension AddressPattern {
  /// Whether the range leaves room for others.
  fileprivate var isNotHuge: Bool { (last.value - first.value) >> UInt128(family.bits - 5) == 0 }
}
