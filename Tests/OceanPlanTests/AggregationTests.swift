import OceanPlan
import Testing

@Suite struct AggregationTests {
  @Test(arguments: [
    ([], []), (["10.0.0.0/8"], ["10.0.0.0/8"]),
    (["10.128.0.0/9", "10.0.0.0/9"], ["10.0.0.0/8"]),
    (["10.1.2.3", "10.0.0.0/8", "::1", "10.0.0.0/8"], ["10.0.0.0/8", "::1/128"]),
    (["10.0.0.0/9", "11.0.0.0/9"], ["10.0.0.0/9", "11.0.0.0/9"]),
    (["10.128.0.0/9", "11.0.0.0/9"], ["10.128.0.0/9", "11.0.0.0/9"]),
    (["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/2"], ["0.0.0.0/0"]),
    (["::/1", "8000::/1", "0.0.0.0/0"], ["0.0.0.0/0", "::/0"]),
    (["255.255.255.255", "::"], ["255.255.255.255/32", "::/128"]),
  ])
  func fewest(_ prefixes: [String], _ expected: [String]) throws {
    let parsed = try prefixes.map { try IPPrefix(parsing: $0) }
    #expect(IPPrefix.aggregated(parsed).map(\.description) == expected)
  }

  /// Against the addresses themselves, counted one by one in a small corner of the IPv4 space.
  @Test(arguments: 0..<50) func sameAddresses(_ seed: UInt64) {
    var random = SeededGenerator(state: seed)
    let prefixes = (0..<Int.random(in: 0...12, using: &random)).map { _ in
      IPPrefix(
        IPAddress(v4: .random(in: 0..<64, using: &random)), length: .random(in: 27...32, using: &random))
    }
    let result = IPPrefix.aggregated(prefixes)
    for value in UInt32(0)..<64 {
      let address = IPAddress(v4: value)
      #expect(prefixes.contains { $0.contains(address) } == result.contains { $0.contains(address) })
    }
    #expect(IPPrefix.aggregated(result.shuffled(using: &random)) == result)
    // Any two blocks left are apart, and not the halves of one.
    for (low, high) in zip(result, result.dropFirst()) {
      #expect(low.last < high.network)
      let whole = IPPrefix(low.network, length: low.length - 1)
      #expect(low.length != high.length || whole.network != low.network || whole.last != high.last)
    }
  }
}
