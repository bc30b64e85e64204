/// Decides by its keys whether a text is a config: only a config's lines may be shown. Any other file was
/// named by mistake, and may hold keys or passwords.
enum ConfigText {
  /// Whether a text is a config. A text with nothing but comments and marks is a config that says nothing.
  static func isConfig(_ bytes: [UInt8]) -> Bool { isText(bytes, with: Settings.root.settings.map(\.key)) }

  /// The same for a text that has one of these keys at its top level.
  static func isText(_ bytes: [UInt8], with keys: [String]) -> Bool {
    let keys = keys.map { Array($0.utf8) }
    var rest = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...]
    var indentation: Int?
    while !rest.isEmpty {
      let line = rest.prefix { $0 != newline }
      rest = rest[line.endIndex...].dropFirst()
      let content = line.drop(while: isBlank)
      guard let first = content.first, first != UInt8(ascii: "#"), !saysNothing(content) else { continue }
      // All keys of a mapping begin in the same column.
      let column = content.startIndex - line.startIndex
      indentation = indentation ?? column
      if holdsKey(content, begins: column == indentation, keys) { return true }
    }
    return indentation == nil
  }

  /// Whether a line has only the marks with which a document begins and ends, or empty braces.
  private static func saysNothing(_ line: ArraySlice<UInt8>) -> Bool {
    line.allSatisfy { isBlank($0) || "-.{}".utf8.contains($0) }
  }

  private static let newline = UInt8(ascii: "\n")

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
  }

  /// Whether a key of the config begins the line, or stands in it after a brace or comma, as in JSON.
  ///
  /// A blank or the line's end must follow its colon, unless the key is quoted: `mail:{SSHA}…` is an account.
  private static func holdsKey(_ line: ArraySlice<UInt8>, begins: Bool, _ keys: [[UInt8]]) -> Bool {
    var start: Int? = line.startIndex
    while let place = start {
      if begins || place > line.startIndex, isKey(line[place...], keys) { return true }
      start = line[place...].dropFirst().firstIndex { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: ",") }
    }
    return false
  }

  private static func isKey(_ text: ArraySlice<UInt8>, _ keys: [[UInt8]]) -> Bool {
    var rest = text.drop { isBlank($0) || $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: ",") }
    let quote = rest.first.flatMap { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "'") ? $0 : nil }
    if quote != nil { rest = rest.dropFirst() }
    guard let key = keys.first(where: { rest.starts(with: $0) }) else { return false }
    rest = rest.dropFirst(key.count)
    if let quote {
      guard rest.first == quote else { return false }
      rest = rest.dropFirst().drop(while: isBlank)
      return rest.isEmpty || rest.first == UInt8(ascii: ":")
    }
    rest = rest.drop(while: isBlank)
    guard rest.first == UInt8(ascii: ":") else { return false }
    return rest.dropFirst().first.map(isBlank) ?? true
  }
}
