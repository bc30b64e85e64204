import OceanAccess
import OceanBase
import OceanSyntax

extension Translation {
  mutating func translateAccounts() -> Accounts {
    let domain = take("auth_default_realm")?.value
    var accounts = Accounts()
    translateNames(&accounts)
    var asked: [String: String?] = [:]
    var files: [(path: String, file: PasswdFile?)] = []
    for section in takeSections("passdb") {
      let path = translatePasswords(section, &asked, &accounts)
      for setting in section.settings { reportRest(setting, in: section) }
      guard let path, !files.contains(where: { $0.path == path }) else { continue }
      let name = files.isEmpty ? "main" : "more\(files.count + 1)"
      accounts.sources.append(name)
      config.add(.accounts, name, "{ passwd_file: \(path.yamlQuoted) }", from: "passdb")
      var file: PasswdFile?
      if let bytes = host.read(path) {
        let parsed = PasswdFile(parsing: SecretBytes(copying: bytes), defaultDomain: domain)
        accounts.count(parsed, bytes, hasDefaultDomain: domain != nil, ignored: ignoredMailField)
        reportRefused(parsed, path)
        reportBare(parsed, path, domain: accounts.namesAreBare ? nil : domain)
        file = parsed
      } else {
        accounts.areRead = false
        report(
          .different, line: section.line, "passdb, \(path)",
          "the file could not be read here: whether its accounts have domains, homes, Maildirs or users of "
            + "their own, and "
            + "passwords that ocean can check, 'ocean check' tells where it is")
      }
      files.append((path, file))
    }
    if files.isEmpty { accounts.areRead = false }
    if files.count < accounts.sources.count, accounts.sources.count > 1 {
      report(
        .different, "passdb",
        "Dovecot asks the next source after a wrong password too, ocean only for names that are not in the first: a name "
          + "that is in two of them has the password of the first alone")
    }
    if accounts.sources.isEmpty {
      report(
        .open, "passdb",
        "no accounts were taken over: `ocean passwd` makes lines of a passwd-file, to be named under accounts"
      )
    }
    reportShared(files)
    translateUsers(asked, &accounts)
    translateUser(accounts)
    return accounts
  }

  /// Takes the passwd-file of a passdb; nil if the passdb is not a file.
  private mutating func translatePasswords(
    _ section: DovecotConfig.Section, _ asked: inout [String: String?], _ accounts: inout Accounts
  ) -> String? {
    let arguments = FileArguments(section)
    let driver = section["driver"]?.value ?? ""
    let isDenying = section.take("deny")?.isYes == true
    let isForMasters = section.take("master")?.isYes == true
    let given = section["args"]
    defer { for name in ["driver", "args"] { _ = section.take(name) } }
    if isForMasters {
      report(
        .withoutCounterpart, line: section.line, "passdb, master = yes", "no user can log in as another one")
      return nil
    }
    if isDenying {
      report(
        .open, line: section.line, "passdb, deny = yes",
        "lock the accounts that it names in their own lines: put ! before the scheme, like "
          + "anna@example.org:!{SHA512-CRYPT}hash")
      return nil
    }
    accounts.passdbs += 1
    if ["sql", "ldap"].contains(driver), translateAsked(section, driver, &accounts) { return nil }
    guard driver == "passwd-file" else {
      let advice = AccountAdvice.onPasswords(
        of: driver, given?.value ?? "", made: accountFile())
      report(
        .open, line: section.line, "passdb, driver = \(driver)", advice.text, commands: advice.commands)
      return nil
    }
    if let path = arguments.path { asked[path] = .some(arguments.format) }
    let shown = "passdb, args = \(given?.value ?? "")"
    guard let path = arguments.path, path.hasPrefix("/"), !path.contains("%") else {
      let advice = AccountAdvice.onDomainFiles(
        arguments.path ?? "", arguments.format, made: accountFile())
      report(.open, line: section.line, shown, advice.text, commands: advice.commands)
      return nil
    }
    reportOptions(arguments, path, section.line, shown)
    return path
  }

