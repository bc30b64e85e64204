extension Plan {
  /// The accounts in a database, found by a query.
  package struct SQL: Sendable, Hashable {
    /// Nil if the source is not a database.
    package var url: DatabaseURL?
    /// The place of the password; nil if none is needed.
    package var password: SecretSource?
    package var query = SQLQuery.none
    package var tls = SourceTLS.off
    /// The file of the CAs that certificates are checked with; nil for those of the system.
    package var ca: String?
    /// How long a login waits for an answer.
    package var timeoutSeconds = 3
    /// How many connections there are at most.
    package var connections = 4

    package init(
      url: DatabaseURL? = nil, password: SecretSource? = nil, query: SQLQuery? = nil, tls: SourceTLS = .off,
      ca: String? = nil
    ) {
      (self.url, self.password, self.query) = (url, password, query ?? .none)
      (self.tls, self.ca) = (tls, ca)
    }
  }
}

extension Plan.SQL: PlanSection {
  package static let blank = Self()

  package static let url = PlanSetting<Self, DatabaseURL?>(
    "url", \.url,
    .optional("the place of a database") {
      .text($0.description)
    } other: {
      $0 == nil ? try? DatabaseURL(parsing: "sqlite:/x") : .some(nil)
    }, .accounts, .nextLogin, owner: .pathOfURL, direction: .neither)
  package static let password = PlanSetting<Self, Plan.SecretSource?>(
    "password", \.password, .secret, .accounts, .nextLogin, owner: .place, direction: .neither)
  package static let query = PlanSetting<Self, SQLQuery>(
    "query", \.query,
    PlanValue(
      "SQL with parameters in braces", other: { try? SQLQuery(parsing: $0.text + " {user}") },
      shown: { .text($0.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")) }), .accounts,
    .nextLogin, owner: .policy, direction: .neither)
  package static let tls = PlanSetting<Self, Plan.SourceTLS>(
    "tls", \.tls, .word, .accounts, .nextLogin, owner: .policy,
    direction: .strongestFirst([.verify, .require, .off]))
  package static let ca = PlanSetting<Self, String?>(
    "ca", \.ca, .optionalPath, .accounts, .nextLogin, owner: .place, direction: .neither)
  package static let timeout = PlanSetting<Self, Int>(
    "timeout", \.timeoutSeconds, .duration(1...60), .accounts, .nextLogin, owner: .policy, direction: .neither
  )
  package static let connections = PlanSetting<Self, Int>(
    "connections", \.connections, .integer(1...64), .accounts, .nextLogin, owner: .policy, direction: .neither
  )

  package static let rows: [PlanRow<Self>] = [
    PlanRow(url), PlanRow(password), PlanRow(query), PlanRow(tls), PlanRow(ca), PlanRow(timeout),
    PlanRow(connections),
  ]

  /// The section of an account source.
  package static func path(of source: String) -> SettingPath {
    SettingPath.root.appending("accounts").appending(source).appending("sql")
  }
}

extension Plan.SQL {
  /// Half a sentence: why no config compiles to it; nil if one does.
  fileprivate var flaw: String? {
    guard let url, query != .none else { return "lacks its database or its query" }
    return url.engine == .sqlite && url.database.utf8.first != UInt8(ascii: "/")
      ? "has a path that is not absolute" : nil
  }
}

extension Plan.AccountSource {
  /// Half a sentence: why no config compiles to it; nil if one does.
  var flaw: String? {
    let kinds = [passwdFile != nil, sql != .blank, ldap != .blank, saslauthd != .blank, dovecot != .blank]
    guard kinds.count(where: \.self) == 1 else {
      return "the account source '\(name)' is not one kind of source"
    }
    guard passwdFile == nil || cacheSeconds == nil else {
      return "the account source '\(name)' is a file with a cache"
    }
    if ldap != .blank { return ldap.flaw(of: name) }
    let flaw =
      saslauthd != .blank
      ? saslauthd.flaw : dovecot != .blank ? dovecot.flaw : sql != .blank ? sql.flaw : nil
    return flaw.map { "the account source '\(name)' \($0)" }
  }
}
