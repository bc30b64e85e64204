/// Where a text for people is read: how many columns there are, and whether colours are shown.
package struct Screen: Sendable, Hashable {
  /// The columns that lines may fill; at least `minWidth`.
  package let width: Int
  /// Whether a person looks at a terminal of that width. Otherwise a program may read the text: rows stay
  /// whole however long they are, nothing is shortened, and only sentences and lists are wrapped.
  package let isTerminal: Bool
  package let hasColor: Bool

  /// What is narrower gets lines of this width.
  package static let minWidth = 20

  package init(width: Int = 80, isTerminal: Bool = false, hasColor: Bool = false) {
    self.width = max(width, Self.minWidth)
    self.isTerminal = isTerminal
    self.hasColor = hasColor
  }

  /// The text in a style, if there are colours.
  package func paint(_ text: String, _ style: Style) -> String {
    hasColor && !text.isEmpty ? "\u{1b}[\(style.sequence)m\(text)\(Self.reset)" : text
  }

  static let reset = "\u{1b}[0m"

  /// The screen that is left behind a margin.
  package func narrowed(by columns: Int) -> Screen {
    Screen(width: width - columns, isTerminal: isTerminal, hasColor: hasColor)
  }
}

/// The palette of all output: what a text is, not how it looks. Words say the same without it.
package enum Style: Sendable {
  /// Titles of sections, headings of tables.
  case heading
  /// What nobody set or asked for.
  case faint
  /// What is wrong, refused, taken back or not confirmed.
  case error
  case warning
  case note
  /// What is allowed or confirmed.
  case good
  /// The marks of a diff, and entries that come or go.
  case added
  case removed
  case changed

  /// The parameters of SGR (ECMA-48 §8.3.117).
  fileprivate var sequence: String {
    switch self {
    case .heading: "1"
    case .faint: "2"
    case .error: "1;31"
    case .warning: "1;33"
    case .note: "1;34"
    case .good: "1;32"
    case .added: "32"
    case .removed: "31"
    case .changed: "33"
    }
  }
}
