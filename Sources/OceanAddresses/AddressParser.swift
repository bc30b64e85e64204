/// The grammar of addresses and patterns, over bytes: lists of a million entries are read without a String.
///
/// After a throw, `problem` tells the place in the bytes.
struct AddressParser {
  typealias Failure = AddressPattern.ParseError

  let bytes: [UInt8]
  /// The part of `bytes` that is still to be read.
  var position: Int
  var end: Int
  private(set) var problem = 0..<0
  /// Whether `::ffff:0:0/96` is read as it stands: people who write it mean IPv4, but ocean's own output
  /// means the block itself.
  private let allowsMapped: Bool

  init(_ bytes: [UInt8], allowsMapped: Bool = false) {
    self.bytes = bytes
    self.allowsMapped = allowsMapped
    position = 0
    end = bytes.count
  }

  /// Reads the rest as one pattern.
  mutating func pattern() throws(Failure) -> AddressPattern {
    let start = position
    guard position < end else { throw fail(.empty, from: start) }
    if !isV6 {
      let (value, wildcards) = try v4(allowWildcards: true)
      if wildcards > 0 {
        guard position == end else { throw fail(.wildcard, from: start, to: end) }
        return AddressPattern(IPPrefix(IPAddress(v4: value), length: 32 - 8 * wildcards))
      }
      return try rest(after: IPAddress(v4: value), from: start)
    }
    return try rest(after: IPAddress(family: .v6, value: v6()), from: start)
  }

  /// Reads the rest as one block: `address/length`, or a single address.
  mutating func prefix() throws(Failure) -> IPPrefix {
    let start = position
    let address = try someAddress()
    if take(UInt8(ascii: "/")) { return try prefix(of: address, from: start) }
    guard position == end else { throw fail(.malformed, from: position, to: end) }
    try refuseMapped(address, length: 128, from: start)
    return IPPrefix(address, length: address.family.bits)
  }

  /// Reads the rest as one address.
  mutating func address() throws(Failure) -> IPAddress {
    let start = position
    let address = try someAddress()
    guard position == end else { throw fail(.malformed, from: position, to: end) }
    try refuseMapped(address, length: 128, from: start)
    return address
  }

  // MARK: - Patterns

  /// Reads what may follow an address: nothing, `/length` or `-address`.
  private mutating func rest(after first: IPAddress, from start: Int) throws(Failure) -> AddressPattern {
    if position == end {
      try refuseMapped(first, length: 128, from: start)
      return AddressPattern(first)
    }
    if take(UInt8(ascii: "/")) { return AddressPattern(try prefix(of: first, from: start)) }
    skipBlanks()
    let dash = position
    guard take(UInt8(ascii: "-")) else { throw fail(.malformed, from: dash, to: end) }
    skipBlanks()
    let second = position
    let last = try someAddress()
    guard position == end else { throw fail(.malformed, from: position, to: end) }
    guard first.family == last.family else { throw fail(.mixedFamilies, from: start) }
    try refuseMapped(first, length: 128, from: start)
    try refuseMapped(last, length: 128, from: second)
    guard first <= last else { throw fail(.reversed(first: first, last: last), from: start) }
    return AddressPattern(first, last)
  }

  /// Reads what follows a `/`.
  private mutating func prefix(of address: IPAddress, from start: Int) throws(Failure) -> IPPrefix {
    let length = try prefixLength(maximum: address.family.bits)
    try refuseMapped(address, length: length, from: start)
    let prefix = IPPrefix(address, length: length)
    if prefix.network != address {
      let single = IPPrefix(address, length: address.family.bits)
      throw fail(.hostBits(network: prefix, single: single), from: start)
    }
    return prefix
  }

  private mutating func prefixLength(maximum: Int) throws(Failure) -> Int {
    let start = position
    var length = 0
    while let digit = decimalDigit(), position - start < 3 {
      length = length * 10 + Int(digit)
      position += 1
    }
    let digits = position - start
    guard position == end, digits > 0, length <= maximum, digits == 1 || bytes[start] != UInt8(ascii: "0")
    else { throw fail(.prefixLength(maximum: maximum), from: start, to: end) }
    return length
  }

  private mutating func refuseMapped(_ address: IPAddress, length: Int, from start: Int) throws(Failure) {
    guard !allowsMapped, address.family == .v6, address.value >> 32 == 0xffff else { return }
    let meant = IPAddress(v4: UInt32(truncatingIfNeeded: address.value))
    throw fail(.mapped(IPPrefix(meant, length: length >= 96 ? length - 96 : 32)), from: start)
  }

  // MARK: - Addresses

