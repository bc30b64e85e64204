internal import Glibc
internal import OceanAddresses

/// Version 1 of the PROXY protocol, a line of text (§2.1).
enum ProxyLine {
  static let signature = Array("PROXY ".utf8)
  private static let maxLength = 107

  static func parse(_ bytes: UnsafeRawBufferPointer) throws(ProxyHeader.Flaw) -> ProxyHeader.Parsed {
    try ProxyHeader.check(bytes, signature)
    let line = bytes.prefix(maxLength)
    guard let end = line.firstIndex(where: { $0 == 13 || $0 == 10 }) else {
      if bytes.count >= maxLength { throw .line }
      return .incomplete
    }
    guard line[end] == 13, end + 1 < maxLength else { throw .line }
    guard end + 1 < line.endIndex else { return .incomplete }
    guard line[end + 1] == 10 else { throw .line }

    let fields = line[..<end].split(separator: 32, omittingEmptySubsequences: false)
    return .header(try header(fields), length: end + 2)
  }

  private static func header(
    _ fields: [Slice<UnsafeRawBufferPointer>]
  ) throws(ProxyHeader.Flaw) -> ProxyHeader {
    guard fields.count >= 2 else { throw .fields }
    let family: IPFamily
    switch String(decoding: fields[1], as: UTF8.self) {
    // The rest of the line must be ignored.
    case "UNKNOWN": return .anonymous
    case "TCP4": family = .v4
    case "TCP6": family = .v6
    default: throw .fields
    }
    guard fields.count == 6 else { throw .fields }
    return .proxied(
      source: try address(fields[2], family), sourcePort: try port(fields[4]),
      destination: try address(fields[3], family), destinationPort: try port(fields[5]))
  }

  private static func address(
    _ field: Slice<UnsafeRawBufferPointer>, _ family: IPFamily
  ) throws(ProxyHeader.Flaw) -> IPAddress {
    guard field.allSatisfy({ (0x2d...0x7e).contains($0) }) else { throw .address }
    let text = String(decoding: field, as: UTF8.self)
    switch family {
    case .v4:
      guard let address = try? IPAddress(parsing: text), address.family == .v4 else { throw .address }
      return address
    case .v6:
      // A proxy with IPv6 sockets announces IPv4 clients as `::ffff:192.0.2.1`, which ocean's own grammar
      // refuses.
      var storage = in6_addr()
      guard inet_pton(AF_INET6, text, &storage) == 1 else { throw .address }
      return IPAddress(
        v6: withUnsafeBytes(of: storage) { UInt128(bigEndian: $0.loadUnaligned(as: UInt128.self)) })
    }
  }

  /// Reads a port: decimal, without leading zeros.
  private static func port(_ field: Slice<UnsafeRawBufferPointer>) throws(ProxyHeader.Flaw) -> UInt16 {
    guard (1...5).contains(field.count), field.allSatisfy({ (48...57).contains($0) }),
      field.count == 1 || field.first != 48,
      let port = UInt16(String(decoding: field, as: UTF8.self))
    else { throw .port }
    return port
  }
}
