import OceanPlan
import OceanSyntax

/// Translates Dovecot's `dovecot-sql.conf.ext` into an account source, if one does the same.
struct SQLTranslation {
  private let file: QueryFile
  private let variables: QueryVariables

  init(_ file: QueryFile, _ variables: QueryVariables) { (self.file, self.variables) = (file, variables) }

  /// - Parameters:
  ///   - asksUsers: whether `user_query` says where mail is.
  ///   - passwordFile: where the password will be.
  func source(asksUsers: Bool, passwordFile: String) throws(TranslatedSource.Failure) -> TranslatedSource {
    guard let given = file["password_query"] else { throw .init(reason: "it has no password_query") }
    let scheme = file.scheme(usual: "MD5")
    guard QueryFile.isPlainHash(scheme) else {
      throw .init(
        reason:
          "passwords without a scheme are \(scheme) there (default_pass_scheme), and hashes of crypt(3) to ocean: the "
          + "query must put {\(scheme)} before those that have none")
    }
    if asksUsers, file["user_query"] == nil { throw .init(reason: "it has no user_query") }
    let text = asksUsers ? try combined(given, file["user_query"] ?? "") : given
    let query = try translated(text)
    let (url, password, isLocal) = try database()
    var source = TranslatedSource(
      entry: "{ sql: { url: \(url.yamlQuoted), "
        + (password == nil ? "" : "password: { file: \(passwordFile.yamlQuoted) }, ")
        + "query: \(query.yamlQuoted) } }", password: password)
    source.hasUsers = asksUsers || query.lowercased().contains("userdb_")
    if let remark = QueryFile.remark(on: scheme) { source.remarks.append(remark) }
    if !isLocal {
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
    guard let connect = file["connect"] else {
      throw .init(reason: "it does not say where the database is (connect)")
    }
    let driver = file["driver"] ?? ""
    if driver == "sqlite" {
      guard connect.hasPrefix("/"), !connect.contains(" ") else {
        throw .init(reason: "the path of its database is not absolute")
      }
      return (try url("sqlite:\(connect)"), nil, true)
    }
    guard driver == "mysql" || driver == "pgsql" else {
      throw .init(reason: "ocean does not know the database '\(driver)'")
    }
    let values = Self.words(connect)
    let known = ["host", "port", "dbname", "user", "password", "client_flags", "maxconns", "connect_timeout"]
    if let strange = values.map(\.name).first(where: { !known.contains($0) }) {
      throw .init(reason: "'\(strange)' of connect has no place in ocean's URL")
    }
    func value(_ name: String) throws(TranslatedSource.Failure) -> String? {
      let found = values.filter { $0.name == name }
      guard found.count < 2 else { throw .init(reason: "it names several databases, and ocean asks one") }
      return found.first?.value
    }
    guard let user = try value("user"), let name = try value("dbname") else {
      throw .init(reason: "connect does not name the user and the database")
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

  private func url(_ text: String) throws(TranslatedSource.Failure) -> String {
    guard (try? DatabaseURL(parsing: text)) != nil else {
      throw .init(reason: "what connect says cannot be written as a URL of ocean")
    }
    return text
  }

  /// The words `name=value` of connect; a value may stand in quotes.
  private static func words(_ text: String) -> [(name: String, value: String)] {
    var found: [(String, String)] = []
    var rest = text[...]
    while let equals = rest.firstIndex(of: "=") {
      let name = String(rest[..<equals]).trimmed
      rest = rest[equals...].dropFirst()
      let value: Substring
      if rest.first == "'", let end = rest.dropFirst().firstIndex(of: "'") {
        value = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[end...].dropFirst()
      } else {
        value = rest.prefix { !$0.isWhitespace }
        rest = rest[value.endIndex...]
      }
      found.append((name, String(value)))
    }
    return found
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

  /// One query for both, which is possible if they differ in their columns alone.
  private func combined(_ passwords: String, _ users: String) throws(TranslatedSource.Failure) -> String {
    guard let first = Self.parts(passwords), let second = Self.parts(users),
      first.rest.lowercased() == second.rest.lowercased()
    else {
      throw .init(
        reason:
          "password_query and user_query ask differently, and ocean asks once: write one query that gives password, "
          + "home and mail")
    }
    let own = first.columns.map(Self.name)
    let more = second.columns.filter { column in
      !own.contains(Self.name(column)) && !["uid", "gid", "user", "username"].contains(Self.name(column))
    }
    return "SELECT \((first.columns + more).joined(separator: ", ")) FROM \(first.rest)"
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
