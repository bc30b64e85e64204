import OceanBase

/// Renders diagnostics as text for people and as JSON for programs. Both print them in the order given.
package enum DiagnosticRenderer {
  /// One block per diagnostic, separated by blank lines; ends with a line feed unless empty.
  ///
  ///     error[OC0214]: host bits set in 203.0.113.9/24
  ///       --> ocean.yaml:31:20
  ///        |
  ///     31 |       black_list: [203.0.113.9/24]
  ///        |                    ^^^^^^^^^^^^^^ the network is 203.0.113.0/24
  ///        = write 203.0.113.0/24, or 203.0.113.9/32 for the one address
  ///
  package static func human(
    _ diagnostics: [Diagnostic], in sources: SourceSet, on screen: Screen = Screen()
  ) -> String {
    let hidden = Set(diagnostics.lazy.filter(\.hidesLine).compactMap(\.span).map(HumanRenderer.Line.init))
    let renderer = HumanRenderer(sources: sources, hidden: hidden, screen: screen)
    let blocks = diagnostics.indices.map { index in
      renderer.block(
        diagnostics[index],
        // The line is on the screen already.
        omittingExcerpt: index > diagnostics.startIndex && diagnostics[index].isBelow(diagnostics[index - 1]))
    }
    return blocks.joined(separator: "\n")
  }

  /// The JSON object that other programs rely on, `format_version` 1, ending with a line feed. The same
  /// diagnostics give the same bytes. `label` and `help` are left out where they are missing; `span` is null.
  package static func json(_ diagnostics: [Diagnostic], in sources: SourceSet) -> String {
    let renderer = JSONRenderer(sources: sources)
    let errors = diagnostics.count { $0.severity == .error }
    let warnings = diagnostics.count { $0.severity == .warning }
    let list = diagnostics.map { "\n  " + renderer.object($0) }.joined(separator: ",")
    return """
      {"format_version":1,"valid":\(errors == 0),"error_count":\(errors),"warning_count":\(warnings),\
      "diagnostics":[\(list)\(diagnostics.isEmpty ? "" : "\n")]}

      """
  }
}

extension Diagnostic {
  /// Whether this diagnostic is about the same place as the one shown before it, and marks nothing else.
  fileprivate func isBelow(_ previous: Diagnostic) -> Bool {
    span != nil && span == previous.span && label == nil && related.isEmpty && previous.related.isEmpty
  }
}

/// Writes diagnostics as JSON objects.
struct JSONRenderer {
  let sources: SourceSet

  func object(_ diagnostic: Diagnostic) -> String {
    var members = [
      "\"severity\":\"\(diagnostic.severity.rawValue)\"",
      "\"code\":\"\(diagnostic.code.id)\"",
      "\"message\":\(diagnostic.message.jsonQuoted)",
      "\"span\":\(diagnostic.span.map(object) ?? "null")",
    ]
    if let label = diagnostic.label { members.append("\"label\":\(label.jsonQuoted)") }
    let related = diagnostic.related.map {
      "{\"message\":\($0.message.jsonQuoted),\"span\":\(object($0.span))}"
    }
    members.append("\"related\":[\(related.joined(separator: ","))]")
    if let help = diagnostic.help { members.append("\"help\":\(help.jsonQuoted)") }
    return "{" + members.joined(separator: ",") + "}"
  }

  private func object(_ span: Span) -> String {
    """
    {"file":\(sources.path(span.source).jsonQuoted),"line":\(span.start.line),"column":\(span.start.column),\
    "end_line":\(span.end.line),"end_column":\(span.end.column)}
    """
  }
}
