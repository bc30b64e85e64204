import Glibc
import OceanAddresses
import TestSupport
import Testing

struct AddressPatternTests {
  @Test(arguments: [
    ("192.0.2.1", "192.0.2.1"),
    ("0.0.0.0", "0.0.0.0"),
    ("192.0.2.1/32", "192.0.2.1"),
    ("10.0.0.0/8", "10.0.0.0/8"),
    ("0.0.0.0/0", "0.0.0.0/0"),
    ("198.51.100.70-198.51.100.90", "198.51.100.70-198.51.100.90"),
    ("198.51.100.0 -\t198.51.100.255", "198.51.100.0/24"),
    ("10.0.0.1-10.0.0.1", "10.0.0.1"),
    ("192.168.*.*", "192.168.0.0/16"),
    ("192.168.7.*", "192.168.7.0/24"),
    ("*.*.*.*", "0.0.0.0/0"),
    ("2001:DB8::/32", "2001:db8::/32"),
    ("::/0", "::/0"),
    ("::", "::"),
    ("2001:db8::1 - 2001:db8::ff", "2001:db8::1-2001:db8::ff"),
    ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0"),
  ])
  func `parses`(_ text: String, _ canonical: String) throws {
    let pattern = try AddressPattern(parsing: text)
    #expect(pattern.description == canonical)
    #expect(try AddressPattern(parsing: canonical) == pattern)
  }