  private mutating func someAddress() throws(Failure) -> IPAddress {
    isV6 ? IPAddress(family: .v6, value: try v6()) : IPAddress(v4: try v4(allowWildcards: false).value)
  }

  /// Whether the address is IPv6: only IPv6 has a colon among or right after the first hexadecimal digits.
  private var isV6: Bool {
    var ahead = position
    while ahead < end, hexValue(bytes[ahead]) != nil { ahead += 1 }
    return ahead < end && bytes[ahead] == UInt8(ascii: ":")
  }

  /// Reads four decimal octets; those at the end may be `*`.
  private mutating func v4(allowWildcards: Bool) throws(Failure) -> (value: UInt32, wildcards: Int) {
    var value: UInt32 = 0
    var wildcards = 0
    for index in 0..<4 {
      if index > 0, !take(UInt8(ascii: ".")) { throw fail(.malformed, from: position, to: end) }
      if take(UInt8(ascii: "*")) {
        guard allowWildcards else { throw fail(.wildcard, from: position - 1) }
        wildcards += 1
        value <<= 8
      } else {
        let start = position
        value = try value << 8 | octet()
        if wildcards > 0 { throw fail(.wildcard, from: start) }
      }
    }
    return (value, wildcards)
  }

  private mutating func octet() throws(Failure) -> UInt32 {
    let start = position
    var value: UInt32 = 0
    while let digit = decimalDigit(), position - start < 4 {
      value = value * 10 + UInt32(digit)
      position += 1
    }
    guard position > start else { throw fail(.malformed, from: position, to: end) }
    if position - start > 1, bytes[start] == UInt8(ascii: "0") { throw fail(.leadingZero, from: start) }
    guard value <= 255 else { throw fail(.octetOutOfRange, from: start) }
    return value
  }

  /// Reads eight groups, with one run of zero groups as `::` and the last two groups possibly as IPv4 (RFC
  /// 4291 §2.2).
  private mutating func v6() throws(Failure) -> UInt128 {
    var value: UInt128 = 0
    var groups = 0
    var groupsBeforeGap: Int?
    var expectsGroup = true
    if take(UInt8(ascii: ":")) {
      guard take(UInt8(ascii: ":")) else { throw fail(.malformed, from: position - 1, to: end) }
      groupsBeforeGap = 0
      expectsGroup = false
    }
    while position < end, hexValue(bytes[position]) != nil {
      let start = position
      var group: UInt128 = 0
      while position < end, let digit = hexValue(bytes[position]) {
        guard position - start < 4 else { throw fail(.malformed, from: start, to: end) }
        group = group << 4 | UInt128(digit)
        position += 1
      }
      if position < end, bytes[position] == UInt8(ascii: ".") {
        guard groups <= 6 else { throw fail(.malformed, from: start, to: end) }
        position = start
        value = try value << 32 | UInt128(v4(allowWildcards: false).value)
        groups += 2
        expectsGroup = false
        break
      }
      guard groups < 8 else { throw fail(.malformed, from: start, to: end) }
      value = value << 16 | group
      groups += 1
      expectsGroup = take(UInt8(ascii: ":"))
      guard expectsGroup else { break }
      if take(UInt8(ascii: ":")) {
        guard groupsBeforeGap == nil else { throw fail(.malformed, from: position - 2, to: end) }
        groupsBeforeGap = groups
        expectsGroup = false
      }
    }
    if position < end, bytes[position] == UInt8(ascii: "%") { throw fail(.zone, from: position, to: end) }
    if position < end, bytes[position] == UInt8(ascii: "*") { throw fail(.wildcard, from: position) }
    if expectsGroup { throw fail(.malformed, from: position, to: end) }
    guard let groupsBeforeGap else {
      guard groups == 8 else { throw fail(.malformed, from: position, to: end) }
      return value
    }
    guard groups < 8 else { throw fail(.malformed, from: position, to: end) }
    // Swift's shifts give zero if they shift everything out.
    let lowBits = UInt128(16 * (groups - groupsBeforeGap))
    let low = value & ~(UInt128.max << lowBits)
    return (value >> lowBits) << UInt128(128 - 16 * groupsBeforeGap) | low
  }

  // MARK: - Bytes

  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < end, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipBlanks() {
    while position < end, bytes[position] == UInt8(ascii: " ") || bytes[position] == UInt8(ascii: "\t") {
      position += 1
    }
  }

  private func decimalDigit() -> UInt8? {
    guard position < end else { return nil }
    let digit = bytes[position] &- UInt8(ascii: "0")
    return digit < 10 ? digit : nil
  }

  private func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  private mutating func fail(_ failure: Failure, from start: Int, to end: Int? = nil) -> Failure {
    problem = start..<max(start, end ?? position)
    return failure
  }
}
