/// An address block in CIDR form: a network address and the number of its leading bits that count.
package struct IPPrefix: Sendable, Hashable {
  /// The first address of the block; its host bits are zero.
  package let network: IPAddress
  package let length: Int

  /// The block of `length` leading bits around `address`; host bits are cleared, the length clamped.
  package init(_ address: IPAddress, length: Int) {
    let bits = address.family.bits
    self.length = min(max(length, 0), bits)
    let host = bits - self.length
    // A shift by the full width gives zero: Swift's `<<` and `>>` are smart shifts.
    network = IPAddress(family: address.family, value: (address.value >> UInt128(host)) << UInt128(host))
  }

  package var family: IPFamily { network.family }

  /// The last address of the block.
  package var last: IPAddress {
    let host = family.bits - length
    let mask = host == 0 ? 0 : UInt128.max >> UInt128(128 - host)
    return IPAddress(family: family, value: network.value | mask)
  }

  package func contains(_ address: IPAddress) -> Bool {
    address.family == family && address >= network && address <= last
  }
}

extension IPPrefix: CustomStringConvertible {
  /// The text always has the length: `10.0.0.0/8`, `192.0.2.1/32`.
  package var description: String {
    var text: [UInt8] = []
    text.append(textOf: self)
    return String(decoding: text, as: UTF8.self)
  }

  package enum ParseError: Error, Equatable {
    case address(IPAddress.ParseError)
    case length
    /// Bits after the prefix length are set; the block and the single address that may have been meant are
    /// given.
    case hostBits(network: IPPrefix, single: IPPrefix)
  }

  /// Parses `a.b.c.d/n`, `x:y::z/n`, or a single address, which is a block of one.
  package init(parsing text: some StringProtocol) throws(ParseError) {
    var parser = AddressParser(Array(text.utf8))
    do {
      self = try parser.prefix()
    } catch {
      switch error {
      case .prefixLength: throw .length
      case .hostBits(let network, let single): throw .hostBits(network: network, single: single)
      default: throw .address(IPAddress.ParseError(error))
      }
    }
  }
}

extension IPPrefix: Comparable {
  /// Sorts by network, then the shorter prefix (the larger block) first.
  package static func < (a: IPPrefix, b: IPPrefix) -> Bool {
    a.network == b.network ? a.length < b.length : a.network < b.network
  }
}

extension IPPrefix: CodedAsText {
  package static let noun = "an address block"

  /// Blocks in the v4-mapped space are read too: the complement of a set may hold them.
  package static func value(ofCoded text: String) -> IPPrefix? {
    var parser = AddressParser(Array(text.utf8), allowsMapped: true)
    return try? parser.prefix()
  }
}
