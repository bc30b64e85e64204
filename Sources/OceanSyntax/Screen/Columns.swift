extension Unicode.Scalar {
  /// The columns of a terminal that this character takes: 0, 1 or 2 (UAX #11; what is ambiguous there is
  /// narrow). What ends up in the cell of the character before takes none.
  var columns: Int {
    guard value >= 0x300 else { return 1 }
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    // Vowels and final consonants of Hangul are drawn into the syllable.
    if (0x1160...0x11ff).contains(value) { return 0 }
    return isWide ? 2 : 1
  }

  private var isWide: Bool {
    switch value {
    case 0x1100...0x115f, 0x2329...0x232a, 0x2e80...0x303e, 0x3041...0x3247, 0x3250...0x4dbf,
      0x4e00...0xa4c6, 0xa960...0xa97c, 0xac00...0xd7a3, 0xf900...0xfad9, 0xfe10...0xfe19, 0xfe30...0xfe6b,
      0xff01...0xff60, 0xffe0...0xffe6, 0x16fe0...0x1b2fb, 0x1f200...0x1f265, 0x20000...0x3fffd:
      true
    // Letters of flags, which are emoji in pairs only.
    case 0x1f1e6...0x1f1ff: false
    default: properties.isEmojiPresentation
    }
  }
}

extension StringProtocol {
  /// The columns of a terminal that this text takes. What `Screen.paint` adds takes none.
  package var columns: Int {
    if utf8.allSatisfy({ (0x20...0x7e).contains($0) }) { return utf8.count }
    var count = 0
    var isInSequence = false
    for scalar in unicodeScalars {
      if isInSequence {
        isInSequence = scalar != "m"
      } else if scalar == "\u{1b}" {
        isInSequence = true
      } else {
        count += scalar.columns
      }
    }
    return count
  }

  /// The text, and spaces up to a number of columns.
  package func padded(to width: Int) -> String {
    String(self) + String(repeating: " ", count: Swift.max(0, width - columns))
  }
}

extension String {
  /// The text without spaces at its end.
  package var trimmedAtEnd: String {
    var text = self[...]
    while text.last == " " { text.removeLast() }
    return String(text)
  }

  /// The text in at most that many columns: a longer one has "…" in the place of its middle. Of a path, the
  /// name at its end stays whole if it can, with its line, and whole folders at the beginning.
  package func shortened(to width: Int) -> String {
    guard columns > width else { return self }
    guard width > 1 else { return width == 1 ? "…" : "" }
    let name = lastIndex(of: "/").map { String(self[$0...]) } ?? ""
    if !name.isEmpty, name.columns < width {
      let start = Self.start(of: self, fitting: width - 1 - name.columns)
      let folders = start.lastIndex(of: "/").map { start[...$0] } ?? ""
      return (folders == "/" ? "" : folders) + "…" + name
    }
    let head = Self.start(of: self, fitting: (width - 1) / 3)
    let tail = Self.start(of: reversed(), fitting: width - 1 - head.columns)
    return head + "…" + String(tail.reversed())
  }

  /// The first characters, as many as fit.
  private static func start(of characters: some Sequence<Character>, fitting width: Int) -> String {
    var rest = width
    return String(
      characters.prefix { character in
        rest -= String(character).columns
        return rest >= 0
      })
  }
}
