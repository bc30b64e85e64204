import Glibc
@testable import OceanAddresses

/// Address list files, compared line by line with libc's reading of addresses.
@_cdecl("fuzz_list")
func fuzzList(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  for limits in [AddressList.Limits(blocks: .max, errors: .max), .init(blocks: 100, errors: 3)] {
    check(AddressList(parsing: bytes, limits: limits), Expected(bytes, blocks: limits.blocks), limits)
  }
  return 0
}

private func check(_ list: AddressList, _ expected: Expected, _ limits: AddressList.Limits) {
  precondition(list.rules == expected.rules)
  precondition(list.lines == expected.lines && list.blocks == expected.blocks)
  precondition(list.errors.map(\.line) == expected.wrongLines.prefix(limits.errors).map(\.line))
  precondition(list.errors.count + list.furtherErrors == expected.wrongLines.count)
  for (error, wrong) in zip(list.errors, expected.wrongLines) {
    precondition(error.columns.lowerBound >= 1 && error.columns.upperBound <= wrong.width + 1)
    if let text = error.text {
      precondition(wrong.entry.starts(with: text.utf8) || text.unicodeScalars.contains("\u{fffd}"))
    } else {
      precondition(wrong.entry.elementsEqual("?".utf8))
    }
    precondition((error.reason == .tooManyBlocks(limit: limits.blocks)) == wrong.isTooMuch)
  }
}

/// The content of a file, found in the slow and obvious way.
private struct Expected {
  var rules = AddressRules()
  var lines = 0
  var blocks = 0
  var wrongLines: [(line: Int, entry: [UInt8], width: Int, isTooMuch: Bool)] = []

  init(_ bytes: [UInt8], blocks limit: Int) {
    let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
    var parts = body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // The last line end ends a line, but does not begin another.
    if parts.last?.isEmpty == true { parts.removeLast() }
    for part in parts {
      lines += 1
      let entry = Array(trimmed(part.prefix { $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: ";") }, " \t\r"))
      if entry.isEmpty { continue }
      if let (first, last) = range(entry), !hasEntryBehindSemicolon(part) {
        blocks += blockCount(first.value, last.value)
        if blocks <= limit {
          rules.append(AddressPattern(first, last), rule: UInt32(lines))
          continue
        }
      }
      let scalars = part.count { $0 & 0xC0 != 0x80 }
      wrongLines.append((lines, entry, scalars, blocks > limit))
      if blocks > limit { return }
    }
  }
}

/// Whether the comment of a line begins with `;` and has another entry between semicolons.
private func hasEntryBehindSemicolon(_ line: ArraySlice<UInt8>) -> Bool {
  let comment = line.drop { $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: ";") }
  guard comment.first == UInt8(ascii: ";") else { return false }
  return comment.split(separator: UInt8(ascii: ";")).contains { range(Array(trimmed($0, " \t\r"))) != nil }
}

/// The first and last address of an entry; nil if it is not an entry.
private func range(_ entry: [UInt8]) -> (IPAddress, IPAddress)? {
  if entry.contains(UInt8(ascii: "*")) {
    let octets = entry.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let fixed = octets.prefix { !$0.elementsEqual("*".utf8) }
    guard octets.count == 4, octets.dropFirst(fixed.count).allSatisfy({ $0.elementsEqual("*".utf8) }),
      !fixed.joined().contains(UInt8(ascii: "*")),
      let first = address(entry.map { $0 == UInt8(ascii: "*") ? UInt8(ascii: "0") : $0 }), first.family == .v4
    else { return nil }
    let free = UInt128(8 * (4 - fixed.count))
    return (first, IPAddress(family: .v4, value: first.value | ((1 << free) - 1)))
  }
  if let slash = entry.firstIndex(of: UInt8(ascii: "/")) {
    let digits = entry[(slash + 1)...]
    guard let network = address(Array(entry[..<slash])), (1...3).contains(digits.count),
      digits.allSatisfy({ (48...57).contains($0) }), digits.count == 1 || digits.first != 48,
      let length = Int(String(decoding: digits, as: UTF8.self)), length <= network.family.bits
    else { return nil }
    var hostMask: UInt128 = 0
    for _ in length..<network.family.bits { hostMask = hostMask << 1 | 1 }
    guard network.value & hostMask == 0 else { return nil }
    return (network, IPAddress(family: network.family, value: network.value | hostMask))
  }
  if let dash = entry.firstIndex(of: UInt8(ascii: "-")) {
    guard let first = address(Array(trimmed(entry[..<dash], " \t"))),
      let last = address(Array(trimmed(entry[(dash + 1)...], " \t"))), first.family == last.family,
      first.value <= last.value
    else { return nil }
    return (first, last)
  }
  return address(entry).map { ($0, $0) }
}

/// Reads an address with libc; nil also for IPv4 in IPv6 form.
private func address(_ text: [UInt8]) -> IPAddress? {
  guard !text.contains(0) else { return nil }
  let isV6 = text.contains(UInt8(ascii: ":"))
  var bytes = [UInt8](repeating: 0, count: isV6 ? 16 : 4)
  let isRead = (text + [0]).withUnsafeBytes { text in
    guard let start = text.bindMemory(to: CChar.self).baseAddress else { return false }
    return inet_pton(isV6 ? AF_INET6 : AF_INET, start, &bytes) == 1
  }
  guard isRead else { return nil }
  let value = bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
  if isV6, value >> 32 == 0xFFFF { return nil }
  return IPAddress(family: isV6 ? .v6 : .v4, value: value)
}

/// The number of blocks in a range, each as large as fits.
private func blockCount(_ first: UInt128, _ last: UInt128) -> Int {
  var count = 0
  var next = first
  while true {
    count += 1
    var mask: UInt128 = 0
    while mask != .max {
      let wider = mask << 1 | 1
      guard next & wider == 0, wider <= last - next else { break }
      mask = wider
    }
    if next + mask == last { return count }
    next += mask + 1
  }
}

private func trimmed(_ bytes: ArraySlice<UInt8>, _ blanks: String) -> ArraySlice<UInt8> {
  var bytes = bytes.drop { blanks.utf8.contains($0) }
  while let last = bytes.last, blanks.utf8.contains(last) { bytes.removeLast() }
  return bytes
}
