import OceanBase
import OceanReplay

/// One log, read line by line.
final class LogSource {
  /// The number of the line that was read last.
  private(set) var number = 0
  private let input: LogInput
  private var ahead: ReadAhead?
  private var block = LogBlock()
  /// The place of the next line in the block.
  private var place = 0
  private var isAtEnd = false

  /// - Parameter path: `-` is standard input.
  init(_ path: String, _ scanner: LogScanner) throws(Failure) { input = try LogInput(path, scanner) }

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
    block.removeAll()
    (place, number, isAtEnd) = (0, 0, false)
  }

  /// Lets another thread do the rest of the reading, if there is a core for it.
  func readAhead() {
    guard ahead == nil, octets != nil, Process.usableCores > 1 else { return }
    ahead = ReadAhead(input)
  }

  /// - Returns: the next line, whose bytes are valid until the next call; nil at the end.
  func next() throws(Failure) -> LogBlock.Line? {
    guard !isAtEnd else { return nil }
    if place == block.lines.count {
      guard try nextBlock() else { return nil }
      place = 0
    }
    place += 1
    number += 1
    return block.lines[place - 1]
  }

  /// The line some places after the one that was read last, if it is in memory already.
  func upcoming(_ distance: Int) -> LogLine? {
    let place = place + distance - 1
    return place < block.lines.count ? block.lines[place].plain : nil
  }

  private func nextBlock() throws(Failure) -> Bool {
    guard let ahead else {
      isAtEnd = try !input.read(into: block)
      return !isAtEnd
    }
    isAtEnd = true
    guard let next = try ahead.next(block) else { return false }
    (block, isAtEnd) = (next, false)
    return true
  }
}
