/// The part of a file named as an address list that may be kept and shown: only lines that can be part of a
/// list.
///
/// Somebody may have named a key or a file of passwords by mistake. A line with anything but the characters
/// of addresses is not kept, only the fact that it is there; comments go as well.
package struct AddressListFile: Sendable, Hashable {
  /// One line for each line of the file, as `AddressList` reads them; `?` stands for a line that cannot be
  /// part of a list.
  package let text: String
  /// The format of the file if it is not a list, and the format can be told.
  package let format: Format?

  /// Whether there are lines that cannot be part of a list.
  package var hasOtherLines: Bool { text.utf8.contains(UInt8(ascii: "?")) }

  /// Formats in which addresses are published that are not lists of ocean's.
  ///
  /// In the first three each line was looked at: they name the entries, all of them and nothing else.
  package enum Format: Sendable, Hashable {
    /// One field of each line is the entry, and no other field changes its meaning.
    ///
    /// - `column`: counted from 1.
    /// - `header`: the line with the names of the fields, counted from 1; 0 if there is no such line.
    case fields(FieldSeparator, column: Int, header: Int)
    /// Each field is an entry.
    case several(FieldSeparator)
    /// One JSON object per line, with an address or network under this key.
    case jsonLines(key: String)
    /// Several addresses on a line: they may be two entries, or the ends of a range.
    case pairs
    /// An address with its mask, or with a number that may be the length or the size of its network.
    case masks
    /// A table of addresses and actions, like those of Postfix and firewalls; some of them let clients in.
    case table
    /// JSON in one piece.
    case json
    /// HTML or XML, such as a web server's page about an error.
    case markup
  }

  package enum FieldSeparator: String, Sendable, Hashable, CaseIterable {
    case semicolon = ";"
    case comma = ","
    case blank = " "
  }

  package init(text: String, format: Format?) {
    (self.text, self.format) = (text, format)
  }

  package init(reading bytes: [UInt8]) {
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count)
    var mayBeOther = false
    var rest = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...]
    while !rest.isEmpty {
      let line = rest.prefix { $0 != UInt8(ascii: "\n") }
      rest = rest[line.endIndex...].dropFirst()
      let content = line.prefix { $0 != UInt8(ascii: "#") }
      let entry = content.prefix { $0 != UInt8(ascii: ";") }
      if Self.isPlausible(content) {
        text += content
        mayBeOther = mayBeOther || !Self.isOneWord(content)
      } else if Self.isPlausible(entry) {
        text += entry
        mayBeOther = mayBeOther || !Self.isOneWord(entry)
      } else {
        text.append(UInt8(ascii: "?"))
        mayBeOther = true
      }
      text.append(UInt8(ascii: "\n"))
    }
    self.text = String(decoding: text, as: UTF8.self)
    // A list in ocean's format has no other format, whatever its lines look like.
    let isOther =
      mayBeOther && !AddressList(parsing: text, limits: .init(blocks: .max, errors: 1)).errors.isEmpty
    format = isOther ? AddressListFormatReader(bytes).format : nil
  }

  /// Whether a line has only the characters of addresses, networks and ranges, and is not just the digits of
  /// a key.
  private static func isPlausible(_ line: ArraySlice<UInt8>) -> Bool {
    var isAddress = false
    var isBlank = true
    for byte in line {
      switch byte {
      case UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "*"): isAddress = true
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
        UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: ";"):
        isBlank = false
        continue
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): continue
      default: return false
      }
      isBlank = false
    }
    return isAddress || isBlank
  }

  /// Whether nothing follows the first word of a line.
  private static func isOneWord(_ line: ArraySlice<UInt8>) -> Bool {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }
    let word = line.drop(while: isSpace).drop { !isSpace($0) && $0 != UInt8(ascii: ";") }
    return word.allSatisfy(isSpace)
  }
}
