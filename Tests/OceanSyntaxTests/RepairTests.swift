import OceanSyntax
import Testing

/// Tests mistakes that are mended so that the rest of the text can be checked.
@Suite struct RepairTests {
  @Test(arguments: [
    ("- 2001:db8::\n- ::\n- b", "[2001:db8::,::,b]"),
    ("a: [::1, 2001:db8::, ::/0, b]", "{a:[::1,2001:db8::,::/0,b]}"),
    ("a: 2001:db8::\nb: {from: ::1, to: c}", "{a:2001:db8::,b:{from:::1,to:c}}"),
    ("a:\n  2001:db8::\n  2001:db8:1::\n", "{a:[2001:db8::,2001:db8:1::]}"),
    ("a:\n  2001:db8::\n  b: c\n", "{a:{b:c}}"),
    ("a: [::1-::f, ::ffff:192.0.2.1, b]", "{a:[::1-::f,::ffff:192.0.2.1,b]}"),
    ("a: [::1]:995", "{a:[::1]:995}"),
    ("a: [b, 2001:db8:: , c]", "{a:[b,2001:db8::,c]}"),
    ("a: 2001:db8:: b", "{a:2001:db8:: b}"),
    ("!t # c\n!u a: !v\n- b", "{a:[b]}"),

    ("ä: [\"ü\", ::1, ö]", "{ä:[\"ü\",::1,ö]}"),
    ("a: 1\na: {b: 2}\nc: 3", "{a:1,c:3}"),
    ("a: {b: 1}\n<<: {c: 2}\n'<<': d", "{a:{b:1},'<<':d}"),
    ("[a]: b\nc: d", "{c:d}"),
    ("a: !x b\nc: !y [d]", "{a:b,c:[d]}"),
    ("%YAML 1.1\n---\na: b", "{a:b}"),
    ("a: *x\nb: c", "{a:,b:c}"),
  ])
  func `tree goes on`(text: String, outline: String) {
    let parsed = Parsed(text)
    #expect(parsed.root?.outline == outline)
    #expect(!parsed.diagnostics.isEmpty)
    #expect(parsed.diagnostics.allSatisfy { $0.severity == .error })
  }

  /// YAML accepts these as they are, or they are not addresses.
  @Test(arguments: [
    "- ::1", "- 2001:db8::1", "a: ::1", "a: 2001:db8::/32", "[2001:db8::1, \"::\"]", "- \"2001:db8::\":",
    "- a:b:",
    "- 12:30:", "cafe::: b", "# ::\na: b", "'::': b", "cafe:: b",
  ])
  func `left alone`(text: String) {
    #expect(!Parsed(text).codes.contains("OC0107"))
  }

  /// A mapping finds equal keys whether it is small or large.
  @Test(arguments: [2, 15, 16, 17, 18, 100, 1000]) func `duplicates`(count: Int) throws {
    for second in [0, 1, count / 2, count - 1] {
      let lines = (0..<count).map { "k\($0): \($0)" } + ["k\(second): x", "z: y"]
      let parsed = Parsed(lines.joined(separator: "\n"))
      #expect(parsed.codes == ["OC0109"])
      let diagnostic = try #require(parsed.diagnostics.first)
      #expect(diagnostic.span?.start.line == Int32(count + 1))
      #expect(diagnostic.related.map(\.span.start.line) == [Int32(second + 1)])
      #expect(parsed.root?.mapping?.count == count + 1)
      #expect(parsed.root?.mapping?[second].value.scalar?.text == "\(second)")
    }
  }

  /// What was found before a syntax error is kept.
  @Test func `syntax error keeps the rest`() {
    let parsed = Parsed("a: 1\na: 2\nb: !x 3\nc: [\n")
    #expect(parsed.codes == ["OC0109", "OC0114", "OC0117"])
    #expect(parsed.root == nil)
  }
}
