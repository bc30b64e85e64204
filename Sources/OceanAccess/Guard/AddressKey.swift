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
