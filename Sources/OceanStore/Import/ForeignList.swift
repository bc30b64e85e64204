import Glibc
import OceanBase

/// An entry of another server's list for one message; valid within the call that gives it.
struct ForeignEntry {
  /// The base name of its file.
  let name: MessageName
  let id: UnsafeRawBufferPointer
  /// Lower ranks come first.
  let rank: UInt64
  /// Octets on the wire and bytes in the file, if the list has them: claims, like those in file names.
  let octets: UInt64?
  let bytes: UInt64?
  /// The scheme under which the id was given, and the file's inode, if the list has them.
  var scheme: UInt64?
  var inode: UInt64?
}

/// Parses the lines of one kind of list, from the first line on.
protocol ForeignLineParser {
  /// - Parameters:
  ///   - line: the line without its line feed.
  ///   - isWanted: whether the message of that base name is of interest.
  ///   - body: called with the line's entry, or not at all: a line that makes no sense is skipped.
  mutating func parse(
    _ line: UnsafeRawBufferPointer, _ isWanted: (MessageName) -> Bool, _ body: (ForeignEntry) -> Void)
}

/// A file in a Maildir in which another server keeps what it knows of its messages, one a line.
struct ForeignList {
  /// The longest line; longer lines make no sense and are skipped.
  static let longestLine = 8192
  /// The most bytes of a list: a line for each of as many messages as a table holds. The limit does not
  /// depend on the Maildir's content: when the other server is gone, its list stays as it was, whatever is
  /// removed.
  static let maximumSize = 512 << 20

  let name: String
  let parser: () -> any ForeignLineParser

  /// Calls `body` for each message that is wanted, in the order of the file; for none if there is no file.
  ///
  /// - Parameters:
  ///   - names: the base names of all wanted messages, if these are few: most lines are then not looked at.
  ///   - cancellation: ends the reading.
  /// - Throws: `badList` if it is not a regular file, or is too large; `cancelled`; `permission`,
  ///   `exhausted`, `io`: no session is better than other ids than the client knows.
  func forEach(
    in maildir: borrowing OpenMaildir, named names: [[UInt8]]? = nil, _ cancellation: Cancellation? = nil,
    where isWanted: (MessageName) -> Bool, _ body: (ForeignEntry) -> Void
  ) throws(StoreError) {
    guard maildir.root >= 0 else { return }
    // On a network file system the file is gone once its owner has put another in its place.
    for _ in 0..<2 {
      do {
        return try read(maildir, names, cancellation, isWanted, body)
      } catch .io(let failure) where failure.errno == ESTALE {
        continue
      }
    }
    try read(maildir, names, cancellation, isWanted, body)
  }

  private func read(
    _ maildir: borrowing OpenMaildir, _ names: [[UInt8]]?, _ cancellation: Cancellation?,
    _ isWanted: (MessageName) -> Bool, _ body: (ForeignEntry) -> Void
  ) throws(StoreError) {
    let path = maildir.path + "/" + name
    let descriptor = openat(maildir.root, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      let code = errno
      if code == ENOENT { return }
      if code == ELOOP || code == ENXIO { throw .badList(path: path) }
      throw StoreError(.open, path, errno: code)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      throw StoreError(.status, path, errno: code)
    }
    // Reading ends at this size, whatever is appended in the meantime.
    var rest = Int(status.st_size)
    guard status.st_mode & S_IFMT == S_IFREG, rest <= Self.maximumSize else { throw .badList(path: path) }
    let scratch = try ScratchMemory(count: 256 << 10)
    var parser = parser()
    var lines = LineSplitter(scratch.bytes, containing: names)
    while rest > 0 {
      if cancellation?.pause() == true { throw .cancelled }
      let count = Glibc.read(descriptor, lines.free.baseAddress, min(lines.free.count, rest))
      if count == 0 { return }
      if count < 0 {
        let code = errno
        if code == EINTR { continue }
        throw StoreError(.read, path, errno: code)
      }
      rest -= count
      lines.take(count) { parser.parse($0, isWanted, body) }
    }
  }
}

