internal import COpenSSL
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
    case .base64: text.withUnsafeBytes(Self.base64)
    case .hex: text.withUnsafeBytes(Self.hex)
    }
  }

  /// Decodes RFC 4648 §4. libcrypto's decoder skips blanks and counts padding as data, so the form is checked
  /// first.
  private static func base64(_ text: UnsafeRawBufferPointer) -> SecretBytes? {
    let padding = text.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    guard text.dropLast(padding).allSatisfy(isBase64Digit), padding <= 2, text.count.isMultiple(of: 4),
      let length = CInt(exactly: text.count)
    else { return nil }
    let decoded = SecretBytes(capacity: text.count) { buffer in
      let count = EVP_DecodeBlock(
        buffer.baseAddress?.assumingMemoryBound(to: UInt8.self),
        text.baseAddress?.assumingMemoryBound(to: UInt8.self), length)
      return Int(count) - padding
    }
    return decoded.isEmpty && !text.isEmpty ? nil : decoded
  }

  static func isBase64Digit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
      true
    default: false
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

  /// Encodes as RFC 4648 §4, padded.
  static func encodeBase64(_ bytes: UnsafeRawBufferPointer) -> SecretBytes {
    // Four characters for three bytes, and the NUL that libcrypto adds.
    SecretBytes(capacity: (bytes.count + 2) / 3 * 4 + 1) { buffer in
      guard let length = CInt(exactly: bytes.count) else { return 0 }
      return Int(
        EVP_EncodeBlock(
          buffer.baseAddress?.assumingMemoryBound(to: UInt8.self),
          bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), length))
    }
  }
}
