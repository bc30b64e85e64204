import OceanBase
import OceanReplay

/// Some lines of a log, with the bytes they are in. One thread at a time has it.
final class LogBlock: @unchecked Sendable {
  /// A line, without its end.
  struct Line {
    let bytes: UnsafeRawBufferPointer
    /// The line taken apart, if it is like the server's.
    let plain: LogLine?
    /// Whether the line has its end. The last line of a log may be cut off.
    let isEnded: Bool
    /// Whether it has more than ``LogInput/maxLine`` octets; it has no bytes then.
    let isTooLong: Bool
  }

  private static let size = 256 << 10

  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
  private(set) var lines: [Line] = []

  deinit { buffer.deallocate() }

  func removeAll() { lines.removeAll(keepingCapacity: true) }

  func append(_ bytes: UnsafeRawBufferPointer, isEnded: Bool, _ scanner: inout LogScanner) {
    lines.append(
      Line(bytes: bytes, plain: scanner.line(plain: bytes), isEnded: isEnded, isTooLong: false))
  }

  func appendTooLong() {
    lines.append(
      Line(bytes: UnsafeRawBufferPointer(start: nil, count: 0), plain: nil, isEnded: true, isTooLong: true))
  }
}
