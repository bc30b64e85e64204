import OceanPlan
import OceanSyntax

/// Translates how Dovecot asks a database into an account source, if one does the same.
struct SQLTranslation {
  private let lookup: Lookup
  private let variables: QueryVariables

  init(_ lookup: Lookup, _ variables: QueryVariables) { (self.lookup, self.variables) = (lookup, variables) }

  /// - Parameters:
  ///   - asksUsers: whether `user_query` says where mail is.
  ///   - prefetches: whether columns of `password_query` that begin with `userdb_` do.
  ///   - passwordFile: where the password will be.
  func source(
    asksUsers: Bool, prefetches: Bool, passwordFile: String
  ) throws(TranslatedSource.Failure) -> TranslatedSource {
    guard let given = lookup["password_query"] else { throw .init(reason: "it has no query for passwords") }
    guard lookup.schemeIsPlainHash else {
      throw .init(
        reason:
          "passwords without a scheme are \(lookup.scheme) there, and hashes of crypt(3) to ocean: the query must put "
          + "{\(lookup.scheme)} before those that have none")
    }
    if let field = lookup["fields"] {
      throw .init(
        reason: "it makes the field '\(field)' out of columns: name the column in the query, with AS")
    }
    if asksUsers, lookup["user_query"] == nil { throw .init(reason: "it has no query for users") }
    let passwords = ofPasswords(given, prefetches: prefetches)
    let hasFetched = Self.columns(of: passwords)?.contains { $0.hasPrefix(Lookup.prefetched) } == true
    let text = asksUsers && !hasFetched ? try combined(passwords, lookup["user_query"] ?? "") : passwords
    let query = try translated(withKnownColumns(text))
    let (url, password, isLocal) = try database()
    var parts = ["url: \(url.yamlQuoted)"]
    if password != nil { parts.append("password: { file: \(passwordFile.yamlQuoted) }") }
    let tls = isLocal ? [] : try tlsSettings()
    parts += tls + ["query: \(query.yamlQuoted)"]
    var source = TranslatedSource(entry: "{ sql: { \(parts.joined(separator: ", ")) } }", password: password)
    source.hasUsers = asksUsers || hasFetched
    if let remark = lookup.schemeRemark { source.remarks.append(remark) }
    if !isLocal, tls.isEmpty {
      source.remarks.append(
        "TLS to the database is verified, which Dovecot does only where it is told to: write tls: require or tls: off to have "
          + "it otherwise")
    }
    if Self.columns(of: query)?.contains(where: { ["user", "username"].contains($0) }) == true {
      source.remarks.append(
        "a row whose user is another name than the login is refused, where Dovecot would change the name")
    }
    return source
  }

  // MARK: - The database

  private func database() throws(TranslatedSource.Failure) -> (url: String, password: String?, isLocal: Bool)
  {
    let driver = lookup["driver"] ?? ""
    if driver == "sqlite" {
      guard let path = lookup["connect"], path.hasPrefix("/"), !path.contains(" ") else {
        throw .init(reason: "the path of its database is not absolute")
      }
      return (try url("sqlite:\(path)"), nil, true)
    }
    guard driver == "mysql" || driver == "pgsql" else {
      throw .init(reason: "ocean does not know the database '\(driver)'")
    }
    guard !lookup.connection.isEmpty else { throw .init(reason: "it does not say where the database is") }
    let known = ["host", "port", "dbname", "user", "password", "sslmode", "sslrootcert"]
    let needless = [
      "client_flags", "maxconns", "connect_timeout", "read_timeout", "write_timeout", "connection_limit",
    ]
    if let strange = lookup.connection.map(\.name).first(where: { !(known + needless).contains($0) }) {
      throw .init(reason: "'\(strange)', with which it connects, has no place in ocean's URL")
    }
    guard let user = try value("user"), let name = try value("dbname") else {
      throw .init(reason: "it does not name the user and the database with which it connects")
    }
    if try value("password") == DovecotConfig.hidden {
      throw .init(reason: "its password was not printed: print the config with doveconf -nP")
    }
    let host = try value("host") ?? ""
    let port = try value("port").map { ":\($0)" } ?? ""
    let scheme = driver == "mysql" ? "mysql" : "postgresql"
    let isSocket = host.hasPrefix("/")
    let isLocal = host.isEmpty || isSocket || host == "localhost" || host.hasPrefix("127.")
    let place =
      isSocket
      ? "/\(name)?\(driver == "mysql" ? "socket" : "host")=\(host)"
      // To libmysqlclient that name means its socket.
      : host.isEmpty || driver == "mysql" && host == "localhost" ? "/\(name)" : "\(host)\(port)/\(name)"
    return (try url("\(scheme)://\(user)@\(place)"), try value("password"), isLocal)
  }

  private func value(_ name: String) throws(TranslatedSource.Failure) -> String? {
    let found = lookup.connection.filter { $0.name == name }
    guard found.count < 2 else { throw .init(reason: "it names several databases, and ocean asks one") }
    return found.first?.value
  }

  private func url(_ text: String) throws(TranslatedSource.Failure) -> String {
    guard (try? DatabaseURL(parsing: text)) != nil else {
      throw .init(reason: "the place of its database cannot be written as a URL of ocean")
    }
    return text
  }

  /// What libpq is told about TLS, in ocean's words; empty if it is told nothing.
  private func tlsSettings() throws(TranslatedSource.Failure) -> [String] {
    var settings: [String] = []
    if let mode = try value("sslmode") {
      let known = ["disable": "off", "require": "require", "verify-ca": "verify", "verify-full": "verify"]
      guard let tls = known[mode] else {
        throw .init(reason: "sslmode=\(mode) lets go of TLS if there is none, which ocean does not do")
      }
      settings.append("tls: \(tls)")
    }
    if let ca = try value("sslrootcert") { settings.append("ca: \(ca.yamlQuoted)") }
    return settings
  }

