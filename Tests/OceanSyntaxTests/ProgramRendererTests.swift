import Foundation
import OceanSyntax
import Testing

/// Tests diagnostics as SARIF and as workflow commands of GitHub.
@Suite struct ProgramRendererTests {
  static let error = DiagnosticCode(
    id: "OC0900", severity: .error, title: "broken",
    explanation: "What it\nmeans.\n\n```yaml\na: { b: c }\n```")
  static let warning = DiagnosticCode(
    id: "OC0901", severity: .warning, title: "odd", explanation: "For tests.")
  static let note = DiagnosticCode(id: "OC0902", severity: .note, title: "so", explanation: "For tests.")

  /// A set of one source, and a place in it.
  private func source(
    _ path: String = "ocean.yaml", _ start: (Int32, Int32) = (1, 4), _ end: (Int32, Int32) = (1, 5)
  ) -> (SourceSet, Span) {
    var sources = SourceSet()
    let id = sources.add(path: path, bytes: Array("a: b\nc: d\n".utf8))
    return (
      sources,
      Span(
        source: id, start: Position(line: start.0, column: start.1),
        end: Position(line: end.0, column: end.1))
    )
  }

  // MARK: - SARIF

  @Test func `SARIF`() {
    let (sources, span) = source()
    let broken = Diagnostic(
      Self.error, "wrong", at: span, label: "this", related: [Diagnostic.Related("because of", at: span)],
      help: "write\na: c")
    let odd = Diagnostic(Self.warning, "odd", at: nil)
    let text = DiagnosticRenderer.sarif(
      [broken], acknowledged: [(odd, "a \"reason\"")], notChecked: ["key.pem"], in: sources, version: "1.2.3")
    #expect(
      text == #"""
        {"$schema":"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version":"2.1.0","runs":[{"tool":{"driver":{"name":"ocean","semanticVersion":"1.2.3",
        "rules":[
          {"id":"OC0900","shortDescription":{"text":"broken"},"fullDescription":{"text":"What it means."},\#
        "help":{"text":"What it\nmeans.\n\n```yaml\na: { b: c }\n```",\#
        "markdown":"What it\nmeans.\n\n```yaml\na: { b: c }\n```"},"defaultConfiguration":{"level":"error"}},
          {"id":"OC0901","shortDescription":{"text":"odd"},"fullDescription":{"text":"For tests."},\#
        "help":{"text":"For tests.","markdown":"For tests."},"defaultConfiguration":{"level":"warning"}}
        ]}},
        "columnKind":"unicodeCodePoints",
        "invocations":[{"executionSuccessful":true,"toolExecutionNotifications":[
          {"level":"warning","message":{"text":"not checked: key.pem"}}
        ]}],
        "results":[
          {"ruleId":"OC0900","ruleIndex":0,"level":"error","message":{"text":"wrong: this\nwrite\na: c"},\#
        "locations":[{"physicalLocation":{"artifactLocation":{"uri":"ocean.yaml"},\#
        "region":{"startLine":1,"startColumn":4,"endLine":1,"endColumn":5}}}],\#
        "relatedLocations":[{"physicalLocation":{"artifactLocation":{"uri":"ocean.yaml"},\#
        "region":{"startLine":1,"startColumn":4,"endLine":1,"endColumn":5}},"message":{"text":"because of"}}],\#
        "suppressions":[]},
          {"ruleId":"OC0901","ruleIndex":1,"level":"warning","message":{"text":"odd"},\#
        "locations":[{"physicalLocation":{"artifactLocation":{"uri":"ocean.yaml"}}}],\#
        "suppressions":[{"kind":"inSource","status":"accepted","justification":"a \"reason\""}]}
        ]}]}

        """#)
  }

  @Test func `SARIF of nothing`() throws {
    let text = DiagnosticRenderer.sarif([], in: SourceSet(), version: "1.2.3")
    let log = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    let run = try #require((log?["runs"] as? [[String: Any]])?.first)
    #expect((run["results"] as? [Any])?.isEmpty == true)
  }

  @Test func `SARIF without any source`() {
    let text = DiagnosticRenderer.sarif(
      [Diagnostic(Self.error, "m", at: nil)], in: SourceSet(), version: "1")
    #expect(text.contains("\"locations\":[]"))
  }

  @Test(arguments: [
    ("conf/ocean.yaml", "conf/ocean.yaml"), ("./ocean.yaml", "ocean.yaml"), (".//./a", "a"), ("../a", "../a"),
    ("a b:c%.yaml", "a%20b%3Ac%25.yaml"), ("é#?/~_.-", "%C3%A9%23%3F/~_.-"), (".hidden", ".hidden"),
    ("/etc/o cean/x", "file:///etc/o%20cean/x"), ("./", "./"),
  ])
  func `uris`(_ path: String, _ uri: String) {
    let (sources, span) = source(path)
    let text = DiagnosticRenderer.sarif([Diagnostic(Self.error, "m", at: span)], in: sources, version: "1")
    #expect(text.contains("\"artifactLocation\":{\"uri\":\"\(uri)\"}"), "\(text)")
  }

  @Test(arguments: [
    ("main: { file: x }", "main: { file: x }"), ("{0} and {17}", "{{0}} and {{17}}"),
    ("{x0}{}{ 1}", "{x0}{}{ 1}"), ("a\u{202e}b\u{1b}", #"a\\u{202e}b\\u{1b}"#),
  ])
  func `messages`(_ message: String, _ text: String) {
    let (sources, span) = source()
    let sarif = DiagnosticRenderer.sarif(
      [Diagnostic(Self.error, message, at: span)], in: sources, version: "1")
    #expect(sarif.contains("\"message\":{\"text\":\"\(text)\"}"), "\(sarif)")
  }

  // MARK: - GitHub

  @Test func `GitHub`() {
    let (sources, span) = source()
    let text = DiagnosticRenderer.github(
      [
        Diagnostic(
          Self.error, "wrong", at: span, label: "this", related: [Diagnostic.Related("because of", at: span)],
          help: "write\na: c"),
        Diagnostic(Self.warning, "odd", at: nil), Diagnostic(Self.note, "so", at: span),
      ], in: sources)
    #expect(
      text == """
        ::error file=ocean.yaml,line=1,col=4,endLine=1,endColumn=5,title=OC0900::wrong: this%0Awrite%0Aa: c%0Aocean.yaml:1:4: because of
        ::warning title=OC0901::odd
        ::notice file=ocean.yaml,line=1,col=4,endLine=1,endColumn=5,title=OC0902::so

        """)
    #expect(DiagnosticRenderer.github([], in: sources) == "")
  }

  @Test func `GitHub takes columns of one line only`() {
    let (sources, span) = source("ocean.yaml", (1, 4), (2, 2))
    #expect(
      DiagnosticRenderer.github([Diagnostic(Self.error, "m", at: span)], in: sources)
        == "::error file=ocean.yaml,line=1,endLine=2,title=OC0900::m\n")
  }

  @Test func `GitHub escaping`() {
    let (sources, span) = source("./a,b:c%d\n.yaml")
    #expect(
      DiagnosticRenderer.github([Diagnostic(Self.error, "50%, a: b\r\n::error::x", at: span)], in: sources)
        == #"::error file=a%2Cb%3Ac%25d\n.yaml,line=1,col=4,endLine=1,endColumn=5,title=OC0900::"#
        + #"50%25, a: b\r\n::error::x"# + "\n")
    #expect(DiagnosticRenderer.githubNotice("100%\n::stop") == #"::notice::100%25\n::stop"# + "\n")
  }
}
