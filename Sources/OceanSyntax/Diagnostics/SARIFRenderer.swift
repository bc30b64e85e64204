import OceanBase

extension DiagnosticRenderer {
  /// SARIF 2.1.0 (OASIS), one run, ending with a line feed: what GitHub's code scanning and editors read. The
  /// same diagnostics give the same bytes.
  ///
  /// - Parameters:
  ///   - acknowledged: results too, but suppressed by the config.
  ///   - notChecked: notifications of the run, because they say nothing against the config.
  ///   - version: the version of ocean.
  package static func sarif(
    _ diagnostics: [Diagnostic], acknowledged: [(diagnostic: Diagnostic, reason: String)] = [],
    notChecked: [String] = [], in sources: SourceSet, version: String
  ) -> String {
    let codes = Set(diagnostics.map(\.code) + acknowledged.map(\.diagnostic.code)).sorted { $0.id < $1.id }
    let renderer = SARIFRenderer(sources: sources, codes: codes)
    let results =
      diagnostics.map { renderer.result($0, suppressedFor: nil) }
      + acknowledged.map { renderer.result($0.diagnostic, suppressedFor: $0.reason) }
    let notifications = notChecked.map { "{\"level\":\"warning\",\(renderer.message("not checked: \($0)"))}" }
    return """
      {"$schema":"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
      "version":"2.1.0","runs":[{"tool":{"driver":{"name":"ocean","semanticVersion":\(version.jsonQuoted),
      "rules":\(list(codes.map(renderer.rule)))}},
      "columnKind":"unicodeCodePoints",
      "invocations":[{"executionSuccessful":true,"toolExecutionNotifications":\(list(notifications))}],
      "results":\(list(results))}]}

      """
  }

  private static func list(_ elements: [String]) -> String {
    "[" + elements.map { "\n  " + $0 }.joined(separator: ",") + (elements.isEmpty ? "]" : "\n]")
  }
}

/// Writes the objects of SARIF; section numbers are those of the standard.
private struct SARIFRenderer {
  let sources: SourceSet
  private let indexes: [DiagnosticCode: Int]

  /// - Parameter codes: the rules of the run, in their order.
  init(sources: SourceSet, codes: [DiagnosticCode]) {
    self.sources = sources
    indexes = Dictionary(codes.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Returns a reportingDescriptor (§3.49).
  func rule(_ code: DiagnosticCode) -> String {
    let explanation = code.explanation.jsonQuoted
    return """
      {"id":"\(code.id)","shortDescription":{"text":\(code.title.jsonQuoted)},\
      "fullDescription":{"text":\(code.summary.jsonQuoted)},\
      "help":{"text":\(explanation),"markdown":\(explanation)},\
      "defaultConfiguration":{"level":"\(code.severity.rawValue)"}}
      """
  }

  /// Returns a result (§3.27). Its `suppressions` are an empty list rather than absent: either all results of
  /// a run have them, or no result has (§3.27.23).
  func result(_ diagnostic: Diagnostic, suppressedFor reason: String?) -> String {
    var members = ["\"ruleId\":\"\(diagnostic.code.id)\""]
    if let index = indexes[diagnostic.code] { members.append("\"ruleIndex\":\(index)") }
    members += [
      "\"level\":\"\(diagnostic.severity.rawValue)\"",
      message(diagnostic.plainLines.joined(separator: "\n")),
      "\"locations\":[\(location(diagnostic.span) ?? "")]",
    ]
    let related = diagnostic.related.compactMap { location($0.span, $0.message) }
    if !related.isEmpty { members.append("\"relatedLocations\":[\(related.joined(separator: ","))]") }
    let suppression = reason.map {
      "{\"kind\":\"inSource\",\"status\":\"accepted\",\"justification\":\($0.jsonQuoted)}"
    }
    members.append("\"suppressions\":[\(suppression ?? "")]")
    return "{" + members.joined(separator: ",") + "}"
  }

  /// Returns a message (§3.11). `{0}` would stand for an argument. By the letter of the standard every brace
  /// has to be doubled, but viewers undo that only where there are arguments, and a help text is there to be
  /// copied.
  func message(_ text: String) -> String {
    let literal = text.replacing(/\{(\d+)\}/) { "{{\($0.1)}}" }
    return "\"message\":{\"text\":\(literal.jsonQuoted)}"
  }

  /// A location (§3.28). Without a span it is the config as a whole, because code scanning takes no result
  /// without a place; nil if there is no config either.
  private func location(_ span: Span?, _ text: String? = nil) -> String? {
    let path = span.map { sources.path($0.source) } ?? sources.mainPath
    guard !path.isEmpty else { return nil }
    var physical = "\"artifactLocation\":{\"uri\":\(path.uriReference.jsonQuoted)}"
    if let span {
      physical += """
        ,"region":{"startLine":\(span.start.line),"startColumn":\(span.start.column),\
        "endLine":\(span.end.line),"endColumn":\(span.end.column)}
        """
    }
    let words = text.map { "," + message($0.escapedForDisplay) } ?? ""
    return "{\"physicalLocation\":{\(physical)}\(words)}"
  }
}

extension DiagnosticCode {
  /// The first paragraph of the explanation, on one line.
  fileprivate var summary: String {
    explanation.split(separator: "\n", omittingEmptySubsequences: false).prefix { !$0.isEmpty }
      .joined(separator: " ")
  }
}

extension String {
  /// This path as a relative reference (RFC 3986 §4.2), an absolute one as a file URI (RFC 8089).
  fileprivate var uriReference: String {
    let encoded = withoutLeadingDot.utf8.map { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"), UInt8(ascii: "/"):
        String(Unicode.Scalar(byte))
      default: "%" + hexadecimal(UInt32(byte), digits: 2).uppercased()
      }
    }.joined()
    return encoded.hasPrefix("/") ? "file://" + encoded : encoded
  }
}
