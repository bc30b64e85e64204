/// Where mail is: a path with `{user}`, `{domain}` and `{home}`, such as `/var/mail/vhosts/{domain}/{user}/Maildir`.
package struct MailTemplate: Sendable, Hashable {
  package enum ParseError: Error, Hashable {
    /// Neither `/` nor `{home}` comes first.
    case notAbsolute
    case containsNUL
    /// A part is `.` or `..`.
    case dots
    /// Something else than `user`, `domain` or `home` in braces, or a brace without its counterpart.
    case unknownPlaceholder
    /// `{home}` stands elsewhere than at the start, before a slash.
    case homeInside
  }

  package enum ExpansionError: Error, Hashable {
    case noHome
    case noDomain
    /// User or domain is `.` or `..`, or contains a slash or NUL: it would not be one component of the path.
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
      guard let close = rest[open...].firstIndex(of: "}") else { throw .unknownPlaceholder }
      let after = rest.index(after: close)
      switch rest[open..<after] {
      case "{user}": pieces.append(.user)
      case "{domain}": pieces.append(.domain)
      case "{home}":
        guard pieces.isEmpty, after == rest.endIndex || rest[after] == "/" else { throw .homeInside }
        pieces.append(.home)
      default: throw .unknownPlaceholder
      }
      rest = rest[after...]
    }
    if !rest.isEmpty { pieces.append(.literal(String(rest))) }
    self.pieces = pieces
  }

  /// The absolute path of the Maildir, without a slash at its end: the account's own if it has one.
  package func maildir(of identity: Identity) throws(ExpansionError) -> String {
    if let maildir = identity.maildir { return maildir }
    var path = ""
    for piece in pieces {
      switch piece {
      case .literal(let text): path += text
      case .user: path += try Self.component(identity.user)
      case .domain:
        guard !identity.domain.isEmpty else { throw .noDomain }
        path += try Self.component(identity.domain)
      case .home:
        guard let home = identity.home, home.hasPrefix("/") else { throw .noHome }
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
