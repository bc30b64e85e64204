import TestSupport
import Testing

@testable import OceanStore

@Suite struct SizeTests {
  let fixture = Fixture()

  /// The wire form in the obvious way (RFC 1939 §11): writes the message as it is sent.
  static func wireForm(_ content: [UInt8]) -> [UInt8] {
    var wire: [UInt8] = []
    for byte in content {
      if byte == 0x0a, wire.last != 0x0d { wire.append(0x0d) }
      wire.append(byte)
    }
    if let last = wire.last, last != 0x0a { wire += last == 0x0d ? [0x0a] : [0x0d, 0x0a] }
    return wire
  }

  @Test(arguments: [
    ("", 0), ("\n", 2), ("\r\n", 2), ("\r", 2), ("a", 3), ("a\r", 3), ("a\n", 3), ("a\r\n", 3),
    ("\n\n", 4), ("\r\r\n", 3), ("\n\r", 4), ("a\rb\n", 5), (".\n", 3), ("\r\n\n", 4),
  ]) func `small`(content: String, octets: Int) throws {
    fixture.write("new/1", content)
    let mailbox = try fixture.store().open(fixture.maildir)
    #expect(mailbox.sizes == [UInt64(octets)])
    #expect(mailbox.totalOctets == UInt64(octets))
    #expect(Self.wireForm(Array(content.utf8)).count == octets)
  }

  @Test(arguments: 0..<40 as Range<UInt64>) func `agrees with the wire form`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    // Around the length of the buffer, where a CRLF may be split between two reads.
    let length = Int.random(in: 0..<3, using: &random) * 65535 + Int.random(in: 0..<200, using: &random)
    let alphabet: [[UInt8]] = [
      [0x0d, 0x0a], [0x0d, 0x0a, 0x61], [0x0a], [0x61, 0x62, 0x0a], Array(0...255), [0x61],
    ]
    let letters = alphabet[Int(seed) % alphabet.count]
    let content = (0..<length).map { _ in letters.randomElement(using: &random) ?? 0 }
    fixture.write(Array("new/1".utf8), content)
    let mailbox = try fixture.store().open(fixture.maildir)
    #expect(mailbox.octets(of: 0) == UInt64(Self.wireForm(content).count))
    #expect(try mailbox.content(0) == content)
  }

  @Test func `every length around the block of a vector loop`() {
    for length in 0..<300 {
      // Only bare LFs: the most that a block can contain.
      let bytes = [UInt8](repeating: 0x0a, count: length)
      let expected = max(length - 1, 0)
      #expect(bytes.withUnsafeBytes { WireCounter.bareLineFeeds(in: $0) } == expected)
    }
    let many = [UInt8](repeating: 0x0a, count: 100_001)
    #expect(many.withUnsafeBytes { WireCounter.bareLineFeeds(in: $0) } == 100_000)
  }

  @Test func `reading from the cache agrees or declines`() throws {
    let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    fixture.write(Array("new/1".utf8), content)
    let file = try fixture.store().open(fixture.maildir).openMessage(0)
    #expect(file.size == 100_000)
    var buffer = [UInt8](repeating: 0, count: 8192)
    for offset in [0, 1, 50_000, 99_999] {
      let count = buffer.withUnsafeMutableBytes { file.readIfCached(into: $0, at: UInt64(offset)) }
      if let count {
        #expect(count > 0)
        #expect(Array(buffer[..<count]) == Array(content[offset..<offset + count]))
      }
    }
    for offset in [100_000, 100_001, UInt64.max] {
      #expect(buffer.withUnsafeMutableBytes { file.readIfCached(into: $0, at: offset) } == 0)
      #expect(try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: offset) } == 0)
    }
  }
}
