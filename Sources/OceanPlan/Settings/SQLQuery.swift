/// A query that finds the account of a login: SQL with parameters in braces, such as `{address}`.
///
/// Parameters are bound. Their values never become part of the text, whatever clients send.
package struct SQLQuery: Sendable, Hashable {
  package enum Part: Sendable, Hashable {
    case text(String)
    case parameter(LoginParameter)
  }

  /// The query as it is written.
  package let text: String
  package let parts: [Part]

  package enum Flaw: Error, Hashable, Sendable {
    case empty
    case tooLong
    case containsNUL
    case unknownParameter(String)
    /// The text of a quoted parameter would be compared, and not its value.
    case quotedParameter(String)
    /// The query is the same for all logins.
    case noLogin
  }

  /// Octets of the longest query.
  package static let maxLength = 16 << 10

  package init(parsing text: String) throws(Flaw) {
    guard text.utf8.contains(where: { $0 > 0x20 }) else { throw .empty }
    guard text.utf8.count <= Self.maxLength else { throw .tooLong }
    guard !text.utf8.contains(0) else { throw .containsNUL }
    var parts: [Part] = []
    var piece = ""
    /// The character that ends the quoted text, name or comment that the query is in.
    var end: Character?
    var rest = text[...]
    while let character = rest.first {
      if character == "{", let close = rest.firstIndex(of: "}"),
        case let name = rest[rest.index(after: rest.startIndex)..<close], LoginParameter.isName(name)
      {
        if let parameter = LoginParameter(rawValue: String(name)) {
          guard end == nil || end == "\n" || end == "*" else { throw .quotedParameter(String(name)) }
          if end == nil {
            if !piece.isEmpty { parts.append(.text(piece)) }
            piece = ""
            parts.append(.parameter(parameter))
            rest = rest[close...].dropFirst()
            continue
          }
        } else if end == nil {
          throw .unknownParameter(String(name))
        }
      }
      switch end {
      case nil:
        if "'\"`".contains(character) {
          end = character
        } else if rest.hasPrefix("--") {
          end = "\n"
        } else if rest.hasPrefix("/*") {
          end = "*"
        }
      case "*"?: if rest.hasPrefix("*/") { end = nil }
      // A quote that is written twice begins again what it has ended.
      case let found?: if character == found { end = nil }
      }
      piece.append(character)
      rest = rest.dropFirst()
    }
    if !piece.isEmpty { parts.append(.text(piece)) }
    let isAsking = parts.contains { if case .parameter(let it) = $0 { it.isOfLogin } else { false } }
    guard isAsking else { throw .noLogin }
    self.text = text
    self.parts = parts
  }

  private init() { (text, parts) = ("", []) }

  /// The query of a section that has none.
  static let none = SQLQuery()

  package var parameters: [LoginParameter] {
    parts.compactMap { if case .parameter(let parameter) = $0 { parameter } else { nil } }
  }

  /// Whether it may find a row by the user alone, whatever the domain, although it looks at the address as well:
  /// `WHERE name = {user} OR mail = {address}`.
  package var mayFindByUserAlone: Bool {
    parameters.contains(.user) && !parameters.contains(.domain)
      && parts.contains { part in
        guard case .text(let text) = part else { return false }
        return text.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.contains { $0.lowercased() == "or" }
      }
  }

  /// The statement with placeholders: `$1`, `$2` and so on, one for each place; or `?` for all.
  package func statement(isNumbered: Bool) -> String {
    var number = 0
    return parts.map { part in
      switch part {
      case .text(let text): return text
      case .parameter:
        number += 1
        return isNumbered ? "$\(number)" : "?"
      }
    }.joined()
  }
}

extension SQLQuery: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let query = try? SQLQuery(parsing: container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "it is not a query for an account")
    }
    self = query
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
