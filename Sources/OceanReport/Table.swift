import OceanSyntax

/// Aligned columns under headings. On a terminal that is too narrow each row goes on in further lines below
/// it, and the headings likewise. The text of cells may come from the network: it is escaped here.
struct Table {
  enum Alignment {
    case left
    case right
  }

  private struct Row {
    let cells: [String]
    let style: Style?
    let notes: [String]
  }

  private let columns: [(heading: String, alignment: Alignment)]
  private var rows: [Row] = []

  init(_ columns: [(heading: String, alignment: Alignment)]) {
    self.columns = columns
  }

  /// - Parameter notes: texts in lines of their own below the row.
  mutating func add(_ cells: [String], style: Style? = nil, notes: [String] = []) {
    rows.append(
      Row(cells: cells.map(\.escapedForDisplay), style: style, notes: notes.map(\.escapedForDisplay)))
  }

  func text(on screen: Screen) -> String {
    let headings = columns.map(\.heading)
    var widths = headings.map(\.columns)
    for row in rows {
      for (column, cell) in zip(widths.indices, row.cells) {
        widths[column] = max(widths[column], cell.columns)
      }
    }
    let margin = min((widths.first ?? 0) + 2, 8)
    let parts = Self.parts(&widths, margin, on: screen)
    return
      (lines(headings, parts, widths, margin).map { screen.paint($0, .heading) }
      + rows.flatMap { row in
        lines(row.cells, parts, widths, margin).map { line in row.style.map { screen.paint(line, $0) } ?? line
        }
          + row.notes.flatMap { note in
            let words = note.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            return screen.wrapped(words, after: "      ", separator: " ", indent: 6)
          }
      }).joined(separator: "\n")
  }

  /// The columns of each line of a row; one line if that is wide enough.
  ///
  /// - Parameters:
  ///   - widths: are made smaller where a column alone is wider than a line.
  ///   - margin: of lines after the first: what stands at the beginning of a row tells rows apart.
  private static func parts(_ widths: inout [Int], _ margin: Int, on screen: Screen) -> [Range<Int>] {
    guard screen.isTerminal else { return [widths.indices] }
    var parts: [Range<Int>] = []
    var start = 0
    var used = 0
    for column in widths.indices {
      widths[column] = min(widths[column], screen.width - margin)
      if column > start, used + 2 + widths[column] > screen.width {
        parts.append(start..<column)
        start = column
        used = margin + widths[column]
      } else {
        used += widths[column] + (column > start ? 2 : 0)
      }
    }
    return parts + [start..<widths.count]
  }

  private func lines(_ cells: [String], _ parts: [Range<Int>], _ widths: [Int], _ margin: Int) -> [String] {
    parts.enumerated().compactMap { index, part in
      let aligned = part.filter(cells.indices.contains).map { column in
        let cell = cells[column].shortened(to: widths[column])
        let padding = String(repeating: " ", count: widths[column] - cell.columns)
        return columns[column].alignment == .left ? cell + padding : padding + cell
      }
      let line = aligned.joined(separator: "  ").trimmedAtEnd
      guard index > 0 else { return line }
      return line.isEmpty ? nil : String(repeating: " ", count: margin) + line
    }
  }
}
