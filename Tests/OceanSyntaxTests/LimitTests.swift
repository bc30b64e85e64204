import OceanSyntax
import Testing

/// Reading any text ends soon and takes little memory.
@Suite struct LimitTests {
  @Test func `bytes`() {
    var limits = YAMLLimits()
    limits.bytes = 10
    #expect(Parsed("a: 1234567", limits: limits).codes == [])
    let parsed = Parsed("a: 12345678", limits: limits)
    #expect(parsed.root == nil)
    #expect(
      parsed.rendered == """
        error[OC0103]: the file has 11 bytes; 10 are read at most
         = move long address lists of ocean.yaml into list files: { file: lists/drop.netset }

        """)
  }

  @Test(arguments: ["[", "{a: ", "- ", "? ", "[{a: ", "[\n", "{a:\n"])
  func `depth`(opening: String) {
    #expect(Parsed(String(repeating: opening, count: 50_000)).codes.last == "OC0104")
  }

  @Test func `exact depth`() {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(Parsed(nested(64)).codes == [])
    #expect(Parsed(nested(65)).codes == ["OC0104"])
  }

  /// An alias has the depth of the node it stands for.
  @Test func `depth by aliases`() {
    func chain(_ length: Int) -> String {
      "- &a0 [x]\n" + (1..<length).map { "- &a\($0) [*a\($0 - 1)]\n" }.joined()
    }
    #expect(Parsed(chain(63)).codes == [])
    #expect(Parsed(chain(64)).codes == ["OC0104"])
    #expect(Parsed(chain(100_000)).codes == ["OC0104"])
  }

  @Test func `billion laughs`() {
    let names = Array("abcdefghij")
    var text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for (name, previous) in zip(names.dropFirst(), names) {
      text +=
        "\(name): &\(name) [" + Array(repeating: "*\(previous)", count: 10).joined(separator: ", ") + "]\n"
    }
    let parsed = Parsed(text)
    #expect(parsed.root == nil)
    #expect(parsed.codes == ["OC0105"])
    #expect(parsed.diagnostics.first?.span.map(parsed.sources.text(of:))?.hasPrefix("*") == true)
  }

  @Test func `exact nodes`() {
    var limits = YAMLLimits()
    limits.nodes = 8
    #expect(Parsed("[&x [a, b], *x, c]", limits: limits).codes == [])
    limits.nodes = 7
    #expect(Parsed("[&x [a, b], *x, c]", limits: limits).codes == ["OC0105"])
  }

  @Test func `mistakes`() {
    let parsed = Parsed(String(repeating: "a: b\n", count: 100_000))
    #expect(parsed.diagnostics.count == 1001)
    #expect(parsed.codes.last == "OC0118")
    #expect(parsed.rendered.hasSuffix("^\n"))
  }

  /// These texts take a naive reader quadratic time: hours there, seconds here.
  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      ("%TAG !a! b\n", 100_000), ("a", 2_000_000), ("a: \n", 200_000), ("'", 500_000), ("[]\n", 100_000),
      ("- &a x\n", 100_000), ("- *a\n", 100_000), ("- [::1]\n", 50_000), ("- 2001:db8::\n", 50_000),
      ("- |\n\n\n", 100_000),
      ("\r", 500_000), (":", 500_000), ("# \u{e4}\n", 300_000),
    ])
  func `repetitive`(piece: String, count: Int) {
    let parsed = Parsed(String(repeating: piece, count: count))
    #expect(parsed.root != nil || !parsed.diagnostics.isEmpty)
  }

  @Test(.timeLimit(.minutes(1))) func `one long line`() {
    let parsed = Parsed("[" + String(repeating: "[\u{e4}], &a [\u{fc}], *a, ", count: 50_000) + "]")
    #expect(parsed.codes == [])
    #expect(parsed.root?.sequence?.count == 150_000)
  }

  @Test(.timeLimit(.minutes(1))) func `many keys`() {
    let parsed = Parsed((0..<100_000).map { "key\($0): \($0)\n" }.joined())
    #expect(parsed.codes == [])
    #expect(parsed.root?.mapping?.count == 100_000)
  }
}
