/// The outer structure of a PEM file (RFC 7468 §2): its blocks, and their lines. libcrypto decodes the
/// blocks, but cannot say where a broken one is.
struct PEM {
  struct Block: Equatable {
    /// The text between `-----BEGIN ` and `-----`.
    let label: String
    /// The line of its BEGIN, counted from 1.
    let line: Int
    /// Its place in the file, both boundary lines included.
    let range: Range<Int>
  }

  private(set) var blocks: [Block] = []
  /// The lines of boundaries that have no partner.
  private(set) var brokenLines: [Int] = []

  /// Reads the blocks. Text outside of blocks is commentary (RFC 7468 §5.2) and skipped.
  init(_ bytes: UnsafeRawBufferPointer) {
    var open: (label: String, line: Int, start: Int)?
    var line = 0
    var start = 0
    while start < bytes.count {
      line += 1
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      defer { start = end + 1 }
      if let label = Self.label(in: bytes[start..<end], after: "-----BEGIN ") {
        if let open { brokenLines.append(open.line) }
        open = (label, line, start)
      } else if let label = Self.label(in: bytes[start..<end], after: "-----END ") {
        if let begun = open, begun.label == label {
          blocks.append(Block(label: label, line: begun.line, range: begun.start..<end))
        } else {
          brokenLines.append(open?.line ?? line)
        }
        open = nil
      }
    }
    if let open { brokenLines.append(open.line) }
  }

  private static func label(in line: Slice<UnsafeRawBufferPointer>, after prefix: StaticString) -> String? {
    var line = line
    while let last = line.last, last == 0x20 || last == 0x09 || last == 0x0d { line.removeLast() }
    let prefix = UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount)
    // A byte order mark in front of the first line is an editor's, not the author's.
    if line.startIndex == 0, line.starts(with: [0xef, 0xbb, 0xbf]) { line.removeFirst(3) }
    guard line.starts(with: prefix), line.count >= prefix.count + 5,
      line.suffix(5).allSatisfy({ $0 == UInt8(ascii: "-") })
    else { return nil }
    let label = line.dropFirst(prefix.count).dropLast(5)
    guard label.count <= 64, label.allSatisfy({ (0x20...0x7e).contains($0) }) else { return nil }
    return String(decoding: label, as: UTF8.self)
  }
}
