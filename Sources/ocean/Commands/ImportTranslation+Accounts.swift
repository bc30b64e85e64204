import Glibc
import OceanAccess
import OceanPlan

extension ImportTranslation {
  /// What is known of the accounts that were taken over.
  struct Accounts {
    enum Homes {
      /// The accounts' lines have none that Dovecot looks at.
      case none
      case inAccounts
      case elsewhere
    }

    /// What Dovecot's userdbs say of all accounts: `home`, `mail`, `uid`.
    var fixed: [String: (value: String, line: Int)] = [:]
    /// And of those that have none of their own.
    var usual: [String: (value: String, line: Int)] = [:]
    var homes = Homes.none
    /// Active ones of the files that could be read.
    var active = 0
    var homeless = 0
    var domainless = 0
    var areRead = true
  }

  mutating func translateAccounts() -> Accounts {
    let domain = peek("auth_default_realm")?.value
    var accounts = Accounts()
    var paths: [String] = []
    for section in takeSections("passdb") {
      guard let path = translatePasswords(section) else { continue }
      guard !paths.contains(path) else { continue }
      paths.append(path)
      let name = paths.count == 1 ? "main" : "more\(paths.count)"
      config.add(.accounts, name, "{ passwd_file: \(ImportedConfig.quoted(path)) }", from: "passdb")
      if let bytes = try? Files.read(path, limit: PasswdFile.maxLength) {
        let file = PasswdFile(parsing: SecretBytes(copying: bytes), defaultDomain: domain)
        accounts.active += file.activeCount
        accounts.homeless += file.homelessCount
        accounts.domainless += file.domainlessCount
      } else {
        accounts.areRead = false
      }
    }
    if paths.isEmpty {
      report(
        .open, "passdb",
        "no accounts were taken over: `ocean passwd` makes lines of a passwd-file, to be named under accounts"
      )
    }
    for section in takeSections("userdb") { translateUsers(section, paths, &accounts) }
    translateNames()
    translateUser(accounts)
    return accounts
  }

  /// The passwd-file of a passdb; nil if it is none.
  private mutating func translatePasswords(_ section: DovecotConfig.Section) -> String? {
    let driver = section["driver"]?.value ?? ""
    let what = "passdb, driver = \(driver)"
    guard driver == "passwd-file" else {
      report(.open, line: section.line, what, Self.advice(onDriver: driver))
      return nil
    }
    if section["deny"]?.isYes == true {
      report(
        .open, line: section.line, "passdb, deny = yes",
        "whom it names must be locked in the accounts themselves: put ! before the hash")
      return nil
    }
    if section["master"]?.isYes == true {
      report(
        .withoutCounterpart, line: section.line, "passdb, master = yes", "nobody logs in as somebody else")
      return nil
    }
    for name in [
      "default_fields", "override_fields", "mechanisms", "username_filter", "skip", "result_success",
      "result_failure",
    ] {
      guard let setting = section[name], !setting.value.isEmpty else { continue }
      report(
        .open, setting,
        "what restricts logins here is not taken over: write allow_nets and nologin into the accounts' lines",
        showingValue: false)
    }
    let arguments = Self.arguments(section)
    if let scheme = arguments.options["scheme"], !Self.cryptSchemes.contains(scheme.uppercased()) {
      report(
        .open, line: section.line, "scheme=\(scheme)",
        "passwords without a scheme are hashes of crypt(3) to ocean: write {\(scheme)} before those that have none"
      )
    }
    if let format = arguments.options["username_format"], !["%u", "%Lu"].contains(format) {
      report(
        .different, line: section.line, "username_format=\(format)",
        "ocean looks for the whole name and, where its domain is server.default_domain, for what is before the @"
      )
    }
    guard let path = arguments.path, path.hasPrefix("/"), !path.contains("%") else {
      report(
        .open, line: section.line, "args = \(section["args"]?.value ?? "")",
        "a passwd-file has one absolute path: name each file under accounts")
      return nil
    }
    return path
  }

