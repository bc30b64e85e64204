/// How a passdb or userdb of Dovecot 2.4 asks a database or directory: the section itself says it, and what is given for
/// all, where 2.3 has a file of its own.
struct LaterLookup {
  private typealias Section = DovecotConfig.Section
  private typealias Setting = DovecotConfig.Setting

  let lookup: Lookup
  private let driver: String
  private let kind: String

  /// - Parameters:
  ///   - section: the passdb or userdb as 2.4 has it.
  ///   - driver: its driver; nil comes back for others than `sql` and `ldap`.
  ///   - top: the whole config.
  init?(of section: DovecotConfig.Section, _ driver: String, top: DovecotConfig.Section) {
    (self.driver, kind) = (driver, section.kind)
    switch driver {
    case "sql": lookup = Self.sql(section, top)
    case "ldap": lookup = Self.ldap(section, top)
    default: return nil
    }
  }

  /// Whether a setting of the section has become part of the lookup.
  func reads(_ setting: DovecotConfig.Setting) -> Bool {
    let name = Self.plain(setting.name, kind, driver)
    return name == "default_password_scheme" || Self.ofSources.contains(name)
      || Self.shared(driver).contains { setting.name.hasPrefix($0) }
  }

  /// Whether a field is made of what the database or directory answers.
  func reads(field: DovecotConfig.Setting) -> Bool { field.value.contains("%{\(driver):") }

  private static let ofSources: Set<String> = [
    "query", "iterate_query", "filter", "iterate_filter", "bind", "bind_userdn",
  ]
  private static func shared(_ driver: String) -> [String] {
    driver == "sql" ? ["sql_driver", "sqlite_", "mysql_", "pgsql_"] : ["ldap_", "ssl_client_"]
  }

  /// The sections that say where a database is.
  static let databases = ["mysql", "pgsql", "sqlite"]

  /// Whether a setting that is given for all says how databases or directories are asked.
  static func isShared(_ name: String) -> Bool {
    (shared("sql") + ["ldap_", "passdb_default_"]).contains(where: name.hasPrefix)
  }

  /// A name without what it is part of: `passdb_sql_query`, `sql_query` and `query` are one.
  private static func plain(_ name: String, _ kind: String, _ driver: String) -> String {
    var name = name[...]
    for prefix in ["\(kind)_", "\(driver)_"] where name.hasPrefix(prefix) {
      name = name.dropFirst(prefix.count)
    }
    return String(name)
  }

  /// What the section says itself, with ocean's words for the login.
  private static func own(_ name: String, of section: Section, _ driver: String) -> String? {
    section.settings.last { plain($0.name, section.kind, driver) == name }?.value
  }

  /// What is given for all, unless the section has it.
  private static func shared(_ name: String, _ section: Section, _ top: Section) -> String? {
    (section[name] ?? top[name]).flatMap { $0.value.isEmpty ? nil : $0.value }
  }

  private static func scheme(_ section: Section, _ top: Section, _ driver: String) -> String? {
    // `doveconf -a` prints the default of the setting for all.
    let common = top["passdb_default_password_scheme"]?.value
    return own("default_password_scheme", of: section, driver) ?? (common == "PLAIN" ? nil : common)
  }

  private static func isOfPasswords(_ section: Section) -> Bool { section.kind == "passdb" }

  // MARK: - Databases

  private static func sql(_ section: Section, _ top: Section) -> Lookup {
    let driver = shared("sql_driver", section, top) ?? ""
    var values = ["driver": driver]
    values["default_pass_scheme"] = scheme(section, top, "sql")
    if let query = own("query", of: section, "sql") {
      values[isOfPasswords(section) ? "password_query" : "user_query"] = LaterVariables.converted(query)
    }
    values["fields"] = fields(of: section).first { $0.value.contains("%{sql:") }?.name
    let places = section.sections.filter { $0.kind == driver }
    let databases = places.isEmpty ? top.sections.filter { $0.kind == driver } : places
    if driver == "sqlite" {
      values["connect"] = shared("sqlite_path", section, top) ?? databases.last?.name
    }
    return Lookup(values, connection: databases.flatMap(connection), usualScheme: "PLAIN", isLater: true)
  }

