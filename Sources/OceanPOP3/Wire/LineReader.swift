import NIOCore
import OceanBase

/// Cuts input into command lines. A line ends with CRLF, or with LF alone, which every server accepts.
struct LineReader {
  enum Result: Equatable {
    /// There is no line end yet.
    case incomplete

    /// There are more octets than allowed without a line end. Reported once; the rest of the line is then
    /// skipped.
    case tooLong

    /// The line is at the front of the input: `length` octets without its line end, `total` with it.
    case line(length: Int, total: Int)
  }

  /// Whether the rest of a line that was too long is being skipped.
  private var skipping = false

  /// Looks at the front of `input`, leaving a line there for the caller to consume.
  ///
  /// - Parameter limit: the longest line in octets, its end included (RFC 2449 §4). The reader never waits
  ///   for more.
  mutating func next(in input: inout ByteBuffer, limit: Int) -> Result {
    if skipping {
      guard let end = input.offsetOfLineFeed(within: input.readableBytes) else {
        input.moveReaderIndex(to: input.writerIndex)
        return .incomplete
      }
      input.moveReaderIndex(forwardBy: end + 1)
      skipping = false
    }
    let available = input.readableBytes
    guard available > 0 else { return .incomplete }
    guard let end = input.offsetOfLineFeed(within: min(available, limit)) else {
      guard available >= limit else { return .incomplete }
      skipping = true
      return .tooLong
    }
    let endsInCR = end > 0 && input.getInteger(at: input.readerIndex + end - 1) == UInt8(ascii: "\r")
    return .line(length: endsInCR ? end - 1 : end, total: end + 1)
  }
}

extension ByteBuffer {
  /// The distance of the first LF from the reader index, if it is among the first `count` readable octets.
  fileprivate func offsetOfLineFeed(within count: Int) -> Int? {
    withUnsafeReadableBytes { bytes in
      UnsafeRawBufferPointer(rebasing: bytes.prefix(count)).firstIndex(of: UInt8(ascii: "\n"), from: 0)
    }
  }
}