  @Test func `ranges come to the fewest blocks`() throws {
    let worst = try AddressPattern(parsing: "0.0.0.1-255.255.255.254")
    #expect(Array(worst.prefixes).count == 62)
    let text = "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"
    #expect(Array(try AddressPattern(parsing: text).prefixes).count == 254)
    let pattern = try AddressPattern(parsing: "198.51.100.70-198.51.100.90")
    #expect(
      pattern.prefixes.map(\.description) == [
        "198.51.100.70/31", "198.51.100.72/29", "198.51.100.80/29", "198.51.100.88/31", "198.51.100.90/32",
      ])
  }

  private static func prefix(_ address: UInt32, _ length: Int) -> IPPrefix {
    IPPrefix(IPAddress(v4: address), length: length)
  }

  @Test(
    arguments: [
      ("", .empty),
      ("mail.example.org", .malformed),
      ("10.0.0", .malformed),
      ("10.0.0.", .malformed),
      ("10..0.1", .malformed),
      ("10.0.0.0.1", .malformed),
      (" 10.0.0.1", .malformed),
      ("10.0.0.1 ", .malformed),
      ("10.0.0.1-", .malformed),
      ("10.0.0.1-10.0.0.2-10.0.0.3", .malformed),
      ("10.0.0.1-5", .malformed),
      ("0x0a.0.0.1", .malformed),
      ("١.0.0.1", .malformed),
      ("10.0.0.256", .octetOutOfRange),
      ("10.0.0.99999999999999999999", .octetOutOfRange),
      ("10.0.0.010", .leadingZero),
      ("10.00.0.1", .leadingZero),
      ("fe80::1%eth0", .zone),
      ("fe80::1%eth0/64", .zone),
      ("::ffff:192.0.2.1", .mapped(prefix(0xc000_0201, 32))),
      ("::ffff:c000:201", .mapped(prefix(0xc000_0201, 32))),
      ("::ffff:10.0.0.0/104", .mapped(prefix(0x0a00_0000, 8))),
      ("::fffe:0:0-::ffff:0.0.0.9", .mapped(prefix(9, 32))),
      ("10.0.0.0/33", .prefixLength(maximum: 32)),
      ("10.0.0.0/", .prefixLength(maximum: 32)),
      ("10.0.0.0/08", .prefixLength(maximum: 32)),
      ("10.0.0.0/-1", .prefixLength(maximum: 32)),
      ("10.0.0.0/255.0.0.0", .prefixLength(maximum: 32)),
      ("2001:db8::/129", .prefixLength(maximum: 128)),
      ("10.0.0.5/8", .hostBits(network: prefix(0x0a00_0000, 8), single: prefix(0x0a00_0005, 32))),
      ("10.0.0.9-10.0.0.1", .reversed(first: IPAddress(v4: 0x0a00_0009), last: IPAddress(v4: 0x0a00_0001))),
      ("10.0.0.1-::5", .mixedFamilies),
      ("192.*.1.1", .wildcard),
      ("192.*.1.*", .wildcard),
      ("192.168.*.*/16", .wildcard),
      ("192.168.*.*-192.169.*.*", .wildcard),
      ("10.0.0.1-10.0.0.*", .wildcard),
      ("2001:db8:*", .wildcard),
      ("192.168.*", .malformed),
      ("2001:db8::1::", .malformed),
      ("1:2:3:4:5:6:7", .malformed),
      ("1:2:3:4:5:6:7:8:9", .malformed),
      ("1:2:3:4:5:6:7:8::", .malformed),
      ("12345::", .malformed),
      ("::1:", .malformed),
      (":1::", .malformed),
      ("1:2:3:4:5:6:7:1.2.3.4", .malformed),
      ("::01.2.3.4", .leadingZero),
    ] as [(String, AddressPattern.ParseError)])
  func `refuses`(_ text: String, _ error: AddressPattern.ParseError) {
    #expect(throws: error) { try AddressPattern(parsing: text) }
  }

  /// Mutations of valid texts never trap. What is accepted is what libc reads, except for what ocean refuses.
  @Test func `mutations against libc`() {
    var random = SeededGenerator(seed: 5)
    let seeds = [
      "192.0.2.1", "255.255.255.255", "2001:db8::1", "::", "1:2:3:4:5:6:7:8", "64:ff9b::192.0.2.33",
      "::ffff:1.2.3.4",
      "fe80::1%eth0", "1::8", "1:2:3:4:5:6:1.2.3.4",
    ].map { Array($0.utf8) }
    let alphabet = Array("0123456789abcdefABCDEF.:/%-* ".utf8) + [0, 200]
    var accepted = 0
    for _ in 0..<50_000 {
      var bytes = seeds.randomElement(using: &random) ?? []
      for _ in 0...Int.random(in: 0...3, using: &random) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let byte = alphabet.randomElement(using: &random) ?? 0
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes.insert(byte, at: place)
        case 1: if place < bytes.count { bytes[place] = byte }
        default: if place < bytes.count { bytes.remove(at: place) }
        }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      _ = try? AddressPattern(parsing: text)
      _ = try? IPPrefix(parsing: text)
      let expected = libc(text)
      let address = try? IPAddress(parsing: text)
      if address != nil { accepted += 1 }
      if address != expected { Issue.record("'\(text)': \(String(describing: address))") }
      if let address, (try? IPAddress(parsing: address.description)) != address {
        Issue.record("'\(text)' round trip")
      }
    }
    #expect(accepted > 2_000)
  }

  /// Returns what inet_pton reads, less what ocean refuses: v4-mapped addresses.
  private func libc(_ text: String) -> IPAddress? {
    if text.utf8.contains(0) { return nil }
    var v4 = in_addr()
    if inet_pton(AF_INET, text, &v4) == 1 { return IPAddress(v4: UInt32(bigEndian: v4.s_addr)) }
    var v6 = in6_addr()
    guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
    let value = withUnsafeBytes(of: &v6) { UInt128(bigEndian: $0.load(as: UInt128.self)) }
    return value >> 32 == 0xffff ? nil : IPAddress(v6: value)
  }

  /// The groups are of few kinds, so that runs of zeros of every length and place come up.
  @Test func `text is that of libc`() {
    var random = SeededGenerator(seed: 13)
    for _ in 0..<20_000 {
      let value = (0..<8).reduce(UInt128(0)) { value, _ in
        let group = [0, 0, 0xffff, 1, UInt16.random(in: 0 ... .max, using: &random)].randomElement(
          using: &random)
        return value << 16 | UInt128(group ?? 0)
      }
      for address in [IPAddress(family: .v6, value: value), IPAddress(v4: UInt32(truncatingIfNeeded: value))]
      {
        var bytes = address.bytes
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(address.family == .v4 ? AF_INET : AF_INET6, &bytes, &text, socklen_t(text.count))
        let expected = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        if address.description != expected { Issue.record("\(address) is \(expected)") }
      }
    }
  }

  @Test func `prefix and address errors`() {
    #expect(throws: IPAddress.ParseError.mapped) { try IPAddress(parsing: "::ffff:1.2.3.4") }
    #expect(throws: IPAddress.ParseError.malformed) { try IPAddress(parsing: "1.2.3.4/32") }
    #expect(throws: IPAddress.ParseError.leadingZero) { try IPAddress(parsing: "1.2.3.04") }
    #expect(throws: IPAddress.ParseError.zone) { try IPAddress(parsing: "fe80::1%1") }
    #expect(throws: IPPrefix.ParseError.length) { try IPPrefix(parsing: "1.2.3.4/33") }
    #expect(throws: IPPrefix.ParseError.address(.malformed)) { try IPPrefix(parsing: "1.2.3.4-1.2.3.5") }
    let network = IPPrefix(IPAddress(v4: 0x0a00_0000), length: 8)
    let single = IPPrefix(IPAddress(v4: 0x0a00_0005), length: 32)
    #expect(throws: IPPrefix.ParseError.hostBits(network: network, single: single)) {
      try IPPrefix(parsing: "10.0.0.5/8")
    }
  }
}
