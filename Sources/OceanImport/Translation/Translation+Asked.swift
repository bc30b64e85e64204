import OceanSyntax

/// Passdbs and userdbs that ask a database or a directory.
extension Translation {
  /// A passdb whose accounts a source of ocean's asks for, in the same way.
  struct AskedSource {
    /// The userdb that the source asks, too.
    let users: DovecotConfig.Section?
    /// Whether it says where homes or Maildirs are, too.
    let hasUsers: Bool
  }

  /// Translates a passdb that asks a database or a directory, if a source does the same.
  ///
  /// - Returns: whether there is a source now. If not, what is needed has been reported.
  mutating func translateAsked(
    _ section: DovecotConfig.Section, _ driver: String, _ accounts: inout Accounts
  ) -> Bool {
    let name = driver == "sql" ? "panel" : "staff"
    guard let (own, what) = lookup(of: section, "passdb", driver) else { return false }
    let isTaken = accounts.sources.contains(name)
    let label = isTaken ? "\(name)\(accounts.sources.count + 1)" : name
    let passwordFile = "\(target)/\(label).password"
    var (lookup, users): (Lookup, DovecotConfig.Section?) = (own, nil)
    for candidate in base.sections where candidate.kind == "userdb" && candidate["driver"]?.value == driver {
      guard let of = self.lookup(of: candidate, "userdb", driver)?.lookup,
        let joined = own.joined(with: of)
      else { continue }
      (lookup, users) = (joined, candidate)
      break
    }
    let prefetches = base.sections.first { $0.kind == "userdb" }?["driver"]?.value == "prefetch"
    let source: TranslatedSource
    do throws(TranslatedSource.Failure) {
      let variables = QueryVariables(namesAreBare: accounts.namesAreBare)
      source =
        driver == "sql"
        ? try SQLTranslation(lookup, variables).source(
          asksUsers: users != nil, prefetches: prefetches, passwordFile: passwordFile)
        : try LDAPTranslation(lookup, variables).source(
          asksUsers: users != nil, prefetches: prefetches, passwordFile: passwordFile)
    } catch {
      report(.different, line: section.line, what, "not taken over as it is: \(error.reason)")
      return false
    }
    config.add(.accounts, label, source.entry, from: "passdb")
    for remark in source.remarks { report(.different, line: section.line, what, remark) }
    if let password = source.password {
      secrets.append(Secret(path: passwordFile, text: password))
      report(
        .different, line: section.line, what,
        "its password is not in the config but in \(passwordFile), which --out writes; server.user must be able to read it"
      )
    }
    accounts.sources.append(label)
    accounts.areRead = false
    accounts.asked.append(AskedSource(users: users, hasUsers: source.hasUsers))
    return true
  }

  /// How a passdb or userdb asks, and what that is called in reports; nil if it cannot be read.
  private func lookup(
    of section: DovecotConfig.Section, _ kind: String, _ driver: String
  ) -> (lookup: Lookup, what: String)? {
    let what = "\(kind), driver = \(driver)"
    if let lookup = section.lookup { return (lookup, what) }
    let (path, _) = located(section["args"]?.value ?? "")
    guard let bytes = host.read(path), let text = String(validating: bytes, as: UTF8.self) else { return nil }
    return Lookup(file: text, driver: driver).map { ($0, "\(what), \(path)") }
  }

  /// A password that goes into a file of its own.
  package struct Secret {
    package let path: String
    package let text: String
  }
}
