import OceanSyntax

/// Text in GitHub's Markdown. What is interpolated is escaped, so that it reads as it came and is nothing else:
/// neither markup nor a mention of somebody.
struct Markdown: ExpressibleByStringInterpolation {
  let text: String

  init(stringLiteral text: String) { self.text = text }

  init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

  init(joining parts: [Markdown], by separator: String) {
    text = parts.map(\.text).joined(separator: separator)
  }

  /// The longest text from outside; what is cut off is told by an ellipsis.
  private static let maxLength = 500

  /// Text from outside in the letters of prose.
  static func escaped(_ text: String) -> String {
    shortened(text).unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      // As entities these are letters to GitHub, in a table's cells too, and mention nobody.
      case ">" where !result.isEmpty: result += ">"
      case "\\", "`", "*", "_", "[", "]", "<", ">", "&", "|", "~", "#", "@", "!", "$":
        result += "&#\(scalar.value);"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }

  /// Text from outside as code.
  static func code(_ text: String) -> String {
    let short = shortened(text)
    guard !short.isEmpty else { return "" }
    let isPlain = !short.contains { "`|\\".contains($0) } && short.first != " " && short.last != " "
    // In a table's cell no other quoting of these is sure to be read alike everywhere.
    return isPlain ? "`\(short)`" : "<code>\(escaped(text))</code>"
  }

  private static func shortened(_ text: String) -> String {
    let text = text.escapedForDisplay
    return text.count > maxLength ? text.prefix(maxLength) + "…" : text
  }

  struct StringInterpolation: StringInterpolationProtocol {
    var text = ""

    init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity * 2) }

    mutating func appendLiteral(_ literal: String) { text += literal }
    mutating func appendInterpolation(_ outside: String) { text += Markdown.escaped(outside) }
    mutating func appendInterpolation(code: String) { text += Markdown.code(code) }
    mutating func appendInterpolation(_ number: Int) { text += String(number) }
    mutating func appendInterpolation(_ markdown: Markdown) { text += markdown.text }
  }
}

/// A document that ends before it is too long: then it says so, and how to see the rest.
struct MarkdownDocument {
  /// The most octets: GitHub takes so many characters.
  private let limit: Int
  private var parts: [String] = []
  private var size = 0
  /// What closes the sections that are open, the innermost last.
  private var closings: [String] = []
  private var isFull = false

  private static let rest = """

    > [!NOTE]
    > Cut here: a comment has at most 65,536 characters. `--format html` shows more, `--format json` everything.

    """

  init(limit: Int) { self.limit = limit }

  /// Adds lines that belong together; nothing is added any more once something did not fit.
  mutating func add(_ lines: Markdown) { append(lines.text + "\n") }

  /// Adds something that is folded away.
  mutating func fold(_ summary: Markdown, _ body: (inout MarkdownDocument) -> Void) {
    append("<details><summary>\(summary.text)</summary>\n\n", closedBy: "\n</details>\n\n")
    let isOpen = !isFull
    body(&self)
    if isOpen, !isFull, let closing = closings.popLast() {
      parts.append(closing)
      size += closing.utf8.count
    }
  }

  /// Adds a table, unless it has no rows.
  mutating func table(_ heads: [Markdown], _ rows: [[Markdown]], max: Int, more: (Int) -> Markdown) {
    guard !rows.isEmpty else { return }
    func line(_ cells: [Markdown]) -> String { "| \(cells.map(\.text).joined(separator: " | ")) |\n" }
    append(line(heads) + "|" + heads.map { _ in "---|" }.joined() + "\n" + line(rows[0]))
    for row in rows.dropFirst().prefix(max - 1) { append(line(row)) }
    append("\n")
    if rows.count > max { append(more(rows.count - max).text + "\n\n") }
  }

  private mutating func append(_ text: String, closedBy closing: String? = nil) {
    guard !isFull else { return }
    let tail = (closings + [closing ?? ""]).reduce(Self.rest.utf8.count) { $0 + $1.utf8.count }
    guard size + text.utf8.count + tail <= limit else {
      isFull = true
      return
    }
    parts.append(text)
    size += text.utf8.count
    if let closing { closings.append(closing) }
  }

  var text: String {
    parts.joined() + (isFull ? closings.reversed().joined() + Self.rest : "")
  }
}
