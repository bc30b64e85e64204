extension Unicode.Scalar {
  /// Whether a terminal might act on this character, show the text around it in another order, or not show it
  /// as what it is: C0, DEL, C1, line separators, zero-width and bidirectional controls, spaces other than
  /// U+0020.
  package var isUnsafeToShow: Bool {
    switch value {
    case ..<0x20, 0x7f...0x9f, 0x061c, 0x200b...0x200f, 0x2028...0x202f, 0x2060...0x206f, 0xfeff,
      0xfff9...0xfffb:
      true
    case 0xa0, 0x1680, 0x2000...0x200a, 0x205f, 0x3000: true
    default: false
    }
  }
}

extension String {
  /// Whether there is nothing in it to see.
  package var isBlank: Bool { unicodeScalars.allSatisfy { $0 == " " || $0.isUnsafeToShow } }
}

extension Array<UInt8> {
  /// These bytes, a JSON text, with what a terminal could act on in ASCII. Only strings can hold such characters, so the
  /// text means the same.
  package var jsonForTerminal: [UInt8] {
    guard contains(where: { $0 >= 0x7f }) else { return self }
    var result: [UInt8] = []
    result.reserveCapacity(count)
    for scalar in String(decoding: self, as: UTF8.self).unicodeScalars {
      if scalar.value < 0x7f {
        result.append(UInt8(truncatingIfNeeded: scalar.value))
      } else {
        result.append(escaping: scalar)
      }
    }
    return result
  }

  /// Appends a text as a JSON string (RFC 8259 §7), in ASCII where a terminal could act on it.
  package mutating func append(json text: String) {
    append(UInt8(ascii: "\""))
    // Nearly all texts have nothing to escape.
    if text.utf8.allSatisfy({ (0x20...0x7e).contains($0) && $0 != 0x22 && $0 != 0x5c }) {
      append(contentsOf: text.utf8)
    } else {
      for scalar in text.unicodeScalars { append(escaping: scalar) }
    }
    append(UInt8(ascii: "\""))
  }

  private mutating func append(escaping scalar: Unicode.Scalar) {
    switch scalar {
    case "\"": self += "\\\"".utf8
    case "\\": self += "\\\\".utf8
    case "\n": self += "\\n".utf8
    case "\r": self += "\\r".utf8
    case "\t": self += "\\t".utf8
    // All unsafe characters are in the basic plane: one UTF-16 unit.
    case _ where scalar.isUnsafeToShow:
      let digits = String(scalar.value, radix: 16)
      self += "\\u".utf8
      self += repeatElement(UInt8(ascii: "0"), count: 4 - digits.utf8.count)
      self += digits.utf8
    default: self += String(scalar).utf8
    }
  }
}

extension String {
  /// This text as a JSON string, in ASCII where a terminal could act on it.
  package var jsonQuoted: String {
    var bytes: [UInt8] = []
    bytes.append(json: self)
    return String(decoding: bytes, as: UTF8.self)
  }
}
