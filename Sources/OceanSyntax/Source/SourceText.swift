/// One text, and where its lines begin. Lines end with LF, CR LF or CR (YAML 1.2 §5.4).
///
/// A byte order mark belongs to no line: the first column is the character after it.
struct SourceText: Sendable {
  let path: String
  let bytes: [UInt8]
  /// The byte offset of each line's first character; never empty.
  private let lineStarts: [Int]

  init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
    lineStarts = bytes.withUnsafeBufferPointer(Self.lineStarts)
  }

  private static func lineStarts(in bytes: UnsafeBufferPointer<UInt8>) -> [Int] {
    var starts = [bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0]
    for (index, byte) in bytes.enumerated() where byte == .newline || byte == .carriageReturn {
      let next = index + 1
      if byte == .carriageReturn, next < bytes.count, bytes[next] == .newline { continue }
      starts.append(next)
    }
    return starts
  }

  /// Where the text begins: after a byte order mark.
  var contentStart: Int { lineStarts[0] }

  /// The bytes of a line (from 1) without its terminator.
  func lineRange(_ number: Int) -> Range<Int> {
    guard number >= 1, number <= lineStarts.count else { return bytes.count..<bytes.count }
    let start = lineStarts[number - 1]
    guard number < lineStarts.count else { return start..<bytes.count }
    var end = lineStarts[number] - 1
    if end > start, bytes[end] == .newline, bytes[end - 1] == .carriageReturn { end -= 1 }
    return start..<end
  }

  /// What of a range is on each of its lines.
  func lines(in range: Range<Int>) -> [Range<Int>] {
    let first = Int(position(of: range.lowerBound).line)
    let last = Int(position(of: range.upperBound).line)
    return (first...max(first, last)).map { lineRange($0).clamped(to: range) }
  }

  /// The byte offset of a position, which is clamped to its line.
  func offset(of position: Position) -> Int {
    let line = lineRange(Int(position.line))
    return offset(from: line.lowerBound, advancedBy: Int(position.column) - 1, limit: line.upperBound)
  }

  /// Steps over `count` Unicode scalars, at most to `limit`.
  func offset(from start: Int, advancedBy count: Int, limit: Int) -> Int {
    var offset = start
    var remaining = count
    while remaining > 0, offset < limit {
      offset += 1
      while offset < limit, bytes[offset].continuesScalar { offset += 1 }
      remaining -= 1
    }
    return offset
  }

  /// Steps back over `count` Unicode scalars, at most to `limit`.
  func offset(from start: Int, steppingBack count: Int, limit: Int) -> Int {
    var offset = start
    var remaining = count
    while remaining > 0, offset > limit {
      offset -= 1
      while offset > limit, bytes[offset].continuesScalar { offset -= 1 }
      remaining -= 1
    }
    return offset
  }

  /// The position of a byte offset. What precedes it on its line must be UTF-8.
  func position(of offset: Int) -> Position {
    // The last line that starts at or before the offset.
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    let before = bytes[lineStarts[low]..<max(lineStarts[low], min(offset, bytes.count))]
    let column = before.reduce(1) { $1.continuesScalar ? $0 : $0 + 1 }
    return Position(line: Int32(clamping: low + 1), column: Int32(clamping: column))
  }
}

extension UInt8 {
  static let newline = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")

  /// Whether this is the second or a later byte of a scalar's UTF-8 form.
  var continuesScalar: Bool { self & 0xc0 == 0x80 }

  var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }

  var isLineBreak: Bool { self == .newline || self == .carriageReturn }
}
