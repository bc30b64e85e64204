import OceanSyntax

extension Translation {
  /// Fields of users that only other parts of Dovecot read.
  private static let needlessFields = [
    "gid", "quota", "nice", "system_groups_user", "allow_all_users", "blocking",
  ]
  private static let knownFields = ["uid", "home", "mail"]

  /// Translates what Dovecot's userdbs say about accounts. They are asked one after the other, until one
  /// knows the account.
  ///
  /// - Parameter asked: the passwd-files that passwords are in, with how names are written there.
  mutating func translateUsers(_ asked: [String: String?], _ accounts: inout Accounts) {
    var isDecided = false
    for section in takeSections("userdb") {
      guard !isDecided else {
        findings.addNeedless(section.lines, "userdbs that no account reaches")
        continue
      }
      isDecided = translateUsers(section, asked, &accounts)
      for name in ["driver", "args", "default_fields", "override_fields"] { _ = section.take(name) }
      for setting in section.settings { reportRest(setting, in: section) }
    }
    if accounts.withIgnoredMail > 0 {
      report(
        .open, ignoredMailField,
        "\(accounts.withIgnoredMail) of the accounts' lines name a Maildir of their own in a field that this version of "
          + "Dovecot does not look at, and ocean does: remove \(ignoredMailField) there")
    }
  }

  /// - Returns: whether this one knows all accounts, so that none reaches the userdbs after it.
  private mutating func translateUsers(
    _ section: DovecotConfig.Section, _ asked: [String: String?], _ accounts: inout Accounts
  ) -> Bool {
    let driver = section["driver"]?.value ?? ""
    let fallback = fields(section, "default_fields")
    let fixed = fields(section, "override_fields")
    switch driver {
    case "static":
      let all = fallback.merging(fields(section, "args")) { $1 }.merging(fixed) { $1 }
      // After another userdb, it is for accounts that the other one does not know.
      if accounts.homes == .none {
        accounts.fixed = all
      } else {
        if accounts.passdbs > 1 {
          report(
            .open, line: section.line, "userdb, driver = static",
            "accounts that the userdbs before it do not know have their homes by this one; ocean has one place for all "
              + "accounts without a home of their own: write homes into those that have another")
        }
        accounts.usual.merge(all) { first, _ in first }
      }
      return true
    case "prefetch": return translatePrefetch(section, asked, &accounts)
    case "passwd-file":
      accounts.fixed.merge(fixed) { first, _ in first }
      accounts.usual.merge(fallback) { first, _ in first }
      return translateUserFile(section, asked, &accounts)
    case _ where accounts.asked.contains(where: { $0.users === section && $0.hasUsers }):
      accounts.fixed.merge(fixed) { first, _ in first }
      accounts.usual.merge(fallback) { first, _ in first }
      accounts.homes = .inAccounts
      return accounts.passdbs == 1
    default:
      accounts.fixed.merge(fixed) { first, _ in first }
      accounts.usual.merge(fallback) { first, _ in first }
      if accounts.homes == .none { accounts.homes = .elsewhere }
      report(.open, line: section.line, "userdb, driver = \(driver)", AccountAdvice.onUsers(of: driver))
      return false
    }
  }

  /// Translates fields that begin with `userdb_` in the lines of accounts. The next userdb is asked about an
  /// account without such fields.
  private mutating func translatePrefetch(
    _ section: DovecotConfig.Section, _ asked: [String: String?], _ accounts: inout Accounts
  ) -> Bool {
    if asked.isEmpty, accounts.sources.count == 1, accounts.asked.contains(where: \.hasUsers) {
      accounts.homes = .inAccounts
      return true
    }
    guard accounts.areRead else {
      accounts.homes = .inAccounts
      if !asked.isEmpty {
        report(
          .open, line: section.line, "userdb, driver = prefetch",
          "accounts with fields that begin with userdb_ have their home there, others by the next userdb; "
            + "ocean takes the "
            + "homes in lines")
      }
      return false
    }
    guard accounts.prefetched > 0 else {
      findings.addNeedless(section.lines, "userdbs that no account reaches")
      return false
    }
    accounts.homes = .inAccounts
    guard accounts.prefetched < accounts.active else { return true }
    report(
      .open, line: section.line, "userdb, driver = prefetch",
      "\(accounts.prefetched) of \(accounts.active) accounts have fields that begin with userdb_, the others "
        + "go by the next "
        + "userdb; ocean takes the homes in lines: write those of the others there")
    return false
  }

  private mutating func translateUserFile(
    _ section: DovecotConfig.Section, _ asked: [String: String?], _ accounts: inout Accounts
  ) -> Bool {
    let arguments = FileArguments(section)
    let shown = "userdb, args = \(section["args"]?.value ?? "")"
    guard let path = arguments.path, let format = asked[path], format == arguments.format else {
      accounts.homes = .elsewhere
      report(
        .open, line: section.line, shown,
        "homes are in other lines than passwords: ocean reads both from one line, user:hash::::/home/of/user::"
      )
      return false
    }
    accounts.homes = .inAccounts
    if asked.count > 1 {
      report(
        .open, line: section.line, shown,
        "only accounts of this file have homes by it; ocean takes the homes in the lines of all files that "
          + "passwords are in"
      )
    }
    return accounts.passdbs == 1
  }

  private mutating func fields(
    _ section: DovecotConfig.Section, _ name: String
  ) -> [String: (value: String, line: Int)] {
    guard let setting = section[name] else { return [:] }
    let fields = Self.fields(setting.value)
    for field in fields.keys.sorted() where !Self.knownFields.contains(field) {
      guard !Self.needlessFields.contains(where: field.hasPrefix) else { continue }
      report(
        .open, line: setting.line, "userdb, \(field)",
        "a field of all accounts that ocean does not take over: find out what it does for POP3, and whether "
          + "that is needed"
      )
    }
    return fields.mapValues { ($0, setting.line) }
  }

  /// A user by name, if this host knows the number.
  private func named(_ user: String) -> String { UInt32(user).flatMap(host.userName) ?? user }

  /// Translates the one user that owns the Maildirs.
  mutating func translateUser(_ accounts: Accounts) {
    let setting = take("mail_uid")
    let ofUsers = accounts.fixed["uid"] ?? accounts.usual["uid"]
    let ofLines = Set(accounts.homes == .inAccounts ? accounts.users.map(named) : [])
    let given =
      ofUsers.map { ($0.value, "userdb, uid", $0.line) }
      ?? setting.map { ($0.value, $0.written.name, $0.line) }
    guard let (user, origin, line) = given ?? ofLines.first.map({ ($0, "accounts", 0) }) else {
      return report(
        .open, "mail_uid", "no user is named that owns all mail: ocean reads it as one, server.user")
    }
    if accounts.fixed["uid"] == nil, !ofLines.subtracting([named(user)]).isEmpty {
      report(
        .open, "users of accounts",
        "mail belongs to several users, by the lines of accounts; ocean reads all of it as one, server.user, "
          + "which must be able "
          + "to")
    }
    if let uid = UInt32(user) {
      guard let name = host.userName(uid) else {
        return report(
          .open, line: line, "uid \(user)", "server.user takes a name, and this user has no name on this host"
        )
      }
      config.add(.server, "user", name.yamlQuoted, from: origin)
    } else {
      config.add(.server, "user", user.yamlQuoted, from: origin)
    }
  }
}
