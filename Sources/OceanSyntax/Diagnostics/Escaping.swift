extension Unicode.Scalar {
  /// Whether a terminal might act on this character, show the text around it in another order, or not show it
  /// as what it is: C0, DEL, C1, line separators, zero-width and bidirectional controls, spaces other than
  /// U+0020.
  fileprivate var isUnsafeToShow: Bool {
    switch value {
    case ..<0x20, 0x7f...0x9f, 0x061c, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff,
      0xfff9...0xfffb:
      true
    default: isDisguisedSpace
    }
  }

  /// This character in printable form: itself, or an escape sequence of Swift.
  var shown: String {
    guard isUnsafeToShow else { return String(self) }
    switch self {
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    default: return "\\u{" + hexadecimal(value, digits: 2) + "}"
    }
  }
}

extension String {
  /// This text on one line that no terminal acts on. Everything that came from a file or the network is shown
  /// like this.
  package var escapedForDisplay: String {
    guard unicodeScalars.contains(where: \.isUnsafeToShow) else { return self }
    return unicodeScalars.reduce(into: "") { $0 += $1.shown }
  }

  /// This text as a JSON string (RFC 8259 §7), in ASCII where a terminal could act on it.
  package var jsonQuoted: String {
    var result = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      // All unsafe characters are in the basic plane: one UTF-16 unit.
      case _ where scalar.isUnsafeToShow: result += "\\u" + hexadecimal(scalar.value, digits: 4)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
