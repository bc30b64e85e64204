import OceanSyntax
import Testing

@Suite struct EncodingTests {
  @Test func `latin 1`() {
    let parsed = Parsed(bytes: Array("a: ä\n# caf".utf8) + [0xe9, 0x0a])
    #expect(parsed.root == nil)
    #expect(
      parsed.rendered == """
        error[OC0101]: the text is not UTF-8
         --> ocean.yaml:2:6
          |
        2 | # caf\u{fffd}
          |      ^ byte 0xe9
          = save it as UTF-8; if it is ISO-8859-1: iconv -f ISO-8859-1 -t UTF-8 ocean.yaml > utf8.yaml

        """)
  }

  @Test(
    arguments: [
      [0xff, 0xfe, 0x61, 0x00], [0xfe, 0xff, 0x00, 0x61], [0x61, 0x00, 0x3a, 0x00], [0x00, 0x61, 0x00, 0x3a],
      [0xff], [0xfe], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc3], [0x61, 0xe2, 0x82],
    ] as [[UInt8]])
  func `not UTF8`(bytes: [UInt8]) {
    let parsed = Parsed(bytes: bytes)
    #expect(parsed.codes == ["OC0101"])
    #expect(parsed.root == nil)
    #expect(!parsed.rendered.isEmpty)
  }

  /// Which of them it is decides with what it is converted.
  @Test(arguments: [
    ("UTF-16", [0xff, 0xfe, 0x61, 0x00], "UTF-16"), ("UTF-16", [0xfe, 0xff, 0x00, 0x61], "UTF-16"),
    ("UTF-16", [0x61, 0x00, 0x3a, 0x00], "UTF-16LE"), ("UTF-16", [0x00, 0x61, 0x00, 0x3a], "UTF-16BE"),
    ("UTF-32", [0xff, 0xfe, 0x00, 0x00, 0x61, 0, 0, 0], "UTF-32"),
    ("UTF-32", [0x00, 0x00, 0xfe, 0xff, 0, 0, 0, 0x61], "UTF-32"),
    ("UTF-32", [0x61, 0, 0, 0, 0x3a, 0, 0, 0], "UTF-32LE"),
    ("UTF-32", [0, 0, 0, 0x61, 0, 0, 0, 0x3a], "UTF-32BE"),
    // With what is no UTF-8 in it.
    ("UTF-16", [0x23, 0x00, 0xe4, 0x00, 0x80, 0x20], "UTF-16LE"),
  ])
  func `wide`(name: String, bytes: [UInt8], converter: String) throws {
    let parsed = Parsed(bytes: bytes)
    #expect(parsed.codes == ["OC0101"])
    let found = try #require(parsed.diagnostics.first)
    #expect(found.message == "the text is \(name), and not UTF-8")
    #expect(
      found.help == "save it as UTF-8, or convert it: iconv -f \(converter) -t UTF-8 ocean.yaml > utf8.yaml")
    #expect(!parsed.rendered.isEmpty)
  }

  /// The NUL is marked, not the end of the empty line before it.
  @Test func `line end in UTF 16`() {
    let span = Parsed(bytes: [0x0a, 0x00, 0x61, 0x00]).diagnostics.first?.span
    #expect(span?.start == Position(line: 2, column: 1))
    #expect(span?.end == Position(line: 2, column: 2))
  }

  @Test(arguments: [
    0, 1, 8, 0xb, 0xc, 0xe, 0x1f, 0x7f, 0x80, 0x85, 0x9f, 0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff,
  ])
  func `invisible`(value: UInt32) throws {
    let scalar = try #require(Unicode.Scalar(value))
    let parsed = Parsed("ä: b\nä: \(scalar)\n")
    #expect(parsed.codes == ["OC0102"])
    #expect(parsed.diagnostics.first?.span?.start == Position(line: 2, column: 4))
    #expect(parsed.diagnostics.first?.span?.end == Position(line: 2, column: 5))
  }

  @Test(arguments: [0x9, 0x20, 0x7e, 0xa0, 0xad, 0x200e, 0x2027, 0x202a, 0xe000, 0xfffd, 0x10000, 0x10ffff])
  func `allowed`(value: UInt32) throws {
    let scalar = try #require(Unicode.Scalar(value))
    let parsed = Parsed("a: \"\(scalar)\"\n")
    #expect(parsed.codes == [])
    #expect(parsed.root?.mapping?.first?.value.scalar?.text == String(scalar))
  }

  @Test func `only the first are named`() {
    #expect(Parsed(String(repeating: "\u{1}", count: 1000)).codes.count == 20)
  }
}
