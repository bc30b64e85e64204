import OceanPlan
import OceanSyntax

/// Translates Dovecot's `dovecot-ldap.conf.ext` into an account source, if one does the same.
struct LDAPTranslation {
  private let file: QueryFile
  private let variables: QueryVariables

  init(_ file: QueryFile, _ variables: QueryVariables) { (self.file, self.variables) = (file, variables) }

  /// - Parameters:
  ///   - asksUsers: whether `user_filter` and `user_attrs` say where mail is.
  ///   - passwordFile: where the password of `dn` will be.
  func source(asksUsers: Bool, passwordFile: String) throws(TranslatedSource.Failure) -> TranslatedSource {
    let url = try directory()
    guard let base = file["base"] else { throw .init(reason: "it has no base") }
    guard !base.contains("%") else { throw .init(reason: "its base has a variable in it") }
    for (name, usual) in [("scope", "subtree"), ("deref", "never")] where file[name] ?? usual != usual {
      throw .init(reason: "it has \(name) = \(file[name] ?? ""), which ocean does not do")
    }
    if file["auth_bind_userdn"] != nil {
      throw .init(
        reason:
          "it makes the name of the entry out of the login (auth_bind_userdn), and ocean looks for the entry by a filter"
      )
    }
    let given = file["pass_filter"] ?? "(&(objectClass=posixAccount)(uid=%u))"
    let filter = try translated(given)
    if asksUsers {
      let other = try translated(file["user_filter"] ?? "(&(objectClass=posixAccount)(uid=%u))")
      guard other == filter else {
        throw .init(reason: "pass_filter and user_filter differ, and ocean looks for one entry")
      }
    }
    let binds = isYes("auth_bind")
    var attributes = try passwordAttributes(given, compares: !binds)
    if asksUsers { attributes += try userAttributes() }
    var parts = ["url: \(url.yamlQuoted)", "base: \(base.yamlQuoted)", "filter: \(filter.yamlQuoted)"]
    if !binds { parts.append("verify: compare") }
    let password = file["dnpass"]
    if let name = file["dn"] {
      guard password != nil else { throw .init(reason: "its dn has no dnpass") }
      parts += ["bind_dn: \(name.yamlQuoted)", "password: { file: \(passwordFile.yamlQuoted) }"]
    }
    if let ca = file["tls_ca_cert_file"] { parts.append("ca: \(ca.yamlQuoted)") }
    if url.hasPrefix("ldap://"), !isYes("tls") { parts.append("tls: off") }
    if !attributes.isEmpty { parts.append("attributes: { \(attributes.joined(separator: ", ")) }") }
    var source = TranslatedSource(
      entry: "{ ldap: { \(parts.joined(separator: ", ")) } }", password: file["dn"] == nil ? nil : password)
    source.hasUsers = asksUsers
    return source
  }

  private func isYes(_ name: String) -> Bool { file[name]?.lowercased() == "yes" }

  private func directory() throws(TranslatedSource.Failure) -> String {
    let uris = file["uris"].map { $0.split(separator: " ").map(String.init) }
    let hosts = file["hosts"].map { $0.split(separator: " ").map { "ldap://\($0)" } }
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
    for (attribute, field) in pairs(file["pass_attrs"] ?? "uid=user,userPassword=password") {
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
              "it takes the account's name from the attribute \(attribute) (pass_attrs); ocean keeps that of the login"
          )
        }
      default: throw .init(reason: "pass_attrs gives '\(field)', which the source would not")
      }
    }
    if compares {
      let scheme = file.scheme(usual: "CRYPT")
      guard QueryFile.isPlainHash(scheme), QueryFile.remark(on: scheme) == nil else {
        throw .init(
          reason:
            "passwords without a scheme are \(scheme) there (default_pass_scheme), and hashes of crypt(3) to ocean"
        )
      }
    }
    return attributes
  }

  private func userAttributes() throws(TranslatedSource.Failure) -> [String] {
    var attributes: [String] = []
    for (attribute, field) in pairs(file["user_attrs"] ?? "homeDirectory=home,uidNumber=uid,gidNumber=gid") {
      switch field {
      case "uid", "gid",
        _ where field.hasPrefix("quota"):
        continue
      case "home", "mail":
        guard !attribute.isEmpty else {
          throw .init(
            reason: "user_attrs makes '\(field)' out of a text, and ocean takes it from one attribute")
        }
        attributes.append("\(field): \(attribute.yamlQuoted)")
      default: throw .init(reason: "user_attrs gives '\(field)', which the source would not")
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
