import OceanBase
import OceanReplay

/// One log, read in blocks of lines.
final class LogSource {
  private let input: LogInput
  private var scanner: LogScanner
  private var ahead: ReadAhead?
  private var block = LogBlock()
  private var isAtEnd = false

  /// - Parameter path: `-` is standard input.
  init(_ path: String, _ scanner: LogScanner) throws(Failure) {
    input = try LogInput(path)
    self.scanner = scanner
  }

  deinit { ahead?.end() }

  var name: String { input.name }
  /// The file's octets; nil for a pipe.
  var octets: UInt64? { input.octets }
  var octetsRead: UInt64 { input.octetsRead }

  /// Whether both are the same file.
  func isSame(as other: LogSource) -> Bool {
    input.stamp.isSameFile(as: other.input.stamp) && octets != nil
  }

  /// Goes back to the first line of a file.
  func rewind() throws(Failure) {
    try input.rewind()
    isAtEnd = false
  }

  /// Lets another thread do the rest of the reading, if there is a core for it.
  func readAhead() {
    guard ahead == nil, octets != nil, Process.usableCores > 1 else { return }
    ahead = ReadAhead(input, scanner)
  }

  /// The next lines, whose bytes are valid until the next call; nil at the end.
  func next() throws(Failure) -> LogBlock? {
    guard !isAtEnd else { return nil }
    isAtEnd = true
    if let ahead {
      guard let next = try ahead.next(block) else { return nil }
      block = next
    } else {
      guard try input.read(into: block) else { return nil }
    }
    isAtEnd = false
    block.takeApart(&scanner)
    return block
  }
}
