/// The addresses of one entry of an address list: a contiguous range of one family.
///
/// Written as a single address, a CIDR block, a range `a-b`, or with wildcards `192.168.*.*`.
package struct AddressPattern: Sendable, Hashable {
  package let first: IPAddress
  /// Inclusive.
  package let last: IPAddress

  /// Callers see to it that both are of one family and in order.
  package init(_ first: IPAddress, _ last: IPAddress) {
    self.first = first
    self.last = last
  }

  package init(_ address: IPAddress) {
    self.init(address, address)
  }

  package init(_ prefix: IPPrefix) {
    self.init(prefix.network, prefix.last)
  }

  package var family: IPFamily { first.family }

  package func contains(_ address: IPAddress) -> Bool {
    address.family == family && address >= first && address <= last
  }

  /// The fewest CIDR blocks that make up the range, ascending: at most 62 for IPv4, 254 for IPv6.
  package var prefixes: some Sequence<IPPrefix> {
    Blocks(first.value, last.value).lazy.map { [family] block in
      IPPrefix(IPAddress(family: family, value: block.first), length: family.bits - block.hostBits)
    }
  }
}

extension AddressPattern {
  /// Why a text is not a pattern, with what a sentence about it and a fix need.
  package enum ParseError: Error, Hashable, Sendable {
    case empty
    case malformed
    /// A part of an IPv4 address above 255.
    case octetOutOfRange
    /// `010` means eight to some and ten to others.
    case leadingZero
    case zone
    /// An IPv4-mapped IPv6 address. ocean knows such peers as IPv4, so the block given here was meant.
    case mapped(IPPrefix)
    /// What follows `/` is not a number from 0 to `maximum`.
    case prefixLength(maximum: Int)
    /// Bits after the prefix length are set: either the block or the single address was meant.
    case hostBits(network: IPPrefix, single: IPPrefix)
    /// `a-b` with a above b, as `first` and `last` were written.
    case reversed(first: IPAddress, last: IPAddress)
    case mixedFamilies
    /// `*` stands for whole octets at the end of an IPv4 address, but not in a range or before `/`.
    case wildcard
  }

  package init(parsing text: some StringProtocol) throws(ParseError) {
    var parser = AddressParser(Array(text.utf8))
    self = try parser.pattern()
  }
}

extension AddressPattern: CustomStringConvertible {
  /// The canonical text: `192.0.2.1`, `192.0.2.0/24` for a block, otherwise `192.0.2.1-192.0.2.9`.
  package var description: String {
    if first == last { return first.description }
    let blocks = Array(prefixes.prefix(2))
    return blocks.count == 1 ? blocks[0].description : "\(first)-\(last)"
  }
}
