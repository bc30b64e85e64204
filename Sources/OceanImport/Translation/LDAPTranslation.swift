import OceanPlan
import OceanSyntax

/// Translates how Dovecot asks a directory into an account source, if one does the same.
struct LDAPTranslation {
  private let lookup: Lookup
  private let variables: QueryVariables

  init(_ lookup: Lookup, _ variables: QueryVariables) { (self.lookup, self.variables) = (lookup, variables) }

  /// - Parameters:
  ///   - asksUsers: whether `user_filter` and `user_attrs` say where mail is.
  ///   - prefetches: whether fields of `pass_attrs` that begin with `userdb_` do.
  ///   - passwordFile: where the password of `dn` will be.
  func source(
    asksUsers: Bool, prefetches: Bool, passwordFile: String
  ) throws(TranslatedSource.Failure) -> TranslatedSource {
    let url = try directory()
    guard let base = lookup["base"] else { throw .init(reason: "it has no base") }
    guard !base.contains("%") else { throw .init(reason: "its base has a variable in it") }
    for (name, usual) in [("scope", "subtree"), ("deref", "never")] where lookup[name] ?? usual != usual {
      throw .init(reason: "it has \(name) = \(lookup[name] ?? ""), which ocean does not do")
    }
    if lookup["sasl_mech"] != nil || isYes("sasl_bind") {
      throw .init(reason: "it logs in to the directory with SASL, and ocean does with a name and a password")
    }
    if lookup["auth_bind_userdn"] != nil {
      throw .init(
        reason:
          "it makes the name of the entry out of the login (auth_bind_userdn), and ocean looks for the entry by a filter"
      )
    }
    guard let given = lookup["pass_filter"] else { throw .init(reason: "it has no filter") }
    let filter = try translated(given)
    if asksUsers {
      let other = try translated(lookup["user_filter"] ?? "")
      guard other == filter else {
        throw .init(reason: "the filters for passwords and for users differ, and ocean looks for one entry")
      }
    }
    let binds = isYes("auth_bind")
    var attributes = try passwordAttributes(given, compares: !binds)
    let fetched = pairs(lookup["pass_attrs"] ?? "").compactMap { pair in
      pair.field.hasPrefix(Lookup.prefetched)
        ? (pair.attribute, String(pair.field.dropFirst(Lookup.prefetched.count))) : nil
    }
    let hasFetched = prefetches && !fetched.isEmpty
    if hasFetched {
      attributes += try userAttributes(fetched)
    } else if asksUsers {
      attributes += try userAttributes(pairs(lookup["user_attrs"] ?? ""))
    }
    var parts = ["url: \(url.yamlQuoted)", "base: \(base.yamlQuoted)", "filter: \(filter.yamlQuoted)"]
    if !binds { parts.append("verify: compare") }
    let password = lookup["dnpass"]
    if let name = lookup["dn"] {
      guard password != nil else { throw .init(reason: "its dn has no password") }
      guard password != DovecotConfig.hidden else {
        throw .init(reason: "its password was not printed: print the config with doveconf -nP")
      }
      parts += ["bind_dn: \(name.yamlQuoted)", "password: { file: \(passwordFile.yamlQuoted) }"]
    }
    if let ca = lookup["tls_ca_cert_file"] { parts.append("ca: \(ca.yamlQuoted)") }
    if url.hasPrefix("ldap://"), !isYes("tls") { parts.append("tls: off") }
    if !attributes.isEmpty { parts.append("attributes: { \(attributes.joined(separator: ", ")) }") }
    var source = TranslatedSource(
      entry: "{ ldap: { \(parts.joined(separator: ", ")) } }", password: lookup["dn"] == nil ? nil : password)
    source.hasUsers = asksUsers || hasFetched
    let isVerified = !parts.contains("tls: off") && !url.hasPrefix("ldapi:")
    if isVerified, let demand = lookup["tls_require_cert"], !["hard", "demand"].contains(demand) {
      source.remarks.append(
        "the certificate of the directory is verified, which Dovecot does not do: name the CA with ca, or write tls: require"
      )
    }
    return source
  }

  private func isYes(_ name: String) -> Bool { lookup[name]?.lowercased() == "yes" }

