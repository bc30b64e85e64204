import OceanPlan
import OceanSyntax

extension Config.SQL {
  /// The settings as a plan has them, with defaults; nil without a database or a query.
  var settings: Plan.SQL? {
    guard let url = url?.value, let query = query?.value else { return nil }
    var sql = Plan.SQL(
      url: url, password: password?.value, query: query, tls: tls?.value ?? (url.isLocal ? .off : .verify),
      ca: ca?.value)
    sql.timeoutSeconds = timeout?.value ?? sql.timeoutSeconds
    sql.connections = connections?.value ?? sql.connections
    return sql
  }
}

extension Config.Accounts {
  /// The path of its file, or the place of what is asked in place of one; nil if that is not known.
  var place: String? {
    passwdFile?.value ?? sql?.value.url?.value.description ?? ldap?.value.url?.value.description
      ?? saslauthd?.value.settings?.place ?? dovecot?.value.settings?.place
  }

  /// What it is, in words, with the place of each. There should be one.
  var kinds: [(words: String, span: Span)] {
    [
      passwdFile.map { ("a file", $0.key ?? $0.span) }, sql.map { ("a database", $0.key ?? $0.span) },
      ldap.map { ("a directory", $0.key ?? $0.span) },
      saslauthd.map { ("saslauthd", $0.key ?? $0.span) }, dovecot.map { ("Dovecot", $0.key ?? $0.span) },
    ].compactMap(\.self)
  }

  /// The files that it names, but for those with accounts.
  var files: [Located<String>] {
    let database = sql?.value.url.flatMap { url in url.value.path.map { Located($0, url.span) } }
    return [database, sql?.value.ca, ldap?.value.ca].compactMap(\.self)
  }

  /// The password with which it is asked.
  var password: Located<Plan.SecretSource>? { sql?.value.password ?? ldap?.value.password }
}

extension Lowering {
  mutating func lowerSQL(_ given: Located<Config.SQL>, _ name: String) -> Plan.AccountSource? {
    let sql = given.value
    guard let settings = sql.settings else { return nil }
    let path = Plan.SQL.path(of: name)
    if let span = sql.url?.span { note(span, Plan.SQL.url.path(in: path)) }
    if let span = sql.password?.span { note(span, Plan.SQL.password.path(in: path)) }
    if let span = sql.query?.span { note(span, Plan.SQL.query.path(in: path)) }
    if let span = sql.tls?.span { note(span, Plan.SQL.tls.path(in: path)) }
    if let span = sql.ca?.span { note(span, Plan.SQL.ca.path(in: path)) }
    if let span = sql.timeout?.span { note(span, Plan.SQL.timeout.path(in: path)) }
    if let span = sql.connections?.span { note(span, Plan.SQL.connections.path(in: path)) }
    checkTransport(sql, settings)
    check(facts.databases?[name], of: sql, settings)
    return Plan.AccountSource(name: name, sql: settings)
  }

  private mutating func checkTransport(_ given: Config.SQL, _ settings: Plan.SQL) {
    guard let url = settings.url else { return }
    if url.engine == .sqlite {
      for unused in [given.tls?.span, given.ca?.span, given.password?.span].compactMap(\.self) {
        report(
          .uncertainDatabase, unused, "a file of SQLite has no connection: this has no effect",
          help: "remove it")
      }
      return
    }
    if let ca = given.ca, settings.tls != .verify {
      report(
        .uncertainDatabase, ca.span, "without 'tls: verify' no certificate is checked: this has no effect",
        help: "write tls: verify, or remove it")
    }
    if let tls = given.tls, tls.value == .off, !url.isLocal {
      report(
        .uncertainDatabase, tls.span, "hashes of passwords come from \(url.host ?? "") in the clear",
        help: "write tls: verify")
    }
  }

  private mutating func check(_ found: Facts.Database?, of given: Config.SQL, _ settings: Plan.SQL) {
    guard let url = given.url, let query = given.query else { return }
    let place = url.value.description
    guard let found else { return reportNotChecked("\(place) (not among the facts)") }
    let isServing = purpose.isChecking ? nil as Severity? : .warning
    checkPassword(given.password, found.password, as: .databasePassword, of: "database")
    switch found.state {
    case .notAsked: reportNotChecked("\(place) (not asked: \(found.reason ?? "offline"))")
    case .away: reportNotChecked("\(place) (\(found.reason ?? "away"))")
    case .missingLibrary:
      report(
        .missingClientLibrary, url.span, found.reason ?? "the library of the database is not installed",
        help: "apt-get install \(url.value.engine.package)", severity: isServing)
    case .refused:
      report(
        .refusedQuery, query.span, "the database refuses the query: \(found.reason ?? "")",
        severity: isServing)
    case .prepared: check(found, query, isServing)
    }
  }

  private mutating func check(_ found: Facts.Database, _ query: Located<SQLQuery>, _ severity: Severity?) {
    let given = (found.columns ?? []).joined(separator: ", ")
    for column in found.missing ?? [] {
      report(
        .refusedQuery, query.span, "the query gives no column '\(column)'",
        help: "it gives: \(given); name one with AS \(column)", severity: severity)
    }
    for column in found.repeated ?? [] {
      report(.refusedQuery, query.span, "the query gives two columns '\(column)'", severity: severity)
    }
    if let unknown = found.unknown, !unknown.isEmpty {
      report(
        .uncertainDatabase, query.span, "without meaning in ocean: \(unknown.joined(separator: ", "))",
        help:
          "known are password, home, mail, allow_nets, nologin, services, expires, user; name a column with AS, "
          + "or leave it out")
    }
    for column in found.refusing ?? [] {
      report(
        .uncertainDatabase, query.span, "an account with a value in the column '\(column)' cannot log in",
        help: "ocean cannot do what it means; leave it out")
    }
  }
}
