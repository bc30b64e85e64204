extension Translation {
  /// Reports everything that no part of the translation took.
  mutating func reportRest() {
    for filter in filters { reportRest(of: filter) }
    reportRest(of: base)
  }

  private mutating func reportRest(of section: DovecotConfig.Section) {
    for setting in section.settings.sorted(by: { $0.line < $1.line }) { reportRest(setting, in: section) }
    for inner in section.sections { reportSection(inner) }
  }

  mutating func reportRest(
    _ setting: DovecotConfig.Setting, in section: DovecotConfig.Section
  ) {
    let verdict = Knowledge.verdict(on: setting, in: section)
    if case .needless(let reason) = verdict { return findings.addNeedless([setting.line], reason) }
    guard setting.value != Knowledge.usual(setting.name, in: section) else { return }
    // The value of an unknown setting may be a secret.
    switch verdict {
    case .open(let advice): report(.open, setting, advice, showingValue: false)
    case .different(let advice): report(.different, setting, advice)
    case .withoutCounterpart(let advice): report(.withoutCounterpart, setting, advice)
    case .needless: break
    case .translated:
      report(
        .different, setting, "it has no effect beside the other settings here, and was left out",
        showingValue: false)
    case .unknown:
      report(
        .open, setting,
        "not known to this import: find out what it does for POP3, and whether that is needed",
        showingValue: false)
    }
  }

  private mutating func reportSection(_ section: DovecotConfig.Section) {
    switch section.kind {
    case "service":
      reportService(section)
    case "passdb", "userdb", "plugin":
      reportRest(of: section)
    case "namespace", "mailbox":
      findings.addNeedless(section.lines, "folders of IMAP")
    case "beside":
      findings.addNeedless(
        section.lines, "databases, directories and other parts of Dovecot, which the above name")
    case "dict", "metric", "event_exporter":
      findings.addNeedless(section.lines, Knowledge.inside)
    default:
      report(
        .open, line: section.line, "\(section.kind) \(section.name)".trimmed,
        "a section that is not known to this import: find out what it does for POP3, and whether that is needed"
      )
    }
  }

  /// Reports other services; one may be another way to POP3.
  private mutating func reportService(_ section: DovecotConfig.Section) {
    let program = section["executable"]?.words.first?.split(separator: "/").last ?? ""
    guard ["pop3", "pop3-login"].contains(program) else {
      return findings.addNeedless(section.lines, Knowledge.inside)
    }
    report(
      .open, line: section.line, "service \(section.name)",
      "another service of POP3's: what listens here goes into a service of its own, under services")
  }

  private mutating func reportRest(of filter: Scope.Filter) {
    let section = filter.section
    for setting in section.settings.sorted(by: { $0.line < $1.line }) {
      switch Knowledge.verdict(on: setting, in: section) {
      case .needless(let reason): findings.addNeedless([setting.line], reason)
      case .withoutCounterpart(let advice): report(.withoutCounterpart, setting, advice)
      default:
        report(
          .open, line: setting.line, "\(filter.title) { \(setting.written.name) }",
          Self.advice(on: filter, setting))
      }
    }
    for inner in section.sections { reportSection(inner) }
  }

  private static func advice(on filter: Scope.Filter, _ setting: DovecotConfig.Setting) -> String {
    if filter.remote != nil {
      return
        "this holds for clients of these addresses only. A service treats all its clients alike, except for "
        + "plaintext_login and ip_control, which take addresses of clients"
    }
    if let local = filter.local {
      return
        "this holds for connections to \(local) only: give that address a service of its own, with bind: "
        + "[\(local)], and "
        + "name the other addresses in server.bind in place of 'all'"
    }
    return
      "this holds for clients that name this host only, and ocean chooses nothing but the certificate by that"
  }
}
