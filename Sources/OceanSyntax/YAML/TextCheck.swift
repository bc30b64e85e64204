/// Refuses text before YAML is read: text that is empty, too large, not UTF-8 or not printable.
struct TextCheck {
  let source: SourceID
  let text: SourceText
  let limits: YAMLLimits

  /// The most unprintable characters that are named.
  private static let namedCharacters = 20

  /// What is wrong with the text; empty if it can be parsed.
  func diagnostics() -> [Diagnostic] {
    let bytes = text.bytes
    // Columns have 32 bits.
    let limit = min(limits.bytes, 1 << 30)
    if bytes.count > limit {
      return [
        Diagnostic(
          .tooLarge, "the file has \(bytes.count) bytes; \(limit) are read at most", at: nil,
          help: "move long address lists of \(text.path) into list files: { file: lists/drop.netset }")
      ]
    }
    if let encoding = WideEncoding(of: bytes) { return [wide(encoding)] }
    do {
      _ = try UTF8Span(validating: bytes.span)
    } catch {
      let offset = error.byteOffsets.lowerBound
      let label = "byte 0x" + hexadecimal(UInt32(bytes[offset]), digits: 2)
      return [notUTF8(at: offset, label: label, encoding: "ISO-8859-1")]
    }
    return unprintable()
  }

  private func notUTF8(at offset: Int, label: String, encoding: String) -> Diagnostic {
    Diagnostic(
      .notUTF8, "the text is not UTF-8", at: span(of: offset), label: label,
      help: "save it as UTF-8; if it is \(encoding): iconv -f \(encoding) -t UTF-8\(argument) > utf8.yaml")
  }

  private func wide(_ encoding: WideEncoding) -> Diagnostic {
    // The NUL is marked, which may be on the second line.
    let place = encoding.hasMark ? 0 : text.bytes.firstIndex(of: 0) ?? 0
    return Diagnostic(
      .notUTF8, "the text is \(encoding.name), and not UTF-8", at: span(of: place),
      label: encoding.hasMark ? "its byte order mark" : "NUL, which half or more of its bytes are",
      help: "save it as UTF-8, or convert it: iconv -f \(encoding.iconvName) -t UTF-8\(argument) > utf8.yaml")
  }

  /// How a command names the file; empty for standard input.
  private var argument: String { text.path == "-" ? "" : " \(text.path.shellQuoted)" }

  private func unprintable() -> [Diagnostic] {
    var diagnostics: [Diagnostic] = []
    for offset in text.bytes.indices.dropFirst(text.contentStart) {
      guard mayBeUnprintable(text.bytes[offset]), let scalar = scalar(at: offset), !scalar.isAllowedInText
      else { continue }
      diagnostics.append(
        Diagnostic(
          .controlCharacter, "the text holds the character \(scalar.name), which cannot be seen",
          at: span(of: offset), help: "remove it"))
      if diagnostics.count == Self.namedCharacters { break }
    }
    return diagnostics
  }

  /// Whether a character that starts with this byte may be unprintable: ASCII controls, U+0080...U+00BF,
  /// U+2000...U+2FFF and U+F000...U+FFFF.
  private func mayBeUnprintable(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == 0x7f || byte == 0xc2 || byte == 0xe2 || byte == 0xef
  }

  private func scalar(at offset: Int) -> Unicode.Scalar? {
    let end = text.offset(from: offset, advancedBy: 1, limit: text.bytes.count)
    return String(decoding: text.bytes[offset..<end], as: UTF8.self).unicodeScalars.first
  }

  private func span(of offset: Int) -> Span {
    let start = text.position(of: offset)
    return Span(
      source: source, start: start, end: Position(line: start.line, column: start.column + 1))
  }
}

/// UTF-16 or UTF-32, by a byte order mark or by where the NULs are in the first character (YAML 1.2 §5.2).
private struct WideEncoding {
  let bits: Int
  let isBigEndian: Bool
  let hasMark: Bool

  /// Nil if it is neither.
  init?(of bytes: [UInt8]) {
    let start = Array(bytes.prefix(4))
    (bits, isBigEndian, hasMark) =
      switch start {
      case [0, 0, 0xfe, 0xff]: (32, true, true)
      case [0xff, 0xfe, 0, 0]: (32, false, true)
      case _ where start.starts(with: [0xfe, 0xff]): (16, true, true)
      case _ where start.starts(with: [0xff, 0xfe]): (16, false, true)
      case _ where start.count == 4 && start[..<3] == [0, 0, 0]: (32, true, false)
      case _ where start.count == 4 && start[0] != 0 && start[1...] == [0, 0, 0]: (32, false, false)
      case _ where start.count > 1 && start[0] == 0: (16, true, false)
      case _ where start.count > 1 && start[1] == 0: (16, false, false)
      default: (0, false, false)
      }
    if bits == 0 { return nil }
  }

  var name: String { "UTF-\(bits)" }

  /// With a mark iconv sees the order itself, and drops the mark.
  var iconvName: String { hasMark ? name : name + (isBigEndian ? "BE" : "LE") }
}

extension Unicode.Scalar {
  /// Whether YAML calls this character printable (YAML 1.2 §5.1). The line separators NEL, LS and PS are left
  /// out: libyaml takes them for line breaks and editors do not.
  var isAllowedInText: Bool {
    switch value {
    case 0x09, 0x0a, 0x0d: true
    case ..<0x20, 0x7f...0x9f, 0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff: false
    default: true
    }
  }

  /// Whether this character looks like a space, or like nothing, and is a letter to YAML: the spaces of
  /// Unicode except U+0020, and two without width.
  var isDisguisedSpace: Bool {
    switch value {
    case 0xa0, 0x1680, 0x2000...0x200a, 0x202f, 0x205f, 0x3000: true
    default: hasNoWidth
    }
  }

  var hasNoWidth: Bool { value == 0x200b || value == 0x2060 }

  /// The character's name, such as `U+001B`.
  var name: String { "U+" + hexadecimal(value, digits: 4).uppercased() }
}

/// `number` in lower-case hexadecimal, padded to `digits`.
func hexadecimal(_ number: UInt32, digits: Int) -> String {
  let text = String(number, radix: 16)
  return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}
