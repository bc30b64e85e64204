package import NIOCore
import OceanBase

/// Turns a stored message into the octets that RETR and TOP send (RFC 1939 §3 and §7).
///
/// A line end is LF or CRLF and becomes CRLF; a CR before anything else stays as it is. A line that starts
/// with a dot gets a second one. The result does not depend on how the message is cut into chunks.
///
/// Encoding only ever inserts octets: a dot before a dot, a CR before an LF. Everything between two
/// insertions is copied at once.
package struct MessageEncoder: Sendable {
  /// The part of the message that is sent.
  private enum Scope {
    case all
    case header(bodyLines: Int)
    case body(linesLeft: Int)
  }

  /// The content of the current line so far.
  private enum Line {
    case empty
    case onlyCR
    case endsInCR
    case other

    /// The line with more octets, none of which is LF.
    func continued(by octets: Slice<UnsafeRawBufferPointer>) -> Self {
      guard let last = octets.last else { return self }
      guard last == UInt8(ascii: "\r") else { return .other }
      return self == .empty && octets.count == 1 ? .onlyCR : .endsInCR
    }
  }

  private var scope: Scope
  private var line = Line.empty

  /// Octets encoded so far, without the inserted dots and the terminator. After `finish` it is the size that
  /// LIST announces (RFC 1939 §11).
  package private(set) var octets: UInt64 = 0

  /// Whether all lines that TOP asked for are encoded; the rest of the message is ignored.
  package private(set) var isComplete = false

  /// - Parameter bodyLines: nil for the whole message; otherwise the header, the blank line and this many
  ///   lines of the body (RFC 1939 §7, TOP). A message without a blank line is all header.
  package init(bodyLines: Int? = nil) {
    scope = bodyLines.map { .header(bodyLines: $0) } ?? .all
  }

  /// Encodes the next octets of the message. Appends at most twice their number.
  package mutating func encode(_ chunk: UnsafeRawBufferPointer, into output: inout ByteBuffer) {
    guard !chunk.isEmpty, !isComplete else { return }
    output.writeWithUnsafeMutableBytes(minimumWritableBytes: 2 * chunk.count) { destination in
      encode(chunk, into: destination)
    }
  }

  /// Ends the last line if it lacks its end, and appends the terminator.
  package mutating func finish(into output: inout ByteBuffer) {
    switch line {
    case .empty:
      break
    case .onlyCR, .endsInCR:
      output.writeStaticString("\n")
      octets &+= 1
    case .other:
      output.writeStaticString("\r\n")
      octets &+= 2
    }
    line = .empty
    output.writeStaticString(".\r\n")
  }

  /// - Returns: the number of octets written.
  private mutating func encode(
    _ chunk: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer
  ) -> Int {
    var sink = Sink(chunk, destination)
    var position = 0
    while position < chunk.count, !isComplete {
      if line == .empty, chunk[position] == UInt8(ascii: ".") {
        sink.insert(UInt8(ascii: "."), at: position)
        octets &-= 1
      }
      guard let end = chunk.firstIndex(of: UInt8(ascii: "\n"), from: position) else {
        line = line.continued(by: chunk[position...])
        position = chunk.count
        break
      }
      let ended = line.continued(by: chunk[position..<end])
      if ended != .onlyCR && ended != .endsInCR { sink.insert(UInt8(ascii: "\r"), at: end) }
      position = end + 1
      line = .empty
      countLine(isBlank: ended == .empty || ended == .onlyCR)
    }
    sink.copy(to: position)
    octets &+= UInt64(sink.count)
    return sink.count
  }

  private mutating func countLine(isBlank: Bool) {
    switch scope {
    case .all:
      return
    case .header(let bodyLines):
      guard isBlank else { return }
      scope = .body(linesLeft: bodyLines)
      isComplete = bodyLines <= 0
    case .body(let linesLeft):
      scope = .body(linesLeft: linesLeft - 1)
      isComplete = linesLeft <= 1
    }
  }
}

/// Copies a chunk to its destination, which has room for twice as many octets.
private struct Sink {
  private let source: UnsafeRawBufferPointer
  private let destination: UnsafeMutableRawBufferPointer
  /// Octets of the source that are copied.
  private var start = 0
  /// Octets written: the copied ones, and at most as many insertions.
  private(set) var count = 0

  init(_ source: UnsafeRawBufferPointer, _ destination: UnsafeMutableRawBufferPointer) {
    self.source = source
    self.destination = destination
  }

  mutating func insert(_ octet: UInt8, at position: Int) {
    copy(to: position)
    destination[count] = octet
    count += 1
  }

  /// Copies up to `end`. Lines are short, so copying whole blocks that go beyond it is cheaper than a call.
  /// The octets beyond it are written again later, and there is room, since source and destination have at
  /// least as much left as the block takes.
  mutating func copy(to end: Int) {
    typealias Block = SIMD32<UInt8>
    let size = MemoryLayout<Block>.size
    let length = end - start
    if length <= 8 * size, source.count - start >= 8 * size {
      var offset = 0
      while offset < length {
        let block = source.loadUnaligned(fromByteOffset: start + offset, as: Block.self)
        destination.storeBytes(of: block, toByteOffset: count + offset, as: Block.self)
        offset += size
      }
    } else {
      UnsafeMutableRawBufferPointer(rebasing: destination[count...])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[start..<end]))
    }
    start = end
    count += length
  }
}