  /// `mysql db.example.org { user = … }`, `pgsql db.example.org { parameters { user = … } }`.
  private static func connection(_ database: Section) -> [(name: String, value: String)] {
    func words(_ settings: [Setting]) -> [(name: String, value: String)] {
      settings.filter { !$0.value.isEmpty }.map { setting in
        let prefix = "\(database.kind)_"
        let name =
          setting.name.hasPrefix(prefix) ? String(setting.name.dropFirst(prefix.count)) : setting.name
        return (name, setting.value)
      }
    }
    let own = words(database.settings)
    let parameters = database.sections.filter { ["parameters", "pgsql_parameters"].contains($0.kind) }
    let named = own.contains { $0.name == "host" } ? [] : [(name: "host", value: database.name)]
    return named + own + parameters.flatMap { words($0.settings) }
  }

  private static func fields(of section: Section) -> [Setting] {
    section.sections.filter { plain($0.kind, section.kind, "") == "fields" }.flatMap(\.settings)
  }

  // MARK: - Directories

  /// A setting for TLS to other servers, which `doveconf` prints in a section: `ssl_client { ca_file = … }`.
  private static func ofClients(_ name: String, _ section: Section, _ top: Section) -> String? {
    let whole = "ssl_client_\(name)"
    let sections = (top.sections + section.sections).filter { $0.kind == "ssl_client" }
    return shared(whole, section, top)
      ?? sections.compactMap { ($0[name] ?? $0[whole])?.value }.last { !$0.isEmpty }
  }

  private static func ldap(_ section: Section, _ top: Section) -> Lookup {
    func shared(_ name: String) -> String? { self.shared(name, section, top) }
    func own(_ name: String) -> String? { self.own(name, of: section, "ldap") }
    var values: [String: String] = [:]
    values["uris"] = shared("ldap_uris")
    values["dn"] = shared("ldap_auth_dn")
    values["dnpass"] = shared("ldap_auth_dn_password")
    values["base"] = shared("ldap_base").map(LaterVariables.converted)
    values["scope"] = shared("ldap_scope")
    values["deref"] = shared("ldap_deref")
    values["tls"] = shared("ldap_starttls")
    values["sasl_mech"] = shared("ldap_auth_sasl_mechanisms")
    if values["tls"] == "yes" || values["uris"]?.hasPrefix("ldaps:") == true {
      values["tls_ca_cert_file"] = ofClients("ca_file", section, top)
      if ofClients("require_valid_cert", section, top) == "no" { values["tls_require_cert"] = "never" }
    }
    let filter = own("filter").map(LaterVariables.converted)
    let attributes = fields(of: section).filter { $0.value.contains("%{ldap:") }.map(attribute)
    if isOfPasswords(section) {
      values["default_pass_scheme"] = scheme(section, top, "ldap")
      values["auth_bind"] = own("bind")
      values["auth_bind_userdn"] = own("bind_userdn")
      values["pass_filter"] = filter
      values["pass_attrs"] = attributes.joined(separator: ",")
    } else {
      values["user_filter"] = filter
      values["user_attrs"] = attributes.joined(separator: ",")
    }
    return Lookup(values, connection: [], usualScheme: "CRYPT", isLater: true)
  }

  /// `uid = %{ldap:uidNumber}` as 2.3 has it, `uidNumber=uid`; without the attribute if it is more than one.
  private static func attribute(_ field: Setting) -> String {
    let value = field.value.dropFirst("%{ldap:".count)
    let name = value.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "-;_.".contains($0)) }
    let isOne = field.value.hasPrefix("%{ldap:") && !name.isEmpty && value.dropFirst(name.count) == "}"
    return "\(isOne ? String(name) : "")=\(field.name)"
  }
}
