import OceanSyntax
import Testing

/// Typographic quotes, dashes and full-width characters in the place of YAML's own.
@Suite struct LookAlikeTests {
  /// Where each is found that is none of YAML's, and nothing else.
  @Test(arguments: [
    ("a: [“b”, 'c']\n", ["1:5 “"]),
    ("{ a: “b”, c: ‘d’ }\n", ["1:6 “", "1:14 ‘"]),
    ("a: “b: c”\n", ["1:4 “"]),
    ("a: { b: “c: d” }\n", ["1:9 “"]),
    ("a: „b“\nc: «d»\ne: ″f″\n“g”: h\n", ["1:4 „", "2:4 «", "3:4 ″", "4:1 “"]),
    ("a: [“b, c”]\n", ["1:5 “"]),
    ("a:\n  – 10.0.0.0/8\n", ["2:3 –"]),
    ("a:\n  – 10.0.0.0/8\n  — b\n", ["2:3 –", "3:3 —"]),
    ("a:\n  - 10.0.0.0/8\n  – 10.1.0.0/16\n", ["3:3 –"]),
    ("a:\n  – b: c\n    d: e\n", ["2:3 –"]),
    ("a:\n  • b\n  − c\n", ["2:3 •", "3:3 −"]),
    ("a： b\n", ["1:2 ："]),
    ("a:\n  b： c\n  d: e\n", ["2:4 ："]),
    ("a:\n  b: c\n  d： e\n  f: g\n", ["3:4 ："]),
    ("a:\n  b：\n    - c\n", ["2:4 ："]),
    ("a: [b，c]\n", ["1:6 ，"]),
    ("a: ［b]\n", ["1:4 ［"]),
    ("a: ｛ b: c ｝\n", ["1:4 ｛"]),
    ("a:\n  b: c\n \u{a0}d: e\n", ["3:2 \u{a0}"]),
    ("a:\n\u{a0}\u{a0}- b\n", ["2:1 \u{a0}"]),
    ("a: x\n \u{a0}b: y\n", ["2:2 \u{a0}"]),
    ("a:\n\u{3000}b: c\n\u{3000}d: [e\n", ["2:1 \u{3000}", "3:1 \u{3000}"]),
  ]) func `found`(text: String, places: [String]) {
    let parsed = Parsed(text)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let found = parsed.diagnostics.compactMap { diagnostic -> String? in
      guard let start = diagnostic.span?.start else { return nil }
      let scalars = lines[Int(start.line) - 1].unicodeScalars
      return
        "\(start.line):\(start.column) \(scalars[scalars.index(scalars.startIndex, offsetBy: Int(start.column) - 1)])"
    }
    #expect(found == places, "\(parsed.rendered)")
    #expect(Set(parsed.codes).isSubset(of: ["OC0119", "OC0102"]), "\(parsed.rendered)")
  }

  /// A quote that looks closed.
  @Test(arguments: ["a: \"b”\nc: d\n", "a: 'b’\nc: 'd'\n", "a: [\"b”, c]\n"]) func `not closed`(text: String)
    throws
  {
    let parsed = Parsed(text)
    #expect(parsed.codes == ["OC0117"])
    let found = try #require(parsed.diagnostics.first)
    #expect(found.span?.start.line == 1 && found.related.count == 1)
    #expect(
      found.label?.contains("is a typographic quote, which closes nothing") == true, "\(parsed.rendered)")
  }

  /// The rest is read as if they were straight.
  @Test func `quotes are mended`() {
    let parsed = Parsed("a: “b”\nc: [‘d’]\n")
    let root = parsed.root?.mapping
    #expect(root?.first?.value.scalar?.text == "b" && root?.last?.value.sequence?.first?.scalar?.text == "d")
  }

  /// In the middle of a text, in straight quotes, in comments and in other scripts they are what they are.
  @Test(arguments: [
    "a: the “old” scanner – in use\n", "a: \"“b”\"\n", "a: '– b'\n", "a: b # “c” – d： e\n", "a: Anna’s\n",
    "a: 扫描：旧，新\n", "a: [扫描，旧, 注意： x]\n", "a: |\n  – b\n  “c”\n", "a: 10–20\n", "a: –b\n", "a: b：c\n",
    "a: b，c\n",
  ]) func `not found`(text: String) {
    #expect(Parsed(text).codes == [])
  }
}
