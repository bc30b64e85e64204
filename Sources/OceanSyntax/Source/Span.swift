/// A place in a text: line and column, both from 1. Columns count Unicode scalars, as libyaml does.
package struct Position: Sendable, Hashable, Comparable {
  package var line: Int32
  package var column: Int32

  package init(line: Int32, column: Int32) {
    self.line = line
    self.column = column
  }

  package static func < (a: Position, b: Position) -> Bool {
    a.line == b.line ? a.column < b.column : a.line < b.line
  }
}

/// A stretch of one source. `end` is exclusive; a span may be empty (an absent value).
///
/// A trivial type of 20 bytes: a large configuration has a few hundred thousand of them.
package struct Span: Sendable, Hashable, Comparable {
  package var source: SourceID
  package var start: Position
  package var end: Position

  package init(source: SourceID, start: Position, end: Position) {
    self.source = source
    self.start = start
    self.end = end
  }

  package static func < (a: Span, b: Span) -> Bool {
    (a.source, a.start, a.end) < (b.source, b.start, b.end)
  }
}
