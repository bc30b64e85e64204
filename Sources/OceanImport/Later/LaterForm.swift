/// The config of Dovecot 2.4 in the form of 2.3, which everything else here knows.
///
/// Lines stay, and each setting keeps the words in which it is written. What has no counterpart in 2.3 stays as it
/// is, so that the translation names it as unknown.
struct LaterForm {
  private typealias Section = DovecotConfig.Section
  private typealias Setting = DovecotConfig.Setting

  /// The whole config, which says the kind of mailboxes where a path is given without one, and where databases are.
  private let top: DovecotConfig.Section

  static func converted(_ top: DovecotConfig.Section) -> DovecotConfig.Section {
    foldAccounts(of: top)
    let converted = LaterForm(top: top).part(top)
    // No protocol is served unless it is named.
    if converted["protocols"] == nil {
      converted.add(Setting(name: "protocols", value: noProtocols, line: 0))
    }
    return converted
  }

  /// An empty value is the default of 2.3, which is all protocols.
  private static let noProtocols = "none"

  /// Settings of the same meaning under another name.
  private static let renamed = [
    "auth_default_domain": "auth_default_realm",
    "default_idle_kill_interval": "default_idle_kill",
    "ssl_client_cert_file": "ssl_client_cert",
    "ssl_client_key_file": "ssl_client_key",
    "ssl_server_cert_username_field": "ssl_cert_username_field",
    "ssl_server_key_password": "ssl_key_password",
    "ssl_server_request_client_cert": "ssl_verify_client_cert",
    "ssl_server_require_crl": "ssl_require_crl",
  ]

  /// Settings that name a file, which 2.3 writes as `<FILE`.
  private static let files = [
    "ssl_server_alt_cert_file": "ssl_alt_cert",
    "ssl_server_alt_key_file": "ssl_alt_key",
    "ssl_server_ca_file": "ssl_ca",
    "ssl_server_cert_file": "ssl_cert",
    "ssl_server_dh_file": "ssl_dh",
    "ssl_server_key_file": "ssl_key",
  ]

  /// Lists that are sections: `protocols { pop3 = yes }`.
  private static let lists: Set<String> = [
    "auth_mechanisms", "login_trusted_networks", "mail_plugins", "protocols",
  ]

  /// Settings with variables in them that the translation reads.
  private static let withVariables: Set<String> = ["auth_username_format", "mail_home"]

  /// Sections of a database or directory, and of what is around mail: who asks them is named where it asks.
  private static let beside: Set<String> = [
    "acl", "auth_policy", "cassandra", "dict_map", "dict_server", "doveadm_server", "fs", "fts",
    "http_client",
    "imap_metadata", "imapc", "language", "ldap", "lmtp_proxy", "mail_attribute", "mail_ext_attachment",
    "mysql",
    "oauth2", "pgsql", "push_notification", "sieve_script", "sql_postgres", "sqlite", "stats_server",
  ]
  private static let besidePrefixes = [
    "acl_", "apparmor_", "cassandra_", "charset_", "compress_", "crypt_", "dict_", "event_exporter_",
    "execute_", "fs_",
    "fts_", "http_client_", "http_server_", "imapsieve_", "language_", "last_login_", "lazy_expunge_",
    "ldap_", "lua_",
    "mail_compress_", "mail_ext_", "mail_log_", "mailbox_", "metric_", "mysql_", "notify_status_", "oauth2_",
    "passwd_file_", "pgsql_", "pop3_migration_", "push_notification_", "redis_", "sql_", "sqlite_",
    "textcat_", "trash_",
    "virtual_", "welcome_",
  ]

  /// Makes what the protocol says about accounts a part of what is said for all: sections of one name are one section, and
  /// how databases are asked is needed where a passdb or userdb is read.
  private static func foldAccounts(of top: Section) {
    for part in top.sections where part.kind == "protocol" && Scope.isMeant(protocol: part.name) {
      let shared = Section("", "", line: part.line)
      for setting in part.settings where LaterLookup.isShared(setting.name) {
        shared.add(setting)
        part.remove(setting)
      }
      for database in LaterLookup.databases.flatMap({ part.takeSections($0) }) { shared.add(database) }
      top.overlay(shared)
      for kind in ["passdb", "userdb"] {
        for section in part.takeSections(kind) {
          if let same = top.sections.first(where: { $0.kind == kind && $0.name == section.name }) {
            same.overlay(section)
          } else {
            part.add(section)
          }
        }
      }
    }
  }

  // MARK: - Parts that hold settings of all kinds

