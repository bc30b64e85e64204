import OceanBase
import OceanPlan
import OceanSyntax

extension Lowering {
  mutating func lowerAccounts() -> [Plan.AccountSource] {
    guard let accounts = config.accounts else { return [] }
    if accounts.value.isEmpty, !config.isMistaken("accounts") {
      report(
        .noAccounts, accounts.span, "no account source",
        help: "without one nobody can log in: main: { passwd_file: users.passwd }")
    }
    checkNamesakes()
    checkMailboxes()
    checkLocks()
    var firstUses: [String: Span] = [:]
    return accounts.value.sorted { $0.name < $1.name }.compactMap { named in
      let given = named.value
      guard isOneKind(named), var source = lower(given, named.name, &firstUses) else { return nil }
      if let cache = given.cache { lowerCache(cache, into: &source) }
      return source
    }
  }

  private mutating func lower(
    _ given: Config.Accounts, _ name: String, _ firstUses: inout [String: Span]
  ) -> Plan.AccountSource? {
    if let file = given.passwdFile { return lowerFile(file, name, &firstUses) }
    if let sql = given.sql { return lowerSQL(sql, name) }
    if let ldap = given.ldap { return lowerLDAP(ldap, name) }
    if let saslauthd = given.saslauthd { return lowerSaslauthd(saslauthd, name) }
    return given.dovecot.flatMap { lowerDovecot($0, name) }
  }

  private mutating func lowerCache(_ cache: Located<Int?>, into source: inout Plan.AccountSource) {
    guard source.passwdFile == nil || cache.value == nil else {
      return report(
        .cacheOfFile, cache.span, "a passwd-file needs no cache: its accounts are in memory",
        help: "remove it")
    }
    note(cache.span, Plan.AccountSource.cache.path(in: SettingPath("accounts.\(source.name)")))
    source.cacheSeconds = cache.value
  }

  private mutating func isOneKind(_ source: Named<Config.Accounts>) -> Bool {
    let kinds = source.value.kinds
    guard let first = kinds.first, let last = kinds.last else {
      guard source.value.mistaken.isEmpty else { return false }
      report(
        .oneKindOfSource, source.span,
        "the account source '\(source.name)' does not say where its accounts are",
        help: "for example \(source.name): { passwd_file: users.passwd }")
      return false
    }
    guard kinds.count > 1 else { return true }
    report(
      .oneKindOfSource, last.span,
      "the account source '\(source.name)' has \(kinds.map(\.words).joined(separator: " and "))",
      related: [Diagnostic.Related("here", at: first.span)],
      help: "make \(kinds.count) of it, each with a name; a service asks several in order")
    return false
  }

  private mutating func lowerFile(
    _ file: Located<String>, _ name: String, _ firstUses: inout [String: Span]
  ) -> Plan.AccountSource {
    if let first = firstUses[file.value] {
      report(
        .repeatedEntry, file.span, "\(file.value) is an account source already",
        related: [Diagnostic.Related("here", at: first)])
    } else {
      firstUses[file.value] = file.span
      checkAccountFile(file)
      addInput(PlanFile.Input(role: .accounts, path: file.value, sha256: nil))
    }
    note(file.span, Plan.AccountSource.passwdFile.path(in: SettingPath("accounts.\(name)")))
    return Plan.AccountSource(name: name, passwdFile: file.value)
  }

  private mutating func checkAccountFile(_ file: Located<String>) {
    let path = file.value
    switch facts.accountFiles[path] {
    case .missing:
      report(
        .accountFileUnreadable, file.span, "there is no file \(path)",
        help: "make one with a first account: (umask 077; ocean passwd anna >> \(path.shellQuoted))")
    case .unreadable(let reason):
      report(.accountFileUnreadable, file.span, "cannot read \(path): \(reason)")
    case .notPermitted:
      reportNotChecked("\(path) (not readable by this user)")
    case .read(let summary):
      checkExposure(of: file)
      check(summary, of: file)
    case .notAsked:
      checkExposure(of: file)
      reportNotChecked("the accounts in \(path) (it is long: they are looked at while the server runs)")
    case nil: break
    }
  }

  private mutating func checkExposure(of file: Located<String>) {
    guard facts.exposed?.contains(file.value) == true else { return }
    report(
      .accountsExposed, file.span, "everybody on this host can read the passwords' hashes in \(file.value)",
      help: closing(file.value)
        + "\nif another program reads it, run this first: setfacl -m u:ITS-USER:r \(shellWord(file.value))")
  }

  private mutating func checkNamesakes() {
    guard request.wantsNamesakes, let namesakes = facts.namesakes,
      let maildir = config.mail?.value.maildir
    else { return }
    for pair in namesakes.pairs {
      report(
        .sharedMailbox, maildir.span,
        "\(pair.second.words) shares the mailbox of \(pair.first.words)",
        help: "tell them apart by {domain}, and move their Maildirs: .../{domain}/{user}")
    }
    let rest = namesakes.count - namesakes.pairs.count
    if rest > 0 {
      report(
        .sharedMailbox, maildir.span, "\(counted(rest, "more account")) with the mailbox of another account")
    }
  }

