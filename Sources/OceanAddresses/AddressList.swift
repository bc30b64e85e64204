/// An address list file, as block lists are published: one pattern per line, `#` and `;` start a comment. A
/// pattern after a `;` is an error: somebody may have meant it.
///
/// Blank lines, CRLF, a byte-order mark and a missing last line end are all fine. A wrong line costs an
/// error; the other lines are still read.
package struct AddressList: Sendable {
  /// The entries, each with its line number (from 1) as its rule number.
  package private(set) var rules = AddressRules()
  /// The first errors by line, as many as the limits allow.
  package private(set) var errors: [LineError] = []
  /// How many more errors there were.
  package private(set) var furtherErrors = 0
  /// How many lines were read.
  package private(set) var lines = 0
  /// How many CIDR blocks the entries make.
  package private(set) var blocks = 0

  package struct Limits: Sendable {
    /// The most CIDR blocks in all; an IPv4 range may make 62 of them, an IPv6 range 254.
    package var blocks: Int
    package var errors: Int

    package init(blocks: Int, errors: Int) {
      self.blocks = blocks
      self.errors = errors
    }
  }

  package struct LineError: Error, Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
      case pattern(AddressPattern.ParseError)
      /// Another entry is after a `;`, where comments are.
      case severalEntries
      /// This entry went over `Limits.blocks`; it and everything after it was not read.
      case tooManyBlocks(limit: Int)
    }

    package let reason: Reason
    /// The entry, cut off if it is long; nil for a line that cannot be part of a list (`AddressListFile`).
    package let text: String?
    package let line: Int
    /// The columns in Unicode scalars, counted from 1; the end is exclusive.
    package let columns: Range<Int>

    package init(reason: Reason, text: String?, line: Int, columns: Range<Int>) {
      self.reason = reason
      self.text = text
      self.line = line
      self.columns = columns
    }
  }

  package init(parsing bytes: [UInt8], limits: Limits) {
    var parser = AddressParser(bytes)
    var line = 0
    var lineStart = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    while lineStart < bytes.count {
      line += 1
      lines = line
      let (entry, next) = Self.line(in: bytes, from: lineStart)
      defer { lineStart = next }
      if entry.isEmpty { continue }
      parser.position = entry.lowerBound
      parser.end = entry.upperBound
      let reason: LineError.Reason
      var place = entry
      do throws(AddressPattern.ParseError) {
        let pattern = try parser.pattern()
        if let further = Self.entry(behind: entry, in: bytes, before: next) {
          reason = .severalEntries
          place = further
        } else {
          blocks += pattern.blockCount
          if blocks <= limits.blocks {
            rules.append(pattern, rule: UInt32(truncatingIfNeeded: line))
            continue
          }
          reason = .tooManyBlocks(limit: limits.blocks)
        }
      } catch {
        reason = .pattern(error)
        place = parser.problem
      }
      if errors.count < limits.errors {
        errors.append(
          LineError(
            reason: reason, text: Self.text(of: bytes[entry]),
            line: line, columns: Self.columns(of: place, in: bytes, from: lineStart)))
      } else {
        furtherErrors += 1
      }
      if blocks > limits.blocks { return }
    }
  }

  private static let shownBytes = 60

  private static func text(of entry: ArraySlice<UInt8>) -> String? {
    entry.elementsEqual([UInt8(ascii: "?")]) ? nil : String(decoding: entry.prefix(shownBytes), as: UTF8.self)
  }

  /// The pattern after an entry that a `;` divides from it.
  private static func entry(behind entry: Range<Int>, in bytes: [UInt8], before next: Int) -> Range<Int>? {
    var start = entry.upperBound
    while start < next - 1, start < bytes.count, isBlank(bytes[start]) { start += 1 }
    guard start < bytes.count, bytes[start] == UInt8(ascii: ";") else { return nil }
    let end = min(next - 1, bytes.count)
    for part in bytes[start..<end].split(separator: UInt8(ascii: ";")) {
      let content = part.drop(while: isBlank)
      let length = content.count - content.reversed().prefix(while: isBlank).count
      var parser = AddressParser(bytes)
      parser.position = content.startIndex
      parser.end = content.startIndex + length
      if (try? parser.pattern()) != nil { return content.startIndex..<parser.end }
    }
    return nil
  }

  /// The bytes of a line without comment, surrounding blanks and line end; and where the next line starts.
  private static func line(in bytes: [UInt8], from start: Int) -> (entry: Range<Int>, next: Int) {
    var position = start
    var end: Int?
    scan: while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\n"): break scan
      case UInt8(ascii: "#"), UInt8(ascii: ";"): if end == nil { end = position }
      default: break
      }
      position += 1
    }
    var lower = start
    var upper = end ?? position
    while lower < upper, isBlank(bytes[lower]) { lower += 1 }
    while lower < upper, isBlank(bytes[upper - 1]) { upper -= 1 }
    return (lower..<upper, position + 1)
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
  }

  private static func columns(of place: Range<Int>, in bytes: [UInt8], from start: Int) -> Range<Int> {
    // Every scalar has exactly one byte that is not a UTF-8 continuation byte.
    func scalars(_ range: Range<Int>) -> Int { bytes[range].count { $0 & 0xc0 != 0x80 } }
    let lower = 1 + scalars(start..<place.lowerBound)
    return lower..<(lower + scalars(place))
  }
}

extension AddressPattern {
  fileprivate var blockCount: Int {
    first == last ? 1 : Blocks(first.value, last.value).reduce(0) { count, _ in count + 1 }
  }
}
