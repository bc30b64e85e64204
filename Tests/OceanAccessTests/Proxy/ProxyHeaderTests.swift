import OceanAddresses
import TestSupport
import Testing
@testable import OceanAccess

@Suite struct ProxyHeaderTests {
  private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]

  private static func line(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// Version 2: command, family and transport, and the rest.
  private static func block(_ command: UInt8, _ family: UInt8, _ rest: [UInt8]) -> [UInt8] {
    signature + [command, family, UInt8(rest.count >> 8), UInt8(rest.count & 255)] + rest
  }

  /// 192.0.2.1 port 56324 to 198.51.100.2 port 110.
  private static let v4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 2, 0xdc, 0x04, 0, 110]
  /// 2001:db8::1 port 1 to 2001:db8::2 port 65535.
  private static let v6: [UInt8] =
    [0x20, 0x01, 0x0d, 0xb8] + zeros(11) + [1, 0x20, 0x01, 0x0d, 0xb8] + zeros(11) + [2, 0, 1, 255, 255]

  private static func zeros(_ count: Int) -> [UInt8] { Array(repeating: 0, count: count) }

  private static func checked(_ header: [UInt8], at place: Int) -> [UInt8] {
    var header = header
    let sum = CRC32C.checksum(header)
    header.replaceSubrange(
      place..<place + 4, with: (0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * $0)) })
    return header
  }

  private static func proxied(
    _ source: String, _ sourcePort: UInt16, _ destination: String, _ destinationPort: UInt16
  ) throws -> ProxyHeader {
    .proxied(
      source: try IPAddress(parsing: source), sourcePort: sourcePort,
      destination: try IPAddress(parsing: destination), destinationPort: destinationPort)
  }

  static func valid() throws -> [(bytes: [UInt8], header: ProxyHeader)] {
    let wide = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    let extensions: [UInt8] = [2, 0, 3, 97, 98, 99, 0xea, 0, 0, 4, 0, 1, 0]
    let four = try proxied("192.0.2.1", 56324, "198.51.100.2", 110)
    let six = try proxied("2001:db8::1", 1, "2001:db8::2", 65535)
    let mapped: [UInt8] =
      zeros(10) + [255, 255, 192, 0, 2, 1] + zeros(10) + [255, 255, 198, 51, 100, 2] + v4[8...]
    return [
      // The example of the specification.
      (
        line("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"),
        try proxied("192.168.0.1", 56324, "192.168.0.11", 443)
      ),
      (
        line("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
        try proxied("255.255.255.255", 65535, "255.255.255.255", 65535)
      ),
      (line("PROXY TCP6 \(wide) \(wide) 65535 65535\r\n"), try proxied(wide, 65535, wide, 65535)),
      (line("PROXY TCP6 2001:DB8::1 ::1 0 1\r\n"), try proxied("2001:db8::1", 0, "::1", 1)),
      (line("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:c633:6402 56324 110\r\n"), four),
      (line("PROXY UNKNOWN\r\n"), .anonymous),
      (line("PROXY UNKNOWN \(wide) \(wide) 65535 65535\r\n"), .anonymous),
      (line("PROXY UNKNOWN whatever  there\u{0}is\r\n"), .anonymous),
      (block(0x21, 0x11, v4), four), (block(0x21, 0x21, v6), six), (block(0x21, 0x21, mapped), four),
      (block(0x21, 0x11, v4 + extensions), four), (block(0x21, 0x21, v6 + extensions), six),
      (checked(block(0x21, 0x11, v4 + [3, 0, 4] + zeros(4) + extensions), at: 31), four),
      (block(0x21, 0x11, v4 + [4, 0x0f, 0xe1] + zeros(4065)), four),
      (block(0x21, 0x31, zeros(216)), .anonymous), (block(0x21, 0x31, zeros(216) + extensions), .anonymous),
      // Local and unknown ones: the rest is skipped, whatever it is.
      (block(0x20, 0x00, []), .local), (block(0x20, 0x11, v4), .local),
      (block(0x20, 0xff, [1, 2, 3]), .local),
      (block(0x21, 0x00, []), .anonymous), (block(0x21, 0x00, [3, 0]), .anonymous),
      (block(0x21, 0x01, v4), .anonymous),
      (block(0x21, 0x10, []), .anonymous),
    ]
  }

  static func invalid() -> [(bytes: [UInt8], flaw: ProxyHeader.Flaw)] {
    let texts: [(String, ProxyHeader.Flaw)] = [
      ("USER anna\r\n", .signature), ("proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n", .signature),
      ("PROXY\tTCP4 192.0.2.1 192.0.2.2 1 2\r\n", .signature), ("PROXY\r\n", .signature),
      ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", .line), ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\rUSER", .line),
      ("PROXY UNKNOWN \n\r\n", .line), ("PROXY UNKNOWN " + String(repeating: "x", count: 92) + "\r\n", .line),
      ("PROXY UNKNOWN " + String(repeating: "x", count: 93), .line),
      ("PROXY \r\n", .fields), ("PROXY UNKNOWN2\r\n", .fields),
      ("PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n", .fields),
      ("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n", .fields), ("PROXY TCP4\r\n", .fields),
      ("PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n", .fields),
      ("PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n", .fields),
      ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n", .fields), ("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n", .fields),
      ("PROXY TCP4 192.0.2.1 192.0.2.2  1\r\n", .port), ("PROXY TCP4  192.0.2.2 1 2\r\n", .address),
      ("PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n", .address),
      ("PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n", .address),
      ("PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n", .address),
      ("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", .address),
      ("PROXY TCP4 192.0.2.1/32 192.0.2.2 1 2\r\n", .address), ("PROXY TCP4 192.0.2.1 * 1 2\r\n", .address),
      ("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", .address), ("PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", .address),
      ("PROXY TCP6 1::2::3 ::1 1 2\r\n", .address), ("PROXY TCP6 12345:: ::1 1 2\r\n", .address),
      ("PROXY TCP6 ::1\u{0} ::1 1 2\r\n", .address), ("PROXY TCP6 [::1] ::1 1 2\r\n", .address),
      ("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n", .port),
      ("PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n", .port),
      ("PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n", .port), ("PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n", .port),
    ]
    var wrongSum = checked(block(0x21, 0x11, v4 + [3, 0, 4] + zeros(4)), at: 31)
    wrongSum[20] ^= 1
    return texts.map { (line($0.0), $0.1) } + [
      ([0x16, 3, 1], .signature), ([0], .signature), ([13, 10, 10], .signature),
      (block(0x31, 0x11, v4), .command), (block(0x22, 0x11, v4), .command), (block(0x11, 0x11, v4), .command),
      (block(0x21, 0x41, v4), .family), (block(0x21, 0x13, v4), .family),
      (block(0x21, 0x12, v4), .datagram), (block(0x21, 0x22, v6), .datagram),
      (block(0x21, 0x11, Array(v4.dropLast())), .length), (block(0x21, 0x21, Array(v6.dropLast())), .length),
      (block(0x21, 0x31, zeros(215)), .length),
      (block(0x21, 0x11, v4 + [4, 0x0f, 0xe2] + zeros(4066)), .length),
      (block(0x20, 0, zeros(4081)), .length),
      (block(0x21, 0x11, v4 + [4]), .extensions), (block(0x21, 0x11, v4 + [4, 0, 1]), .extensions),
      (block(0x21, 0x11, v4 + [3, 0, 3, 0, 0, 0]), .extensions), (wrongSum, .checksum),
    ]
  }

  private func parse(_ bytes: [UInt8]) -> ProxyHeader.Parsed { bytes.withUnsafeBytes(ProxyHeader.parse) }

  /// The result if one octet arrives after the other.
  private func drip(_ bytes: [UInt8]) -> ProxyHeader.Parsed {
    for length in 0..<bytes.count {
      let parsed = parse(Array(bytes[..<length]))
      if parsed != .incomplete { return parsed }
    }
    return parse(bytes)
  }

  @Test func `valid headers`() throws {
    for (bytes, header) in try Self.valid() {
      #expect(parse(bytes) == .header(header, length: bytes.count), "\(bytes.prefix(120))")
      #expect(parse(bytes + Array("CAPA\r\n".utf8)) == .header(header, length: bytes.count))
      #expect(drip(bytes) == .header(header, length: bytes.count))
    }
  }

  @Test func `every beginning is incomplete`() throws {
    for (bytes, _) in try Self.valid() where bytes.count < 1000 {
      for length in 0..<bytes.count { #expect(parse(Array(bytes[..<length])) == .incomplete) }
    }
  }

  @Test func `invalid headers`() {
    for (bytes, flaw) in Self.invalid() {
      #expect(parse(bytes) == .invalid(flaw), "\(bytes.prefix(120))")
      #expect(drip(bytes) == .invalid(flaw), "\(bytes.prefix(120))")
      #expect(!flaw.description.isEmpty)
    }
  }

  /// Nothing traps, and the answer is the same however the input is cut.
  @Test func `mutations`() throws {
    var random = SeededGenerator(seed: 1)
    let seeds = try Self.valid().map(\.bytes).filter { $0.count < 300 } + Self.invalid().map(\.bytes)
    for _ in 0..<3000 {
      var bytes = Array((seeds.randomElement(using: &random) ?? []).prefix(300))
      for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
        let place = Int.random(in: bytes.indices, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        }
      }
      let whole = parse(bytes)
      #expect(whole == drip(bytes))
      if case .header(_, let length) = whole { #expect((1...bytes.count).contains(length)) }
    }
  }

  /// The parser never asks for more than it said.
  @Test func `length is bounded`() {
    for start in [
      Self.line("PROXY UNKNOWN"), Self.signature + [0x20, 0, 0xff, 0xff],
      Self.signature + [0x21, 0x11, 0xf, 0xf0],
    ] {
      #expect(parse(start + Self.zeros(ProxyHeader.maxLength)) != .incomplete)
    }
  }

  @Test func `checksums`() {
    #expect(CRC32C.checksum("123456789".utf8) == 0xe306_9283)
    #expect(CRC32C.checksum([]) == 0)
    // RFC 3720 §B.4.
    #expect(CRC32C.checksum(Array(repeating: UInt8(0), count: 32)) == 0x8a91_36aa)
    #expect(CRC32C.checksum(UInt8(0)..<32) == 0x46dd_794e)
  }
}