  private mutating func reportOptions(
    _ arguments: FileArguments, _ path: String, _ line: Int, _ shown: String
  ) {
    if let scheme = arguments.options["scheme"],
      let advice = AccountAdvice.onScheme(scheme, path, made: accountFile(madeOf: path))
    {
      report(.open, line: line, "scheme=\(scheme)", advice.text, commands: advice.commands)
    }
    if let format = arguments.format {
      report(
        .open, line: line, "username_format=\(format)",
        "logins of all domains meet in one line of the file. ocean looks for the whole name and, where its domain is "
          + "server.default_domain, for what is before the @: with one domain, name that; with several, write "
          + "whole names"
      )
    }
    for name in arguments.options.keys.sorted()
    where !["scheme", "username_format", "blocking"].contains(name) {
      report(
        .open, line: line, shown, "the option \(name) is not known to this import: find out what it does")
    }
  }

  /// Reports accounts that Dovecot lets in, and ocean does not.
  private mutating func reportRefused(_ file: PasswdFile, _ path: String) {
    let refused = file.issues.entries.filter { $0.severity == .refusesAccount && $0.kind != .missingPassword }
    guard let first = refused.first else { return }
    let more = refused.count > 1 ? ", and so with \(refused.count - 1) more" : ""
    report(
      .open, "passdb, \(path)", "line \(first.line): \(first.message)\(more); 'ocean check' names them all")
  }

  /// Reports names without a domain: ocean finds them with the default domain, and nobody can log in as them
  /// in Dovecot.
  private mutating func reportBare(_ file: PasswdFile, _ path: String, domain: String?) {
    guard let domain else { return }
    let bare = file.activeAccounts.filter { $0.name.domain == nil }
    guard let first = bare.first else { return }
    let others = bare.count > 1 ? " and \(bare.count - 1) more" : ""
    report(
      .open, "passdb, \(path)",
      "to Dovecot every login has a domain, so that nobody logs in as \(first.name)\(others), without one; to "
        + "ocean these are "
        + "accounts of \(domain). Remove them, or see that they are meant")
  }

  /// Reports names in several files: Dovecot asks the next source after a wrong password, ocean only after a
  /// name that is not there.
  private mutating func reportShared(_ files: [(path: String, file: PasswdFile?)]) {
    for (index, later) in files.enumerated() {
      for earlier in files[..<index] {
        let advice =
          "Dovecot asks the next source after a wrong password too, ocean only for names that are not in the first: "
        if let first = earlier.file, let second = later.file {
          let shared = Array(
            second.activeAccounts.lazy.filter { first.account(named: $0.name) != nil }.prefix(1000))
          guard let example = shared.first else { continue }
          let count = shared.count
          report(
            .open, "passdb, \(later.path)",
            advice
              + "of \(count == 1000 ? "1000 or more names" : count == 1 ? "one name" : "\(count) names"), "
              + "\(example.name) "
              + "among them, the second password no longer works. Give each name one line in one of the files"
          )
        } else {
          report(
            .open, "passdb, \(later.path)",
            advice
              + "a name that is in \(earlier.path) as well has one password then. Names that are in both:",
            commands: ["cut -d: -f1 \(earlier.path) \(later.path) | sort | uniq -d"])
        }
      }
    }
  }

  /// Translates how a login is written before it is looked up.
  private mutating func translateNames(_ accounts: inout Accounts) {
    guard let format = take("auth_username_format") else { return }
    switch format.value {
    case "%u", "":
      report(
        .different, format,
        "names keep capital letters in Dovecot, which are the same as small ones to ocean: paths have small ones"
      )
    case "%n", "%Ln":
      accounts.namesAreBare = true
      report(
        .open, format,
        "a login loses its domain. ocean looks for the whole name, and without its domain only where that is "
          + "server.default_domain: name the one domain there. With several, anna of each is one account in Dovecot"
      )
    default:
      report(
        .open, format,
        "a login is changed before it is looked up. ocean looks for the whole name, in small letters, and "
          + "without its domain "
          + "where that is server.default_domain: write the accounts as clients log in")
    }
  }
}