  // MARK: - The query

  /// The query with ocean's parameters in place of quoted variables.
  private func translated(_ query: String) throws(TranslatedSource.Failure) -> String {
    var result = ""
    var rest = query[...]
    while let character = rest.first {
      if character == "'" || character == "\"" {
        let quoted = rest.dropFirst().prefix { $0 != character }
        guard quoted.endIndex < rest.endIndex else {
          throw .init(reason: "its query has a quote without an end")
        }
        if let parameter = variables.parameter(quoted) {
          result += parameter
        } else if quoted.contains("%") {
          throw .init(
            reason:
              "'\(quoted)' in its query is more than a variable: only '%u', '%n', '%d', '%n@%d' and '%r' are values"
          )
        } else {
          result += "\(character)\(quoted)\(character)"
        }
        rest = rest[quoted.endIndex...].dropFirst()
        continue
      }
      guard character != "%" else { throw .init(reason: "its query has a variable outside of quotes") }
      result.append(character)
      rest = rest.dropFirst()
    }
    guard (try? SQLQuery(parsing: result)) != nil else {
      throw .init(reason: "its query does not name the login in a way that ocean can take over")
    }
    return result.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  /// The query for passwords without the columns in it that a passdb does not look at.
  private func ofPasswords(_ query: String, prefetches: Bool) -> String {
    guard let (columns, rest) = Self.parts(query) else { return query }
    let looked = columns.filter { column in
      let name = Self.name(column)
      return name.hasPrefix(Lookup.prefetched)
        ? prefetches : !["home", "mail", "mail_path", "mail_driver"].contains(name)
    }
    return "SELECT \(looked.joined(separator: ", ")) FROM \(rest)"
  }

  /// The query without columns that this Dovecot does not look at, and with a name in two parts as one.
  private func withKnownColumns(_ query: String) -> String {
    guard let (columns, rest) = Self.parts(query) else { return query }
    let names = columns.map(Self.name)
    let parts = ["username", "domain"].map { part in
      names.firstIndex(of: part).map { Self.expression(columns[$0]) }
    }
    var known: [String] = []
    for (name, column) in zip(names, columns) {
      switch name {
      case _ where lookup.ignores(name): continue
      case "username", "domain":
        guard let user = parts[0], let domain = parts[1] else { fallthrough }
        guard name == "username" else { continue }
        known.append(
          lookup["driver"] == "mysql"
            ? "CONCAT(\(user), '@', \(domain)) AS user" : "\(user) || '@' || \(domain) AS user")
      default: known.append(column)
      }
    }
    return "SELECT \(known.joined(separator: ", ")) FROM \(rest)"
  }

  /// A column without the name that AS gives it.
  private static func expression(_ column: String) -> String {
    let words = column.split(separator: " ")
    guard words.count > 1 else { return column }
    let isNamed = words[words.count - 2].lowercased() == "as"
    return words.dropLast(isNamed ? 2 : 1).joined(separator: " ")
  }

  /// One query for both, which is possible if they differ in their columns alone.
  private func combined(_ passwords: String, _ users: String) throws(TranslatedSource.Failure) -> String {
    guard let first = Self.parts(passwords), let second = Self.parts(users),
      Self.folded(first.rest) == Self.folded(second.rest)
    else {
      throw .init(
        reason:
          "the queries for passwords and for users ask differently, and ocean asks once: write one query that gives password, "
          + "home and mail")
    }
    let own = first.columns.map(Self.name)
    let more = second.columns.filter { column in
      !own.contains(Self.name(column)) && !["uid", "gid", "user", "username"].contains(Self.name(column))
    }
    return "SELECT \((first.columns + more).joined(separator: ", ")) FROM \(first.rest)"
  }

  /// A part of a query, with small letters outside of quotes.
  private static func folded(_ text: String) -> String {
    var (folded, quote): (String, Character?) = ("", nil)
    for character in text {
      if character == quote {
        quote = nil
      } else if quote == nil, "'\"`".contains(character) {
        quote = character
      }
      folded += quote == nil ? character.lowercased() : String(character)
    }
    return folded
  }

  /// The columns of a query and what is behind FROM; nil for another shape.
  private static func parts(_ query: String) -> (columns: [String], rest: String)? {
    let text = query.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    guard text.lowercased().hasPrefix("select "), let from = text.lowercased().firstRange(of: " from ") else {
      return nil
    }
    let start = text.index(text.startIndex, offsetBy: "select ".count)
    let count = text.lowercased().distance(from: text.lowercased().startIndex, to: from.lowerBound)
    let end = text.index(text.startIndex, offsetBy: count)
    guard start <= end else { return nil }
    let list = text[start..<end]
    guard !list.contains("*") else { return nil }
    var columns: [String] = []
    var (column, depth, isQuoted) = ("", 0, false)
    for character in list {
      if character == "'" { isQuoted.toggle() }
      if !isQuoted { depth += character == "(" ? 1 : character == ")" ? -1 : 0 }
      if character == ",", depth == 0, !isQuoted {
        columns.append(column.trimmed)
        column = ""
      } else {
        column.append(character)
      }
    }
    columns.append(column.trimmed)
    guard depth == 0, !isQuoted else { return nil }
    return (columns, String(text[end...].dropFirst(" from ".count)))
  }

  /// The name that a column has in the answer.
  private static func name(_ column: String) -> String {
    let last = column.split(separator: " ").last.map(String.init) ?? column
    let bare = last.split(separator: ".").last.map(String.init) ?? last
    return bare.filter { !"`\"".contains($0) }.lowercased()
  }

  private static func columns(of query: String) -> [String]? { parts(query)?.columns.map(name) }
}
