extension Plan {
  /// The accounts in a directory (LDAP), found by a filter.
  package struct LDAP: Sendable, Hashable {
    /// Nil if the source is not a directory.
    package var url: LDAPURL?
    /// The entry below which accounts are looked for.
    package var base = ""
    package var filter = LDAPFilter.none
    package var verify = Verify.bind
    /// The name under which ocean looks for accounts; nil for nobody in particular.
    package var bindDN: String?
    /// The place of its password.
    package var password: SecretSource?
    package var tls = SourceTLS.off
    /// The file of the CAs that certificates are checked with; nil for those of the system.
    package var ca: String?
    package var attributes = Attributes()
    /// How long a login waits for an answer.
    package var timeoutSeconds = 3
    /// How many logins it is asked about at a time.
    package var connections = 4

    package enum Verify: String, Sendable, Hashable, Codable, CaseIterable {
      /// The directory checks the password: the client's name and password are used to log in there.
      case bind
      /// The server compares the password with the one that the entry has.
      case compare
    }

    /// The attributes that say something about an account; nil where an account has none of it.
    package struct Attributes: Sendable, Hashable {
      /// The password, if the server compares it; nil for `userPassword`.
      package var password: String?
      package var home: String?
      package var mail: String?
      package var allowNets: String?
      package var nologin: String?
      package var services: String?
      package var expires: String?

      package init() {}
    }

    package init(
      url: LDAPURL? = nil, base: String = "", filter: LDAPFilter? = nil, verify: Verify = .bind,
      tls: SourceTLS = .off, ca: String? = nil
    ) {
      (self.url, self.base, self.filter, self.verify) = (url, base, filter ?? .none, verify)
      (self.tls, self.ca) = (tls, ca)
    }
  }
}

extension Plan.LDAP {
  /// A field of an account, with the attribute that has it.
  package struct Field: Sendable, Hashable {
    /// The field's name, as a column of a database has it: `allow_nets`.
    package let name: String
    package let attribute: String
  }

  package static let defaultPassword = "userPassword"

  /// The fields that are asked for.
  package var fields: [Field] {
    let password = verify == .compare ? attributes.password ?? Self.defaultPassword : nil
    return [
      ("password", password), ("home", attributes.home), ("mail", attributes.mail),
      ("allow_nets", attributes.allowNets), ("nologin", attributes.nologin),
      ("services", attributes.services), ("expires", attributes.expires),
    ].compactMap { name, attribute in attribute.map { Field(name: name, attribute: $0) } }
  }
}

extension Plan.LDAP: PlanSection {
  package static let blank = Self()

  package static let url = PlanSetting<Self, LDAPURL?>(
    "url", \.url,
    .optional("the place of a directory") {
      .text($0.description)
    } other: {
      $0 == nil ? try? LDAPURL(parsing: "ldapi:///x") : .some(nil)
    }, .accounts, .nextLogin, owner: .pathOfURL, direction: .neither)
  package static let base = PlanSetting<Self, String>(
    "base", \.base, .text, .accounts, .nextLogin, owner: .policy, direction: .neither)
  package static let filter = PlanSetting<Self, LDAPFilter>(
    "filter", \.filter,
    PlanValue(
      "a filter with parameters in braces", other: { try? LDAPFilter(parsing: "(|\($0.text)(uid={user}))") },
      shown: { .text($0.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")) }), .accounts,
    .nextLogin, owner: .policy, direction: .neither)
  package static let verify = PlanSetting<Self, Verify>(
    "verify", \.verify, .word, .accounts, .nextLogin, owner: .policy, direction: .neither)
  package static let bindDN = PlanSetting<Self, String?>(
    "bind_dn", \.bindDN, .optionalText, .accounts, .nextLogin, owner: .policy, direction: .neither)
  package static let password = PlanSetting<Self, Plan.SecretSource?>(
    "password", \.password, .secret, .accounts, .nextLogin, owner: .place, direction: .neither)
  package static let tls = PlanSetting<Self, Plan.SourceTLS>(
    "tls", \.tls, .word, .accounts, .nextLogin, owner: .policy,
    direction: .strongestFirst([.verify, .require, .off]))
  package static let ca = PlanSetting<Self, String?>(
    "ca", \.ca, .optionalPath, .accounts, .nextLogin, owner: .place, direction: .neither)
  package static let timeout = PlanSetting<Self, Int>(
    "timeout", \.timeoutSeconds, .duration(1...60), .accounts, .nextLogin, owner: .policy, direction: .neither
  )
  package static let connections = PlanSetting<Self, Int>(
    "connections", \.connections, .integer(1...64), .accounts, .nextLogin, owner: .policy, direction: .neither
  )

  package static let rows: [PlanRow<Self>] = [
    PlanRow(url), PlanRow(base), PlanRow(filter), PlanRow(verify), PlanRow(bindDN), PlanRow(password),
    PlanRow(tls), PlanRow(ca), .sectionUnlessBlank("attributes", \.attributes), PlanRow(timeout),
    PlanRow(connections),
  ]

  /// The section of an account source.
  package static func path(of source: String) -> SettingPath {
    SettingPath.root.appending("accounts").appending(source).appending("ldap")
  }
}

extension Plan.LDAP.Attributes: PlanSection {
  package static let blank = Self()

  private static func setting(
    _ key: String, _ path: any WritableKeyPath<Self, String?> & Sendable
  ) -> PlanSetting<Self, String?> {
    PlanSetting(key, path, .optionalText, .accounts, .nextLogin, owner: .policy, direction: .neither)
  }

  package static let password = setting("password", \.password)
  package static let home = setting("home", \.home)
  package static let mail = setting("mail", \.mail)
  package static let allowNets = setting("allow_nets", \.allowNets)
  package static let nologin = setting("nologin", \.nologin)
  package static let services = setting("services", \.services)
  package static let expires = setting("expires", \.expires)

  package static let rows: [PlanRow<Self>] = [
    PlanRow(password), PlanRow(home), PlanRow(mail), PlanRow(allowNets), PlanRow(nologin),
    PlanRow(services), PlanRow(expires),
  ]
}

extension Plan.LDAP {
  /// Half a sentence: why no config compiles to it; nil if one does.
  func flaw(of source: String) -> String? {
    guard url != nil, filter != .none, !base.isEmpty else {
      return "the account source '\(source)' lacks its directory, its base or its filter"
    }
    if url?.scheme == .ldaps, tls == .off { return "the account source '\(source)' has ldaps without TLS" }
    return (bindDN == nil) == (password == nil)
      ? nil : "the account source '\(source)' has a bind_dn without a password, or a password without bind_dn"
  }
}
