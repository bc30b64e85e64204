import OceanBase

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
    bytes.append(json: value)
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
