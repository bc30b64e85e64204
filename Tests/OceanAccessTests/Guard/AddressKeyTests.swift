import OceanAddresses
import Testing

@testable import OceanAccess

@Suite struct AddressKeyTests {
  /// Tables take the lowest bits, and some above them, from a hash.
  @Test(arguments: [0, 8, 48], [IPFamily.v4, .v6]) func `neighbours are spread evenly over 64 places`(
    _ shift: Int, _ family: IPFamily
  ) {
    var counts = [Int](repeating: 0, count: 64)
    for number in 0..<6400 {
      let value = family == .v4 ? UInt128(number) : UInt128(number) << 64
      let key = AddressKey(IPAddress(family: family, value: value), v6PrefixLength: 64)
      counts[key.hashValue >> shift & 63] += 1
    }
    // 100 are expected; of a thousand runs not one has a place with 50 or 180.
    #expect(counts.allSatisfy { (50...180).contains($0) }, "\(counts)")
  }

  @Test func `an address has one hash, and another in a table of another seed`() {
    let peer = IPAddress(v4: 0xc000_0201)
    let key = AddressKey(peer, v6PrefixLength: 64)
    #expect(key.hashValue == AddressKey(peer, v6PrefixLength: 64).hashValue)
    #expect(key._rawHashValue(seed: 1) != key._rawHashValue(seed: 2))
  }
}
