/// Some lines of a log, with the bytes they are in. One thread at a time has it.
package final class LogBlock: @unchecked Sendable {
  /// A line, without its end.
  enum Line {
    /// One that is like the server's, taken apart.
    case plain(LogLine)
    /// Any other line, and whether it has its end. The last line of a log may be cut off.
    case other(UnsafeRawBufferPointer, isEnded: Bool)
    /// One that is longer than any line that is read.
    case tooLong
  }

  private static let size = 256 << 10

  /// Where the bytes are. Those of lines stay as they are.
  package let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
  private(set) var lines: [Line] = []
  private var isTakenApart = false
  /// How many lines end in CR LF.
  package private(set) var withCarriageReturn = 0

  package init() {}

  deinit { buffer.deallocate() }

  package var isEmpty: Bool { lines.isEmpty }

  package func removeAll() {
    lines.removeAll(keepingCapacity: true)
    (isTakenApart, withCarriageReturn) = (false, 0)
  }

  /// - Parameter bytes: some of `buffer`.
  package func append(_ bytes: UnsafeRawBufferPointer, isEnded: Bool) {
    if bytes.last == UInt8(ascii: "\r") { withCarriageReturn += 1 }
    lines.append(.other(bytes, isEnded: isEnded))
  }

  package func appendTooLong() { lines.append(.tooLong) }

  /// Takes those lines apart that are like the server's, unless that has been done.
  package func takeApart(_ scanner: inout LogScanner) {
    guard !isTakenApart else { return }
    isTakenApart = true
    Self.takeApart(&lines, &scanner)
  }
}

extension LogBlock {
  /// Apart, so that the lines are accessed once and not for each line.
  private static func takeApart(_ lines: inout [Line], _ scanner: inout LogScanner) {
    for place in lines.indices {
      if case .other(let bytes, _) = lines[place], let line = scanner.line(plain: bytes) {
        lines[place] = .plain(line)
      }
    }
  }
}

/// What a line of a log was read as.
package enum LogEntry: Sendable, Hashable {
  case event(LogEvent)
  case fault(LogLineFault)
}
