import OceanPlan
import OceanSyntax

extension Config {
  struct SQL: SectionRoot {
    typealias Lowered = Plan.SQL

    var mistaken: Set<String> = []
    var url: Located<DatabaseURL>?
    var password: Located<Plan.SecretSource>?
    var query: Located<SQLQuery>?
    var tls: Located<Plan.SourceTLS>?
    var ca: Located<String>?
    var timeout: Located<Int>?
    var connections: Located<Int>?
  }
}

extension Settings {
  static let sql = Section<Config.SQL>(
    summary: "the sql section",
    example:
      "sql: { url: \"sqlite:users.db\", query: \"SELECT password FROM users WHERE name = {address}\" }",
    settings: [
      Setting(
        Plan.SQL.url, .databaseURL, \.url, required: "postgresql://ocean@db.example.org/mail",
        "Where the database is: `postgresql://USER@HOST/DATABASE`, `mysql://USER@HOST/DATABASE` (MariaDB, too) or "
          + "`sqlite:PATH`. Without a host it is a socket of this host: `postgresql://ocean@/mail`, perhaps with "
          + "`?host=/run/postgresql` or, for MySQL, `?socket=/run/mysqld/mysqld.sock`. The password is never part of it. The "
          + "library of the engine is loaded when it is needed: Debian's package `libpq5`, `libmariadb3` or `libsqlite3-0`."
      ),
      Setting(
        Plan.SQL.password, .secret, \.password, default: .words("none: the database needs none"),
        "Where the password is that the database wants of ocean: `{ file: PATH }`, `{ env: VARIABLE }` or "
          + "`{ credential: NAME }`. It is read when a plan is applied."),
      Setting(
        Plan.SQL.query, .sqlQuery, \.query,
        required: "\"SELECT password FROM mailbox WHERE username = {address}\"",
        "The query that finds an account: a row for it, or none. `{address}` is the login, `{user}` and `{domain}` are its "
          + "parts, `{service}` is the service's name, `{client}` the client's address. They are bound parameters and stand "
          + "without quotes; nothing that a client sends becomes part of the query. Columns are known by their names: "
          + "`password` (as in a passwd-file), `home`, `mail` (the path of a Maildir), `allow_nets`, `nologin`, `user`."
      ),
      Setting(
        Plan.SQL.tls, .choice([("off", .off), ("require", .require), ("verify", .verify)]), \.tls,
        default: .words("`verify`; `off` on this host"),
        "TLS to the database: `off`; `require`, with whatever certificate; or `verify`, with a certificate for that host "
          + "from a CA that is trusted."),
      Setting(
        Plan.SQL.ca, .path, \.ca, default: .words("the CAs of the system"),
        "A file with the CAs, in PEM, for `tls: verify`."),
      Setting(
        Plan.SQL.timeout, \.timeout,
        "How long a login waits for the database, with everything. Then it fails for now (`[SYS/TEMP]`)."),
      Setting(
        Plan.SQL.connections, \.connections,
        "How many connections there are at most. They are made as they are needed, and closed after a minute without use."
      ),
    ])
}

extension ValueType where Value == DatabaseURL {
  /// The place of a database. A relative path is relative to the file that names it.
  static let databaseURL = ValueType(
    summary: "the place of a database",
    schema: ["type": "string", "pattern": "^(postgresql|mysql)://[^:/@]+@[^@/]*/.+$|^sqlite:.+$"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "the place of a database") else { return nil }
    do throws(DatabaseURL.Flaw) {
      return try DatabaseURL(parsing: text).resolved { decoder.resolve($0, at: node.span) }
    } catch {
      let (message, help) = error.words(text)
      var mistake = Diagnostic(.badDatabase, message, at: node.span, help: help)
      // It has a password in it, or may have: no line of it is shown.
      mistake.hidesLine = error == .password || text.mayHoldPassword
      decoder.diagnostics.append(mistake)
      return nil
    }
  }
}

extension String {
  /// Whether a colon is in what stands for the user of a URL.
  fileprivate var mayHoldPassword: Bool {
    guard let end = lastIndex(of: "@") else { return false }
    let user = self[..<end]
    return (user.firstRange(of: "//").map { user[$0.upperBound...] } ?? user).contains(":")
  }
}

extension DatabaseURL.Flaw {
  /// - Parameter text: never quoted as a whole, because it may have a password in it.
  fileprivate func words(_ text: String) -> (message: String, help: String?) {
    let examples =
      "like postgresql://ocean@db.example.org/mail, mysql://ocean@127.0.0.1/mail or sqlite:users.db"
    switch self {
    case .unknownScheme: return ("this is not the place of a database that ocean knows", examples)
    case .otherScheme(let meant):
      return (
        "this scheme is not known", meant == .sqlite ? "write sqlite:PATH" : "write \(meant.rawValue)://…"
      )
    case .password:
      return (
        "a password does not belong in the URL: plans, logs and diffs show it",
        "leave it out here, and say where it is: password: { file: db.password }"
      )
    case .missingUser: return ("the user of the database is missing", examples)
    case .missingDatabase: return ("the name of the database is missing", examples)
    case .badHost: return ("the host is not a name or an address", "an IPv6 address is written in brackets")
    case .badPort: return ("the port is not a number from 1 to 65535", nil)
    case .badSocket:
      return (
        "behind '?' there can only be a socket of this host",
        "postgresql://ocean@/mail?host=/run/postgresql or mysql://ocean@/mail?socket=/run/mysqld/mysqld.sock"
      )
    case .badCharacter(let character):
      return (
        "'\(character)' cannot be in the name of the user or of the database",
        "letters, digits, '.', '_' and '-' can"
      )
    }
  }
}

extension ValueType where Value == SQLQuery {
  static let sqlQuery = ValueType(
    summary: "a query with `{address}` or `{user}`",
    schema: ["type": "string", "pattern": "[{](address|user)[}]"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "a query") else { return nil }
    do throws(SQLQuery.Flaw) {
      return try SQLQuery(parsing: text)
    } catch {
      let (message, help) = error.words
      decoder.report(.badQuery, node.span, message, help: help)
      return nil
    }
  }
}

extension SQLQuery.Flaw {
  fileprivate var words: (message: String, help: String?) {
    let known = LoginParameter.allCases.map { "{\($0.rawValue)}" }.joined(separator: ", ")
    return switch self {
    case .empty: ("the query is empty", nil)
    case .tooLong: ("the query is longer than \(SQLQuery.maxLength >> 10) KiB", nil)
    case .containsNUL: ("the query has a NUL in it", nil)
    case .unknownParameter(let name): ("{\(name)} is not a parameter", "known: \(known)")
    case .quotedParameter(let name):
      (
        "{\(name)} is in quotes: the text itself would be compared, and not the login",
        "write {\(name)} without quotes; it is a bound parameter"
      )
    case .noLogin:
      (
        "the query does not name the login: everybody would get the same row",
        "for example WHERE username = {address}"
      )
    }
  }
}
