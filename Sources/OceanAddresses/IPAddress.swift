/// The two address families. IPv4-mapped IPv6 peers (`::ffff:a.b.c.d`) are IPv4 everywhere in ocean.
package enum IPFamily: String, Sendable, Hashable, CaseIterable, Codable {
  case v4
  case v6

  /// The number of bits in an address: 32 or 128.
  package var bits: Int { self == .v4 ? 32 : 128 }

  /// `IPv4` or `IPv6`, for people.
  package var name: String { self == .v4 ? "IPv4" : "IPv6" }
}

/// An IPv4 or IPv6 address without zone id.
///
/// The value is the address as a number in host order; an IPv4 address occupies the low 32 bits.
package struct IPAddress: Sendable, Hashable {
  package let family: IPFamily
  package let value: UInt128

  package init(v4 value: UInt32) {
    family = .v4
    self.value = UInt128(value)
  }

  /// An IPv6 address. An address in `::ffff:0:0/96` becomes the IPv4 address it maps.
  package init(v6 value: UInt128) {
    if value >> 32 == 0xffff {
      self.init(v4: UInt32(truncatingIfNeeded: value))
    } else {
      self.init(family: .v6, value: value)
    }
  }

  /// The value is clamped to the family's width.
  package init(family: IPFamily, value: UInt128) {
    self.family = family
    self.value = family == .v4 ? value & 0xffff_ffff : value
  }

  /// The address in network byte order: 4 or 16 bytes.
  package var bytes: [UInt8] {
    let count = family.bits / 8
    return (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt128((count - 1 - $0) * 8)) }
  }

  /// The address `127.0.0.1` or `::1`.
  package static func loopback(_ family: IPFamily) -> IPAddress {
    family == .v4 ? IPAddress(v4: 127 << 24 | 1) : IPAddress(v6: 1)
  }

  package var isLoopback: Bool {
    family == .v4 ? value >> 24 == 127 : value == 1
  }

  /// Whether it is `0.0.0.0` or `::`, which a socket takes as "every address of this family".
  package var isUnspecified: Bool { value == 0 }
}

extension IPAddress: Comparable {
  /// Sorts IPv4 before IPv6, then by number.
  package static func < (a: IPAddress, b: IPAddress) -> Bool {
    a.family == b.family ? a.value < b.value : a.family == .v4
  }
}

// MARK: - Text

extension IPAddress: CustomStringConvertible {
  /// The address in dotted decimal, or in the canonical form of RFC 5952 §4.
  package var description: String {
    var text: [UInt8] = []
    text.append(textOf: self)
    return String(decoding: text, as: UTF8.self)
  }

  /// Why a text is not an address ocean accepts.
  package enum ParseError: Error, Equatable {
    case malformed
    case leadingZero
    case zone
    case mapped
  }

  /// Parses strictly: four decimal octets without leading zeros (`010` means eight to some and ten to
  /// others), or RFC 4291 §2.2 without zone id and not v4-mapped.
  package init(parsing text: some StringProtocol) throws(ParseError) {
    var parser = AddressParser(Array(text.utf8))
    do {
      self = try parser.address()
    } catch {
      throw ParseError(error)
    }
  }
}

extension IPAddress.ParseError {
  init(_ error: AddressPattern.ParseError) {
    self =
      switch error {
      case .leadingZero: .leadingZero
      case .zone: .zone
      case .mapped: .mapped
      default: .malformed
      }
  }
}

extension IPAddress: CodedAsText {
  package static let noun = "an address"

  package static func value(ofCoded text: String) -> IPAddress? { try? IPAddress(parsing: text) }
}
