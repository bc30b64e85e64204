/// A line of a log, taken apart: the part of reading it that needs no other line, so that a thread of its own can do it.
package struct LogLine {
  let fields: LogFields
  /// The line's time; nil if it has none.
  let time: (value: Int64, isCoarse: Bool)?
  /// The client's address, if it is of IPv4 and written in the usual way.
  let peer: UInt32?
  /// The hash of the user's name; 0 without a user.
  let userHash: UInt64
}

/// Takes lines apart. The texts of a line are valid as long as its bytes.
package struct LogScanner: Sendable {
  let hash: TextHash
  private var times = LogTimes()
  private var keys = LineKeys()

  init(_ hash: TextHash) { self.hash = hash }

  /// - Parameter line: without its end, or with it.
  /// - Returns: nil for a line that is not written as the server writes it.
  package mutating func line(plain line: UnsafeRawBufferPointer) -> LogLine? {
    LogFields(plain: line, &keys).map { self.line($0) }
  }

  mutating func line(_ fields: LogFields) -> LogLine {
    LogLine(
      fields: fields, time: fields[fields.time].flatMap { times.milliseconds($0) },
      peer: fields[fields.peer].flatMap { UInt32(dottedDecimal: $0) },
      userHash: fields[fields.user].map { hash($0) } ?? 0)
  }
}

extension UInt32 {
  /// An IPv4 address in dotted decimal: four octets without leading zeros.
  init?(dottedDecimal text: UnsafeRawBufferPointer) {
    guard (7...15).contains(text.count) else { return nil }
    var (address, octet, digits, octets): (UInt32, UInt32, Int, Int) = (0, 0, 0, 1)
    for byte in text {
      if byte == UInt8(ascii: ".") {
        guard digits > 0, octets < 4 else { return nil }
        address = address << 8 | octet
        (octet, digits) = (0, 0)
        octets += 1
      } else {
        guard byte &- 0x30 < 10, digits == 0 || octet > 0 else { return nil }
        octet = octet * 10 + UInt32(byte &- 0x30)
        digits += 1
        guard octet < 256 else { return nil }
      }
    }
    guard digits > 0, octets == 4 else { return nil }
    self = address << 8 | octet
  }
}
