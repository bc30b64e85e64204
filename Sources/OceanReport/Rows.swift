import OceanSyntax

/// Values with their labels and the places they come from, in three columns. The text may come from a file or
/// the network: it is escaped here.
struct Rows {
  private struct Row {
    let label: String
    let value: String
    let place: String
    let style: Style?
    let isHeading: Bool
  }

  private var rows: [Row] = []
  /// Beyond this width of a value its place is not aligned, for the sake of a long value.
  private let maxValue: Int
  /// The width of labels, if it does not follow from them.
  private let labelWidth: Int?

  init(maxValue: Int, labelWidth: Int? = nil) {
    self.maxValue = maxValue
    self.labelWidth = labelWidth
  }

  mutating func add(_ label: String, _ value: String, at place: String = "", style: Style? = nil) {
    rows.append(
      Row(
        label: label.escapedForDisplay, value: value.escapedForDisplay, place: place.escapedForDisplay,
        style: style, isHeading: false))
  }

  /// Adds a title in a line of its own, after an empty line unless it is the first.
  mutating func addHeading(_ title: String, at place: String = "", isApart: Bool = true) {
    if isApart, !rows.isEmpty { add("", "") }
    rows.append(
      Row(
        label: title.escapedForDisplay, value: "", place: place.escapedForDisplay, style: nil,
        isHeading: true))
  }

  func lines(on screen: Screen) -> [String] {
    let labels = labelWidth ?? rows.filter { !$0.isHeading }.map(\.label.columns).max().map { $0 + 2 } ?? 0
    let (room, placeWidth) = split(behind: labels, on: screen)
    let values = rows.map(\.value.columns).filter { $0 <= room }.max() ?? 0
    let column = labels + values + (placeWidth > 0 ? 2 : 0)
    return rows.flatMap { row in
      let place = row.place.shortened(to: placeWidth)
      if row.isHeading {
        return screen.placed(
          "", after: screen.paint(row.label, .heading), at: place, column: column, indent: 2)
      }
      let longest = row.value.split(separator: " ").map(\.columns).max() ?? 0
      let free = screen.width - labels
      // A long path gets a line of its own, and so does what would be wrapped in a narrow column.
      let isBelow = screen.isTerminal && row.value.columns > free && (longest > free || free < 24)
      let margin = min(labels, 4)
      let value = screen.placed(
        row.value, after: isBelow ? String(repeating: " ", count: margin) : row.label.padded(to: labels),
        at: place, column: column, indent: isBelow ? margin : labels, style: row.style)
      return ((isBelow && !row.label.isEmpty ? [row.label] : []) + value).map(\.trimmedAtEnd)
    }
  }

  /// How wide values may be to have their places beside them, and how wide places may be. On a terminal, most
  /// places shall stand beside their values: long ones are shortened for that.
  private func split(behind labels: Int, on screen: Screen) -> (values: Int, places: Int) {
    let places = rows.map(\.place.columns).max() ?? 0
    guard screen.isTerminal else { return (maxValue, places) }
    let usual = rows.map(\.value.columns).filter { $0 <= 28 }.max() ?? 0
    let width = min(places, max(screen.width / 4, 17, screen.width - labels - 2 - usual))
    return (min(maxValue, max(screen.width - labels - 2 - width, 0)), width)
  }
}
