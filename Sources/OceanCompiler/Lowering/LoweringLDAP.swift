import OceanPlan
import OceanSyntax

extension Config.LDAP {
  /// The settings as a plan has them, with defaults; nil without what is needed.
  var settings: Plan.LDAP? {
    guard let url = url?.value, let base = base?.value, let filter = filter?.value, isConsistent else {
      return nil
    }
    var ldap = Plan.LDAP(
      url: url, base: base, filter: filter, verify: verify?.value ?? .bind, tls: transport(to: url),
      ca: ca?.value)
    (ldap.bindDN, ldap.password) = (bindDN?.value, password?.value)
    ldap.timeoutSeconds = timeout?.value ?? ldap.timeoutSeconds
    ldap.connections = connections?.value ?? ldap.connections
    if let given = attributes?.value {
      ldap.attributes.password = given.password?.value
      ldap.attributes.home = given.home?.value
      ldap.attributes.mail = given.mail?.value
      ldap.attributes.allowNets = given.allowNets?.value
      ldap.attributes.nologin = given.nologin?.value
      ldap.attributes.services = given.services?.value
      ldap.attributes.expires = given.expires?.value
    }
    return ldap
  }

  /// Whether a name is given with its password, or neither.
  fileprivate var isConsistent: Bool { (bindDN == nil) == (password == nil) }

  private func transport(to url: LDAPURL) -> Plan.SourceTLS {
    switch url.scheme {
    case .ldapi: .off
    case .ldaps: tls?.value ?? .verify
    case .ldap: tls?.value ?? (url.isLocal ? .off : .verify)
    }
  }
}

extension Lowering {
  mutating func lowerLDAP(_ given: Located<Config.LDAP>, _ name: String) -> Plan.AccountSource? {
    let ldap = given.value
    checkName(ldap)
    guard let settings = ldap.settings else { return nil }
    note(ldap, at: Plan.LDAP.path(of: name))
    checkTransport(ldap, settings)
    if settings.verify == .bind, let unused = ldap.attributes?.value.password {
      report(
        .uncertainDirectory, unused.span, "the directory checks passwords itself: this has no effect",
        help: "remove it, or write verify: compare")
    }
    check(facts.ldapServers?[name], of: ldap, settings)
    return Plan.AccountSource(name: name, ldap: settings)
  }

  private mutating func note(_ ldap: Config.LDAP, at path: SettingPath) {
    typealias Rows = Plan.LDAP
    for (span, key) in [
      (ldap.url?.span, Rows.url.key), (ldap.base?.span, Rows.base.key), (ldap.filter?.span, Rows.filter.key),
      (ldap.verify?.span, Rows.verify.key), (ldap.bindDN?.span, Rows.bindDN.key),
      (ldap.password?.span, Rows.password.key), (ldap.tls?.span, Rows.tls.key), (ldap.ca?.span, Rows.ca.key),
      (ldap.timeout?.span, Rows.timeout.key), (ldap.connections?.span, Rows.connections.key),
    ] {
      if let span { note(span, path.appending(key)) }
    }
    guard let attributes = ldap.attributes?.value else { return }
    typealias Names = Plan.LDAP.Attributes
    for (span, key) in [
      (attributes.password?.span, Names.password.key), (attributes.home?.span, Names.home.key),
      (attributes.mail?.span, Names.mail.key), (attributes.allowNets?.span, Names.allowNets.key),
      (attributes.nologin?.span, Names.nologin.key), (attributes.services?.span, Names.services.key),
      (attributes.expires?.span, Names.expires.key),
    ] {
      if let span { note(span, path.appending("attributes").appending(key)) }
    }
  }

  /// A name without a password would be a login as nobody, with which a directory agrees.
  private mutating func checkName(_ given: Config.LDAP) {
    guard !given.isConsistent, !given.isMistaken("bind_dn"), !given.isMistaken("password") else { return }
    if let name = given.bindDN {
      report(
        .contradictoryDirectory, name.span, "'bind_dn' has no password",
        help: "say where it is: password: { file: ldap.password }")
    } else if let password = given.password {
      report(
        .contradictoryDirectory, password.span, "this password has no name",
        help: "say whose it is: bind_dn: \"cn=ocean,dc=example,dc=org\"")
    }
  }

