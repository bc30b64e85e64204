extension AddressSet {
  /// 127.0.0.1 and ::1, from which the connections of this host's own programs come.
  package static let localhost = AddressSet(IPFamily.allCases.map { AddressPattern(IPAddress.loopback($0)) })

  /// 127.0.0.0/8 and ::1.
  package static let loopback = AddressSet([
    AddressPattern(IPPrefix(IPAddress(v4: 127 << 24), length: 8)), AddressPattern(IPAddress.loopback(.v6)),
  ])

  /// The lowest address, IPv4 before IPv6.
  package var first: IPAddress? {
    for family in IPFamily.allCases {
      for range in ranges(of: family) { return range.first }
    }
    return nil
  }

  package var isSingle: Bool {
    first.map { self == AddressSet([AddressPattern($0)]) } ?? false
  }

  /// The blocks in a line of text, or their number if they are many.
  package var summary: String {
    if isEmpty { return "none" }
    if self == .all { return "everywhere" }
    return isLong ? counts : shortDescription
  }

  /// Whether it is more than a line should list.
  package var isLong: Bool {
    guard self != .all else { return false }
    let few = IPFamily.allCases.map { Array(prefixes(of: $0).prefix(Self.maxShown + 1)).count }
    return few.reduce(0, +) > Self.maxShown
  }

  /// The blocks, single addresses without a length.
  package var shortDescription: String {
    var text: [UInt8] = []
    for family in IPFamily.allCases {
      for prefix in prefixes(of: family) {
        if !text.isEmpty {
          text.append(UInt8(ascii: ","))
          text.append(UInt8(ascii: " "))
        }
        if prefix.length == family.bits {
          text.append(textOf: prefix.network)
        } else {
          text.append(textOf: prefix)
        }
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The numbers of addresses: `256 IPv4, 0 IPv6`.
  package var counts: String { "\(count(.v4)) IPv4, \(count(.v6)) IPv6" }

  private static var maxShown: Int { 8 }
}

extension IPPrefix {
  /// The block, without the length if it is a single address.
  package var short: String { length == family.bits ? "\(network)" : "\(self)" }
}
