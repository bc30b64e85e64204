/// Addresses and blocks as text, over bytes: sets of a million blocks are written without a String for each.
extension [UInt8] {
  /// `10.0.0.0/8`
  package mutating func append(textOf prefix: IPPrefix) {
    append(textOf: prefix.network)
    append(UInt8(ascii: "/"))
    append(decimal: UInt8(truncatingIfNeeded: prefix.length))
  }

  /// Dotted decimal, or the canonical form of RFC 5952 §4.
  package mutating func append(textOf address: IPAddress) {
    switch address.family {
    case .v4: append(dotted: UInt32(truncatingIfNeeded: address.value))
    case .v6: append(v6: address.value)
    }
  }

  private mutating func append(dotted value: UInt32) {
    for shift: UInt32 in [24, 16, 8, 0] {
      append(decimal: UInt8(truncatingIfNeeded: value >> shift))
      if shift > 0 { append(UInt8(ascii: ".")) }
    }
  }

  private mutating func append(decimal number: UInt8) {
    let zero = UInt8(ascii: "0")
    if number >= 100 { append(zero + number / 100) }
    if number >= 10 { append(zero + number / 10 % 10) }
    append(zero + number % 10)
  }

  private mutating func append(v6 value: UInt128) {
    let gap = longestGap(of: value)
    // inet_ntop does the same: the last 32 bits are in dotted decimal if the form of the rest shows that they
    // are IPv4's, `::a.b.c.d` and `::ffff:a.b.c.d`.
    let isDotted = value >> 32 == 0xffff || gap == 0..<6
    var index = 0
    while index < 8 {
      if index == gap.lowerBound, !gap.isEmpty {
        append(UInt8(ascii: ":"))
        if gap.upperBound == 8 { append(UInt8(ascii: ":")) }
        index = gap.upperBound
        continue
      }
      if index > 0 { append(UInt8(ascii: ":")) }
      if isDotted, index == 6 {
        append(dotted: UInt32(truncatingIfNeeded: value))
        return
      }
      append(hexadecimal: group(index, of: value))
      index += 1
    }
  }

  private mutating func append(hexadecimal group: UInt16) {
    let digits = Swift.max(1, (16 - group.leadingZeroBitCount + 3) / 4)
    for index in (0..<digits).reversed() {
      let digit = UInt8(truncatingIfNeeded: group >> UInt16(4 * index)) & 15
      append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }
}

private func group(_ index: Int, of value: UInt128) -> UInt16 {
  UInt16(truncatingIfNeeded: value >> UInt128(112 - 16 * index))
}

/// The groups that `::` stands for: the longest run of two or more zeros, the first if several are equally
/// long; empty if there is no run.
private func longestGap(of value: UInt128) -> Range<Int> {
  var longest = 0..<0
  var start = 0
  for index in 0..<8 {
    if group(index, of: value) != 0 { start = index + 1 }
    if index + 1 - start > Swift.max(1, longest.count) { longest = start..<(index + 1) }
  }
  return longest
}