  private mutating func translateUsers(
    _ section: DovecotConfig.Section, _ paths: [String], _ accounts: inout Accounts
  ) {
    let driver = section["driver"]?.value ?? ""
    func fields(_ setting: DovecotConfig.Setting?) -> [String: (value: String, line: Int)] {
      Self.fields(setting?.value ?? "").mapValues { ($0, setting?.line ?? section.line) }
    }
    accounts.fixed.merge(fields(section["override_fields"])) { first, _ in first }
    accounts.usual.merge(fields(section["default_fields"])) { first, _ in first }
    switch driver {
    case "static": accounts.fixed.merge(fields(section["args"])) { first, _ in first }
    case "prefetch": accounts.homes = .inAccounts
    case "passwd-file":
      guard let path = Self.arguments(section).path, !paths.contains(path) else {
        accounts.homes = .inAccounts
        break
      }
      accounts.homes = .elsewhere
      report(
        .open, line: section.line, "userdb, args = \(section["args"]?.value ?? "")",
        "homes are in another file than passwords: ocean reads both from one line, user:hash::::/home/of/user::"
      )
    default: report(.open, line: section.line, "userdb, driver = \(driver)", Self.advice(onUsersOf: driver))
    }
  }

  private mutating func translateNames() {
    guard let format = take("auth_username_format"), format.value != "%Lu" else { return }
    report(
      .different, format,
      "ocean takes names without regard to case, as %Lu does, and looks for the whole name; without its domain where that "
        + "is server.default_domain")
  }

  /// The one user whose the Maildirs are.
  private mutating func translateUser(_ accounts: Accounts) {
    let setting = take("mail_uid")
    let given =
      setting.map { ($0.value, $0.name) }
      ?? (accounts.fixed["uid"] ?? accounts.usual["uid"]).map { ($0.value, "userdb, uid") }
    guard let (user, origin) = given else {
      return report(
        .open, "mail_uid", "no user is named whose all mail is: ocean reads it as one, server.user")
    }
    let name = uid_t(user).map { uid in getpwuid(uid).map { String(cString: $0.pointee.pw_name) } } ?? user
    guard let name else {
      return report(
        .open, line: setting?.line ?? accounts.fixed["uid"]?.line ?? 0, "uid \(user)",
        "server.user wants a name, and this user has none on this host")
    }
    config.add(.server, "user", ImportedConfig.quoted(name), from: origin)
  }

  // MARK: - Words

  /// Whose hashes say themselves what they are.
  private static let cryptSchemes: Set<String> = [
    "CRYPT", "MD5-CRYPT", "SHA256-CRYPT", "SHA512-CRYPT", "BLF-CRYPT",
  ]

  /// `scheme=CRYPT username_format=%u /etc/dovecot/users`
  private static func arguments(_ section: DovecotConfig.Section) -> (
    options: [String: String], path: String?
  ) {
    let words = section["args"]?.value.split(separator: " ").map(String.init) ?? []
    return (
      fields(words.filter { !$0.hasPrefix("/") }.joined(separator: " ")), words.last { $0.hasPrefix("/") }
    )
  }

  private static func fields(_ text: String) -> [String: String] {
    var fields: [String: String] = [:]
    for word in text.split(separator: " ") {
      guard let equals = word.firstIndex(of: "=") else { continue }
      fields[String(word[..<equals])] = String(word[word.index(after: equals)...])
    }
    return fields
  }

  private static func advice(onDriver driver: String) -> String {
    let end = "write the accounts to a passwd-file, a line each: user@domain:{SCHEME}hash::::::"
    switch driver {
    case "pam", "shadow", "passwd", "bsdauth":
      return
        "ocean does not ask the system for passwords; \(end). The hashes of /etc/shadow can be used as they are"
    case "sql", "dict":
      return "no database is asked; \(end). One query exports them, and again when they change"
    case "ldap": return "no directory is asked; \(end)"
    case "static": return "one password for all is not taken over; \(end)"
    default: return "\(end)"
    }
  }

  private static func advice(onUsersOf driver: String) -> String {
    switch driver {
    case "passwd":
      "mail of the system's users, each with an owner of its own; ocean reads all mail as one user, server.user, who must be "
        + "able to. Homes are written into the sixth field of the passwd-file"
    case "sql", "dict", "ldap": "write homes into the sixth field of the passwd-file"
    default: "what it says of homes belongs into the sixth field of the passwd-file"
    }
  }
}
