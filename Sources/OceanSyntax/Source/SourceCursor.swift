/// Turns positions into byte offsets, for callers that ask roughly in the order of the text.
///
/// A move costs the distance from the last position on the same line, or from the line's start: even a text
/// that is one long line is read in linear time.
struct SourceCursor {
  private let text: SourceText
  private var position = Position(line: 1, column: 1)
  private var offset: Int
  private var line: Range<Int>

  init(_ text: SourceText) {
    self.text = text
    line = text.lineRange(1)
    offset = line.lowerBound
  }

  /// The byte offset of `target`, clamped to its line.
  mutating func move(to target: Position) -> Int {
    if target.line != position.line {
      line = text.lineRange(Int(target.line))
      offset = line.lowerBound
      position = Position(line: target.line, column: 1)
    }
    while position.column < target.column, offset < line.upperBound {
      offset = text.offset(from: offset, advancedBy: 1, limit: line.upperBound)
      position.column += 1
    }
    while position.column > max(1, target.column) {
      offset = text.offset(from: offset, steppingBack: 1, limit: line.lowerBound)
      position.column -= 1
    }
    return offset
  }

  /// The position of a byte offset that is not before the last one.
  mutating func move(toOffset target: Int) -> Position {
    while target > line.upperBound, line.upperBound < text.bytes.count {
      _ = move(to: Position(line: position.line + 1, column: 1))
    }
    while offset < target, offset < line.upperBound {
      offset = text.offset(from: offset, advancedBy: 1, limit: line.upperBound)
      position.column += 1
    }
    return position
  }
}
