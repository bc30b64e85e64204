/// An exact number of addresses of one family. 2¹²⁸, all of IPv6, is one more than `UInt128` holds.
package enum AddressCount: Sendable, Hashable, Comparable {
  case some(UInt128)
  /// All of IPv6: 2¹²⁸.
  case allV6

  init(_ count: UInt128?) {
    self = count.map(AddressCount.some) ?? .allV6
  }
}

extension AddressCount: CustomStringConvertible {
  /// The number in decimal.
  package var description: String {
    switch self {
    case .some(let count): String(count)
    case .allV6: "340282366920938463463374607431768211456"
    }
  }
}
