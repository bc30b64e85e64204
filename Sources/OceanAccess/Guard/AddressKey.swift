internal import OceanAddresses

/// A key that counts as one address: an IPv4 address, or an IPv6 prefix, since a client that has one IPv6
/// address has the prefix.
struct AddressKey: Hashable, Sendable {
  /// An IPv4 address is mapped to IPv6 (`::ffff:0:0/96`), where no prefix that counts as IPv6 can be.
  let value: UInt128

  private static let mapped: UInt128 = 0xffff << 32

  /// The value of places without a key; it is a valid key all the same.
  static let vacant = AddressKey(IPAddress(v4: 0), v6PrefixLength: defaultV6PrefixLength)

  init(_ address: IPAddress, v6PrefixLength: Int) {
    switch address.family {
    case .v4: value = Self.mapped | address.value
    // Shifts by the full width give zero.
    case .v6:
      let host = UInt128(128 - v6PrefixLength)
      value = (address.value >> host) << host
    }
  }

  func hash(into hasher: inout Hasher) { hasher.combine(value) }

  /// What dictionaries and `hashValue` ask. Like `Hasher` it has a key of the process, so that nobody can choose
  /// addresses that have the same hash; two multiplications that are folded take a tenth of its time.
  func _rawHashValue(seed: Int) -> Int {
    let low = UInt64(truncatingIfNeeded: value) ^ Self.hashKeys.0 ^ UInt64(truncatingIfNeeded: seed)
    let high = UInt64(truncatingIfNeeded: value >> 64) ^ Self.hashKeys.1
    return Int(truncatingIfNeeded: Self.fold(Self.fold(low, high), Self.hashKeys.0))
  }

  private static let hashKeys = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))

  private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }

  /// All addresses that have this key.
  func prefix(v6PrefixLength: Int) -> IPPrefix {
    value >> 32 == 0xffff
      ? IPPrefix(IPAddress(v4: UInt32(truncatingIfNeeded: value)), length: 32)
      : IPPrefix(IPAddress(v6: value), length: v6PrefixLength)
  }
}

/// The number of leading bits of an IPv6 address that count as one address by default: a subnet, the least
/// that a site is given (RFC 4291 §2.5.4, RFC 6177).
package let defaultV6PrefixLength = 64
