import OceanAddresses

/// Where mail is: a path with `{user}`, `{domain}` and `{home}`, such as
/// `/var/mail/vhosts/{domain}/{user}/Maildir`.
package struct MailTemplate: Sendable, Hashable {
  package enum ParseError: Error, Hashable {
    /// The text does not begin with `/` or `{home}`.
    case notAbsolute
    case containsNUL
    /// A part is `.` or `..`.
    case dots
    /// A brace without its counterpart.
    case unbalanced
    /// Something other than `user`, `domain` or `home` in braces.
    case unknownVariable(String)
    /// `{home}` is not at the start, before a slash.
    case homeInside
    /// Neither `{user}` nor `{home}`: all accounts would have the same mailbox.
    case shared
  }

  package enum ExpansionError: Error, Hashable {
    case noHome
    case noDomain
    /// User or domain is empty, `.` or `..`, or contains a slash or NUL: it would not be a single component
    /// of the path.
    case unsafeName
  }

  private enum Piece: Hashable {
    case literal(String)
    case user
    case domain
    case home
  }

  private let pieces: [Piece]

  private init(pieces: [Piece]) { self.pieces = pieces }

  /// `{home}`: the home directory is the Maildir.
  static let home = MailTemplate(pieces: [.home])

  /// Parses bytes, as the system reads paths: to `String` a slash with an accent is a different character
  /// from a slash.
  package init(parsing text: String) throws(ParseError) {
    let slash = UInt8(ascii: "/")
    var rest = text.utf8[...]
    guard rest.first == slash || rest.starts(with: "{home}".utf8) else { throw .notAbsolute }
    guard !rest.contains(0) else { throw .containsNUL }
    guard !rest.split(separator: slash).contains(where: { [".", ".."].contains(Substring($0)) }) else {
      throw .dots
    }
    var pieces: [Piece] = []
    while let open = rest.firstIndex(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") }) {
      if open > rest.startIndex { pieces.append(.literal(String(Substring(rest[..<open])))) }
      guard rest[open] == UInt8(ascii: "{"), let close = rest[open...].firstIndex(of: UInt8(ascii: "}"))
      else {
        throw .unbalanced
      }
      let after = rest.index(after: close)
      let variable = String(Substring(rest[open..<after]))
      rest = rest[after...]
      switch variable {
      case "{user}": pieces.append(.user)
      case "{domain}": pieces.append(.domain)
      case "{home}":
        guard pieces.isEmpty, rest.isEmpty || rest.first == slash else { throw .homeInside }
        pieces.append(.home)
      default: throw .unknownVariable(variable)
      }
    }
    if !rest.isEmpty { pieces.append(.literal(String(Substring(rest)))) }
    guard pieces.contains(.user) || pieces.contains(.home) else { throw .shared }
    self.pieces = pieces
  }

  package var needsHome: Bool { pieces.contains(.home) }
  package var needsDomain: Bool { pieces.contains(.domain) }

  /// The directory above all Maildirs; nil if homes can be anywhere.
  package var base: String? {
    guard case .literal(let text)? = pieces.first, let slash = text.utf8.lastIndex(of: UInt8(ascii: "/"))
    else {
      return nil
    }
    return slash == text.startIndex ? "/" : String(text[..<slash])
  }

  /// The template below ``base``, as if that were the root.
  var withoutBase: MailTemplate {
    guard let base, base != "/", case .literal(let text)? = pieces.first else { return self }
    return MailTemplate(
      pieces: [.literal(String(text.utf8.dropFirst(base.utf8.count)) ?? text)] + pieces.dropFirst())
  }

  /// The absolute path of an account's Maildir.
  ///
  /// - Parameters:
  ///   - domain: empty if the account has no domain.
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
        guard let home, home.utf8.first == UInt8(ascii: "/") else { throw .noHome }
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

extension MailTemplate.ExpansionError: CustomStringConvertible {
  /// The error in one clause.
  package var description: String {
    switch self {
    case .noHome: "the account has no home, or its home is not an absolute path"
    case .noDomain: "the account has no domain"
    case .unsafeName: "its name or domain cannot be one component of a path"
    }
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

extension MailTemplate: CodedAsText {
  package static let noun = "a mail location"

  package static func value(ofCoded text: String) -> MailTemplate? { try? MailTemplate(parsing: text) }
}
