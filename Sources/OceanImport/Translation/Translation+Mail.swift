import OceanPlan
import OceanStore
import OceanSyntax
import OceanUIDL

extension Translation {
  mutating func translateMail(_ accounts: Accounts) {
    defer { translateIDs() }
    let setting = take("mail_location")
    let home = take("mail_home")
    let own = takeInbox()
    let given = location(accounts, own, setting)
    guard let given, !given.value.isEmpty else {
      return report(
        .open, "mail_location",
        "Dovecot looks for the mail itself: write where it is, like mail: { maildir: \"{home}/Maildir\" }")
    }
    let location = Location(given.value)
    if let driver = location.driver, driver != "maildir" {
      return report(.open, given, Self.advice(onDriver: driver))
    }
    reportOptions(of: location, given)
    let path = location["INBOX"] ?? location.path
    let expansion = Expansion(accounts, defaultHome: home?.value)
    do throws(Expansion.Failure) {
      let template = try expansion.template(path)
      config.add(.mail, "maildir", template.yamlQuoted, from: given.written.name)
      if location.driver == nil {
        report(
          .open, given,
          "Dovecot looks at each mailbox to see what it is. These are taken for Maildirs, which have cur and "
            + "new in them; mbox "
            + "and other kinds have to be made Maildirs first")
      }
    } catch {
      report(.open, given, "\(error.reason); write mail.maildir")
    }
    for question in expansion.questions(on: path) { report(.open, given, question) }
  }

  /// The setting that decides where the mail is. The ones that do not decide are reported.
  private mutating func location(
    _ accounts: Accounts, _ own: DovecotConfig.Setting?, _ setting: DovecotConfig.Setting?
  ) -> DovecotConfig.Setting? {
    let ofUsers = (accounts.fixed["mail"] ?? accounts.usual["mail"]).map {
      DovecotConfig.Setting(name: "userdb, mail", value: $0.value, line: $0.line)
    }
    if let own {
      for other in [ofUsers, setting].compactMap(\.self) {
        findings.addNeedless([other.line], "the namespace of the INBOX says where its mail is")
      }
      return own
    }
    if let ofUsers, let setting {
      findings.addNeedless([setting.line], "the userdb says where mail is, not mail_location")
      return ofUsers
    }
    return ofUsers ?? setting
  }

  /// The mail location of the namespace with the INBOX; nil if it leaves that to other settings.
  private mutating func takeInbox() -> DovecotConfig.Setting? {
    let spaces = takeSections("namespace")
    let active = spaces.filter { $0["disabled"]?.isYes != true }
    let inbox =
      active.first { $0["inbox"]?.isYes == true } ?? active.first { $0.name == "inbox" }
      ?? active.first { ($0["prefix"]?.value ?? "").isEmpty }
    for space in spaces where space !== inbox {
      findings.addNeedless(space.lines, "folders of IMAP")
    }
    guard let inbox else { return nil }
    let location = inbox.take("location")
    for name in ["inbox", "disabled", "prefix"] { _ = inbox.take(name) }
    reportMailboxes(of: inbox)
    for setting in inbox.settings { reportRest(setting, in: inbox) }
    findings.addNeedless([inbox.line], "folders of IMAP")
    return location
  }

  private mutating func reportMailboxes(of inbox: DovecotConfig.Section) {
    for mailbox in inbox.takeSections("mailbox") {
      guard mailbox.name.uppercased() == "INBOX" else {
        findings.addNeedless(mailbox.lines, "folders of IMAP")
        continue
      }
      for name in ["autoexpunge", "autoexpunge_max_mails"] {
        guard let setting = mailbox.take(name) else { continue }
        report(
          .open, setting,
          "Dovecot removes messages of the INBOX that are older than '\(setting.value)', or too many, when a client leaves; "
            + "ocean removes nothing by itself. While Dovecot is there, a timer of doveadm expunge can")
      }
      if let driver = mailbox.take("driver") {
        report(.open, driver, "the INBOX is of another kind than other folders: ocean reads Maildirs")
      }
      for setting in mailbox.settings { reportRest(setting, in: mailbox) }
    }
  }

  private mutating func reportOptions(of location: Location, _ given: DovecotConfig.Setting) {
    for option in location.options {
      switch Location.meaning(of: option.name) {
      case .needless:
        findings.addNeedless(
          [given.line], "where Dovecot keeps its indexes, and how folders of IMAP are named")
      case .path:
        guard option.value != location.path else { break }
        report(
          .different, given,
          "the INBOX, which POP3 serves, is not where the other folders are: mail.maildir names its own path")
      case .open(let advice): report(.open, given, advice)
      case nil:
        report(
          .open, given,
          "':\(option.name)' is not known to this import: find out whether it puts the INBOX elsewhere")
      }
    }
  }

  private static func advice(onDriver driver: String) -> String {
    switch driver {
    case "imapc", "pop3c":
      "the mail is on another server, which this Dovecot asks: serve it there, or fetch it into Maildirs with "
        + "'doveadm backup'"
    case "virtual":
      "clients see a mailbox that is put together from several folders; ocean shows one Maildir: decide "
        + "which, and write "
        + "mail.maildir"
    default:
      "ocean reads Maildirs. 'doveadm backup -u USER maildir:PATH' makes one of each mailbox, and keeps the "
        + "numbers that "
        + "unique ids are made of; then write mail.maildir"
    }
  }

  private mutating func translateIDs() {
    guard let format = take("pop3_uidl_format") else {
      return config.add(.mail, "uidl", "dovecot", from: "its default pop3_uidl_format")
    }
    do throws(DovecotUIDLFormat.Issue) {
      let parsed = try DovecotUIDLFormat(format.value)
      let text = parsed == .standard ? "dovecot" : "{ dovecot: \(parsed.description.yamlQuoted) }"
      config.add(.mail, "uidl", text, from: format.written.name)
    } catch {
      report(.open, format, "clients will fetch everything again: \(error)")
    }
  }

  // MARK: - Plugins

  /// Translates the plugins that POP3 loads; the settings of plugins are reported with the rest.
  mutating func translatePlugins() {
    guard let loaded = take("mail_plugins") else { return }
    for name in loaded.words {
      let setting = DovecotConfig.Setting(name: "mail_plugins", value: name, line: loaded.line)
      if Knowledge.quotaPlugins.contains(name) {
        for advice in quotaAdvice { report(.different, setting, advice) }
        continue
      }
      switch Knowledge.plugins[name]?.verdict {
      case .open(let advice): report(.open, setting, advice)
      case .different(let advice): report(.different, setting, advice)
      case .withoutCounterpart(let advice): report(.withoutCounterpart, setting, advice)
      case .needless(let reason): findings.addNeedless([loaded.line], reason)
      case .translated, .unknown, nil:
        report(
          .open, setting,
          "a plugin that is not known to this import: find out what it does for POP3, and whether that is needed"
        )
      }
    }
  }

  /// Advice about what each backend of Dovecot's quota learns of messages that ocean removes.
  private var quotaAdvice: [String] {
    let given = base.sections.filter { $0.kind == "plugin" }.flatMap(\.settings).filter {
      $0.name.hasPrefix("quota") && !$0.value.isEmpty && $0.name.dropFirst(5).allSatisfy(\.isNumber)
    }
    guard !given.isEmpty else {
      return ["no quota is set (plugin/quota), so no quota was counted; ocean has no quota of its own"]
    }
    var advice: [String] = []
    for setting in given {
      let text = Knowledge.quotaAdvice(String(setting.value.prefix { $0 != ":" }).trimmed)
      if !advice.contains(text) { advice.append(text) }
    }
    return advice
  }
}