  /// The top, or a part of it for one protocol, address or name.
  private func part(_ given: Section) -> Section {
    let result = Section(given.kind, given.name, line: given.line)
    let (plugins, beside) = (Section("plugin", "", line: 0), Section("beside", "", line: 0))
    let isForAll = ["", "protocol"].contains(given.kind)
    for setting in given.settings { add(setting, to: result, plugins, isForAll ? beside : result) }
    for section in given.sections { add(section, to: result, plugins, beside) }
    if let location = location(given) { result.add(location) }
    for section in [plugins, beside] where !section.settings.isEmpty { result.add(section) }
    // The last one counts, whether or not it is in a section here.
    return Section(
      given.kind, given.name, line: given.line, settings: result.settings.sorted { $0.line < $1.line },
      sections: result.sections)
  }

  private func add(_ setting: Setting, to result: Section, _ plugins: Section, _ beside: Section) {
    let name = setting.name
    // `doveconf -a` prints lists that are sections, and defaults that depend on others, without their value.
    if setting.value.isEmpty, name == "listen" || Self.lists.contains(name) || Self.files[name] != nil {
      return
    }
    if ["dovecot_config_version", "dovecot_storage_version"].contains(name) || Self.isOfLocation(name) {
      return
    }
    if let known = Self.renamed[name] {
      result.add(setting.converted(known))
    } else if let known = Self.files[name] {
      result.add(setting.converted(known, "<\(setting.value)"))
    } else if name == "auth_allow_cleartext" {
      result.add(setting.converted("disable_plaintext_auth", setting.isYes ? "no" : "yes"))
    } else if name == "ssl_server_prefer_ciphers" {
      let value = ["server": "yes", "client": "no"][setting.value] ?? setting.value
      result.add(setting.converted("ssl_prefer_server_ciphers", value))
    } else if Self.withVariables.contains(name) {
      result.add(setting.converted(name, LaterVariables.converted(setting.value)))
    } else if name.hasPrefix("quota") {
      plugins.add(setting)
    } else if Knowledge.top[name] == nil, Self.besidePrefixes.contains(where: name.hasPrefix) {
      beside.add(setting)
    } else {
      result.add(setting)
    }
  }

  private func add(_ section: Section, to result: Section, _ plugins: Section, _ beside: Section) {
    switch section.kind {
    case "protocol", "local", "remote", "local_name": result.add(part(section))
    case "passdb", "userdb": result.add(source(section))
    case "namespace": result.add(namespace(section))
    case "service": result.add(Self.service(section))
    case "ssl_server", "ssl_client":
      // What 2.3 has as `ssl_cert` is printed as `ssl_server { cert_file = … }`.
      for setting in section.settings {
        let name = setting.name.hasPrefix("ssl_") ? setting.name : "\(section.kind)_\(setting.name)"
        let whole = Setting(name: name, value: setting.value, line: setting.line)
        add(whole, to: result, plugins, beside)
      }
    case let kind where Self.lists.contains(kind): result.add(Self.list(section))
    case "quota":
      // 2.3 names the backend first: `quota = count:User quota`.
      let backend = section["quota_driver"] ?? section["driver"]
      plugins.add(
        Setting(
          name: "quota", value: backend?.value ?? "count", line: section.line,
          written: "quota \(section.name)"))
    case let kind where kind.hasPrefix("quota") || Self.beside.contains(kind):
      for line in section.lines { beside.add(Setting(name: kind, value: "", line: line)) }
    default: result.add(section)
    }
  }

  /// A list that is a section, as one setting.
  private static func list(_ section: Section) -> Setting {
    let words = section.settings.filter(\.isYes).map(\.name)
    let value = words.isEmpty && section.kind == "protocols" ? Self.noProtocols : words.joined(separator: " ")
    return Setting(name: section.kind, value: value, line: section.line)
  }

  // MARK: - Where mail is

  private static func isOfLocation(_ name: String) -> Bool {
    name == "mail_driver" || options.contains { $0.key == name }
  }

  /// What a location of 2.3 has behind its path, by setting; nil for the path itself.
  private static let options: KeyValuePairs<String, String?> = [
    "mail_path": nil, "mail_inbox_path": "INBOX", "mail_index_path": "INDEX", "mail_control_path": "CONTROL",
    "mail_alt_path": "ALT", "mail_volatile_path": "VOLATILEDIR", "mail_cache_path": "INDEXCACHE",
    "mail_index_private_path": "INDEXPVT", "mailbox_list_layout": "LAYOUT",
    "mailbox_directory_name": "DIRNAME",
    "mailbox_root_directory_name": "MAILBOXDIR",
  ]

  /// The location that several settings name together; nil if none of them is given.
  private func location(_ section: Section) -> Setting? {
    guard let path = section["mail_path"] ?? section["mail_driver"] else { return nil }
    return path.converted("mail_location", location(of: section.settings))
  }

