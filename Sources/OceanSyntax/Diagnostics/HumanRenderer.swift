extension Severity {
  /// What the word is painted with.
  package var style: Style {
    switch self {
    case .error: .error
    case .warning: .warning
    case .note: .note
    }
  }
}

/// Writes diagnostics in the manner of rustc: the head, each place with its source line, then the help.
struct HumanRenderer {
  /// A line of a source.
  struct Line: Hashable {
    let source: SourceID
    let number: Int32

    init(_ span: Span) { (source, number) = (span.source, span.start.line) }
  }

  let sources: SourceSet
  /// The lines that must not be shown.
  let hidden: Set<Line>
  let screen: Screen

  /// - Parameter omittingExcerpt: whether to name the place without its line.
  func block(_ diagnostic: Diagnostic, omittingExcerpt: Bool) -> String {
    let severity = diagnostic.severity
    let head = "\(severity.rawValue)[\(diagnostic.code.id)]"
    var lines = [
      screen.paint(head, severity.style) + screen.paint(": " + diagnostic.message.escapedForDisplay, .heading)
    ]

    let spans = (diagnostic.span.map { [$0] } ?? []) + diagnostic.related.map(\.span)
    let width = spans.map { String($0.start.line).utf8.count }.max() ?? 0
    let gutter = Gutter(width: width, screen: screen)

    if let span = diagnostic.span {
      let place = place(
        span, arrow: "-->", gutter, mark: "^", style: severity.style, label: diagnostic.label)
      lines += omittingExcerpt ? Array(place.prefix(1)) : place
    }
    for related in diagnostic.related {
      if lines.count > 1 { lines.append(gutter.empty) }
      lines += place(
        related.span, arrow: ":::", gutter, mark: "-", style: .note, label: related.message)
    }
    if let help = diagnostic.help {
      for (index, line) in help.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
        lines.append(gutter.help(String(line).escapedForDisplay, isFirst: index == 0))
      }
    }
    return lines.map { $0 + "\n" }.joined()
  }

  /// A location, its line and what is marked in it. Only the first line of a longer span is shown.
  private func place(
    _ span: Span, arrow: String, _ gutter: Gutter, mark: String, style: Style, label: String?
  ) -> [String] {
    let location = "\(sources.path(span.source).escapedForDisplay):\(span.start.line):\(span.start.column)"
    if hidden.contains(Line(span)) { return [gutter.location(arrow, location), gutter.empty] }
    let excerpt = SourceExcerpt(of: span, in: sources)
    var marks = String(repeating: mark, count: excerpt.markedWidth) + (excerpt.goesOn ? "..." : "")
    if let label { marks += " " + label.escapedForDisplay }
    return [
      gutter.location(arrow, location),
      gutter.empty,
      gutter.line(span.start.line, excerpt.text),
      gutter.marks(indentation: excerpt.markedFrom, screen.paint(marks, style)),
    ]
  }
}

/// The left margin: line numbers, right-aligned, and a rule.
private struct Gutter {
  let width: Int
  let screen: Screen

  private var margin: String { String(repeating: " ", count: width) }

  var empty: String { margin + screen.paint(" |", .note) }

  func location(_ arrow: String, _ location: String) -> String {
    margin + screen.paint(arrow, .note) + " " + location
  }

  func line(_ number: Int32, _ text: String) -> String {
    let digits = String(number)
    let padding = String(repeating: " ", count: max(0, width - digits.utf8.count))
    return padding + screen.paint(digits + " |", .note) + (text.isEmpty ? "" : " " + text)
  }

  func marks(indentation: Int, _ marks: String) -> String {
    empty + " " + String(repeating: " ", count: indentation) + marks
  }

  func help(_ line: String, isFirst: Bool) -> String {
    margin + (isFirst ? screen.paint(" =", .note) : "  ") + (line.isEmpty ? "" : " " + line)
  }
}
