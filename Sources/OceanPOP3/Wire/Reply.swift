import NIOCore

/// A code that a client may act on in an error reply (RFC 2449 §8).
enum ResponseCode {
  case auth
  case inUse
  case systemTemporary
  case systemPermanent

  fileprivate var text: StaticString {
    switch self {
    case .auth: "[AUTH] "  // RFC 3206 §5
    case .inUse: "[IN-USE] "  // RFC 2449 §8.1.2
    case .systemTemporary: "[SYS/TEMP] "  // RFC 3206 §4
    case .systemPermanent: "[SYS/PERM] "  // RFC 3206 §4
    }
  }
}

/// Replies are made of literals and numbers, so that nothing a client sent can come back to it raw.
extension ByteBuffer {
  mutating func writeOK(_ text: StaticString) {
    writeStaticString("+OK ")
    writeStaticString(text)
    writeStaticString("\r\n")
  }

  mutating func writeError(_ text: StaticString) {
    writeStaticString("-ERR ")
    writeStaticString(text)
    writeStaticString("\r\n")
  }

  mutating func writeError(_ code: ResponseCode, _ text: StaticString) {
    writeStaticString("-ERR ")
    writeStaticString(code.text)
    writeStaticString(text)
    writeStaticString("\r\n")
  }

  mutating func writeDecimal(_ value: Int) {
    writeDecimal(UInt64(value.magnitude))
  }

  mutating func writeDecimal(_ value: UInt64) {
    writeWithUnsafeMutableBytes(minimumWritableBytes: UnsafeMutableRawBufferPointer.maxDecimal) { space in
      space.storeDecimal(value, at: 0)
    }
  }
}

extension UnsafeMutableRawBufferPointer {
  /// The digits of the largest number.
  static let maxDecimal = 20

  /// Stores the digits of a number, for which there must be room.
  ///
  /// - Returns: the position behind them.
  func storeDecimal(_ value: UInt64, at start: Int) -> Int {
    var end = start + 1
    var rest = value
    while rest >= 10 {
      rest /= 10
      end += 1
    }
    rest = value
    var position = end
    while position > start {
      position -= 1
      self[position] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    return end
  }
}
