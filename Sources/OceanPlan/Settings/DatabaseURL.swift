/// The place of a database: `postgresql://ocean@db.example.org/mail`, `mysql://ocean@127.0.0.1:3306/mail` or
/// `sqlite:/var/lib/mail/users.db`. It never has a password in it.
package struct DatabaseURL: Sendable, Hashable {
  package enum Engine: String, Sendable, CaseIterable {
    case postgresql, mysql, sqlite

    /// Debian's package with the library of its clients.
    package var package: String {
      switch self {
      case .postgresql: "libpq5"
      case .mysql: "libmariadb3"
      case .sqlite: "libsqlite3-0"
      }
    }
  }

  package let engine: Engine
  /// Empty for SQLite.
  package let user: String
  /// A name or an address; nil for a socket of this host, and for SQLite.
  package let host: String?
  /// Nil for the engine's own.
  package let port: Int?
  /// The path of a socket or, for PostgreSQL, of the directory that it is in; nil for the library's default.
  package let socket: String?
  /// The name of the database; the path of the file for SQLite.
  package let database: String

  package enum Flaw: Error, Hashable, Sendable {
    case unknownScheme
    /// A scheme that another program has for the same thing.
    case otherScheme(meant: Engine)
    case password
    case missingUser, missingDatabase
    case badHost, badPort, badSocket
    /// A character that the place of a database does not have here, such as `%`.
    case badCharacter(Character)
  }

  package init(parsing text: String) throws(Flaw) {
    guard let colon = text.firstIndex(of: ":") else { throw .unknownScheme }
    let scheme = text[..<colon].lowercased()
    let rest = text[text.index(after: colon)...]
    guard let engine = Engine(rawValue: scheme) else {
      switch scheme {
      case "postgres", "pgsql", "pg": throw .otherScheme(meant: .postgresql)
      case "mariadb": throw .otherScheme(meant: .mysql)
      case "sqlite3", "file": throw .otherScheme(meant: .sqlite)
      default: throw .unknownScheme
      }
    }
    self.engine = engine
    guard engine != .sqlite else {
      guard !rest.isEmpty, !rest.utf8.contains(0) else { throw .missingDatabase }
      (user, host, port, socket) = ("", nil, nil, nil)
      // As in sqlite:///path, with an authority that is empty.
      database = String(rest.hasPrefix("///") ? rest.dropFirst(2) : rest)
      return
    }
    guard rest.hasPrefix("//") else { throw .unknownScheme }
    var body = rest.dropFirst(2)
    var query: Substring?
    if let mark = body.firstIndex(of: "?") {
      query = body[body.index(after: mark)...]
      body = body[..<mark]
    }
    guard let slash = body.firstIndex(of: "/") else {
      throw body.contains("@") ? .missingDatabase : .missingUser
    }
    let authority = body[..<slash]
    database = String(body[body.index(after: slash)...])
    guard let at = authority.lastIndex(of: "@") else { throw .missingUser }
    user = String(authority[..<at])
    // Asked first: nothing of a text that has a password is quoted.
    guard !user.contains(":") else { throw .password }
    if let query, query.lowercased().contains("password") { throw .password }
    for character in user + database where !HostAndPort.isPlain(character) { throw .badCharacter(character) }
    guard !user.isEmpty else { throw .missingUser }
    guard !database.isEmpty else { throw .missingDatabase }
    let endpoint = try Self.endpoint(authority[authority.index(after: at)...])
    (host, port) = (endpoint.host, endpoint.port)
    if let query {
      guard endpoint.host == nil else { throw .badSocket }
      socket = try Self.socket(query, key: engine == .postgresql ? "host=" : "socket=")
    } else {
      socket = nil
    }
  }

  private static func socket(_ query: Substring, key: String) throws(Flaw) -> String {
    let path = query.dropFirst(key.utf8.count)
    guard query.hasPrefix(key), path.utf8.first == UInt8(ascii: "/"), !path.contains("&"),
      !path.utf8.contains(0)
    else { throw .badSocket }
    return String(path)
  }

  private static func endpoint(_ text: Substring) throws(Flaw) -> HostAndPort {
    do throws(HostAndPort.Flaw) {
      return try HostAndPort(parsing: text)
    } catch {
      throw error == .badHost ? .badHost : .badPort
    }
  }

  private init(sqlite path: String) {
    (engine, user, host, port, socket, database) = (.sqlite, "", nil, nil, nil, path)
  }

  private init(engine: Engine, user: String, host: String?, port: Int?, database: String) {
    (self.engine, self.user, self.host, self.port, socket) = (engine, user, host, port, nil)
    self.database = database
  }

  /// The same place without the path of a file or a socket, which are those of one host.
  var withoutPaths: DatabaseURL {
    engine == .sqlite
      ? DatabaseURL(sqlite: "/")
      : DatabaseURL(engine: engine, user: user, host: host, port: port, database: database)
  }

  /// The same place with an absolute path for SQLite's file.
  package func resolved(_ resolve: (String) -> String) -> DatabaseURL {
    engine == .sqlite ? DatabaseURL(sqlite: resolve(database)) : self
  }

  /// The file of SQLite; nil for a server.
  package var path: String? { engine == .sqlite ? database : nil }

  /// Whether what is asked and answered stays on this host.
  package var isLocal: Bool { HostAndPort.isLocal(host) }
}

extension DatabaseURL: CustomStringConvertible {
  package var description: String {
    guard engine != .sqlite else { return "sqlite:\(database)" }
    let name = host.map { $0.contains(":") ? "[\($0)]" : $0 } ?? ""
    let place = socket.map { "?\(engine == .postgresql ? "host" : "socket")=\($0)" } ?? ""
    return "\(engine.rawValue)://\(user)@\(name)\(port.map { ":\($0)" } ?? "")/\(database)\(place)"
  }
}

extension DatabaseURL: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let url = try? DatabaseURL(parsing: text) else {
      // It may have a password in it.
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "it is not the place of a database")
    }
    self = url
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