/// Cuts what is read into lines. A last line without its end does not count: it is still being written.
struct LineSplitter {
  private let buffer: UnsafeMutableRawBufferPointer
  private var filled = 0
  /// Whether it is in a line that is too long.
  private var isSkipping = false
  /// Nil if all lines are wanted.
  private let wanted: [[UInt8]]?
  private var isInFirst = true

  /// - Parameters:
  ///   - buffer: larger than the longest line.
  ///   - wanted: after the first line, only lines that contain one of these are given, and no other line is
  ///     looked at; nil for all lines.
  init(_ buffer: UnsafeMutableRawBufferPointer, containing wanted: [[UInt8]]? = nil) {
    (self.buffer, self.wanted) = (buffer, wanted)
  }

  /// Where to read to; never empty.
  var free: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]) }

  /// - Parameter count: how many bytes of `free` have been filled.
  mutating func take(_ count: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
    filled += min(max(count, 0), buffer.count - filled)
    var start = 0
    while isInFirst || isSkipping || wanted == nil, let end = lineEnd(from: start) {
      let line = UnsafeRawBufferPointer(rebasing: buffer[start..<end])
      if !isSkipping, line.count <= ForeignList.longestLine { body(line) }
      (isSkipping, isInFirst) = (false, false)
      start = end + 1
    }
    if let wanted, !isInFirst, !isSkipping { start = search(for: wanted, from: start, body) }
    let rest = UnsafeRawBufferPointer(rebasing: buffer[start..<filled])
    if rest.count > ForeignList.longestLine {
      isSkipping = true
      filled = 0
    } else {
      UnsafeMutableRawBufferPointer(rebasing: buffer[..<rest.count]).copyMemory(from: rest)
      filled = rest.count
    }
  }

  /// Finds the lines that contain a wanted name.
  ///
  /// - Returns: where the last line begins, whose end has not been read yet.
  private func search(
    for wanted: [[UInt8]], from start: Int, _ body: (UnsafeRawBufferPointer) -> Void
  ) -> Int {
    guard let last = buffer[start..<filled].lastIndex(of: 0x0A) else { return start }
    let lines = UnsafeRawBufferPointer(rebasing: buffer[..<last])
    var found: [Range<Int>] = []
    for name in wanted {
      var position = start
      while let place = lines.firstRange(of: name, from: position) {
        let first = lines[start..<place].lastIndex(of: 0x0A).map { $0 + 1 } ?? start
        position = lines.firstIndex(of: 0x0A, from: place) ?? last
        if position - first <= ForeignList.longestLine { found.append(first..<position) }
      }
    }
    // The lines are given in the order of the file: of two lines about one message the later one holds.
    found.sort { $0.lowerBound < $1.lowerBound }
    for (index, line) in found.enumerated() where index == 0 || found[index - 1] != line {
      body(UnsafeRawBufferPointer(rebasing: lines[line]))
    }
    return last + 1
  }

  private func lineEnd(from start: Int) -> Int? {
    UnsafeRawBufferPointer(rebasing: buffer[..<filled]).firstIndex(of: 0x0A, from: start)
  }
}

/// Reads fields of a line.
struct FieldReader {
  private(set) var rest: Slice<UnsafeRawBufferPointer>

  init(_ line: UnsafeRawBufferPointer) { rest = line[...] }

  /// Reads a decimal number, which must have digits and fit 64 bits.
  mutating func number() -> UInt64? {
    var value: UInt64 = 0
    var position = rest.startIndex
    while position < rest.endIndex, case let digit = rest[position] &- 0x30, digit < 10 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      if overflow || carry { return nil }
      value = sum
      position += 1
    }
    guard position > rest.startIndex else { return nil }
    rest = rest[position...]
    return value
  }

  /// Whether the next byte is this one; if so, it is passed.
  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: character) else { return false }
    rest = rest.dropFirst()
    return true
  }

  mutating func skipSpaces() { rest = rest.drop { $0 == 0x20 } }

  /// Reads what comes before the next space or the end.
  mutating func word() -> UnsafeRawBufferPointer {
    let end = rest.firstIndex(of: 0x20) ?? rest.endIndex
    defer { rest = rest[end...] }
    return UnsafeRawBufferPointer(rebasing: rest[..<end])
  }
}
