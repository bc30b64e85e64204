import OceanSyntax

/// Aligned columns under headings. The text of cells may come from the network: it is escaped here.
struct Table {
  enum Alignment {
    case left
    case right
  }

  private let columns: [(heading: String, alignment: Alignment)]
  private var rows: [(cells: [String], notes: [String])] = []

  init(_ columns: [(heading: String, alignment: Alignment)]) {
    self.columns = columns
  }

  /// - Parameter notes: texts in lines of their own below the row.
  mutating func add(_ cells: [String], notes: [String] = []) {
    rows.append((cells.map(\.escapedForDisplay), notes.map(\.escapedForDisplay)))
  }

  func text(on screen: Screen) -> String {
    let headings = columns.map(\.heading)
    var widths = headings.map(\.unicodeScalars.count)
    for row in rows {
      for (column, cell) in zip(widths.indices, row.cells) {
        widths[column] = max(widths[column], cell.unicodeScalars.count)
      }
    }
    let heading = line(headings, widths)
    return
      ([screen.paint(heading, .heading)]
      + rows.flatMap { [line($0.cells, widths)] + $0.notes.flatMap(Self.lines) })
      .joined(separator: "\n")
  }

  private static func lines(of note: String) -> [String] {
    let words = note.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    return wrapped(words, after: "      ", separator: " ", indent: 6)
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    let aligned = zip(zip(cells, columns), widths).map { pair, width in
      let (cell, column) = pair
      return column.alignment == .left
        ? cell.padded(to: width) : String(repeating: " ", count: width - cell.unicodeScalars.count) + cell
    }
    var line = aligned.joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line
  }
}
