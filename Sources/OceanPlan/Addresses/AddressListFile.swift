/// What of a file that was named as an address list may be kept and shown: its lines as far as they can be part of a list.
///
/// Somebody may have named a key or a file of passwords by mistake. Of a line with anything but the characters of addresses
/// nothing is kept but that there is one; comments go as well.
package struct AddressListFile: Sendable, Hashable {
  /// One line for each line of the file, as `AddressList` reads them; `?` stands for one that cannot be part of a list.
  package let text: String
  /// What the file is instead of a list, if that can be told.
  package let format: Format?

  /// Whether there are lines that cannot be part of a list.
  package var hasOtherLines: Bool { text.utf8.contains(UInt8(ascii: "?")) }

  /// Formats in which addresses are published that are no list of ocean's.
  package enum Format: Sendable, Hashable {
    /// Fields behind the address.
    case columns
    /// As Postfix's cidr_table(5): an action behind each network.
    case table
    case commaSeparated
    /// An object a line, with an address or network under this key.
    case jsonLines(key: String)
    /// Several entries a line, with `;` between them.
    case semicolons
  }

  package init(text: String, format: Format?) {
    (self.text, self.format) = (text, format)
  }

  package init(reading bytes: [UInt8]) {
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count)
    var recognition = FormatRecognition()
    var rest = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...]
    while !rest.isEmpty {
      let line = rest.prefix { $0 != UInt8(ascii: "\n") }
      rest = rest[line.endIndex...].dropFirst()
      let content = line.prefix { $0 != UInt8(ascii: "#") }
      let entry = content.prefix { $0 != UInt8(ascii: ";") }
      if Self.isPlausible(content) {
        text += content
      } else if Self.isPlausible(entry) {
        text += entry
      } else {
        text.append(UInt8(ascii: "?"))
      }
      recognition.add(entry, whole: content)
      text.append(UInt8(ascii: "\n"))
    }
    self.text = String(decoding: text, as: UTF8.self)
    format = recognition.format
  }

  /// Whether a line has the characters of addresses, networks and ranges alone, and not only digits of a key.
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
}

/// Tells a format by the first lines that are no entry alone.
private struct FormatRecognition {
  private(set) var format: AddressListFile.Format?
  /// A file is of one format; what comes later decides nothing.
  private var looked = 0

  private static let most = 50

  mutating func add(_ entry: ArraySlice<UInt8>, whole: ArraySlice<UInt8>) {
    guard format == nil, looked < Self.most else { return }
    let text = String(decoding: whole.prefix(1024), as: UTF8.self)
    let fields = text.split { $0 == " " || $0 == "\t" || $0 == "\r" }
    guard let first = fields.first else { return }
    looked += 1
    if first.hasPrefix("{") {
      format = Self.key(in: text).map { .jsonLines(key: $0) }
    } else if entry.endIndex < whole.endIndex {
      let parts = text.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
      if parts.count > 1, parts.allSatisfy(Self.isEntry) { format = .semicolons }
    } else if fields.count > 1, Self.isEntry(first), fields[1] != "-", !fields[1].hasPrefix("-") {
      format = fields[1].first?.isLetter ?? false && fields.count >= 2 ? .table : .columns
    } else if let comma = text.firstIndex(of: ","), Self.isEntry(text[..<comma]) {
      format = .commaSeparated
    }
  }

  private static func isEntry(_ text: some StringProtocol) -> Bool {
    (try? AddressPattern(parsing: text)) != nil
  }

  /// The first key of an object whose value is an address or network.
  private static func key(in text: String) -> String? {
    text.matches(of: /"([A-Za-z0-9_.\-]{1,40})"\s*:\s*"([^"]*)"/).first { isEntry($0.2) }.map { String($0.1) }
  }
}