  private func location(of settings: [Setting]) -> String {
    func written(_ name: String) -> String? {
      settings.last { $0.name == name }.map {
        LaterVariables.converted($0.value).replacing(":", with: "::")
      }
    }
    var text = written("mail_path") ?? ""
    if let driver = settings.last(where: { $0.name == "mail_driver" }) ?? top["mail_driver"] {
      text = "\(driver.value):\(text)"
    }
    for (name, option) in Self.options {
      if let option, let value = written(name), !value.isEmpty { text += ":\(option)=\(value)" }
    }
    return text
  }

  private func namespace(_ given: Section) -> Section {
    let result = Section(given.kind, given.name, line: given.line, sections: given.sections)
    for setting in given.settings where !Self.isOfLocation(setting.name) { result.add(setting) }
    if let location = location(given) { result.add(location.converted("location", location.value)) }
    return result
  }

  // MARK: - Accounts

  /// How sources are asked, apart from what ``LaterLookup`` knows: each is named with its driver.
  private static let asking = [
    "bsdauth_", "filter", "iterate_", "ldap_", "lua_", "oauth2_", "pam_", "passwd_", "password", "query",
    "sql_",
    "static_", "update_query", "use_",
  ]

  /// A passdb or userdb: it has the name of its driver, and settings in place of arguments.
  private func source(_ given: Section) -> Section {
    let result = Section(given.kind, "", line: given.line)
    func plain(_ name: String) -> String {
      name.hasPrefix("\(given.kind)_") ? String(name.dropFirst(given.kind.count + 1)) : name
    }
    let driver = given.settings.last { plain($0.name) == "driver" }?.value ?? given.name
    let lookup = LaterLookup(of: given, driver, top: top)
    result.lookup = lookup?.lookup
    var path: Setting?
    var arguments: [String] = []
    for setting in given.settings where lookup?.reads(setting) != true {
      switch plain(setting.name) {
      case "driver": break
      case "passwd_file_path": path = setting
      case "default_password_scheme": arguments.append("scheme=\(setting.value)")
      case "auth_username_format":
        arguments.append("username_format=\(LaterVariables.converted(setting.value))")
      case "mechanisms_filter": result.add(setting.converted("mechanisms"))
      case let name where Self.asking.contains(where: name.hasPrefix): result.add(setting.converted("query"))
      case let name: result.add(setting.converted(name))
      }
    }
    let all = given.sections.filter { plain($0.kind) == "fields" }.flatMap(\.settings)
    let fields = all.filter { lookup?.reads(field: $0) != true }
    var fixed = fields.filter { !$0.name.hasSuffix(":default") }.map(Self.field)
    let usual = fields.filter { $0.name.hasSuffix(":default") }.map(Self.field)
    if fields.contains(where: { $0.name == "mail_path" }) { fixed.append("mail=\(location(of: fields))") }
    fixed.removeAll(where: \.isEmpty)
    if driver == "static" {
      arguments += fixed
    } else if !fixed.isEmpty {
      result.add(Setting(name: "override_fields", value: fixed.joined(separator: " "), line: given.line))
    }
    if !usual.isEmpty {
      result.add(Setting(name: "default_fields", value: usual.joined(separator: " "), line: given.line))
    }
    if let path { arguments.append(LaterVariables.converted(path.value)) }
    result.add(Setting(name: "driver", value: driver, line: given.line))
    result.add(Setting(name: "args", value: arguments.joined(separator: " "), line: path?.line ?? given.line))
    for section in given.sections where plain(section.kind) != "fields" && !Self.beside.contains(section.kind)
    {
      result.add(section)
    }
    return result
  }

  private static func field(_ setting: Setting) -> String {
    let name = setting.name.hasSuffix(":default") ? String(setting.name.dropLast(8)) : setting.name
    return isOfLocation(name) ? "" : "\(name)=\(LaterVariables.converted(setting.value))"
  }

  // MARK: - Services

  private static let ofServices = [
    "idle_kill_interval": "idle_kill", "restart_request_count": "service_count", "listen": "address",
  ]

  private static func service(_ given: Section) -> Section {
    Section(
      given.kind, given.name, line: given.line,
      settings: given.settings.map { setting in
        let name = plainService(setting.name, "service_")
        return setting.converted(ofServices[name] ?? name)
      },
      sections: given.sections.map { section in
        Section(
          section.kind, section.name, line: section.line,
          settings: section.settings.map { setting in
            let name = plainService(setting.name, "\(section.kind)_")
            return setting.converted(ofServices[name] ?? name)
          }, sections: section.sections)
      })
  }

  private static func plainService(_ name: String, _ prefix: String) -> String {
    name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
  }
}
