import OceanSyntax
import TestSupport
import Testing

/// Bytes of any kind never trap, and the result keeps its promises.
@Suite struct MutationTests {
  private static let pieces: [[UInt8]] =
    [
      "[", "]", "{", "}", ":", ": ", "- ", "? ", "\n", "\r\n", "\r", "\t", " ", "  ", "#", " #", "\"", "'",
      "|\n", ">-\n", "&a ", "*a", "!t ",
      "!!int ", "%YAML 1.1\n", "---\n", "...\n", "<<: ", "::", "2001:db8::", "[::1]:995", ", ", "\u{feff}",
      "\u{2028}", "ä", "😀", "\u{0}",
      "\\", "@", "`", "a: b\n", "- 2001:db8::\n", "\u{1b}[2J",
    ].map { Array($0.utf8) } + [[0xff], [0xc3], [0xe2, 0x82], [0xed, 0xa0, 0x80]]

  private static let seeds = [SpanTests.config, ""] + SyntaxDiagnosticTests.cases.map(\.source)

  @Test(arguments: 0..<20) func `mutated`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<100 {
      var bytes = Array(Self.seeds.randomElement(using: &generator)?.utf8 ?? "".utf8)
      for _ in 0..<Int.random(in: 1...6, using: &generator) { mutate(&bytes, &generator) }
      try check(bytes)
    }
  }

  @Test(arguments: 0..<10) func `assembled`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed &+ 1000)
    for _ in 0..<200 {
      let count = Int.random(in: 1...20, using: &generator)
      try check((0..<count).flatMap { _ in Self.pieces.randomElement(using: &generator) ?? [] })
    }
  }

  private func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
    let start = Int.random(in: 0...bytes.count, using: &generator)
    let end = min(bytes.count, start + Int.random(in: 0...12, using: &generator))
    switch Int.random(in: 0..<5, using: &generator) {
    case 0: bytes.removeSubrange(start..<end)
    case 1:
      bytes.insert(contentsOf: bytes[start..<end], at: Int.random(in: 0...bytes.count, using: &generator))
    case 2: bytes.insert(.random(in: 0...255, using: &generator), at: start)
    case 3: bytes.replaceSubrange(start..<end, with: Self.pieces.randomElement(using: &generator) ?? [])
    default: bytes.insert(contentsOf: Self.pieces.randomElement(using: &generator) ?? [], at: start)
    }
  }

  private func check(_ bytes: [UInt8]) throws {
    let parsed = Parsed(bytes: bytes)
    let source = String(decoding: bytes, as: UTF8.self)
    #expect(
      parsed.root != nil || parsed.diagnostics.contains { $0.severity == .error },
      "\(source.debugDescription)")
    #expect(parsed.diagnostics.sorted() == parsed.diagnostics)
    #expect(Set(parsed.diagnostics).count == parsed.diagnostics.count, "\(source.debugDescription)")
    #expect(Parsed(bytes: bytes).rendered == parsed.rendered)
    _ = DiagnosticRenderer.json(parsed.diagnostics, in: parsed.sources)
    for span in parsed.diagnostics.flatMap({ [$0.span].compactMap(\.self) + $0.related.map(\.span) }) {
      #expect(isInside(span, parsed), "\(span) of \(source.debugDescription)")
    }
    if let root = parsed.root { check(root, parsed, source) }
  }

  /// Checks that spans are in the text and in order, keys are unique, and plain words stand where their span
  /// says.
  private func check(_ node: Node, _ parsed: Parsed, _ source: String) {
    #expect(isInside(node.span, parsed), "\(node.span) of \(source.debugDescription)")
    let text = parsed.text(node)
    #expect(
      text.last.map { $0.isWhitespace && $0.isASCII } != true,
      "\(text.debugDescription) of \(source.debugDescription)")
    if let scalar = node.scalar, scalar.style == .plain, !text.hasPrefix("*"),
      !text.contains(where: \.isWhitespace)
    {
      // Of typographic quotes the text inside is taken.
      #expect(text == scalar.text || parsed.codes.contains("OC0119"), "\(source.debugDescription)")
    }
    for node in node.sequence ?? [] { check(node, parsed, source) }
    let entries = node.mapping ?? []
    #expect(Set(entries.compactMap { $0.key.scalar?.text }).count == entries.count)
    for entry in entries {
      check(entry.key, parsed, source)
      check(entry.value, parsed, source)
    }
  }

  private func isInside(_ span: Span, _ parsed: Parsed) -> Bool {
    func isInside(_ position: Position) -> Bool {
      let line = parsed.sources.line(parsed.id, Int(position.line))
      return position.line >= 1 && position.column >= 1
        && Int(position.column) <= line.unicodeScalars.count + 1
    }
    return span.start <= span.end && isInside(span.start) && isInside(span.end)
  }
}
