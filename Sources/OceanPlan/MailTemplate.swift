/// Where mail is: a path with `{user}`, `{domain}` and `{home}`, such as `/var/mail/vhosts/{domain}/{user}/Maildir`.
package struct MailTemplate: Sendable, Hashable {
  package enum ParseError: Error, Hashable {
    /// Neither `/` nor `{home}` comes first.
    case notAbsolute
    case containsNUL
    /// A part is `.` or `..`.
    case dots
    /// A brace without its counterpart.
    case unbalanced
    /// Something else than `user`, `domain` or `home` in braces.
    case unknownVariable(String)
    /// `{home}` stands elsewhere than at the start, before a slash.
    case homeInside
    /// Neither `{user}` nor `{home}`: all accounts would have the same mailbox.
    case shared
  }

  package enum ExpansionError: Error, Hashable {
    case noHome
    case noDomain
    /// User or domain is empty, `.` or `..`, or contains a slash or NUL: it would not be one component of the path.
    case unsafeName
  }

  private enum Piece: Hashable {
    case literal(String)
    case user
    case domain
    case home
  }

  private let pieces: [Piece]

  package init(parsing text: String) throws(ParseError) {
    guard text.hasPrefix("/") || text.hasPrefix("{home}") else { throw .notAbsolute }
    guard !text.utf8.contains(0) else { throw .containsNUL }
    guard !text.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) else { throw .dots }
    var pieces: [Piece] = []
    var rest = text[...]
    while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
      if open > rest.startIndex { pieces.append(.literal(String(rest[..<open]))) }
      guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else { throw .unbalanced }
      let after = rest.index(after: close)
      switch rest[open..<after] {
      case "{user}": pieces.append(.user)
      case "{domain}": pieces.append(.domain)
      case "{home}":
        guard pieces.isEmpty, after == rest.endIndex || rest[after] == "/" else { throw .homeInside }
        pieces.append(.home)
      default: throw .unknownVariable(String(rest[open..<after]))
      }
      rest = rest[after...]
    }
    if !rest.isEmpty { pieces.append(.literal(String(rest))) }
    guard pieces.contains(.user) || pieces.contains(.home) else { throw .shared }
    self.pieces = pieces
  }

  package var needsHome: Bool { pieces.contains(.home) }
  package var needsDomain: Bool { pieces.contains(.domain) }

  /// The absolute path of an account's Maildir.
  ///
  /// - Parameters:
  ///   - domain: empty if there is none.
  ///   - home: absolute.
  package func path(user: String, domain: String, home: String?) throws(ExpansionError) -> String {
    var path = ""
    for piece in pieces {
      switch piece {
      case .literal(let text): path += text
      case .user: path += try Self.component(user)
      case .domain:
        guard !domain.isEmpty else { throw .noDomain }
        path += try Self.component(domain)
      case .home:
        guard let home, home.hasPrefix("/") else { throw .noHome }
        path += home
      }
    }
    return path
  }

  private static func component(_ name: String) throws(ExpansionError) -> String {
    guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(0),
      !name.utf8.contains(UInt8(ascii: "/"))
    else { throw .unsafeName }
    return name
  }
}

extension MailTemplate: CustomStringConvertible {
  /// The text it was parsed from.
  package var description: String {
    pieces.map { piece in
      switch piece {
      case .literal(let text): text
      case .user: "{user}"
      case .domain: "{domain}"
      case .home: "{home}"
      }
    }.joined()
  }
}

extension MailTemplate: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    do {
      try self.init(parsing: text)
    } catch {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is no mail location")
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
