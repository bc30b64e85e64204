import OceanAddresses
import TestSupport
import Testing

struct SoleMatchesTests {
  /// Compares with asking every rule about every address.
  @Test(arguments: Universe.small)
  func `addresses of exactly one rule`(_ universe: Universe) {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<60 {
      let patterns = universe.randomPatterns(Int.random(in: 0...8, using: &random), &random)
      let found = AddressRules(patterns).soleMatches
      for address in universe.addresses {
        let rules = patterns.indices.filter { patterns[$0].contains(address) }
        let parts = found.filter { $0.pattern.contains(address) }.map { Int($0.rule) }
        #expect(parts == (rules.count == 1 ? rules : []), "\(address) of \(patterns)")
      }
    }
  }

  @Test func `whole families`() throws {
    let rules = AddressRules(try ["0.0.0.0/0", "::/0", "10.0.0.0/8"].map { try AddressPattern(parsing: $0) })
    #expect(
      rules.soleMatches.map { "\($0.pattern) \($0.rule)" }
        == ["0.0.0.0-9.255.255.255 0", "11.0.0.0-255.255.255.255 0", "::/0 1"])
  }
}
