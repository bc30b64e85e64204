/// Dovecot's `pop3_uidl_format`: text with variables, as Dovecot 2.3 writes them (`%08Xu%08Xv`) and 2.4
/// (`%{uid | hex(8)}%{uidvalidity | hex(8)}`).
///
/// It understands `%u` uid, `%v` the mailbox's UIDVALIDITY, `%f` base name of the file, `%g` GUID; before the
/// letter `X` (hexadecimal), `L` and `U` (lower and upper case), `0` and a width (zeros in front); `%%`; and
/// the long names with `hex`, `number`, `lower` and `upper`.
package struct DovecotUIDLFormat: Hashable, Sendable, CustomStringConvertible {
  /// Why a format cannot be taken over.
  package enum Issue: Error, Equatable, Sendable, CustomStringConvertible {
    /// Nothing in it differs from message to message.
    case constant
    /// `%m`, which Dovecot itself cannot do with a Maildir.
    case headerDigest
    /// A space or another character that may not be in a unique id (RFC 1939 §7): no id could be sent.
    case unsendable(String)
    /// Anything else that is not understood.
    case unknown(String)

    package var description: String {
      switch self {
      case .constant: "it must contain %u, %f or %g: otherwise all messages have the same id"
      case .headerDigest:
        "%m is for mbox: with a Maildir, Dovecot's UIDL command fails, so that no client can know such ids"
      case .unsendable(let text): "a unique id cannot contain '\(text)'"
      case .unknown(let text):
        "'\(text)' is not understood: %u, %v, %f, %g with X, L, U or a width of zeros, or the long names of Dovecot 2.4"
      }
    }
  }

  enum Variable: Hashable, Sendable { case uid, validity, filename, guid }

  enum Part: Hashable, Sendable {
    case text([UInt8])
    case variable(Variable, Style)
  }

  struct Style: Hashable, Sendable {
    var isHexadecimal = false
    var isLower = false
    var isUpper = false
    /// The number of characters up to which zeros are put in front.
    var width = 0
  }

  private let parts: [Part]

  package init(_ text: String) throws(Issue) {
    var parser = Parser(text)
    parts = try parser.parts()
    let tells = parts.contains {
      if case .variable(let variable, _) = $0 { variable != .validity } else { false }
    }
    guard tells else { throw .constant }
  }

  private init(parts: [Part]) { self.parts = parts }

  /// The text as Dovecot 2.3 writes it; formats that make the same ids have the same text.
  package var description: String { parts.map(\.description).joined() }

  /// Dovecot's default: uid and UIDVALIDITY in eight hexadecimal digits each.
  package static let standard = DovecotUIDLFormat(
    parts: [
      .variable(.uid, Style(isHexadecimal: true, width: 8)),
      .variable(.validity, Style(isHexadecimal: true, width: 8)),
    ])

  /// The format that clients of Cyrus know, unless its `uidl_format` was `uidonly` (`%u`), `dovecot` (like
  /// the standard one) or `courier` (`%v-%u`). A Maildir made of a Cyrus mailbox has uid and UIDVALIDITY only
  /// if the conversion wrote them to a `dovecot-uidlist`, which `CyrusImport` does; they cannot be found in
  /// the mail alone.
  package static let cyrus = DovecotUIDLFormat(
    parts: [.variable(.validity, Style()), .text([UInt8(ascii: ".")]), .variable(.uid, Style())])

  /// The id of a message.
  ///
  /// - Parameters:
  ///   - base: the base name of its file.
  package func id(
    uid: UInt32, validity: UInt32, base: UnsafeRawBufferPointer, guid: UnsafeRawBufferPointer
  ) -> [UInt8] {
    var id: [UInt8] = []
    for part in parts {
      switch part {
      case .text(let text): id += text
      case .variable(.uid, let style): style.append(number: uid, to: &id)
      case .variable(.validity, let style): style.append(number: validity, to: &id)
      case .variable(.filename, let style): style.append(Array(base), to: &id)
      case .variable(.guid, let style): style.append(Array(guid), to: &id)
      }
    }
    return id
  }
}

extension DovecotUIDLFormat.Part: CustomStringConvertible {
  var description: String {
    switch self {
    case .text(let text): String(decoding: text, as: UTF8.self).replacing("%", with: "%%")
    case .variable(let variable, let style): "%\(style)\(variable)"
    }
  }
}

extension DovecotUIDLFormat.Variable: CustomStringConvertible {
  var description: String {
    switch self {
    case .uid: "u"
    case .validity: "v"
    case .filename: "f"
    case .guid: "g"
    }
  }
}

extension DovecotUIDLFormat.Style: CustomStringConvertible {
  var description: String {
    (width > 0 ? "0\(width)" : "") + (isUpper ? "U" : "") + (isLower ? "L" : "") + (isHexadecimal ? "X" : "")
  }

