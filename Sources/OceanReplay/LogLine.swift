/// A line of a log, taken apart: the part of reading it that needs no other line, so that a thread of its own can do it.
/// Lines go from one thread to another, so this is small.
package struct LogLine {
  let fields: LogFields
  /// The hash of the user's name; 0 without a user.
  let userHash: UInt64
  /// What happened, if it was not a proxy's health check.
  let kind: LogEvent.Kind
  private let hasTime: Bool
  private let isCoarse: Bool
  private let hasPeer: Bool
  private let peerValue: UInt32
  private let timeValue: Int64

  fileprivate init(_ fields: LogFields, _ times: inout LogTimes, _ hash: TextHash) {
    self.fields = fields
    userHash = fields[fields.user].map { hash($0) } ?? 0
    if let event = fields[fields.event], let outcome = fields[fields.outcome] {
      kind = LogEvent.Kind(event, outcome)
    } else {
      kind = .unknown
    }
    let time = fields[fields.time].flatMap { times.milliseconds($0) }
    hasTime = time != nil
    (timeValue, isCoarse) = time ?? (0, false)
    let peer = fields[fields.peer].flatMap { UInt32(dottedDecimal: $0) }
    hasPeer = peer != nil
    peerValue = peer ?? 0
  }

  /// The line's time; nil if it has none.
  var time: (value: Int64, isCoarse: Bool)? { hasTime ? (timeValue, isCoarse) : nil }
  /// The client's address, if it is of IPv4 and written in the usual way.
  var peer: UInt32? { hasPeer ? peerValue : nil }
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

  mutating func line(_ fields: LogFields) -> LogLine { LogLine(fields, &times, hash) }
}

extension UInt32 {
  /// An IPv4 address in dotted decimal: four octets without leading zeros.
  init?(dottedDecimal text: UnsafeRawBufferPointer) {
    guard (7...15).contains(text.count) else { return nil }
    var (address, position): (UInt32, Int) = (0, 0)
    func digit() -> UInt32? {
      guard position < text.count, text[position] &- 0x30 < 10 else { return nil }
      return UInt32(text[position] &- 0x30)
    }
    for number in 0..<4 {
      if number > 0 {
        guard position < text.count, text[position] == UInt8(ascii: ".") else { return nil }
        position += 1
      }
      guard var octet = digit() else { return nil }
      position += 1
      if octet > 0, let second = digit() {
        octet = octet * 10 + second
        position += 1
        if let third = digit() {
          octet = octet * 10 + third
          position += 1
        }
      }
      guard octet < 256 else { return nil }
      address = address << 8 | octet
    }
    guard position == text.count else { return nil }
    self = address
  }
}
