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
    var lines = screen.fitted(
      screen.paint(": " + diagnostic.message.escapedForDisplay, .heading),
      after: screen.paint(head, severity.style), indent: 2)

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
        lines += gutter.help(String(line).escapedForDisplay, isFirst: index == 0)
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
    let excerpt = SourceExcerpt(
      of: span, in: sources, width: screen.isTerminal ? gutter.room : SourceExcerpt.widest)
    let marks = String(repeating: mark, count: excerpt.markedWidth) + (excerpt.goesOn ? "…" : "")
    return [
      gutter.location(arrow, location), gutter.empty, gutter.line(span.start.line, excerpt.text),
    ]
      + labeled(marks, from: excerpt.markedFrom, label?.escapedForDisplay ?? "", gutter.room).map {
        gutter.empty + " " + screen.paint($0, style)
      }
  }

  /// The marks with their label, which goes below them if it does not fit beside them.
  private func labeled(_ marks: String, from start: Int, _ label: String, _ room: Int) -> [String] {
    let margin = String(repeating: " ", count: start)
    if label.isEmpty { return [margin + marks] }
    if !screen.isTerminal || start + marks.columns + 1 + label.columns <= room {
      return ["\(margin)\(marks) \(label)"]
    }
    let indent = max(0, min(start, room - label.columns))
    let below = screen.narrowed(by: screen.width - room)
      .fitted(label, after: String(repeating: " ", count: indent), indent: indent)
    return [margin + marks] + below
  }
}

/// The left margin: line numbers, right-aligned, and a rule.
private struct Gutter {
  let width: Int
  let screen: Screen

  private var margin: String { String(repeating: " ", count: width) }

  /// The columns that it leaves.
  var room: Int { max(screen.width - width - 3, 10) }

  var empty: String { margin + screen.paint(" |", .note) }

  func location(_ arrow: String, _ location: String) -> String {
    let room = screen.isTerminal ? room - 1 : .max
    return margin + screen.paint(arrow, .note) + " " + location.shortened(to: room)
  }

  func line(_ number: Int32, _ text: String) -> String {
    let digits = String(number)
    let padding = String(repeating: " ", count: max(0, width - digits.utf8.count))
    return padding + screen.paint(digits + " |", .note) + (text.isEmpty ? "" : " " + text)
  }

  func help(_ line: String, isFirst: Bool) -> [String] {
    let start = margin + (isFirst ? screen.paint(" =", .note) : "  ")
    // What is indented is an example, which is right as it is.
    if line.isEmpty || line.hasPrefix(" ") { return [start + (line.isEmpty ? "" : " " + line)] }
    return screen.fitted(line, after: start + " ", indent: width + 3)
  }
}
