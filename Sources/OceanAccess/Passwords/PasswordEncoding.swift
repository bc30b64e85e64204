internal import OceanBase

/// The encoding of binary hashes in a password file: `{SSHA256.HEX}`, `{SHA512.b64}`.
enum PasswordEncoding {
  case none
  case base64
  case hex

  /// Reads the encoding from a scheme's suffix, in any case.
  init?(suffix: some StringProtocol) {
    switch suffix.lowercased() {
    case "b64", "base64": self = .base64
    case "hex": self = .hex
    default: return nil
    }
  }

  /// The decoded bytes; nil for anything but the padded form without blanks.
  func decode(_ text: SecretBytes) -> SecretBytes? {
    switch self {
    case .none: text
    case .base64: text.withUnsafeBytes(Base64.decode)
    case .hex: text.withUnsafeBytes(Self.hex)
    }
  }

  private static func hex(_ text: UnsafeRawBufferPointer) -> SecretBytes? {
    guard text.count.isMultiple(of: 2), text.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else {
      return nil
    }
    return SecretBytes(capacity: text.count / 2) { buffer in
      for index in 0..<text.count / 2 {
        buffer[index] = nibble(text[2 * index]) << 4 | nibble(text[2 * index + 1])
      }
      return text.count / 2
    }
  }

  /// The value of an ASCII hexadecimal digit: letters have bit 6 set, and their low bits start at 1.
  private static func nibble(_ digit: UInt8) -> UInt8 {
    digit & 0x40 == 0 ? digit & 0xf : (digit & 0xf) + 9
  }
}
