internal import OceanAddresses

/// Version 2 of the PROXY protocol, binary (§2.2).
///
/// | at | octets | |
/// |---|---|---|
/// | 0 | 12 | the signature |
/// | 12 | 1 | version and command |
/// | 13 | 1 | address family and transport |
/// | 14 | 2 | how many octets follow |
/// | 16 | | source address, destination address, their ports; extensions: type, length (2), value |
enum ProxyBlock {
  static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]
  private static let fixedLength = 16
  private static let checksumType: UInt8 = 3

  static func parse(_ bytes: UnsafeRawBufferPointer) throws(ProxyHeader.Flaw) -> ProxyHeader.Parsed {
    try ProxyHeader.check(bytes, signature)
    guard bytes.count > 12 else { return .incomplete }
    guard bytes[12] == 0x20 || bytes[12] == 0x21 else { throw .command }
    let isLocal = bytes[12] == 0x20
    guard bytes.count > 13 else { return .incomplete }
    let (family, transport) = (bytes[13] >> 4, bytes[13] & 0xf)
    // For a local connection all the rest is ignored.
    if !isLocal {
      guard family <= 3, transport <= 2 else { throw .family }
      guard transport != 2 else { throw .datagram }
    }
    guard bytes.count >= fixedLength else { return .incomplete }
    let length = fixedLength + Int(number(bytes, at: 14) as UInt16)
    let isKnown = !isLocal && family != 0 && transport == 1
    let addressLength = isKnown ? [12, 36, 216][Int(family) - 1] : 0
    guard length <= ProxyHeader.maxLength, length >= fixedLength + addressLength else { throw .length }
    guard bytes.count >= length else { return .incomplete }
    guard isKnown else { return .header(isLocal ? .local : .anonymous, length: length) }

    let block = UnsafeRawBufferPointer(rebasing: bytes[..<length])
    try checkExtensions(block, from: fixedLength + addressLength)
    switch family {
    case 1:
      return .header(
        .proxied(
          source: IPAddress(v4: number(block, at: 16)), sourcePort: number(block, at: 24),
          destination: IPAddress(v4: number(block, at: 20)), destinationPort: number(block, at: 26)),
        length: length)
    case 2:
      return .header(
        .proxied(
          source: IPAddress(v6: number(block, at: 16)), sourcePort: number(block, at: 48),
          destination: IPAddress(v6: number(block, at: 32)), destinationPort: number(block, at: 50)),
        length: length)
    default: return .header(.anonymous, length: length)
    }
  }

  /// Checks the extensions, which must fill the rest of the header. Only the checksum among them matters here
  /// (§2.2.3).
  private static func checkExtensions(
    _ block: UnsafeRawBufferPointer, from start: Int
  ) throws(ProxyHeader.Flaw) {
    var position = start
    while position < block.count {
      guard block.count - position >= 3 else { throw .extensions }
      let value = position + 3
      let end = value + Int(number(block, at: position + 1) as UInt16)
      guard end <= block.count else { throw .extensions }
      if block[position] == checksumType {
        guard end - value == 4 else { throw .extensions }
        var zeroed = Array(block)
        zeroed.replaceSubrange(value..<end, with: [0, 0, 0, 0])
        // In network order like all numbers here: load balancers send it so, though RFC 4960 §B swaps the
        // octets.
        guard CRC32C.checksum(zeroed) == number(block, at: value) else { throw .checksum }
      }
      position = end
    }
  }

  /// A number in network order; callers make sure that it is there.
  private static func number<Number: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, at offset: Int
  ) -> Number {
    Number(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
  }
}
