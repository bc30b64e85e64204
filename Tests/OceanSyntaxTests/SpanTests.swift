import OceanSyntax
import Testing

/// The text under a span is the node as it was written.
@Suite struct SpanTests {
  static let config = """
    # a comment
    version: 1
    server:
      hostname: 'mx.example.org'   # why
      bind: [192.0.2.10, "2001:db8::10", mx.example.org]

      limits: { connections_per_ip: 20,
                except: [] }
    lists:
    - plain text
      over two lines
    - "quoted
      too"
    - |
      literal

      text


    # behind the literal
    - >- # header comment
      folded
    - | # nothing in it

    - &anchor tagless
    - *anchor
    absent:
    last:
      - { from: a, to }
      -
      - [x: y]
    # the end
    """

  @Test func `every node`() throws {
    let parsed = Parsed(Self.config)
    #expect(parsed.codes == [])
    let root = try #require(parsed.root)
    let lists = Self.config.split(separator: "lists:\n")[1].split(separator: "\nabsent:")[0]
    let texts = root.withDescendants.map(parsed.text)
    #expect(
      texts == [
        String(Self.config.dropFirst("# a comment\n".count).dropLast("\n# the end".count)),
        "version", "1",
        "server",
        """
        hostname: 'mx.example.org'   # why
          bind: [192.0.2.10, "2001:db8::10", mx.example.org]

          limits: { connections_per_ip: 20,
                    except: [] }
        """,
        "hostname", "'mx.example.org'",
        "bind", "[192.0.2.10, \"2001:db8::10\", mx.example.org]",
        "192.0.2.10", "\"2001:db8::10\"", "mx.example.org",
        "limits", "{ connections_per_ip: 20,\n            except: [] }",
        "connections_per_ip", "20", "except", "[]",
        "lists",
        String(lists),
        "plain text\n  over two lines", "\"quoted\n  too\"",
        "|\n  literal\n\n  text", ">- # header comment\n  folded", "|",
        "tagless", "*anchor",
        "absent", "",
        "last", "- { from: a, to }\n  -\n  - [x: y]",
        "{ from: a, to }", "from", "a", "to", "",
        "",
        "[x: y]", "x: y", "x", "y",
      ])
  }

  @Test func `outline`() {
    #expect(
      Parsed(Self.config).root?.outline == """
        {version:1,server:{hostname:'mx.example.org',\
        bind:[192.0.2.10,"2001:db8::10",mx.example.org],limits:{connections_per_ip:20,except:[]}},\
        lists:[plain text over two lines,"quoted too",|literal

        text|,>folded>,||,tagless,tagless],absent:,last:[{from:a,to:},,[{x:y}]]}
        """)
  }

  /// The types that YAML 1.1 makes of these are not wanted.
  @Test func `everything is a string`() {
    #expect(
      Parsed("[no, 0640, 22:22, ~, null, 1e3, 2001-01-01, yes]").root?.outline
        == "[no,0640,22:22,~,null,1e3,2001-01-01,yes]")
  }

  @Test(arguments: ["\n", "\r\n", "\r"], ["", "\u{feff}"])
  func `line breaks and byte order mark`(lineBreak: String, mark: String) throws {
    let text = mark + Self.config.replacing("\n", with: lineBreak) + lineBreak
    let expected = Parsed(Self.config)
    let parsed = Parsed(text)
    #expect(parsed.codes == [])
    #expect(parsed.nodes.map(\.span) == expected.nodes.map(\.span))
    #expect(
      parsed.nodes.map(parsed.text)
        == expected.nodes.map(expected.text).map { $0.replacing("\n", with: lineBreak) })
    #expect(parsed.sources.line(parsed.id, 1) == "# a comment")
    #expect(parsed.sources.line(parsed.id, 2) == "version: 1")
    #expect(parsed.sources.line(parsed.id, 100) == "")
    #expect(parsed.sources.line(parsed.id, 0) == "")
  }

  @Test func `columns count scalars`() throws {
    let parsed = Parsed("# ä 😀\nö: [😀, e\u{301}, \"日本\", z]\n")
    let root = try #require(parsed.root)
    #expect(
      root.withDescendants.map(parsed.text).dropFirst() == [
        "ö", "[😀, e\u{301}, \"日本\", z]", "😀", "e\u{301}", "\"日本\"", "z",
      ])
    let z = try #require(root.withDescendants.last)
    #expect(z.span.start == Position(line: 2, column: 18))
    #expect(z.span.end == Position(line: 2, column: 19))
  }

  /// An alias has its own place; the nodes inside it have that of the definition.
  @Test func `aliases`() throws {
    let parsed = Parsed("a: &x !t\n  [b]\nc: *x\n")
    let root = try #require(parsed.root)
    #expect(root.withDescendants.map(parsed.text).dropFirst() == ["a", "[b]", "b", "c", "*x", "b"])
  }

  @Test(arguments: [
    ("a:\nb: c", "1:3"), ("a: &x\nb: c", "1:6"), ("a: !x\nb: c", "1:6"), ("? a\n\n# d\n", "1:4"),
    ("{a, b: c}", "1:3"),
    ("? a\n: # d\n", "2:2"), ("a:   # d\n", "1:3"),
  ])
  func `absent values`(text: String, place: String) throws {
    let value = try #require(Parsed(text).root?.mapping?.first?.value)
    #expect(value.scalar?.isAbsent == true)
    #expect(value.span.start == value.span.end)
    #expect("\(value.span.start.line):\(value.span.start.column)" == place)
  }

  /// A scalar's text, read on its own, is the same scalar.
  @Test func `slices read the same`() throws {
    for node in Parsed(Self.config).nodes {
      guard let scalar = node.scalar, !scalar.isAbsent, scalar.style != .literal, scalar.style != .folded
      else { continue }
      let slice = Parsed(Self.config).text(node)
      guard !slice.hasPrefix("*") else { continue }
      #expect(Parsed(slice).root?.scalar == scalar)
    }
  }
}
