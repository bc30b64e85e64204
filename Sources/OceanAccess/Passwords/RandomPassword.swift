package import OceanBase

/// A password that a program makes up, to be typed once into a device.
package enum RandomPassword {
  /// Letters that are not taken for others.
  private static let letters = Array("abcdefghjkmnpqrstuvwxyz".utf8)
  private static let groups = 4
  private static let groupLength = 4

  /// Four groups of four letters: `habn-wqpc-xkte-mrda`. It is one of 2⁷², so a quick hash protects it as well as a
  /// slow one: nobody can try that many.
  package static func make() -> SecretBytes {
    var random = SystemRandomNumberGenerator()
    return SecretBytes(capacity: groups * (groupLength + 1) - 1) { buffer in
      for index in buffer.indices {
        buffer[index] =
          index % (groupLength + 1) == groupLength
          ? UInt8(ascii: "-") : letters.randomElement(using: &random) ?? UInt8(ascii: "a")
      }
      return buffer.count
    }
  }
}
