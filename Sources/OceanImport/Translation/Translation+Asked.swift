import OceanSyntax

/// Passdbs and userdbs that ask a database or a directory.
extension Translation {
  /// A passdb whose accounts a source of ocean's asks for, in the same way.
  struct AskedSource {
    let driver: String
    /// The file that `args` names.
    let file: String
    /// Whether it says where homes or Maildirs are, too.
    let hasUsers: Bool
  }

  /// Translates a passdb that asks a database or a directory, if a source does the same.
  ///
  /// - Returns: whether there is a source now. If not, what is needed has been reported.
  mutating func translateAsked(
    _ section: DovecotConfig.Section, _ driver: String, _ arguments: String, _ accounts: inout Accounts
  ) -> Bool {
    let name = driver == "sql" ? "panel" : "staff"
    let what = "passdb, driver = \(driver)"
    let (path, _) = located(arguments)
    guard let bytes = host.read(path), let text = String(validating: bytes, as: UTF8.self) else {
      return false
    }
    let file = QueryFile(text)
    // As Debian installs it: comments, and nothing else.
    guard !file.values.isEmpty else { return false }
    let isTaken = accounts.sources.contains(name)
    let label = isTaken ? "\(name)\(accounts.sources.count + 1)" : name
    let passwordFile = "\(target)/\(label).password"
    let asksUsers = base.sections.contains {
      $0.kind == "userdb" && $0["driver"]?.value == driver && $0["args"]?.value == arguments
    }
    let source: TranslatedSource
    do throws(TranslatedSource.Failure) {
      let variables = QueryVariables(namesAreBare: accounts.namesAreBare)
      source =
        driver == "sql"
        ? try SQLTranslation(file, variables).source(asksUsers: asksUsers, passwordFile: passwordFile)
        : try LDAPTranslation(file, variables).source(asksUsers: asksUsers, passwordFile: passwordFile)
    } catch {
      report(.different, line: section.line, "\(what), \(path)", "not taken over as it is: \(error.reason)")
      return false
    }
    config.add(.accounts, label, source.entry, from: "passdb")
    for remark in source.remarks { report(.different, line: section.line, "\(what), \(path)", remark) }
    if let password = source.password {
      secrets.append(Secret(path: passwordFile, text: password))
      report(
        .different, line: section.line, "\(what), \(path)",
        "its password is not in the config but in \(passwordFile), which --out writes; server.user must be able to read it"
      )
    }
    accounts.sources.append(label)
    accounts.areRead = false
    accounts.asked.append(AskedSource(driver: driver, file: arguments, hasUsers: source.hasUsers))
    return true
  }

  /// A password that goes into a file of its own.
  package struct Secret {
    package let path: String
    package let text: String
  }
}
