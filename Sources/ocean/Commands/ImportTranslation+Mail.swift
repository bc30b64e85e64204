import OceanPlan
import OceanStore

extension ImportTranslation {
  /// `maildir:~/Maildir:INDEX=/var/index`, taken apart.
  private struct Location {
    let driver: String
    let path: String
    let options: [String: String]

    init(_ text: String) {
      let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      driver = parts.first ?? ""
      path = parts.count > 1 ? parts[1] : ""
      var options: [String: String] = [:]
      for part in parts.dropFirst(2) {
        guard let equals = part.firstIndex(of: "=") else { continue }
        options[String(part[..<equals])] = String(part[part.index(after: equals)...])
      }
      self.options = options
    }
  }

  mutating func translateMail(_ accounts: Accounts) {
    let inbox = takeSections("namespace").first { $0["inbox"]?.isYes == true }
    let setting = take("mail_location")
    let own = inbox?["location"].flatMap { $0.value.isEmpty ? nil : $0 }
    let fixed = accounts.fixed["mail"].map {
      DovecotConfig.Setting(name: "userdb, mail", value: $0.value, line: $0.line)
    }
    let home = take("mail_home")
    defer { translateIDs() }
    guard let given = fixed ?? own ?? setting, !given.value.isEmpty else {
      return report(
        .open, "mail_location",
        "Dovecot looks for the mail itself: write where it is, like mail: { maildir: \"{home}/Maildir\" }")
    }
    let location = Location(given.value)
    guard location.driver.lowercased() == "maildir" else {
      return report(
        .open, given,
        "ocean reads Maildirs. 'doveadm backup -u USER maildir:PATH' makes one of each mailbox, and keeps the numbers that "
          + "unique ids are made of; then write mail.maildir")
    }
    if location.options["CONTROL"] != nil {
      report(
        .open, given,
        "CONTROL= keeps dovecot-uidlist elsewhere: move it into the Maildirs before ocean opens them, or clients fetch "
          + "everything again")
    }
    let expansion = Expansion(accounts, defaultHome: home?.value)
    do throws(Expansion.Failure) {
      let path = try expansion.template(location.options["INBOX"] ?? location.path)
      config.add(.mail, "maildir", ImportedConfig.quoted(path), from: given.name)
    } catch {
      report(.open, given, "\(error.reason); write mail.maildir")
    }
    for remark in expansion.remarks(on: location.options["INBOX"] ?? location.path) {
      report(.different, given, remark)
    }
  }

  private mutating func translateIDs() {
    guard let format = take("pop3_uidl_format") else {
      return config.add(.mail, "uidl", "dovecot", from: "its default pop3_uidl_format")
    }
    do throws(DovecotUIDLFormat.Issue) {
      let text = try DovecotUIDLFormat(format.value).description
      config.add(.mail, "uidl", "{ dovecot: \(ImportedConfig.quoted(text)) }", from: format.name)
    } catch {
      report(.open, format, "clients will fetch everything again: \(error)")
    }
  }
}

/// Puts ocean's variables for Dovecot's.
private struct Expansion {
  struct Failure: Error { let reason: String }

  private let accounts: ImportTranslation.Accounts
  private let defaultHome: String?

  init(_ accounts: ImportTranslation.Accounts, defaultHome: String?) {
    (self.accounts, self.defaultHome) = (accounts, accounts.usual["home"]?.value ?? defaultHome)
  }

  /// Where the home of everybody is, if one template says it.
  private var home: String? {
    if let fixed = accounts.fixed["home"]?.value { return fixed }
    let haveOwn = accounts.homes == .inAccounts && accounts.areRead && accounts.homeless < accounts.active
    return haveOwn ? nil : defaultHome
  }

  private var haveDomains: Bool? {
    guard accounts.areRead, accounts.active > 0 else { return nil }
    return accounts.domainless == 0 ? true : accounts.domainless == accounts.active ? false : nil
  }

  func template(_ path: String, isHome: Bool = false) throws(Failure) -> String {
    var rest = path[...]
    var result = ""
    if rest.hasPrefix("~") {
      result = try homeTemplate(isHome)
      rest = rest.dropFirst()
    }
    while let percent = rest.firstIndex(of: "%") {
      result += rest[..<percent]
      rest = rest[percent...].dropFirst()
      let start = rest.startIndex
      if rest.first == "L" { rest = rest.dropFirst() }
      let name: Substring
      if rest.first == "{", let close = rest.firstIndex(of: "}") {
        name = rest[rest.index(after: rest.startIndex)..<close]
        rest = rest[rest.index(after: close)...]
      } else {
        name = rest.prefix(1)
        rest = rest.dropFirst()
      }
      switch name {
      case "u", "user": result += haveDomains == false ? "{user}" : "{user}@{domain}"
      case "n", "username": result += "{user}"
      case "d", "domain": result += "{domain}"
      case "h", "home": result += try homeTemplate(isHome)
      case "%": result += "%"
      default:
        throw Failure(reason: "there is nothing like '%\(rest.base[start..<rest.startIndex])' in ocean")
      }
    }
    result += rest
    guard (try? MailTemplate(parsing: result)) != nil || isHome else {
      throw Failure(reason: "'\(result)' is no path that ocean can take")
    }
    return result
  }

  private func homeTemplate(_ isHome: Bool) throws(Failure) -> String {
    guard !isHome else { throw Failure(reason: "a home that is made of itself") }
    guard let home else { return "{home}" }
    return try template(home, isHome: true)
  }

  /// What may be otherwise for some accounts.
  func remarks(on path: String) -> [String] {
    var remarks: [String] = []
    let usesHome = path.hasPrefix("~") || path.contains("%h") || path.contains("%{home}")
    let text = path + (usesHome ? home ?? "" : "")
    if text.contains("%u") || text.contains("%{user}") || text.contains("%Lu"), haveDomains == nil {
      remarks.append(
        "%u is the whole name: {user}@{domain} here, which is only right if every account has a domain")
    }
    if usesHome, accounts.homes != .none, accounts.fixed["home"] == nil, let defaultHome {
      if accounts.homes == .elsewhere || !accounts.areRead {
        remarks.append(
          "accounts without a home of their own have \(defaultHome), which stands here for all: write {home} if lines of the "
            + "passwd-file have homes")
      } else if accounts.homeless > 0, accounts.homeless < accounts.active {
        remarks.append(
          "some accounts have no home of their own: write what \(defaultHome) is for them into their lines")
      }
    }
    return remarks
  }
}
