import OceanAddresses
import TestSupport
import Testing

/// An aligned block of neighbouring addresses, few enough to ask about every one of them.
struct Universe: CustomTestStringConvertible, Sendable {
  let family: IPFamily
  let start: UInt128
  var hostBits = 6

  var size: Int { 1 << hostBits }

  var testDescription: String { "\(addresses[0])/\(family.bits - hostBits)" }

  var addresses: [IPAddress] { (0..<size).map { IPAddress(family: family, value: start + UInt128($0)) } }

  /// All blocks inside the universe.
  var prefixes: [IPPrefix] {
    (0...hostBits).flatMap { hostBits in
      stride(from: 0, to: size, by: 1 << hostBits).map { offset in
        IPPrefix(IPAddress(family: family, value: start + UInt128(offset)), length: family.bits - hostBits)
      }
    }
  }

  func pattern(_ offsets: ClosedRange<Int>) -> AddressPattern {
    // Through text, because patterns are made from text.
    let text = "\(addresses[offsets.lowerBound])-\(addresses[offsets.upperBound])"
    guard let pattern = try? AddressPattern(parsing: text) else { fatalError("\(text) is not a pattern") }
    return pattern
  }

  func randomPatterns(_ count: Int, _ random: inout SeededGenerator) -> [AddressPattern] {
    (0..<count).map { _ in
      if Bool.random(using: &random) {
        return AddressPattern(prefixes.randomElement(using: &random) ?? prefixes[0])
      }
      let a = Int.random(in: 0..<size, using: &random)
      let b = Int.random(in: 0..<size, using: &random)
      return pattern(min(a, b)...max(a, b))
    }
  }

  /// Universes at the edges of both families, in the middle, and around where the sign bit of a word changes.
  static let small: [Universe] = [
    Universe(family: .v4, start: 0),
    Universe(family: .v4, start: 0xffff_ffc0),
    Universe(family: .v4, start: 0x7fff_ffc0),
    Universe(family: .v4, start: 0x8000_0000),
    Universe(family: .v4, start: 0x0a01_ffc0),
    Universe(family: .v6, start: 0),
    Universe(family: .v6, start: .max - 63),
    Universe(family: .v6, start: 1 << 127),
    Universe(family: .v6, start: 0x2001_0db8_0000_0000_ffff_ffff_ffff_ffc0),
  ]

  /// The last 16 addresses of each universe, but the first 16 of those at zero: few enough for every pair of
  /// blocks.
  static let tiny: [Universe] = small.map { small in
    Universe(family: small.family, start: small.start == 0 ? 0 : small.start + 48, hostBits: 4)
  }
}

/// Makes prefixes and ranges of mixed lengths, crowded enough to nest and overlap often.
func randomPatterns(_ count: Int, family: IPFamily, _ random: inout SeededGenerator) -> [AddressPattern] {
  (0..<count).map { _ in
    let shift = UInt128(Int.random(in: 0..<family.bits, using: &random))
    let address = IPAddress(family: family, value: UInt128.random(in: 0 ... .max, using: &random))
    if Int.random(in: 0..<4, using: &random) > 0 {
      return AddressPattern(IPPrefix(address, length: family.bits - Int(shift)))
    }
    let most = family == .v4 ? UInt128(UInt32.max) : .max
    let span = UInt128.random(in: 0...(most >> UInt128(family.bits - 1 - Int(shift))), using: &random)
    let end = IPAddress(family: family, value: address.value + min(span, most - address.value))
    guard let pattern = try? AddressPattern(parsing: "\(address)-\(end)") else {
      return AddressPattern(address)
    }
    return pattern
  }
}

/// Addresses just inside, just outside and in the middle of the patterns, and some at random.
func probes(_ patterns: [AddressPattern], family: IPFamily, _ random: inout SeededGenerator) -> [IPAddress] {
  var values: [UInt128] = [0, .max]
  for pattern in patterns where pattern.family == family {
    values += [pattern.first.value, pattern.last.value, pattern.first.value &- 1, pattern.last.value &+ 1]
    values.append(pattern.first.value + (pattern.last.value - pattern.first.value) / 2)
  }
  values += (0..<50).map { _ in UInt128.random(in: 0 ... .max, using: &random) }
  return values.map { IPAddress(family: family, value: $0) }
}
