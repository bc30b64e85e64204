import OceanSyntax
import TestSupport
import Testing

@Suite struct RendererTests {
  static let error = DiagnosticCode(
    id: "OC0900", severity: .error, title: "broken", explanation: "For tests.")
  static let warning = DiagnosticCode(
    id: "OC0901", severity: .warning, title: "odd", explanation: "For tests.")

  /// A set of one source and a span in it.
  private func source(
    _ text: String, _ start: (Int32, Int32), _ end: (Int32, Int32)
  ) -> (SourceSet, Span) {
    var sources = SourceSet()
    let id = sources.add(path: "ocean.yaml", bytes: Array(text.utf8))
    let span = Span(
      source: id, start: Position(line: start.0, column: start.1), end: Position(line: end.0, column: end.1))
    return (sources, span)
  }

  private func human(
    _ diagnostics: Diagnostic..., in sources: SourceSet = SourceSet(), on screen: Screen = Screen()
  )
    -> String
  {
    DiagnosticRenderer.human(diagnostics, in: sources, on: screen)
  }

  // MARK: - Order

  @Test func `lines come in their order`() {
    let messages = [
      "users:17: x", "users:3: x", "users:03: x", "users:10: x", "users:3: w", "users", "users:4",
    ]
    let sorted = messages.map { Diagnostic(Self.warning, $0, at: nil) }.sorted().map(\.message)
    #expect(
      sorted == ["users", "users:3: w", "users:3: x", "users:03: x", "users:4", "users:10: x", "users:17: x"])
  }

  // MARK: - Human

  @Test func `the line of one place is shown once`() {
    let (sources, span) = source("accounts: users.passwd\n", (1, 11), (1, 23))
    let report = human(
      Diagnostic(Self.warning, "one", at: span, help: "a"),
      Diagnostic(Self.warning, "two", at: span, help: "b"),
      Diagnostic(Self.warning, "three", at: span, label: "here"), in: sources)
    #expect(
      report == """
        warning[OC0901]: one
         --> ocean.yaml:1:11
          |
        1 | accounts: users.passwd
          |           ^^^^^^^^^^^^
          = a

        warning[OC0901]: two
         --> ocean.yaml:1:11
          = b

        warning[OC0901]: three
         --> ocean.yaml:1:11
          |
        1 | accounts: users.passwd
          |           ^^^^^^^^^^^^ here

        """)
  }

  @Test func `whole shape`() {
    let text = String(repeating: "\n", count: 30) + "      black_list: [203.0.113.9/24]\n"
    let (sources, span) = source(text, (31, 20), (31, 34))
    let diagnostic = Diagnostic(
      Self.error, "host bits set in 203.0.113.9/24", at: span, label: "the network is 203.0.113.0/24",
      help: "write 203.0.113.0/24, or 203.0.113.9/32 for the one address")
    #expect(
      human(diagnostic, in: sources) == """
        error[OC0900]: host bits set in 203.0.113.9/24
          --> ocean.yaml:31:20
           |
        31 |       black_list: [203.0.113.9/24]
           |                    ^^^^^^^^^^^^^^ the network is 203.0.113.0/24
           = write 203.0.113.0/24, or 203.0.113.9/32 for the one address

        """)
  }

  @Test func `related in another file`() {
    var (sources, span) = source(String(repeating: "a: b\n", count: 120), (120, 1), (120, 2))
    let other = sources.add(path: "domains/a.yaml", bytes: Array("x: y\n".utf8))
    let place = Span(source: other, start: Position(line: 1, column: 4), end: Position(line: 1, column: 5))
    let diagnostic = Diagnostic(
      Self.warning, "covered", at: span,
      related: [Diagnostic.Related("by this", at: place), Diagnostic.Related("and this", at: span)],
      help: "first line\nsecond line")
    #expect(
      human(diagnostic, in: sources) == """
        warning[OC0901]: covered
           --> ocean.yaml:120:1
            |
        120 | a: b
            | ^
            |
           ::: domains/a.yaml:1:4
            |
          1 | x: y
            |    - by this
            |
           ::: ocean.yaml:120:1
            |
        120 | a: b
            | - and this
            = first line
              second line

        """)
  }

  @Test func `without place`() {
    let diagnostics = [
      Diagnostic(Self.error, "no services", at: nil, help: "add one"),
      Diagnostic(Self.error, "no accounts", at: nil, severity: .note),
    ]
    #expect(
      DiagnosticRenderer.human(diagnostics, in: SourceSet()) == """
        error[OC0900]: no services
         = add one

        note[OC0900]: no accounts

        """)
  }

  @Test func `nothing`() {
    #expect(DiagnosticRenderer.human([], in: SourceSet()) == "")
  }

  @Test func `several lines`() {
    let (sources, span) = source("a: [b,\n  c]\n", (1, 4), (2, 5))
    #expect(
      human(Diagnostic(Self.error, "m", at: span, label: "l"), in: sources).hasSuffix(
        """
        1 | a: [b,
          |    ^^^… l

        """))
  }

  @Test func `tabs`() {
    let (sources, span) = source("\ta:\tb\tc", (1, 5), (1, 8))
    #expect(
      human(Diagnostic(Self.error, "m", at: span), in: sources).hasSuffix(
        """
        1 |     a:    b    c
          |           ^^^^^^

        """))
  }

  @Test func `empty span at the end`() {
    let (sources, span) = source("a:", (1, 3), (1, 3))
    #expect(human(Diagnostic(Self.error, "m", at: span), in: sources).hasSuffix("1 | a:\n  |   ^\n"))
  }

  /// Nothing that came from a file reaches the terminal as a control sequence.
  @Test func `escaping`() {
    let hostile = "\u{1b}[2J\u{9b}31m\u{7f}\u{202e}\u{2066}\r\n\u{0}"
    var sources = SourceSet()
    let id = sources.add(path: "o\(hostile).yaml", bytes: Array("k: \(hostile) z".utf8))
    let span = Span(source: id, start: Position(line: 1, column: 1), end: Position(line: 1, column: 99))
    let diagnostic = Diagnostic(
      Self.error, "m \(hostile)", at: span, label: "l \(hostile)",
      related: [Diagnostic.Related("r \(hostile)", at: span)], help: "h \(hostile)")
    for output in [human(diagnostic, in: sources), DiagnosticRenderer.json([diagnostic], in: sources)] {
      let unsafe = output.unicodeScalars.filter {
        $0 != "\n" && ($0.properties.generalCategory == .control || $0.properties.generalCategory == .format)
      }
      #expect(unsafe.isEmpty)
    }
    #expect(human(diagnostic, in: sources).contains("1 | k: \\u{1b}[2J\\u{9b}31m\\u{7f}\\u{202e}\\u{2066}\n"))
    #expect("a\tb\u{1b}ä".escapedForDisplay == "a\\tb\\u{1b}ä")
  }

  /// The span's beginning is in the part of a line that is shown, under the right mark, however long the
  /// line.
  @Test(arguments: [1, 50, 99, 100, 101, 102, 150, 5000, 9998, 9999])
  func `long lines`(column: Int32) throws {
    let line = (1...9999).map { $0 == Int(column) ? "X" : $0 % 10 == 0 ? "ä" : "-" }.joined()
    let (sources, span) = source(line, (1, column), (1, column + 1))
    let lines = human(Diagnostic(Self.error, "m", at: span), in: sources).split(separator: "\n")
    let shown = Array(lines[3])
    let marks = Array(lines[4])
    #expect(shown.count <= 4 + 100 + 6)
    #expect(marks.count { $0 == "^" } == 1)
    #expect(shown[try #require(marks.firstIndex(of: "^"))] == "X")
    #expect(lines[3].hasPrefix("1 | …") == (column > 100))
    #expect(lines[3].hasSuffix("…") == (column < 9900))
  }

  @Test func `line that fits`() {
    let line = String(repeating: "x", count: 100)
    let (sources, span) = source(line, (1, 100), (1, 101))
    #expect(human(Diagnostic(Self.error, "m", at: span), in: sources).contains("1 | \(line)\n"))
  }

  @Test func `color`() {
    let (sources, span) = source("a: b\n", (1, 1), (1, 2))
    let diagnostic = Diagnostic(
      Self.error, "m", at: span, label: "l", related: [Diagnostic.Related("r", at: span)], help: "h")
    let colored = human(diagnostic, in: sources, on: Screen(hasColor: true))
    #expect(colored.hasPrefix("\u{1b}[1;31merror[OC0900]\u{1b}[0m\u{1b}[1m: m\u{1b}[0m\n"))
    #expect(colored.contains("\u{1b}[1;31m^ l\u{1b}[0m"))
    #expect(
      human(Diagnostic(Self.warning, "m", at: nil), on: Screen(hasColor: true)).hasPrefix(
        "\u{1b}[1;33mwarning"))
    // The text without the sequences equals the plain text.
    #expect(colored.replacing(/\u{1b}\[[0-9;]*m/, with: "") == human(diagnostic, in: sources))
  }

  /// A span of another text, or of no text, does not crash.
  @Test(
    arguments: [(0, 0, 0, 0), (-1, -1, -1, -1), (1, 9, 1, 2), (9, 1, 2, 1), (.max, .max, .max, .max)]
      as [(Int32, Int32, Int32, Int32)])
  func `strange spans`(_ startLine: Int32, _ startColumn: Int32, _ endLine: Int32, _ endColumn: Int32) {
    let (sources, span) = source("a: b\n", (startLine, startColumn), (endLine, endColumn))
    for sources in [sources, SourceSet()] {
      #expect(!human(Diagnostic(Self.error, "m", at: span), in: sources).isEmpty)
      #expect(sources.text(of: span).count <= 5)
    }
  }

  // MARK: - JSON

  @Test func `JSON`() {
    let (sources, span) = source("a: b\n", (1, 1), (1, 2))
    let diagnostics = [
      Diagnostic(
        Self.error, "say \"no\"\\\n\u{1}ä😀", at: span, label: "l",
        related: [Diagnostic.Related("r", at: span)], help: "h"),
      Diagnostic(Self.warning, "m", at: nil),
    ]
    #expect(
      DiagnosticRenderer.json(diagnostics, in: sources) == #"""
        {"format_version":1,"valid":false,"error_count":1,"warning_count":1,"diagnostics":[
          {"severity":"error","code":"OC0900","message":"say \"no\"\\\n\u0001ä😀","span":{"file":"ocean.yaml","line":1,"column":1,"end_line":1,"end_column":2},"label":"l","related":[{"message":"r","span":{"file":"ocean.yaml","line":1,"column":1,"end_line":1,"end_column":2}}],"help":"h"},
          {"severity":"warning","code":"OC0901","message":"m","span":null,"related":[]}
        ]}

        """#)
    #expect(
      DiagnosticRenderer.json([], in: sources)
        == #"{"format_version":1,"valid":true,"error_count":0,"warning_count":0,"diagnostics":[]}"# + "\n")
  }

  // MARK: - Order

  @Test func `order`() {
    var sources = SourceSet()
    let first = sources.add(path: "b.yaml", bytes: [])
    let second = sources.add(path: "a.yaml", bytes: [])
    func diagnostic(
      _ source: SourceID?, _ line: Int32, _ column: Int32, _ code: DiagnosticCode, _ message: String
    ) -> Diagnostic {
      let start = Position(line: line, column: column)
      return Diagnostic(code, message, at: source.map { Span(source: $0, start: start, end: start) })
    }
    let ordered = [
      diagnostic(first, 1, 2, Self.error, "x"), diagnostic(first, 1, 10, Self.error, "a"),
      diagnostic(first, 1, 10, Self.error, "b"), diagnostic(first, 1, 10, Self.warning, "a"),
      diagnostic(first, 2, 1, Self.error, "x"), diagnostic(second, 1, 1, Self.error, "x"),
      diagnostic(nil, 0, 0, Self.error, "x"), diagnostic(nil, 0, 0, Self.warning, "a"),
    ]
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<20 {
      #expect(ordered.shuffled(using: &generator).sorted() == ordered)
    }
  }
}
