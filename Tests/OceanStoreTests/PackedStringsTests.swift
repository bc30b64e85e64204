import TestSupport
import Testing

@testable import OceanStore

@Suite struct PackedStringsTests {
  static func packed(_ strings: [[UInt8]]) -> (PackedStrings, [Int]) {
    var packed = PackedStrings()
    var index = TemplateIndex(of: packed)
    var starts: [Int] = []
    for string in strings {
      starts.append(packed.bytes.count)
      string.withUnsafeBytes { packed.append($0, &index) }
    }
    return (packed, starts)
  }

  static func check(_ strings: [[UInt8]]) {
    let (packed, starts) = packed(strings)
    let ends = starts.dropFirst() + [packed.bytes.count]
    for (string, (start, end)) in zip(strings, zip(starts, ends)) {
      #expect(packed.withString(at: start) { Array($0) } == string)
      #expect(packed.end(of: start) == end)
    }
  }

  @Test func `gives back what was put in`() {
    let names = [
      "", "a", "12", "123", "abc", "ab1", "1ab", "AB1", "aB12", "Ab1f", "ABCdef123", "0", "000",
      "0000000000000000000001",
      "1700000000.M123456P789.mail.example.org,S=12345,W=12400:2,FS", "1700000001.M1P1.mail.example.org",
      "1700000000.V801I2af3cM000007.postfix", "1700000000.M1P1V000000000000FD00I00000000002A0C3F_0.host,S=1",
      "123456789012345", "1234567890123456", String(repeating: "9", count: 255),
      String(repeating: "x", count: 255),
      String(repeating: "a1", count: 127), "x/y1234", "é1234ü",
    ]
    Self.check(names.map { Array($0.utf8) })
    Self.check([Array(0..<255), [0], [47], [0, 49, 50, 51], Array(repeating: 255, count: 255)])
  }

  @Test(arguments: 0..<20 as Range<UInt64>) func `gives back random strings`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let alphabets: [[UInt8]] = [
      Array(0...255), Array("0123456789abcdefABCDEF.,:=MPVI".utf8), Array("0123456789.".utf8),
      Array("fF0/x".utf8),
    ]
    let alphabet = alphabets[Int(seed) % alphabets.count]
    let strings = (0..<300).map { _ in
      (0..<Int.random(in: 0...255, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
    }
    Self.check(strings)
  }

  @Test func `more templates than there is room for`() {
    let strings = (0..<PackedStrings.maximumTemplates + 500).map { number in
      Array(String(number, radix: 2).replacing("0", with: "x").replacing("1", with: "y").utf8)
        + Array("-12345".utf8)
    }
    Self.check(strings)
    let (packed, _) = Self.packed(strings)
    #expect(packed.templateStarts.count == PackedStrings.maximumTemplates + 1)
  }

  @Test func `names take a third`() {
    let names = (0..<1000).map {
      Array(
        "\(1_700_000_000 + $0).M\($0 * 977 % 1_000_000)P\($0).mail.example.org,S=\($0 * 3),W=\($0 * 4):2,S"
          .utf8)
    }
    let (packed, _) = Self.packed(names)
    #expect(packed.byteCount < names.reduce(0) { $0 + $1.count } * 2 / 5)
  }

  /// Whatever an index file contains, reading stays inside, and never gives more than a name may have.
  @Test(arguments: 0..<50 as Range<UInt64>) func `any bytes can be read`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let bytes = (0..<64).map { _ in UInt8.random(in: 0...(seed % 2 == 0 ? 255 : 3), using: &random) }
    let templates = (0..<300).map { _ in [0, 47, 65].randomElement(using: &random) ?? 0 as UInt8 }
    let starts: [UInt32] = [0, 0, 5, 290, 300]
    guard let packed = PackedStrings(bytes: bytes, templates: templates, templateStarts: starts) else {
      Issue.record("refused")
      return
    }
    for start in -1...70 {
      #expect(packed.withString(at: start) { $0.count } <= 255)
      #expect(packed.end(of: start) <= 64)
    }
  }

  @Test func `broken templates are refused`() {
    #expect(PackedStrings(bytes: [], templates: [], templateStarts: []) == nil)
    #expect(PackedStrings(bytes: [], templates: [1], templateStarts: [0]) == nil)
    #expect(PackedStrings(bytes: [], templates: [1, 2], templateStarts: [0, 2, 1, 2]) == nil)
    #expect(PackedStrings(bytes: [], templates: [1], templateStarts: [1, 1]) == nil)
    #expect(PackedStrings(bytes: [], templates: [1], templateStarts: [0, 1]) != nil)
  }
}
