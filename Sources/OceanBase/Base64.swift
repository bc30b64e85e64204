/// Base 64 with padding and without blanks (RFC 4648 §4). Of secrets no copy stays behind.
package enum Base64 {
  /// The octets that the text stands for; nil for anything but the one form that encodes them.
  package static func decode(_ text: UnsafeRawBufferPointer) -> SecretBytes? {
    guard text.count.isMultiple(of: 4) else { return nil }
    let padding = text.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
    var isValid = true
    let octets = SecretBytes(capacity: text.count / 4 * 3) { output in
      var (bits, value, end) = (0, UInt32(0), 0)
      for character in text.dropLast(padding) {
        guard let digit = digit(character) else {
          isValid = false
          return 0
        }
        value = value << 6 | digit
        bits += 6
        if bits >= 8 {
          bits -= 8
          output[end] = UInt8(truncatingIfNeeded: value >> UInt32(bits))
          end += 1
        }
      }
      // What the last digit has too much is zero.
      isValid = value & (1 << UInt32(bits) - 1) == 0
      return end
    }
    return isValid ? octets : nil
  }

  /// How many octets ``decode(_:)`` would give; nil where it would give nil.
  package static func decodedLength(_ text: UnsafeRawBufferPointer) -> Int? {
    guard text.count.isMultiple(of: 4) else { return nil }
    let padding = text.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
    let digits = UnsafeRawBufferPointer(rebasing: text.dropLast(padding))
    var isOther: UInt8 = 0
    for character in digits { isOther |= values[Int(character)] & 0x80 }
    guard isOther == 0 else { return nil }
    // What the last digit has too much is zero.
    let excess = digits.count * 6 % 8
    guard let last = digits.last, excess > 0 else { return digits.count * 6 / 8 }
    return values[Int(last)] & (1 << UInt8(excess) - 1) == 0 ? digits.count * 6 / 8 : nil
  }

  /// The values of the digits; 0x80 for other octets.
  private static let values: [UInt8] = (0...UInt8.max).map { digit($0).map { UInt8($0) } ?? 0x80 }

  package static func encode(_ octets: UnsafeRawBufferPointer) -> SecretBytes {
    SecretBytes(capacity: encodedLength(of: octets.count)) { encode(octets, to: $0) }
  }

  fileprivate static func encodedLength(of count: Int) -> Int { (count + 2) / 3 * 4 }

  /// - Parameter output: has room for ``encodedLength(of:)``.
  /// - Returns: how many octets were written.
  fileprivate static func encode(
    _ octets: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
  ) -> Int {
    var (position, end) = (0, 0)
    while position < octets.count {
      let rest = min(3, octets.count - position)
      var group = UInt32(octets[position]) << 16
      if rest > 1 { group |= UInt32(octets[position + 1]) << 8 }
      if rest > 2 { group |= UInt32(octets[position + 2]) }
      for digit in 0..<4 {
        output[end] = digit <= rest ? alphabet[Int(group >> UInt32(18 - 6 * digit) & 63)] : UInt8(ascii: "=")
        end += 1
      }
      position += 3
    }
    return end
  }

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private static func digit(_ character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character) - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character) - 71
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character) + 4
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }

  /// Whether the octet is a digit of base 64.
  package static func isDigit(_ character: UInt8) -> Bool { digit(character) != nil }
}

extension [UInt8] {
  /// These bytes in base 64. Secrets have ``Base64/encode(_:)``.
  package var base64: String {
    withUnsafeBytes { bytes in
      String(unsafeUninitializedCapacity: Base64.encodedLength(of: bytes.count)) {
        Base64.encode(bytes, to: UnsafeMutableRawBufferPointer($0))
      }
    }
  }
}