  private func directory() throws(TranslatedSource.Failure) -> String {
    let uris = lookup["uris"].map { $0.split(separator: " ").map(String.init) }
    let hosts = lookup["hosts"].map { $0.split(separator: " ").map { "ldap://\($0)" } }
    let all = uris ?? hosts ?? []
    guard all.count == 1, let only = all.first else {
      throw .init(
        reason: all.isEmpty ? "it names no directory" : "it names several directories, and ocean asks one")
    }
    let url = only.hasSuffix("/") && !only.hasSuffix("//") ? String(only.dropLast()) : only
    guard (try? LDAPURL(parsing: url)) != nil else {
      throw .init(reason: "the place of its directory cannot be written as a URL of ocean")
    }
    return url
  }

  /// The filter with ocean's parameters in place of variables.
  private func translated(_ filter: String) throws(TranslatedSource.Failure) -> String {
    var result = ""
    var rest = filter[...]
    while let percent = rest.firstIndex(of: "%") {
      result += rest[..<percent]
      rest = rest[percent...]
      // The longest text of variables that is one value.
      let value = rest.prefix { $0 != ")" && $0 != "*" }
      guard let parameter = variables.parameter(value) else {
        throw .init(
          reason: "'\(value)' in its filter is not a value of ocean's: %u, %n, %d, %n@%d and %r are")
      }
      result += parameter
      rest = rest[value.endIndex...]
    }
    result += rest
    guard (try? LDAPFilter(parsing: result)) != nil else {
      throw .init(reason: "its filter does not name the login in a way that ocean can take over")
    }
    return result
  }

  // MARK: - Attributes

  /// - Parameter filter: as Dovecot has it.
  private func passwordAttributes(
    _ filter: String, compares: Bool
  ) throws(TranslatedSource.Failure) -> [String] {
    var attributes: [String] = []
    let pairs = pairs(lookup["pass_attrs"] ?? "")
    guard !compares || pairs.contains(where: { $0.field == "password" && !$0.attribute.isEmpty }) else {
      throw .init(reason: "it does not say which attribute is the password")
    }
    for (attribute, field) in pairs {
      switch field {
      case "password":
        if compares, attribute.lowercased() != "userpassword" {
          attributes.append("password: \(attribute.yamlQuoted)")
        }
      case "user":
        // It is the login itself where the filter compares it with the whole of it.
        let isLogin = ["%u", "%Lu", "%n@%d"].contains { filter.contains("(\(attribute)=\($0))") }
        guard isLogin else {
          throw .init(
            reason:
              "it takes the account's name from the attribute \(attribute); ocean keeps that of the login"
          )
        }
      case _ where field.hasPrefix(Lookup.prefetched): continue
      default: throw .init(reason: "it gives passwords the field '\(field)', which the source would not")
      }
    }
    if compares {
      guard lookup.schemeIsPlainHash, lookup.schemeRemark == nil else {
        throw .init(
          reason: "passwords without a scheme are \(lookup.scheme) there, and hashes of crypt(3) to ocean")
      }
    }
    return attributes
  }

  private func userAttributes(
    _ given: [(attribute: String, field: String)]
  ) throws(TranslatedSource.Failure) -> [String] {
    var attributes: [String] = []
    for (attribute, field) in given {
      switch field {
      case "uid", "gid",
        _ where field.hasPrefix("quota") || lookup.ignores(field):
        continue
      case "home", "mail", "mail_path":
        guard !attribute.isEmpty else {
          throw .init(
            reason: "it makes the field '\(field)' out of a text, and ocean takes it from one attribute")
        }
        attributes.append("\(field == "home" ? "home" : "mail"): \(attribute.yamlQuoted)")
      default: throw .init(reason: "it gives users the field '\(field)', which the source would not")
      }
    }
    return attributes
  }

  /// The pairs `attribute=field`. `=field=text` has no attribute; `field=%{ldap:attribute}` is another way to write it.
  private func pairs(_ text: String) -> [(attribute: String, field: String)] {
    text.split(separator: ",").compactMap { part in
      let words = part.split(separator: "=", omittingEmptySubsequences: false).map { String($0).trimmed }
      guard words.count > 1 else { return nil }
      guard words[0].isEmpty else { return (words[0], words[1]) }
      let prefix = "%{ldap:"
      if words.count == 3, words[2].hasPrefix(prefix), words[2].hasSuffix("}") {
        return (String(words[2].dropFirst(prefix.count).dropLast()), words[1])
      }
      return ("", words[1])
    }
  }
}
