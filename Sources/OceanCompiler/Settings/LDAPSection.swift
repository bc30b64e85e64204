import OceanPlan
import OceanSyntax

extension Config {
  struct LDAP: SectionRoot {
    typealias Lowered = Plan.LDAP

    var mistaken: Set<String> = []
    var url: Located<LDAPURL>?
    var base: Located<String>?
    var filter: Located<LDAPFilter>?
    var verify: Located<Plan.LDAP.Verify>?
    var bindDN: Located<String>?
    var password: Located<Plan.SecretSource>?
    var tls: Located<Plan.SourceTLS>?
    var ca: Located<String>?
    var attributes: Located<LDAPAttributes>?
    var timeout: Located<Int>?
    var connections: Located<Int>?
  }

  struct LDAPAttributes: SectionRoot {
    typealias Lowered = Plan.LDAP.Attributes

    var mistaken: Set<String> = []
    var password: Located<String>?
    var home: Located<String>?
    var mail: Located<String>?
    var allowNets: Located<String>?
    var nologin: Located<String>?
    var services: Located<String>?
    var expires: Located<String>?
  }
}

extension Settings {
  static let ldap = Section<Config.LDAP>(
    summary: "the ldap section",
    example: "ldap: { url: ldaps://ldap.example.org, base: \"ou=people,dc=example,dc=org\", filter: "
      + "\"(mail={address})\" }",
    settings: [
      Setting(
        Plan.LDAP.url, .directoryURL, \.url, required: "ldaps://ldap.example.org",
        "Where the directory is: `ldaps://HOST`, `ldap://HOST` (with STARTTLS, unless `tls` is `off`) or "
          + "`ldapi:///PATH`, a socket of this host. The name and the password that ocean has there are never part of it. "
          + "OpenLDAP's library is loaded when it is needed: Debian's package `libldap2`, `libldap-2.5-0` in Debian 12."
      ),
      Setting(
        Plan.LDAP.base, .distinguishedName, \.base, required: "\"ou=people,dc=example,dc=org\"",
        "The entry below which accounts are looked for, at any depth."),
      Setting(
        Plan.LDAP.filter, .ldapFilter, \.filter, required: "\"(mail={address})\"",
        "The filter that finds an account (RFC 4515): one entry, or none. `{address}` is the login, `{user}` and "
          + "`{domain}` are its parts, `{service}` is the service's name, `{client}` the client's address. They stand where a "
          + "value stands, and are escaped; nothing that a client sends becomes part of the filter."),
      Setting(
        Plan.LDAP.verify, .choice([("bind", .bind), ("compare", .compare)]), \.verify,
        default: .written("bind"),
        "Who checks the password: `bind`, the directory, to which the client's password is sent for a login as the entry "
          + "that was found; or `compare`, ocean, with the password that the entry has."),
      Setting(
        Plan.LDAP.bindDN, .text("a name in the directory"), \.bindDN,
        default: .words("none: it is asked by nobody in particular"),
        "The name under which ocean looks for accounts, such as `\"cn=ocean,dc=example,dc=org\"`."),
      Setting(
        Plan.LDAP.password, .secret, \.password,
        default: .words("none, which is possible without `bind_dn` only"),
        "Where the password of `bind_dn` is: `{ file: PATH }`, `{ env: VARIABLE }` or `{ credential: NAME }`. It is read "
          + "when a plan is applied."),
      Setting(
        Plan.LDAP.tls, .choice([("off", .off), ("require", .require), ("verify", .verify)]), \.tls,
        default: .words("`verify`; `off` on this host, but for `ldaps`"),
        "TLS to the directory: `off`; `require`, with whatever certificate; or `verify`, with a certificate for that host "
          + "from a CA that is trusted."),
      Setting(
        Plan.LDAP.ca, .path, \.ca, default: .words("the CAs of the system"),
        "A file with the CAs, in PEM, for `tls: verify`."),
      Setting(
        "attributes", .section(ldapAttributes), \.attributes,
        "The attributes that say more about an account."),
      Setting(
        Plan.LDAP.timeout, \.timeout,
        "How long a login waits for the directory, with everything. Then it fails for now (`[SYS/TEMP]`)."),
      Setting(
        Plan.LDAP.connections, \.connections,
        "How many logins it is asked about at a time. Each takes a connection, and with `verify: bind` a second one. They "
          + "are made as they are needed, and closed after a minute without use."),
    ])

  private static let ldapAttributes = Section<Config.LDAPAttributes>(
    summary: "the attributes of a directory",
    example: "attributes: { home: homeDirectory }",
    settings: [
      Setting(
        Plan.LDAP.Attributes.password, .attribute, \.password,
        default: .words("`\(Plan.LDAP.defaultPassword)`, with `verify: compare`"),
        "The attribute with the password, for `verify: compare`: as in a passwd-file, `{SCHEME}hash`."),
      Setting(
        Plan.LDAP.Attributes.home, .attribute, \.home,
        "The attribute with the home directory, an absolute path, for `{home}`: often `homeDirectory`."),
      Setting(
        Plan.LDAP.Attributes.mail, .attribute, \.mail,
        "The attribute with the account's own Maildir, an absolute path, or `~/` with a home; not that with its address."
      ),
      Setting(
        Plan.LDAP.Attributes.allowNets, .attribute, \.allowNets,
        "The attribute with the addresses and networks from which it may log in: one in each value, or commas between them."
      ),
      Setting(
        Plan.LDAP.Attributes.nologin, .attribute, \.nologin,
        "The attribute that switches an account off: with any value but `FALSE`, `0`, `f`, `n` and `no`."),
      Setting(
        Plan.LDAP.Attributes.services, .attribute, \.services,
        "The attribute with the names of the services at which it may log in: one in each value, or commas between them."
      ),
      Setting(
        Plan.LDAP.Attributes.expires, .attribute, \.expires,
        "The attribute with the end until which it may log in: `2027-01-31`, a time of RFC 3339, or one of LDAP "
          + "(`20270131180000Z`)."),
    ])
}

