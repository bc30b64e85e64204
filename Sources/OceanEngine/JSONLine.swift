/// Builds one line of JSON, with everything escaped that a terminal might act on.
struct JSONLine {
  private var bytes: [UInt8] = [UInt8(ascii: "{")]

  private mutating func key(_ key: StaticString) {
    if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
    bytes.append(UInt8(ascii: "\""))
    key.withUTF8Buffer { bytes += $0 }
    bytes += [UInt8(ascii: "\""), UInt8(ascii: ":")]
  }

  mutating func add(_ name: StaticString, _ value: String?) {
    key(name)
    guard let value else {
      bytes += "null".utf8
      return
    }
    bytes.append(UInt8(ascii: "\""))
    for scalar in value.unicodeScalars {
      switch scalar.value {
      case 0x22, 0x5c:
        bytes += [UInt8(ascii: "\\"), UInt8(truncatingIfNeeded: scalar.value)]
      // C0, DEL, C1, and the marks that change the direction of text.
      case 0..<0x20, 0x7f..<0xa0, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069:
        let hex = String(scalar.value, radix: 16)
        bytes += "\\u".utf8
        bytes += repeatElement(UInt8(ascii: "0"), count: 4 - hex.utf8.count)
        bytes += hex.utf8
      default:
        bytes += String(scalar).utf8
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  mutating func add(_ name: StaticString, _ value: some FixedWidthInteger) {
    key(name)
    bytes += String(value).utf8
  }

  /// Seconds with three decimals.
  mutating func add(_ name: StaticString, milliseconds: Int64) {
    key(name)
    let fraction = String(milliseconds % 1000)
    bytes += String(milliseconds / 1000).utf8
    bytes.append(UInt8(ascii: "."))
    bytes += repeatElement(UInt8(ascii: "0"), count: 3 - fraction.utf8.count)
    bytes += fraction.utf8
  }

  /// The line with its end.
  consuming func finish() -> [UInt8] {
    bytes += [UInt8(ascii: "}"), UInt8(ascii: "\n")]
    return bytes
  }
}