  /// The style without options that change nothing.
  func reduced(for variable: DovecotUIDLFormat.Variable) -> Self {
    var style = self
    switch variable {
    case .uid, .validity:
      style.isLower = false
      style.isUpper = isHexadecimal && isUpper && !isLower
      if width == 1 { style.width = 0 }
    case .filename, .guid:
      style.isUpper = isUpper && !isLower
    }
    return style
  }

  func append(number: UInt32, to id: inout [UInt8]) {
    append(Array(String(number, radix: isHexadecimal ? 16 : 10).utf8), to: &id)
  }

  func append(_ text: [UInt8], to id: inout [UInt8]) {
    id += repeatElement(UInt8(ascii: "0"), count: max(width - text.count, 0))
    id += text.map { byte in
      switch byte {
      case 0x41...0x5A where isLower: byte + 0x20
      case 0x61...0x7A where isUpper: byte - 0x20
      default: byte
      }
    }
  }
}

/// Reads the text of a format.
private struct Parser {
  typealias Issue = DovecotUIDLFormat.Issue
  private let text: [Character]
  private var position = 0

  init(_ text: String) { self.text = Array(text) }

  mutating func parts() throws(Issue) -> [DovecotUIDLFormat.Part] {
    var parts: [DovecotUIDLFormat.Part] = []
    var literal: [UInt8] = []
    while position < text.count {
      if text[position] != "%" {
        guard text[position].utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
          throw .unsendable(String(text[position]))
        }
        literal += Array(String(text[position]).utf8)
        position += 1
        continue
      }
      let start = position
      position += 1
      if peek == "%" {
        literal.append(UInt8(ascii: "%"))
        position += 1
        continue
      }
      let part = try peek == "{" ? longVariable(from: start) : shortVariable(from: start)
      if !literal.isEmpty { parts.append(.text(literal)) }
      literal = []
      parts.append(part)
    }
    if !literal.isEmpty { parts.append(.text(literal)) }
    return parts
  }

  private var peek: Character? { position < text.count ? text[position] : nil }

  private func unknown(from start: Int) -> Issue {
    .unknown(String(text[start..<min(position + 1, text.count)]))
  }

  private mutating func shortVariable(from start: Int) throws(Issue) -> DovecotUIDLFormat.Part {
    var style = DovecotUIDLFormat.Style()
    if peek == "0" {
      position += 1
      let digits = text[position...].prefix { ("0"..."9").contains($0) }
      guard let width = Int(String(digits)), (1...70).contains(width) else { throw unknown(from: start) }
      style.width = width
      position += digits.count
    }
    while let letter = peek {
      switch letter {
      case "X": style.isHexadecimal = true
      case "L": style.isLower = true
      case "U": style.isUpper = true
      case "m": throw .headerDigest
      default:
        guard let variable = Self.variables[String(letter)] else { throw unknown(from: start) }
        position += 1
        return try self.variable(variable, style, from: start)
      }
      position += 1
    }
    throw unknown(from: start)
  }

  private mutating func longVariable(from start: Int) throws(Issue) -> DovecotUIDLFormat.Part {
    guard let end = text[position...].firstIndex(of: "}") else {
      position = text.count
      throw unknown(from: start)
    }
    let words = String(text[(position + 1)..<end]).split(separator: "|", omittingEmptySubsequences: false).map
    {
      $0.filter { $0 != " " }
    }
    position = end
    if words.first == "md5" { throw .headerDigest }
    guard let variable = words.first.flatMap({ Self.variables[$0] }) else { throw unknown(from: start) }
    var style = DovecotUIDLFormat.Style()
    for filter in words.dropFirst() {
      switch filter {
      case "number": break
      case "lower": style.isLower = true
      case "upper": style.isUpper = true
      case "hex": style.isHexadecimal = true
      default:
        guard filter.hasPrefix("hex("), filter.hasSuffix(")"),
          let width = Int(filter.dropFirst(4).dropLast()), (1...70).contains(width)
        else { throw unknown(from: start) }
        (style.isHexadecimal, style.width) = (true, width)
      }
    }
    position += 1
    return try self.variable(variable, style, from: start)
  }

  /// Checks a variable's style: hexadecimal digits are only for numbers.
  private func variable(
    _ variable: DovecotUIDLFormat.Variable, _ style: DovecotUIDLFormat.Style, from start: Int
  ) throws(Issue) -> DovecotUIDLFormat.Part {
    let isNumber = variable == .uid || variable == .validity
    guard isNumber || !style.isHexadecimal && style.width == 0 else { throw unknown(from: start) }
    return .variable(variable, style.reduced(for: variable))
  }

  private static let variables: [String: DovecotUIDLFormat.Variable] = [
    "u": .uid, "v": .validity, "f": .filename, "g": .guid,
    "uid": .uid, "uidvalidity": .validity, "filename": .filename, "guid": .guid,
  ]
}
