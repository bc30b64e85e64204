@testable import OceanAccess
import OceanAddresses

/// The first octets of a proxy.
///
/// The answer is the same however they arrive; an incomplete input can still become a header.
@_cdecl("fuzz_proxy")
func fuzzProxy(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var bytes = Array(UnsafeBufferPointer(start: start, count: count))
  check(bytes)
  // No mutation guesses a checksum, so the first one in the input is corrected, too.
  guard bytes.count > 16, let place = checksum(in: bytes) else { return 0 }
  bytes.replaceSubrange(place..<place + 4, with: [0, 0, 0, 0])
  let header = bytes.prefix(16 + Int(bytes[14]) << 8 + Int(bytes[15]))
  let sum = CRC32C.checksum(header)
  bytes.replaceSubrange(
    place..<place + 4, with: (0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt32($0))) })
  precondition(check(bytes) != .invalid(.checksum) || hasFurtherChecksum(bytes, behind: place))
  return 0
}

@discardableResult
private func check(_ bytes: [UInt8]) -> ProxyHeader.Parsed {
  func parse(_ length: Int) -> ProxyHeader.Parsed {
    bytes.withUnsafeBytes { ProxyHeader.parse(.init(rebasing: $0[..<length])) }
  }
  let whole = parse(bytes.count)
  let dripping = (0...bytes.count).lazy.map(parse).first { $0 != .incomplete } ?? .incomplete
  precondition(whole == dripping, "cut otherwise, it is read otherwise")
  switch whole {
  case .incomplete: precondition(bytes.count < ProxyHeader.maxLength)
  case .invalid(let flaw): precondition(!flaw.description.isEmpty)
  case .header(let header, let length):
    precondition((15...ProxyHeader.maxLength).contains(length) && length <= bytes.count)
    precondition(length == bytes.count || parse(length) == whole)
    if case .proxied(let source, _, let destination, _) = header {
      for address in [source, destination] where address.family == .v6 {
        precondition(address.value >> 32 != 0xffff, "an IPv4 address as IPv6")
      }
    }
  }
  return whole
}

/// The position of the value of the first checksum in an IPv4 or IPv6 header.
private func checksum(in bytes: [UInt8]) -> Int? {
  guard bytes[13] == 0x11 || bytes[13] == 0x21 else { return nil }
  var position = bytes[13] == 0x11 ? 28 : 52
  while position + 7 <= bytes.count {
    let length = Int(bytes[position + 1]) << 8 + Int(bytes[position + 2])
    if bytes[position] == 3, length == 4 { return position + 3 }
    position += 3 + length
  }
  return nil
}

private func hasFurtherChecksum(_ bytes: [UInt8], behind place: Int) -> Bool {
  bytes[(place + 4)...].contains(3)
}
