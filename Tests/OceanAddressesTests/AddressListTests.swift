import OceanAddresses
import TestSupport
import Testing

struct AddressListTests {
  private let generous = AddressList.Limits(blocks: 1000, errors: 10)

  @Test func `published form`() throws {
    let text =
      "\u{feff}# DROP list\r\n10.0.0.0/8\r\n\r\n 192.0.2.1 ; SBL1\n;\n\t# x # y\n2001:db8::/32#z\n1.1.1.1 - 1.1.1.2"
    let list = AddressList(parsing: Array(text.utf8), limits: generous)
    #expect(list.errors.isEmpty && list.furtherErrors == 0)
    var expected = AddressRules()
    for (line, entry) in [(2, "10.0.0.0/8"), (4, "192.0.2.1"), (7, "2001:db8::/32"), (8, "1.1.1.1-1.1.1.2")] {
      expected.append(try AddressPattern(parsing: entry), rule: UInt32(line))
    }
    #expect(list.rules == expected)
    #expect(list.blocks == 5)
  }

  @Test(arguments: ["", "\n", "\r\n\r\n", "#", "# only\n; comments", " \t\r\n"])
  func `nothing`(_ text: String) {
    let list = AddressList(parsing: Array(text.utf8), limits: generous)
    #expect(list.rules.isEmpty && list.errors.isEmpty)
  }

  @Test func `errors have lines and columns`() {
    let text = "1.1.1.1\n  10.0.0.5/8 # no\n1.2.3.04\nä 1.1.1.1\n\n1.1.1.1 é\n1.1.1.300\r\n1.1.1.9 - 1.1.1.1"
    let list = AddressList(parsing: Array(text.utf8), limits: generous)
    let network = IPPrefix(IPAddress(v4: 0x0a00_0000), length: 8)
    let single = IPPrefix(IPAddress(v4: 0x0a00_0005), length: 32)
    func error(
      _ reason: AddressPattern.ParseError, _ text: String, line: Int, columns: Range<Int>
    ) -> AddressList.LineError {
      .init(reason: .pattern(reason), text: text, line: line, columns: columns)
    }
    let (nine, one) = (IPAddress(v4: 0x0101_0109), IPAddress(v4: 0x0101_0101))
    #expect(
      list.errors == [
        .init(
          reason: .pattern(.hostBits(network: network, single: single)), text: "10.0.0.5/8", line: 2,
          columns: 3..<13),
        error(.leadingZero, "1.2.3.04", line: 3, columns: 7..<9),
        error(.malformed, "ä 1.1.1.1", line: 4, columns: 1..<10),
        error(.malformed, "1.1.1.1 é", line: 6, columns: 9..<10),
        error(.octetOutOfRange, "1.1.1.300", line: 7, columns: 7..<10),
        error(.reversed(first: nine, last: one), "1.1.1.9 - 1.1.1.1", line: 8, columns: 1..<18),
      ])
    #expect(list.rules.count == 1)
  }

  @Test func `errors are capped`() {
    let text = [String](repeating: "x", count: 25).joined(separator: "\n") + "\n1.1.1.1"
    let list = AddressList(parsing: Array(text.utf8), limits: generous)
    #expect(list.errors.count == 10)
    #expect(list.furtherErrors == 15)
    #expect(list.rules.count == 1)
  }

  @Test func `blocks are capped`() {
    let text = "1.1.1.1\n0.0.0.1-255.255.255.254\n1.1.1.2\n"
    let list = AddressList(parsing: Array(text.utf8), limits: .init(blocks: 62, errors: 10))
    #expect(list.rules.count == 1)
    #expect(
      list.errors == [
        .init(reason: .tooManyBlocks(limit: 62), text: "0.0.0.1-255.255.255.254", line: 2, columns: 1..<24)
      ])
    #expect(AddressList(parsing: Array(text.utf8), limits: .init(blocks: 64, errors: 10)).errors.isEmpty)
  }

  /// Random bytes, mostly the format's own, never trap, and each line is read as the pattern parser reads it.
  @Test func `mutations line by line`() {
    var random = SeededGenerator(seed: 8)
    let alphabet = Array("0123456789.:/-* #;\r\n\tabcf%".utf8) + [0xef, 0xbb, 0xbf, 0xff, 0]
    for _ in 0..<500 {
      var bytes = Array("10.0.0.0/8\n192.168.*.*\n2001:db8::/32 # x\n1.1.1.1-1.1.1.9\r\n".utf8)
      for _ in 0..<Int.random(in: 0...8, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        bytes[place] = alphabet.randomElement(using: &random) ?? 0
      }
      let list = AddressList(parsing: bytes, limits: .init(blocks: .max, errors: .max))
      let body = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...]
      var expected = AddressRules()
      var failures: [Int] = []
      for (index, line) in body.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
        let entry = line.prefix { $0 != 35 && $0 != 59 }.drop { [32, 9, 13].contains($0) }
        let trimmed = entry.reversed().drop { [32, 9, 13].contains($0) }.reversed()
        if trimmed.isEmpty { continue }
        if let pattern = try? AddressPattern(parsing: String(decoding: trimmed, as: UTF8.self)) {
          expected.append(pattern, rule: UInt32(index + 1))
        } else {
          failures.append(index + 1)
        }
      }
      #expect(list.rules == expected)
      #expect(list.errors.map(\.line) == failures)
    }
  }
}