  private mutating func check(_ summary: Facts.AccountSummary, of file: Located<String>) {
    let path = file.value
    for issue in summary.issues {
      report(
        .accountIssue, file.span, "\(path)\(issue.line.map { ":\($0)" } ?? ""): \(issue.message)",
        help: issue.help)
    }
    if let fields = summary.fields { check(fields, of: file) }
    if summary.active == 0 {
      report(
        .noActiveAccount, file.span, "\(path) holds no account that can log in",
        help: "add one: ocean passwd anna >> \(path.shellQuoted)")
    }
    guard let maildir = config.mail?.value.maildir else { return }
    if maildir.value.needsHome, summary.homeless > 0 {
      report(
        .accountWithoutHome, file.span,
        "\(counted(summary.homeless, "account")) of \(path) without a home",
        related: [Diagnostic.Related("needed here", at: maildir.span)],
        help: "write the home directory into the sixth field")
    }
    if maildir.value.needsDomain, summary.domainless > 0 {
      report(
        .accountWithoutDomain, file.span,
        "\(counted(summary.domainless, "account")) of \(path) without a domain",
        related: [Diagnostic.Related("needed here", at: maildir.span)],
        help: "say with server.default_domain which domain they belong to")
    }
  }

  private mutating func check(_ fields: Facts.AccountSummary.Fields, of file: Located<String>) {
    reportEnds(fields.ends, of: file)
    // A mistaken service may be one that is meant.
    guard !config.isMistaken("services"), let services = config.services?.value.map(\.name) else { return }
    for service in fields.services where !services.contains(service.name) {
      let meant = closestMatch(service.name, among: services).map { "did you mean \($0)?" }
      let others =
        service.count > 1
        ? ", and so \(service.count == 2 ? "does" : "do") \(counted(service.count - 1, "other line"))" : ""
      report(
        .unknownAccountService, file.span,
        "\(file.value):\(service.firstLine) names the service \(service.name), which this config does not have\(others)",
        help: meant ?? "services are \(services.joined(separator: ", "))")
    }
  }

  /// Reports which accounts and app passwords have ended, and which end soon.
  private mutating func reportEnds(_ ends: [Facts.AccountSummary.Fields.End], of file: Located<String>) {
    let ended = ends.filter { RuleEnd(seconds: $0.time).isPast(at: facts.now) }
    if !ended.isEmpty {
      let list = Self.list(ended.reversed()) { "\($0.subject) (line \($0.line))" }
      report(
        .accountsEnd, file.span,
        "\(Self.subjects(ended.count)) of \(file.value) \(ended.count == 1 ? "has" : "have") ended: \(list)",
        help: "remove the lines, or give them a later expires")
    }
    let limit = facts.now.addingReportingOverflow(30 * Timestamp.day)
    let soon = ends.filter {
      !RuleEnd(seconds: $0.time).isPast(at: facts.now) && (limit.overflow || $0.time <= limit.partialValue)
    }
    guard !soon.isEmpty else { return }
    let list = Self.list(soon) { end in
      "\(end.subject) on \(RuleEnd(seconds: end.time)) (line \(end.line))"
    }
    report(
      .accountsEnd, file.span,
      "\(Self.subjects(soon.count)) of \(file.value) \(soon.count == 1 ? "ends" : "end") within 30 days: \(list)"
    )
  }

  private static func subjects(_ count: Int) -> String {
    counted(count, "account or app password", plural: "accounts or app passwords")
  }

  private static func list(
    _ ends: some Collection<Facts.AccountSummary.Fields.End>,
    _ text: (Facts.AccountSummary.Fields.End) -> String
  ) -> String {
    let rest = ends.count - 5
    return ends.prefix(5).map(text).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }

  mutating func checkAccountsAreUsed(_ services: [LoweredService]) {
    // A mistaken reference may have meant any account source; so may a service that could not be read.
    guard !config.isMistaken("services"), !config.isMistaken("service_defaults"), !services.isEmpty,
      services.allSatisfy(\.areAccountsKnown)
    else { return }
    guard
      let services = config.services?.value.map({
        $0.value.accounts ?? config.serviceDefaults?.value.accounts
      })
    else { return }
    // A service that names no account source uses all.
    guard !services.contains(where: { $0 == nil }) else { return }
    let used = Set(services.flatMap { $0?.value.map(\.value) ?? [] })
    for source in config.accounts?.value ?? [] where !used.contains(source.name) {
      report(
        .unusedAccounts, source.span, "no service uses the accounts '\(source.name)'",
        help: "name it under a service's accounts, or remove it")
    }
  }
}

extension Facts.SharedMailboxes.Place {
  fileprivate var words: String { "\(account) (\(file):\(line))" }
}