extension ValueType where Value == String {
  /// The name of an attribute (RFC 4512 §1.4), or its number, perhaps with options.
  static let attribute = ValueType(
    summary: "the name of an attribute",
    schema: ["type": "string", "pattern": "^([A-Za-z][A-Za-z0-9-]*|[0-9]+([.][0-9]+)+)(;[A-Za-z0-9-]+)*$"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "the name of an attribute") else { return nil }
    let isName = text.split(separator: ";", omittingEmptySubsequences: false).allSatisfy { part in
      !part.isEmpty
        && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") }
    }
    guard isName, text.first.map({ $0.isLetter || $0.isNumber }) == true, text.utf8.count <= 128 else {
      decoder.report(
        .badDirectory, node.span, "'\(text)' is not the name of an attribute",
        help: "letters, digits and hyphens, like homeDirectory")
      return nil
    }
    return text
  }

  /// The name of an entry (RFC 4514). The directory knows the rest.
  static let distinguishedName = ValueType(
    summary: "the name of an entry",
    schema: ["type": "string", "pattern": "="]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "the name of an entry") else { return nil }
    guard text.contains("="), !text.utf8.contains(0), text.utf8.count <= 2048 else {
      decoder.report(
        .badDirectory, node.span, "'\(text)' is not the name of an entry",
        help: "like ou=people,dc=example,dc=org")
      return nil
    }
    return text
  }
}

extension ValueType where Value == LDAPURL {
  static let directoryURL = ValueType(
    summary: "the place of a directory",
    schema: ["type": "string", "pattern": "^(ldaps?://[^/@?]+/?|ldapi://.*)$"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "the place of a directory") else { return nil }
    do throws(LDAPURL.Flaw) {
      return try LDAPURL(parsing: text)
    } catch {
      let (message, help) = error.words
      var mistake = Diagnostic(.badDirectory, message, at: node.span, help: help)
      // A password may be in it: no line of it is shown.
      mistake.hidesLine = text.contains("@")
      decoder.diagnostics.append(mistake)
      return nil
    }
  }
}

extension LDAPURL.Flaw {
  /// Nothing of the text is quoted, because it may have a password in it.
  fileprivate var words: (message: String, help: String?) {
    let examples = "like ldaps://ldap.example.org, ldap://127.0.0.1:389 or ldapi:///run/slapd/ldapi"
    return switch self {
    case .unknownScheme: ("this is not the place of a directory", examples)
    case .account:
      (
        "a name or a password does not belong in the URL: plans, logs and diffs show it",
        "leave it out here, and say it in settings of its own: bind_dn: …, password: { file: ldap.password }"
      )
    case .missingHost: ("the host of the directory is missing", examples)
    case .badHost: ("the host is not a name or an address", "an IPv6 address is written in brackets")
    case .badPort: ("the port is not a number from 1 to 65535", nil)
    case .badSocket:
      ("behind ldapi:// there can only be the path of a socket of this host", "ldapi:///run/slapd/ldapi")
    case .rest:
      (
        "behind the host there can be nothing",
        "the base, the filter and the attributes are settings of their own"
      )
    }
  }
}

extension ValueType where Value == LDAPFilter {
  static let ldapFilter = ValueType(
    summary: "a filter with `{address}` or `{user}`",
    schema: ["type": "string", "pattern": "[{](address|user)[}]"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "a filter") else { return nil }
    do throws(LDAPFilter.Flaw) {
      return try LDAPFilter(parsing: text)
    } catch {
      let (message, help) = error.words
      decoder.report(.badFilter, node.span, message, help: help)
      return nil
    }
  }
}

extension LDAPFilter.Flaw {
  fileprivate var words: (message: String, help: String?) {
    let known = LoginParameter.allCases.map { "{\($0.rawValue)}" }.joined(separator: ", ")
    return switch self {
    case .empty: ("the filter is empty", nil)
    case .tooLong: ("the filter is longer than \(LDAPFilter.maxLength >> 10) KiB", nil)
    case .containsNUL: ("the filter has a NUL in it", nil)
    case .bare: ("a filter stands in parentheses", "like \"(mail={address})\"")
    case .unbalanced: ("the parentheses of the filter do not match", nil)
    case .malformed(let text):
      (
        "'\(text)' is not a comparison",
        "like (mail={address}); in a value, a parenthesis is written \\28 or \\29, a backslash \\5c"
      )
    case .unknownParameter(let name): ("{\(name)} is not a parameter", "known: \(known)")
    case .misplacedParameter(let name):
      ("{\(name)} does not stand where a value stands", "parameters stand behind '=', like (mail={address})")
    case .noLogin:
      (
        "the filter does not name the login: everybody would get the same entry",
        "for example (mail={address})"
      )
    }
  }
}
