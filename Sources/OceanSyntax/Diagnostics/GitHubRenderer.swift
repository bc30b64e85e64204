extension DiagnosticRenderer {
  /// Workflow commands of GitHub Actions, one per line: each diagnostic becomes an annotation of its place.
  ///
  ///     ::error file=ocean.yaml,line=31,col=20,endLine=31,endColumn=34,title=OC0214::host bits set in 203.0.113.9/24
  ///
  /// What GitHub prints below the first line of an annotation (label, help, related places) follows in the
  /// same command, its line breaks escaped. A span over several lines has no columns: GitHub accepts them for
  /// one line only.
  package static func github(_ diagnostics: [Diagnostic], in sources: SourceSet) -> String {
    diagnostics.map { diagnostic in
      let related = diagnostic.related.map { related in
        let start = related.span.start
        return "\(sources.path(related.span.source)):\(start.line):\(start.column): \(related.message)"
          .escapedForDisplay
      }
      return command(
        diagnostic.severity == .note ? "notice" : diagnostic.severity.rawValue,
        place(diagnostic.span, in: sources) + [("title", diagnostic.code.id)],
        (diagnostic.plainLines + related).joined(separator: "\n"))
    }.joined()
  }

  /// A workflow command that shows a text as a notice.
  package static func githubNotice(_ text: String) -> String { command("notice", [], text.escapedForDisplay) }

  private static func place(_ span: Span?, in sources: SourceSet) -> [(String, String)] {
    guard let span else { return [] }
    let file = ("file", sources.path(span.source).withoutLeadingDot.escapedForDisplay)
    let (start, end) = (span.start, span.end)
    guard start.line == end.line else {
      return [file, ("line", "\(start.line)"), ("endLine", "\(end.line)")]
    }
    return [
      file, ("line", "\(start.line)"), ("col", "\(start.column)"), ("endLine", "\(end.line)"),
      ("endColumn", "\(end.column)"),
    ]
  }

  private static func command(_ name: String, _ properties: [(String, String)], _ message: String) -> String {
    let list = properties.map { "\($0)=\(escaped($1, also: [":", ","]))" }.joined(separator: ",")
    return "::\(name)\(list.isEmpty ? "" : " " + list)::\(escaped(message))\n"
  }

  /// Escapes as GitHub's own toolkit does: `%`, line breaks, and in properties the separators.
  private static func escaped(_ text: String, also more: Set<Unicode.Scalar> = []) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      if ["%", "\r", "\n"].contains(scalar) || more.contains(scalar) {
        result += "%" + hexadecimal(scalar.value, digits: 2).uppercased()
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
  }
}
