/// Some lines of a log, with the bytes they are in. One thread at a time has it.
package final class LogBlock: @unchecked Sendable {
  /// A line, without its end.
  struct Line {
    let bytes: UnsafeRawBufferPointer
    /// The line taken apart, if it is like the server's.
    let plain: LogLine?
    /// Whether the line has its end. The last line of a log may be cut off.
    let isEnded: Bool
    /// Whether it is longer than any line that is read; it has no bytes then.
    let isTooLong: Bool
  }

  private static let size = 256 << 10

  /// Where the bytes are. Those of lines stay as they are.
  package let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
  private(set) var lines: [Line] = []
  /// How many lines end in CR LF.
  package private(set) var withCarriageReturn = 0

  package init() {}

  deinit { buffer.deallocate() }

  package var isEmpty: Bool { lines.isEmpty }

  package func removeAll() {
    lines.removeAll(keepingCapacity: true)
    withCarriageReturn = 0
  }

  /// - Parameter bytes: some of `buffer`.
  package func append(_ bytes: UnsafeRawBufferPointer, isEnded: Bool, _ scanner: inout LogScanner) {
    if bytes.last == UInt8(ascii: "\r") { withCarriageReturn += 1 }
    lines.append(
      Line(bytes: bytes, plain: scanner.line(plain: bytes), isEnded: isEnded, isTooLong: false))
  }

  package func appendTooLong() {
    lines.append(
      Line(bytes: UnsafeRawBufferPointer(start: nil, count: 0), plain: nil, isEnded: true, isTooLong: true))
  }
}

/// What a line of a log was read as.
package enum LogEntry: Sendable, Hashable {
  case event(LogEvent)
  case fault(LogLineFault)
}
