import OceanAddresses

/// Numbers of addresses for people.
enum AddressNumbers {
  /// `1,048,576`; from a thousand million on the next power of two: `about 2⁸⁰`.
  static func text(_ count: UInt128) -> String {
    guard count < 1_000_000_000 else {
      let bits = 127 - count.leadingZeroBitCount
      let isExact = count.nonzeroBitCount == 1
      let next = !isExact && count >> UInt128(bits - 1) & 1 == 1 ? bits + 1 : bits
      return isExact ? power(bits) : "about \(power(next))"
    }
    let digits = Array(String(count))
    return digits.enumerated().reduce(into: "") { text, digit in
      if digit.offset > 0, (digits.count - digit.offset).isMultiple(of: 3) { text += "," }
      text.append(digit.element)
    }
  }

  private static func power(_ exponent: Int) -> String {
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    return "2" + String(exponent).compactMap(\.wholeNumberValue).map { String(digits[$0]) }.joined()
  }

  static func text(_ count: AddressCount) -> String {
    switch count {
    case .some(let count): text(count)
    case .allV6: power(128)
    }
  }

  /// `64 IPv4`, or `64 IPv4 and 2⁶⁴ IPv6`: the families that there are.
  static func text(v4: UInt64, v6: UInt128) -> String {
    let parts = [v4 > 0 ? "\(text(UInt128(v4))) IPv4" : nil, v6 > 0 ? "\(text(v6)) IPv6" : nil]
    return parts.compactMap(\.self).joined(separator: " and ")
  }
}

extension AddressSet {
  /// `64 IPv4`, or `64 IPv4 and 2⁶⁴ IPv6`: the families that there are.
  var numbers: String {
    IPFamily.allCases.compactMap { family in
      let count = count(family)
      guard count != .some(0) else { return nil }
      return "\(AddressNumbers.text(count)) \(family.name)"
    }.joined(separator: " and ")
  }
}
