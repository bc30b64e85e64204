/// A filter that finds the entry of a login (RFC 4515), with parameters in braces: `(mail={address})`.
///
/// Values of parameters are escaped when the filter is filled in. They never become part of its structure, whatever clients
/// send.
package struct LDAPFilter: Sendable, Hashable {
  package enum Part: Sendable, Hashable {
    case text(String)
    case parameter(LoginParameter)
  }

  /// A comparison for equality with the login, which the entry that is found must fulfil by itself.
  package struct Comparison: Sendable, Hashable {
    package let attribute: String
    package let value: [Part]
  }

  /// The filter as it is written.
  package let text: String
  package let parts: [Part]
  /// Where the login is compared as it is. Comparisons in `!` are left out, and those of parts of a value.
  package let comparisons: [Comparison]

  package enum Flaw: Error, Hashable, Sendable {
    case empty
    case tooLong
    case containsNUL
    /// It does not begin with a parenthesis.
    case bare
    /// A parenthesis too many or too few.
    case unbalanced
    /// Something between parentheses is not a comparison.
    case malformed(String)
    case unknownParameter(String)
    /// A parameter stands for the name of an attribute, or for a part of the structure.
    case misplacedParameter(String)
    /// The filter is the same for all logins.
    case noLogin
  }

  /// Octets of the longest filter.
  package static let maxLength = 4 << 10
  private static let maxDepth = 32

  package init(parsing text: String) throws(Flaw) {
    let trimmed = text.drop(while: \.isWhitespace)
    guard !trimmed.isEmpty else { throw .empty }
    guard text.utf8.count <= Self.maxLength else { throw .tooLong }
    guard !text.utf8.contains(0) else { throw .containsNUL }
    guard trimmed.first == "(" else { throw .bare }
    var reader = Reader(rest: trimmed)
    try reader.readFilter(depth: 0)
    reader.skipBlanks()
    guard reader.rest.isEmpty else { throw .unbalanced }
    reader.endText()
    let isAsking = reader.parts.contains { if case .parameter(let it) = $0 { it.isOfLogin } else { false } }
    guard isAsking else { throw .noLogin }
    self.text = text
    parts = reader.parts
    comparisons = reader.comparisons
  }

  private init() { (text, parts, comparisons) = ("", [], []) }

  /// The filter of a section that has none.
  static let none = LDAPFilter()

  package var parameters: [LoginParameter] {
    parts.compactMap { if case .parameter(let parameter) = $0 { parameter } else { nil } }
  }

  /// The names of attributes that it compares, as they are written.
  package var attributes: [String] {
    parts.flatMap { part -> [String] in
      guard case .text(let text) = part else { return [] }
      // Behind a parenthesis there is a name, or nothing of one.
      return text.split(separator: "(").compactMap { piece in
        let name = piece.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "-.".contains($0)) }
        let isCompared = piece[name.endIndex...].first.map { "=~<>;:".contains($0) } ?? false
        return name.isEmpty || !isCompared ? nil : String(name)
      }
    }
  }

  /// The filter for some values, one for each of its parameters, in order.
  package func filled(_ values: [String]) -> String {
    var values = values.makeIterator()
    return parts.map { part in
      switch part {
      case .text(let text): text
      // Without a value nothing is found.
      case .parameter: values.next().map(Self.escaped) ?? ""
      }
    }.joined()
  }

  /// A value in which every octet that is not a letter, a digit or harmless is written as `\xx` (RFC 4515 §3).
  package static func escaped(_ value: String) -> String {
    var text = ""
    for byte in value.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "@"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: "_"):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16)
        text += "\\" + (digits.count < 2 ? "0" + digits : digits)
      }
    }
    return text
  }
}

extension LDAPFilter {
  /// Reads a filter by its grammar (RFC 4515 §3): what is not one is refused here, and not by a server at a login.
  private struct Reader {
    var rest: Substring
    private(set) var parts: [Part] = []
    private(set) var comparisons: [Comparison] = []
    private var piece = ""
    private var negations = 0

    init(rest: Substring) { self.rest = rest }

    mutating func endText() {
      if !piece.isEmpty { parts.append(.text(piece)) }
      piece = ""
    }

    /// Blanks and line breaks between filters are left out.
    mutating func skipBlanks() { rest = rest.drop(while: \.isWhitespace) }

    private mutating func take() {
      guard let character = rest.first else { return }
      piece.append(character)
      rest = rest.dropFirst()
    }

    mutating func readFilter(depth: Int) throws(Flaw) {
      guard rest.first == "(" else { throw .unbalanced }
      guard depth < maxDepth else { throw .malformed(String(rest.prefix(20))) }
      take()
      skipBlanks()
      switch rest.first {
      case "&", "|":
        take()
        skipBlanks()
        guard rest.first == "(" else { throw .malformed(String(rest.prefix(20))) }
        while rest.first == "(" {
          try readFilter(depth: depth + 1)
          skipBlanks()
        }
      case "!":
        take()
        skipBlanks()
        negations += 1
        try readFilter(depth: depth + 1)
        negations -= 1
        skipBlanks()
      default: try readItem()
      }
      guard rest.first == ")" else { throw .unbalanced }
      take()
    }

    /// An attribute, a comparison and a value.
    private mutating func readItem() throws(Flaw) {
      let start = rest
      func malformed() -> Flaw { .malformed(String(start.prefix { $0 != ")" }.prefix(40))) }
      var attribute = ""
      while let character = rest.first, character != "=" {
        if let (name, _) = parameter() { throw .misplacedParameter(name) }
        guard character.isASCII, character.isLetter || character.isNumber || "-.;:~<>".contains(character)
        else { throw malformed() }
        attribute.append(character)
        take()
      }
      guard !attribute.isEmpty, rest.first == "=" else { throw malformed() }
      take()
      var value: [Part] = []
      var isPlain = negations == 0 && attribute.allSatisfy { !"~<>:;".contains($0) }
      while let character = rest.first, character != ")" {
        if let (name, end) = parameter() {
          guard let known = LoginParameter(rawValue: name) else { throw .unknownParameter(name) }
          endText()
          parts.append(.parameter(known))
          value.append(.parameter(known))
          rest = rest[end...]
          continue
        }
        guard character != "(" else { throw malformed() }
        isPlain = isPlain && character != "*" && character != "\\"
        value.append(.text(String(character)))
        if character == "\\" {
          let digits = rest.dropFirst().prefix(2)
          guard digits.count == 2, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            throw malformed()
          }
          take()
          take()
        }
        take()
      }
      let isOfLogin = value.contains { if case .parameter(let it) = $0 { it.isOfLogin } else { false } }
      if isPlain, isOfLogin { comparisons.append(Comparison(attribute: attribute, value: value)) }
    }

    /// The name in braces at this place, and where the text goes on behind it.
    private func parameter() -> (name: String, end: Substring.Index)? {
      guard rest.first == "{", let close = rest.firstIndex(of: "}") else { return nil }
      let name = rest[rest.index(after: rest.startIndex)..<close]
      guard LoginParameter.isName(name) else { return nil }
      return (String(name), rest.index(after: close))
    }
  }
}

extension LDAPFilter: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let filter = try? LDAPFilter(parsing: container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "it is not a filter for an account")
    }
    self = filter
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
