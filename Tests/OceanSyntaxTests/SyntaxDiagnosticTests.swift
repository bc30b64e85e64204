import OceanSyntax
import Testing

/// Every mistake is reported in the words and at the place that an administrator reads.
@Suite struct SyntaxDiagnosticTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let source: String
    let rendered: String

    init(_ name: String, _ source: String, _ rendered: String) {
      self.name = name
      self.source = source
      self.rendered = rendered
    }

    var testDescription: String { name }
  }

  @Test(arguments: cases) func `rendered`(_ example: Case) {
    let parsed = Parsed(example.source)
    #expect(parsed.rendered == example.rendered + "\n")
  }

  /// Mistakes of bytes rather than text are tested elsewhere: too large, not UTF-8 and too many are in
  /// `LimitTests` and `EncodingTests`.
  @Test func `every code has a case`() {
    let seen = Set(Self.cases.flatMap { Parsed($0.source).diagnostics.map(\.code) })
    let elsewhere: Set<DiagnosticCode> = [.notUTF8, .tooLarge, .tooManyNodes, .tooManyMistakes]
    #expect(seen.union(elsewhere) == Set(DiagnosticCode.syntaxCodes))
  }

  @Test func `codes are unique and explained`() {
    let codes = DiagnosticCode.syntaxCodes
    #expect(Set(codes.map(\.id)).count == codes.count)
    for code in codes {
      #expect(("OC0100"..."OC0149").contains(code.id))
      #expect(!code.title.isEmpty && !code.title.hasSuffix("."))
      #expect(code.explanation.count > 80)
      #expect(code.explanation.split(separator: "\n").allSatisfy { $0.count <= 90 })
    }
  }

  static let cases: [Case] = [
    Case(
      "a tab behind a dash",
      "ports:\n  -\t2110\n",
      #"""
      error[OC0113]: a tab is not allowed here
       --> ocean.yaml:2:4
        |
      2 |   -    2110
        |    ^^^^
        = write a space instead
      """#),
    Case(
      "a colon on the line below its key",
      "{ \"version\": 1,\n  \"services\"\n  : { } }\n",
      #"""
      error[OC0100]: a colon on another line than its key
       --> ocean.yaml:3:3
        |
      3 |   : { } }
        |   ^
        |
       ::: ocean.yaml:2:3
        |
      2 |   "services"
        |   ---------- the key
        = write it after the key, on the same line
      """#),
    Case(
      "a key without a colon",
      "server:\n  hostname: mx\n  user vmail # who\n  state: /x\n",
      #"""
      error[OC0100]: this is neither "key: value" nor "- item"
       --> ocean.yaml:3:3
        |
      3 |   user vmail # who
        |   ^^^^^^^^^^
      """#),
    Case(
      "no space behind a colon",
      "a: 1\nb:2\nc: 3\n",
      #"""
      error[OC0100]: this is neither "key: value" nor "- item"
       --> ocean.yaml:2:1
        |
      2 | b:2
        | ^^^
        = put a space after the colon
      """#),
    Case(
      "no space behind a dash",
      "- a\n-b\n",
      #"""
      error[OC0100]: this is neither "key: value" nor "- item"
       --> ocean.yaml:2:1
        |
      2 | -b
        | ^^
        = put a space after the -
      """#),
    Case(
      "a second key in a value",
      "a: b: c\n",
      #"""
      error[OC0100]: a value cannot contain ": " without quotes
       --> ocean.yaml:1:4
        |
      1 | a: b: c
        |    ^^ YAML takes this for a second key
        = quote the value, or begin a new line for the key
      """#),
    Case(
      "indented too deep",
      "server:\n  hostname: mx\n   user: vmail\n",
      #"""
      error[OC0100]: this line is indented deeper than the key above
       --> ocean.yaml:3:4
        |
      3 |    user: vmail
        |    ^^^^^ it continues a value, so it cannot be a key
        |
       ::: ocean.yaml:2:13
        |
      2 |   hostname: mx
        |             -- the value begins here
        = begin all keys of one mapping in the same column
      """#),
    Case(
      "indented too little",
      "a:\n    b: 1\n  c: 2\n",
      #"""
      error[OC0100]: this line does not fit into the mapping it is in
       --> ocean.yaml:3:3
        |
      3 |   c: 2
        |   ^
        |
       ::: ocean.yaml:1:1
        |
      1 | a:
        | - the mapping began here
        = begin all keys of one mapping in the same column
      """#),
    Case(
      "a list among keys",
      "a: 1\n- b\n",
      #"""
      error[OC0100]: a list item is not allowed among the keys of a mapping
       --> ocean.yaml:2:1
        |
      2 | - b
        | ^
        |
       ::: ocean.yaml:1:1
        |
      1 | a: 1
        | - the mapping began here
        = begin all keys of one mapping in the same column
      """#),
    Case(
      "a key in a list",
      "a:\n  - b\n  c: 1\n- d\n",
      #"""
      error[OC0100]: this line is in a list but does not begin with "- "
       --> ocean.yaml:3:3
        |
      3 |   c: 1
        |   ^
        |
       ::: ocean.yaml:2:3
        |
      2 |   - b
        |   - the list began here
        = check the indentation
      """#),
    Case(
      "nothing to belong to",
      "  a: 1\nb: 2\n",
      #"""
      error[OC0100]: this line belongs to nothing above
       --> ocean.yaml:2:1
        |
      2 | b: 2
        | ^
        = begin all keys of one mapping in the same column
      """#),
    Case(
      "a list item behind a key",
      "bind: - a\n",
      #"""
      error[OC0100]: a list item cannot begin here
       --> ocean.yaml:1:7
        |
      1 | bind: - a
        |       ^
        = begin each "- item" on a line of its own, or write the list as [a, b]
      """#),
    Case(
      "text behind quotes",
      "a: 'it's'\n",
      #"""
      error[OC0100]: unexpected text after a value
       --> ocean.yaml:1:8
        |
      1 | a: 'it's'
        |        ^^
        |
       ::: ocean.yaml:1:4
        |
      1 | a: 'it's'
        |    ---- the value
        = write '' for a ' in single quotes, \" for a " in double quotes
      """#),
    Case(
      "text behind a list",
      "a: [b] c\n",
      #"""
      error[OC0100]: unexpected text after a value
       --> ocean.yaml:1:8
        |
      1 | a: [b] c
        |        ^
        |
       ::: ocean.yaml:1:4
        |
      1 | a: [b] c
        |    --- the value
        = quote the whole text, or remove the rest
      """#),
    Case(
      "a character with a meaning",
      "a: @b\n",
      #"""
      error[OC0100]: a text cannot begin with this character
       --> ocean.yaml:1:4
        |
      1 | a: @b
        |    ^
        = put the text in quotes
      """#),
    Case(
      "a lone asterisk",
      "names: [*.example.org]\n",
      #"""
      error[OC0100]: a text cannot begin with * or & without quotes
       --> ocean.yaml:1:9
        |
      1 | names: [*.example.org]
        |         ^^^^^^^^^^^^^ YAML takes this for an alias or an anchor
        = put the text in quotes
      """#),
    Case(
      "an escape sequence",
      "path: \"C:\\mail\"\n",
      #"""
      error[OC0100]: unknown escape sequence in double quotes
       --> ocean.yaml:1:10
        |
      1 | path: "C:\mail"
        |          ^
        = write \\ for a backslash, or use single quotes
      """#),
    Case(
      "a block header",
      "a: |b\n",
      #"""
      error[OC0100]: only an indentation number, + or - can follow | or >
       --> ocean.yaml:1:5
        |
      1 | a: |b
        |     ^
        = begin the text on the next line; quote a text that begins with | or >
      """#),
    Case(
      "a missing comma",
      "a: [\"b\" \"c\"]\n",
      #"""
      error[OC0100]: a "," or "]" is missing here
       --> ocean.yaml:1:9
        |
      1 | a: ["b" "c"]
        |         ^^^
        |
       ::: ocean.yaml:1:4
        |
      1 | a: ["b" "c"]
        |    - the list began here
      """#),
    Case(
      "the wrong bracket",
      "a: {b: c]\n",
      #"""
      error[OC0100]: unexpected ]
       --> ocean.yaml:1:9
        |
      1 | a: {b: c]
        |         ^
        |
       ::: ocean.yaml:1:4
        |
      1 | a: {b: c]
        |    - the mapping began here
      """#),
    Case(
      "a bracket too many",
      "a: ]\n",
      #"""
      error[OC0100]: unexpected ]
       --> ocean.yaml:1:4
        |
      1 | a: ]
        |    ^
      """#),
    Case(
      "a list closed by the next key",
      "black_list: [203.0.113.9,\n  198.51.100.7\ndefault: allow\n",
      #"""
      error[OC0117]: a bracket is not closed
       --> ocean.yaml:3:1
        |
      3 | default: allow
        | ^^^^^^^^ this cannot be part of it
        |
       ::: ocean.yaml:1:13
        |
      1 | black_list: [203.0.113.9,
        |             - opened here
        = close it where it ends
      """#),
    Case(
      "a list not closed",
      "a:\n  - [b, [c, d]\n\n# the end\n",
      #"""
      error[OC0117]: a bracket is not closed
       --> ocean.yaml:4:10
        |
      4 | # the end
        |          ^ the file ends here
        |
       ::: ocean.yaml:2:5
        |
      2 |   - [b, [c, d]
        |     - opened here
        = close it where it ends
      """#),
    Case(
      "a mapping not closed",
      "a: {b: c,\n",
      #"""
      error[OC0117]: a brace is not closed
       --> ocean.yaml:1:10
        |
      1 | a: {b: c,
        |          ^ the file ends here
        |
       ::: ocean.yaml:1:4
        |
      1 | a: {b: c,
        |    - opened here
        = close it where it ends
      """#),
    Case(
      "a quote not closed",
      "a: 'b\nc: d\n",
      #"""
      error[OC0117]: a quote is not closed
       --> ocean.yaml:2:5
        |
      2 | c: d
        |     ^ the file ends here
        |
       ::: ocean.yaml:1:4
        |
      1 | a: 'b
        |    - opened here
        = close it where it ends
      """#),
    Case(
      "a quote closed by the next",
      "a: \"b\nc: \"d\"\n",
      #"""
      error[OC0117]: text after a closing quote
       --> ocean.yaml:2:5
        |
      2 | c: "d"
        |     ^^
        |
       ::: ocean.yaml:1:4
        |
      1 | a: "b
        |    - the quote was opened here
        = close that quote on its own line
      """#),
    Case(
      "tabs",
      "a:\n  b: 1\n\tc: 2\n",
      #"""
      error[OC0113]: tabs cannot indent
       --> ocean.yaml:3:1
        |
      3 |     c: 2
        | ^^^^
        = indent with spaces, two per level
      """#),
    Case(
      "tags",
      "a: !!int 5\nb: &x !foo [c]\nd: !<tag:x> e\n",
      #"""
      error[OC0114]: tags are not supported
       --> ocean.yaml:1:4
        |
      1 | a: !!int 5
        |    ^^^^^
        = remove it

      error[OC0114]: tags are not supported
       --> ocean.yaml:2:7
        |
      2 | b: &x !foo [c]
        |       ^^^^
        = remove it

      error[OC0114]: tags are not supported
       --> ocean.yaml:3:4
        |
      3 | d: !<tag:x> e
        |    ^^^^^^^^
        = remove it
      """#),
    Case(
      "a tag handle",
      "a: !x!y z\n",
      #"""
      error[OC0114]: tags are not supported
       --> ocean.yaml:1:4
        |
      1 | a: !x!y z
        |    ^^^^
        = remove it, or quote a text that begins with !
      """#),
    Case(
      "directives",
      "%YAML 1.1\n%TAG ! x\n---\na: 1\n",
      #"""
      error[OC0115]: directives are not supported
       --> ocean.yaml:1:1
        |
      1 | %YAML 1.1
        | ^^^^^^^^^
        = remove the lines that begin with %
      """#),
    Case(
      "several documents",
      "---\na: 1\n---\na: [\n",
      #"""
      error[OC0112]: a second document begins here
       --> ocean.yaml:3:1
        |
      3 | ---
        | ^^^
        = one file holds one document: remove this line, or move what follows into a file of its own
      """#),
    Case(
      "an empty file",
      "",
      #"""
      error[OC0116]: the file has no content
       --> ocean.yaml:1:1
        |
      1 |
        | ^
      """#),
    Case(
      "only comments",
      "\n# nothing\n",
      #"""
      error[OC0116]: the file has no content
       --> ocean.yaml:1:1
        |
      1 |
        | ^
      """#),
    Case(
      "an unknown alias",
      "a: &office 1\nb: *ofice\nc: *x\n",
      #"""
      error[OC0106]: *ofice refers to nothing
       --> ocean.yaml:2:4
        |
      2 | b: *ofice
        |    ^^^^^^ there is no &ofice above
        = did you mean *office?

      error[OC0106]: *x refers to nothing
       --> ocean.yaml:3:4
        |
      3 | c: *x
        |    ^^ there is no &x above
        = quote a text that begins with *
      """#),
    Case(
      "a recursive alias",
      "a: &office [1, *office]\n",
      #"""
      error[OC0108]: *office is inside the value that it repeats
       --> ocean.yaml:1:16
        |
      1 | a: &office [1, *office]
        |                ^^^^^^^
        |
       ::: ocean.yaml:1:12
        |
      1 | a: &office [1, *office]
        |            - &office begins here
        = write the value out
      """#),
    Case(
      "duplicate keys",
      "bind: a\nports: {x: 1, x: 2}\n\"bind\": b\n",
      #"""
      error[OC0109]: duplicate key "x"
       --> ocean.yaml:2:15
        |
      2 | ports: {x: 1, x: 2}
        |               ^
        |
       ::: ocean.yaml:2:9
        |
      2 | ports: {x: 1, x: 2}
        |         - it is already set here
        = remove one of the two, or merge them

      error[OC0109]: duplicate key "bind"
       --> ocean.yaml:3:1
        |
      3 | "bind": b
        | ^^^^^^
        |
       ::: ocean.yaml:1:1
        |
      1 | bind: a
        | ---- it is already set here
        = remove one of the two, or merge them
      """#),
    Case(
      "a merge key",
      "a: &a {b: c}\nd:\n  <<: *a\n",
      #"""
      error[OC0110]: the merge key << is not supported
       --> ocean.yaml:3:3
        |
      3 |   <<: *a
        |   ^^
        = write the entries out
      """#),
    Case(
      "keys that are not texts",
      "[a, b]: c\n? {d: e}\n: f\n",
      #"""
      error[OC0111]: a list or mapping cannot be a key
       --> ocean.yaml:1:1
        |
      1 | [a, b]: c
        | ^^^^^^
        = quote a text that begins with [ or {

      error[OC0111]: a list or mapping cannot be a key
       --> ocean.yaml:2:3
        |
      2 | ? {d: e}
        |   ^^^^^^
        = quote a text that begins with [ or {
      """#),
    Case(
      "addresses in lists",
      "bind:\n  - 2001:db8::\n  - ::\n  - ::1\n  - 2001:db8::1\n",
      #"""
      error[OC0107]: this address was read as a key
       --> ocean.yaml:2:5
        |
      2 |   - 2001:db8::
        |     ^^^^^^^^^^ quote it: "2001:db8::"

      error[OC0107]: this address was read as a key
       --> ocean.yaml:3:5
        |
      3 |   - ::
        |     ^^ quote it: "::"
      """#),
    Case(
      "addresses in brackets",
      "bind: [192.0.2.1, ::1, 2001:db8::, ::/0, 2001:db8::1]\n",
      #"""
      error[OC0107]: this address was read as a key
       --> ocean.yaml:1:19
        |
      1 | bind: [192.0.2.1, ::1, 2001:db8::, ::/0, 2001:db8::1]
        |                   ^^^ quote it: "::1"

      error[OC0107]: this address was read as a key
       --> ocean.yaml:1:24
        |
      1 | bind: [192.0.2.1, ::1, 2001:db8::, ::/0, 2001:db8::1]
        |                        ^^^^^^^^^^ quote it: "2001:db8::"

      error[OC0107]: this address was read as a key
       --> ocean.yaml:1:36
        |
      1 | bind: [192.0.2.1, ::1, 2001:db8::, ::/0, 2001:db8::1]
        |                                    ^^^^ quote it: "::/0"
      """#),
    Case(
      "an address as a value",
      "a: 2001:db8::\nb: [::1]:995\nc: {from: ::, to: pop3}\n",
      #"""
      error[OC0107]: this address was read as a key
       --> ocean.yaml:1:4
        |
      1 | a: 2001:db8::
        |    ^^^^^^^^^^ quote it: "2001:db8::"

      error[OC0107]: this address was read as a key
       --> ocean.yaml:2:4
        |
      2 | b: [::1]:995
        |    ^^^^^^^^^ quote it: "[::1]:995"

      error[OC0107]: this address was read as a key
       --> ocean.yaml:3:11
        |
      3 | c: {from: ::, to: pop3}
        |           ^^ quote it: "::"
      """#),
    Case(
      "addresses without dashes",
      "bind:\n  2001:db8::\n  2001:db8:1::\n",
      #"""
      error[OC0107]: this address was read as a key
       --> ocean.yaml:2:3
        |
      2 |   2001:db8::
        |   ^^^^^^^^^^ quote it: "2001:db8::"

      error[OC0107]: this address was read as a key
       --> ocean.yaml:3:3
        |
      3 |   2001:db8:1::
        |   ^^^^^^^^^^^^ quote it: "2001:db8:1::"
      """#),
    Case(
      "control characters",
      "a: b\u{1}\u{2028}\n# \u{feff}\u{7f}\nc: \"\\e\"\n",
      #"""
      error[OC0102]: the text holds the character U+0001, which cannot be seen
       --> ocean.yaml:1:5
        |
      1 | a: b\u{01}\u{2028}
        |     ^^^^^^
        = remove it

      error[OC0102]: the text holds the character U+2028, which cannot be seen
       --> ocean.yaml:1:6
        |
      1 | a: b\u{01}\u{2028}
        |           ^^^^^^^^
        = remove it

      error[OC0102]: the text holds the character U+FEFF, which cannot be seen
       --> ocean.yaml:2:3
        |
      2 | # \u{feff}\u{7f}
        |   ^^^^^^^^
        = remove it

      error[OC0102]: the text holds the character U+007F, which cannot be seen
       --> ocean.yaml:2:4
        |
      2 | # \u{feff}\u{7f}
        |           ^^^^^^
        = remove it
      """#),
    Case(
      "a no-break space where a bracket closes",
      "services: { a: { ports: [1110]\u{a0}} }\n",
      #"""
      error[OC0102]: the text holds the character U+00A0, which is not a space but looks like one
       --> ocean.yaml:1:31
        |
      1 | services: { a: { ports: [1110]\u{a0}} }
        |                               ^^^^^^
        = write a space; if it is meant, put the text in quotes
      """#),
    Case(
      "spaces that are none, and some that may be",
      "# a\u{a0}comment\nidle:\u{a0}10m\n",
      #"""
      error[OC0102]: the text holds the character U+00A0, which is not a space but looks like one
       --> ocean.yaml:2:6
        |
      2 | idle:\u{a0}10m
        |      ^^^^^^
        = write a space; if it is meant, put the text in quotes
      """#),
    Case(
      "indented with no-break spaces",
      "server:\n\u{a0}\u{a0}hostname: mx\n",
      #"""
      error[OC0102]: this line is indented with the character U+00A0, which is not a space but looks like one
       --> ocean.yaml:2:1
        |
      2 | \u{a0}\u{a0}hostname: mx
        | ^^^^^^
        = indent with spaces, two per level
      """#),
    Case(
      "typographic quotes in a list",
      "a: [“b”, 'c']\n",
      #"""
      error[OC0119]: “ (U+201C) is a typographic quote, and only straight quotes enclose a text
       --> ocean.yaml:1:5
        |
      1 | a: [“b”, 'c']
        |     ^
        = write " in its place; if it is part of the text, put the whole text in straight quotes
      """#),
    Case(
      "a value with a space that YAML does not know",
      "a: 10m\u{2009}\nb: \"x\u{a0}y\"\nc\u{202f}: d # e\u{a0}f\nd: \u{200b}e\n",
      #"""
      error[OC0102]: the text holds the character U+2009, which is not a space but looks like one
       --> ocean.yaml:1:7
        |
      1 | a: 10m\u{2009}
        |       ^^^^^^^^
        = write a space; if it is meant, put the text in quotes

      error[OC0102]: the text holds the character U+202F, which is not a space but looks like one
       --> ocean.yaml:3:2
        |
      3 | c\u{202f}: d # e\u{a0}f
        |  ^^^^^^^^
        = write a space; if it is meant, put the text in quotes

      error[OC0102]: the text holds the character U+200B, which cannot be seen
       --> ocean.yaml:4:4
        |
      4 | d: \u{200b}e
        |    ^^^^^^^^
        = remove it
      """#),
    Case(
      "a hidden escape",
      "c: \"\\e\"\n",
      #"""
      error[OC0102]: this text holds the character U+001B, which cannot be seen
       --> ocean.yaml:1:4
        |
      1 | c: "\e"
        |    ^^^^
        = remove its escape sequence
      """#),
    Case(
      "nested too deep",
      String(repeating: "[", count: 70),
      #"""
      error[OC0104]: lists and mappings are nested more than 64 deep
       --> ocean.yaml:1:65
        |
      1 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
        |                                                                 ^
      """#),
  ]
}