  private mutating func checkTransport(_ given: Config.LDAP, _ settings: Plan.LDAP) {
    guard let url = settings.url else { return }
    if url.scheme == .ldapi {
      for unused in [given.tls?.span, given.ca?.span].compactMap(\.self) {
        report(
          .uncertainDirectory, unused, "a socket of this host has no TLS: this has no effect",
          help: "remove it")
      }
      return
    }
    if let tls = given.tls, tls.value == .off, url.scheme == .ldaps {
      report(
        .contradictoryDirectory, tls.span, "'ldaps' is TLS, and here it is off",
        help: "write tls: verify, or ldap:// in the URL")
    } else if let tls = given.tls, tls.value == .off, !url.isLocal {
      report(
        .uncertainDirectory, tls.span, "passwords go to \(url.host ?? "") in the clear",
        help: "write tls: verify")
    }
    if let ca = given.ca, settings.tls != .verify {
      report(
        .uncertainDirectory, ca.span, "without 'tls: verify' no certificate is checked: this has no effect",
        help: "write tls: verify, or remove it")
    }
  }

  private mutating func check(
    _ found: Facts.LDAPServer?, of given: Config.LDAP, _ settings: Plan.LDAP
  ) {
    guard let url = given.url, let base = given.base else { return }
    let place = url.value.description
    guard let found else { return reportNotChecked("\(place) (not among the facts)") }
    let isServing = purpose.isChecking ? nil as Severity? : .warning
    checkPassword(given.password, found.password, as: .directoryPassword, of: "directory")
    switch found.state {
    case .notAsked: reportNotChecked("\(place) (not asked: \(found.reason ?? "offline"))")
    case .away: reportNotChecked("\(place) (\(found.reason ?? "away"))")
    case .missingLibrary:
      report(
        .missingClientLibrary, url.span, found.reason ?? "the library of the directory is not installed",
        help: "apt-get install libldap2    # libldap-2.5-0 in Debian 12", severity: isServing)
    case .refused:
      report(
        .refusedDirectory, given.bindDN?.span ?? url.span, found.reason ?? "the directory does not answer",
        severity: isServing)
    case .answered:
      if found.hasBase == false {
        report(
          .refusedDirectory, base.span, "the directory shows no entry \(base.value)",
          help: given.bindDN == nil
            ? "it may show it to a name that it knows: bind_dn, with a password"
            : "look for it with ldapsearch, or let 'bind_dn' see it", severity: isServing)
      }
      guard let unknown = found.unknown else {
        return reportNotChecked("attributes of \(place) (it does not show its schema)")
      }
      checkAttributes(unknown, of: given, isServing)
      for alias in found.aliases ?? [] {
        report(
          .uncertainDirectory, span(of: alias.written, in: given),
          "'\(alias.written)' is another name of '\(alias.name)', and entries have that",
          help: "write \(alias.name): if the directory answers by it, all logins fail for now")
      }
    }
  }

  /// Where a config names an attribute.
  private func span(of attribute: String, in given: Config.LDAP) -> Span? {
    let named = given.attributes?.value
    return [
      named?.password, named?.home, named?.mail, named?.allowNets, named?.nologin, named?.services,
      named?.expires,
    ].compactMap(\.self).first { $0.value == attribute }?.span ?? given.filter?.span
  }

  private mutating func checkAttributes(
    _ unknown: [String], of given: Config.LDAP, _ severity: Severity?
  ) {
    for name in unknown {
      report(
        .refusedDirectory, span(of: name, in: given),
        "the directory's schema has no attribute '\(name)'",
        help: "a comparison with it finds nothing, and no entry has it", severity: severity)
    }
  }
}
