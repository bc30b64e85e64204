/// Tells the format of a file that is not a list of ocean's.
///
/// A command that makes a list of the file is printed for some formats, and whoever obeys it no longer sees
/// the file. So every line is looked at, the way the command reads it, and a format with a command is named
/// only if that gives every address of the file and nothing else.
struct AddressListFormatReader {
  private(set) var format: AddressListFile.Format?

  init(_ bytes: [UInt8]) {
    let text = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...]
    let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let start = text.drop { $0.isListSpace || $0 == UInt8(ascii: "\n") }
    switch start.first {
    case UInt8(ascii: "<"): format = .markup
    case UInt8(ascii: "["): format = .json
    case UInt8(ascii: "{"), UInt8(ascii: "#"):
      format = Self.json(lines) ?? Self.table(lines)
    default: format = Self.table(lines)
    }
  }

  /// The first separator with which all lines have entries decides: for the ones after it, text after a `;`
  /// is a comment.
  private static func table(_ lines: [ArraySlice<UInt8>]) -> AddressListFile.Format? {
    AddressListFile.FieldSeparator.allCases.lazy.compactMap { FieldTable(lines, $0)?.format }.first
  }

  /// The format of JSON. A command reads one object per line, if all have their address under the same key;
  /// other JSON is only named.
  private static func json(_ lines: [ArraySlice<UInt8>]) -> AddressListFile.Format? {
    var key: String?
    var isJSON = false
    for line in lines {
      let content = line.drop(while: \.isListSpace)
      guard let first = content.first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") else {
        continue
      }
      guard first == UInt8(ascii: "{") else { return isJSON ? .json : nil }
      isJSON = true
      guard let text = String(validating: content, as: UTF8.self) else { return .json }
      let members = text.matches(of: /"([^"\\]*)"\s*:\s*"([^"]*)"/)
      let entries = members.filter { isEntry(ArraySlice($0.2.utf8)) }
      if entries.isEmpty, !mentionsAddress(ArraySlice(text.utf8)) { continue }
      guard entries.count == 1, let entry = entries.first, entry.1 == key ?? String(entry.1),
        !entry.1.isEmpty, entry.1.utf8.allSatisfy(\.isKeyByte),
        text.ranges(of: "\"\(entry.1)\"").count == 1,
        !mentionsAddress(ArraySlice(text.replacing(entry.0, with: " ").utf8))
      else { return .json }
      key = String(entry.1)
    }
    return key.map { .jsonLines(key: $0) } ?? (isJSON ? .json : nil)
  }

  static func isEntry(_ text: ArraySlice<UInt8>) -> Bool {
    var parser = AddressParser(Array(text))
    return (try? parser.pattern()) != nil
  }

  /// Whether an address or the end of a range is anywhere in a text.
  static func mentionsAddress(_ text: ArraySlice<UInt8>) -> Bool {
    text.split { !($0.isHexDigit || ".:*/".utf8.contains($0)) }.contains { piece in
      let part = piece.drop { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/") }
      let word = part.prefix(part.count - part.reversed().prefix { ".:/".utf8.contains($0) }.count)
      return isEntry(word) || word.starts(with: "255.".utf8)
    }
  }
}

extension UInt8 {
  var isListSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0d }
  fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
  fileprivate var isHexDigit: Bool { isDigit || (0x41...0x46).contains(self) || (0x61...0x66).contains(self) }
  /// Whether this byte stands for itself in a pattern of sed.
  fileprivate var isKeyByte: Bool {
    isDigit || (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self) || "_-".utf8.contains(self)
  }
}
