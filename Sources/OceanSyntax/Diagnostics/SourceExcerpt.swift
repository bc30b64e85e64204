/// The part of a source line that is printed for a span, and where in it the span is. Widths are in columns
/// of a terminal.
struct SourceExcerpt {
  /// The line, escaped, with tabs as four spaces, cut to what fits around the span.
  private(set) var text = ""
  /// The width of the text in front of the mark.
  private(set) var markedFrom = 0
  /// At least 1: an empty span is marked by one column.
  private(set) var markedWidth = 0
  /// Whether the span ends on a later line.
  let goesOn: Bool

  /// The most columns that are printed of a line, however wide the screen is: 100, and where it was cut.
  static let widest = 102
  private static let cut = "…"

  /// - Parameter width: the columns that there are.
  init(of span: Span, in sources: SourceSet, width: Int) {
    // What is cut off is marked on both sides.
    let width = min(width, Self.widest) - 2
    goesOn = span.end.line > span.start.line
    let source = sources[span.source]
    let line = source.lineRange(Int(span.start.line))

    // Only the part that may be printed is decoded: a line may be as long as the file.
    let start = source.offset(of: span.start)
    let first = source.offset(from: start, steppingBack: width, limit: line.lowerBound)
    let last = source.offset(from: start, advancedBy: width + 1, limit: line.upperBound)
    let before = Self.cells(source.bytes[first..<start])
    let after = Self.cells(source.bytes[start..<last])
    let length = goesOn ? Int.max : Int(span.end.column) - Int(span.start.column)

    let (skipped, shown) = Self.window(before, after, marked: length, width)
    let isCutBefore = first > line.lowerBound || skipped > 0
    let isCutAfter = last < line.upperBound || shown < after.count
    let lead = (isCutBefore ? Self.cut : "") + before.dropFirst(skipped).joined()
    let marked = after.prefix(shown).prefix(max(0, length)).joined()
    text = lead + after.prefix(shown).joined() + (isCutAfter ? Self.cut : "")
    while text.unicodeScalars.last == " " { text.unicodeScalars.removeLast() }
    markedFrom = lead.columns
    markedWidth = max(1, marked.columns)
  }

  /// How many cells to leave out at the beginning of `before`, and how many of `after` to show. The first
  /// `marked` of `after` are the span. The line is shown from its beginning if the span fits in then.
  private static func window(
    _ before: [String], _ after: [String], marked: Int, _ room: Int
  ) -> (skipped: Int, shown: Int) {
    let width = { (cells: ArraySlice<String>) in cells.reduce(0) { $0 + $1.columns } }
    let leadWidth = width(before[...])
    let fits = leadWidth + width(after.prefix(max(1, marked))) <= room
    // Some of what is in front of the span is kept.
    let lead = fits ? leadWidth : min(leadWidth, room / 3)
    var room = room - lead
    var shown = 0
    while shown < after.count, after[shown].columns <= room {
      room -= after[shown].columns
      shown += 1
    }
    // The beginning gets the room that the rest of the line leaves.
    room += lead
    var skipped = before.count
    while skipped > 0, before[skipped - 1].columns <= room {
      room -= before[skipped - 1].columns
      skipped -= 1
    }
    return (skipped, shown)
  }

  private static func cells(_ bytes: ArraySlice<UInt8>) -> [String] {
    String(decoding: bytes, as: UTF8.self).unicodeScalars.map { $0 == "\t" ? "    " : $0.shown }
  }
}
