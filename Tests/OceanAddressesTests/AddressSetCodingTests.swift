import FoundationEssentials
import OceanAddresses
import TestSupport
import Testing

struct AddressSetCodingTests {
  private func encoded(_ set: AddressSet) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return String(decoding: try encoder.encode(set), as: UTF8.self)
  }

  private func decoded(_ text: String) throws -> AddressSet {
    try JSONDecoder().decode(AddressSet.self, from: Data("\"\(text)\"".utf8))
  }

  @Test func `one string of the fewest blocks`() throws {
    let texts = ["2001:db8::/32", "198.51.100.70-198.51.100.72", "203.0.113.0/25", "203.0.113.128/25"]
    let set = try AddressSet(texts.map { try AddressPattern(parsing: $0) })
    #expect(
      try encoded(set) == #""198.51.100.70/31 198.51.100.72/32 203.0.113.0/24 2001:db8::/32""#)
    #expect(try encoded(AddressSet()) == #""""#)
    #expect(try encoded(.all) == #""0.0.0.0/0 ::/0""#)
  }

  @Test func `any order and splitting`() throws {
    let set = try decoded("::/1 10.0.0.128/25 10.0.0.1/32 10.0.0.0/25 8000::/1 10.0.0.7")
    #expect(set.description == "10.0.0.0/24, ::/0")
  }

  /// No block people may write, but the complement of others may consist of it.
  @Test func `mapped addresses`() throws {
    let others = try ["::-::fffe:ffff:ffff", "::1:0:0:0-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"].map {
      try AddressPattern(parsing: $0)
    }
    let mapped = AddressSet(others).complement
    #expect(mapped.description == "0.0.0.0/0, ::ffff:0.0.0.0/96")
    #expect(try decoded("0.0.0.0/0 ::ffff:0.0.0.0/96") == mapped)
  }

  @Test(arguments: [1, 20, 3000])
  func `round trips`(_ size: Int) throws {
    var random = SeededGenerator(seed: UInt64(size))
    for _ in 0..<(size > 1000 ? 1 : 30) {
      let patterns = IPFamily.allCases.flatMap {
        randomPatterns(size, family: $0, &random).dropFirst()
      }
      let set = AddressSet(patterns)
      for set in [set, set.complement] {
        let text = try encoded(set)
        #expect(try JSONDecoder().decode(AddressSet.self, from: Data(text.utf8)) == set)
        let blocks = IPFamily.allCases.flatMap { Array(set.prefixes(of: $0)) }
        #expect(text == "\"" + blocks.map(\.description).joined(separator: " ") + "\"")
      }
    }
  }

  @Test(arguments: [
    " ", " 10.0.0.0/8", "10.0.0.0/8 ", "10.0.0.0/8  ::/0", "10.0.0.0/8,::/0", "10.0.0.0/8\\n::/0",
    "10.0.0.1/8",
    "10.0.0.0/33", "10.0.0.0/", "10.0.0.0-10.0.0.1", "10.0.0.*", "all", "::/129", "fe80::1%1/128",
    "10.0.0.0/8 é",
  ])
  func `refuses`(_ text: String) {
    #expect(throws: DecodingError.self) { try decoded(text) }
  }

  @Test(arguments: ["[]", "4", "null", "{}", #"["10.0.0.0/8"]"#])
  func `refuses other types`(_ json: String) {
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(AddressSet.self, from: Data(json.utf8)) }
  }

  /// Never a trap; what is read is what its parts are read as.
  @Test func `mutations`() {
    var random = SeededGenerator(seed: 14)
    let alphabet = Array("0123456789abcdef.:/  -*%".utf8)
    var accepted = 0
    for _ in 0..<5000 {
      var bytes = Array("10.0.0.0/8 192.0.2.1/32 2001:db8::/32 ::/128".utf8)
      for _ in 0...Int.random(in: 0...2, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        bytes[place] = alphabet.randomElement(using: &random) ?? 0
      }
      let text = String(decoding: bytes, as: UTF8.self)
      let parts = text.split(separator: " ", omittingEmptySubsequences: false)
      let prefixes = try? parts.map { try IPPrefix(parsing: $0) }
      let set = try? decoded(text)
      if set != prefixes.map({ AddressSet($0.map { AddressPattern($0) }) }) { Issue.record("'\(text)'") }
      if set != nil { accepted += 1 }
    }
    #expect(accepted > 100)
  }
}
