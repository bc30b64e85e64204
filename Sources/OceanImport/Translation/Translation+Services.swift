import OceanPlan

extension Translation {
  /// Listeners that differ only by their ports: one service.
  private struct Group {
    /// Nil means the addresses of `listen`.
    let addresses: [String]?
    let isBehindProxy: Bool
    let line: Int
    var plain: [Int] = []
    var implicit: [Int] = []
  }

  /// The places from which passwords may come in clear text.
  private struct Cleartext {
    var isAlways: Bool
    var networks: [String]
    let origin: String?
  }

  mutating func translateServices(_ tls: TLS, _ accounts: Accounts) {
    let proxies = take("haproxy_trusted_networks")
    let cleartext = cleartext(tls)
    let most = maxSessions()
    let groups = listeners(tls)
    if groups.isEmpty {
      report(.open, line: 0, "inet_listener", "no port of POP3 is open: the service is switched off")
      config.add(.services, "pop3", "{ enabled: false }")
    }
    for (index, group) in groups.enumerated() {
      let name = group.isBehindProxy ? "pop3-proxy" : "pop3"
      let isFirst = groups.firstIndex { $0.isBehindProxy == group.isBehindProxy } == index
      config.add(.services, isFirst ? name : "\(name)-\(index + 1)", nil)
      if let addresses = group.addresses {
        config.add(.services, depth: 2, "bind", Self.bind(addresses), from: "inet_listener")
      }
      config.add(
        .services, depth: 2, "ports", Self.text(group.plain), from: group.line > 0 ? "inet_listener" : nil)
      config.add(.services, depth: 2, "max_connections", "\(most.number)", from: most.origin)
      if accounts.sources.count > 1 {
        config.add(.services, depth: 2, "accounts", ImportedConfig.list(accounts.sources))
      }
      if let mechanisms {
        config.add(.services, depth: 2, "sasl", ImportedConfig.list(mechanisms), from: "auth_mechanisms")
      }
      if !group.plain.isEmpty { add(cleartext) }
      add(tls, group)
      if group.isBehindProxy { addProxies(proxies, group) }
    }
    if !cleartext.isAlways, groups.contains(where: { !$0.plain.isEmpty }) {
      report(
        .different, "plaintext_login",
        "Dovecot also takes passwords without TLS over connections with the same address at both ends, like those "
          + "of a webmail "
          + "that names this host; ocean takes them from loopback: add the host's own addresses if something "
          + "connects so"
      )
    }
    if let proxies, !groups.contains(where: \.isBehindProxy) {
      findings.addNeedless([proxies.line], "proxies: no listener has haproxy = yes")
    }
  }

  // MARK: - Clear text

  /// Translates clear-text logins. Settings that allow them for some clients are taken out of the filters.
  private mutating func cleartext(_ tls: TLS) -> Cleartext {
    let permission = take("disable_plaintext_auth")
    var networks: [String] = []
    var origins: [String] = []
    if let trusted = take("login_trusted_networks") {
      networks += self.networks(trusted.words, of: trusted)
      origins.append(trusted.written.name)
      report(
        .different, trusted,
        "these may log in without TLS, as with Dovecot; ocean ignores the addresses of other clients "
          + "that they send with XCLIENT: see proxy_from")
    }
    for filter in filters where filter.local == nil && filter.localName == nil {
      guard let remote = filter.remote, filter.section["disable_plaintext_auth"]?.value == "no",
        let setting = filter.section["disable_plaintext_auth"]
      else { continue }
      let mode = filter.section["ssl"]?.value ?? (tls.isRequired ? "required" : "yes")
      filter.section.remove(setting)
      if mode == "required" {
        findings.addNeedless(
          [setting.line], "passwords without TLS: ssl = required forbids them all the same")
        continue
      }
      if let own = filter.section["ssl"], own.value == "yes" { filter.section.remove(own) }
      networks += self.networks(remote.split(separator: " ").map(String.init), of: setting)
      origins.append("remote")
    }
    if let permission, permission.value == "no", !tls.isRequired {
      return Cleartext(isAlways: true, networks: networks, origin: permission.written.name)
    }
    return Cleartext(
      isAlways: false, networks: networks, origin: origins.isEmpty ? nil : origins.joined(separator: ", "))
  }

  private mutating func add(_ cleartext: Cleartext) {
    if cleartext.isAlways {
      config.add(.services, depth: 2, "plaintext_login", "always", from: cleartext.origin)
    } else if cleartext.networks.isEmpty {
      config.add(.services, depth: 2, "plaintext_login", "loopback")
    } else {
      config.add(
        .services, depth: 2, "plaintext_login",
        ImportedConfig.list(["127.0.0.0/8", "::1"] + cleartext.networks), from: cleartext.origin)
    }
  }

  // MARK: - TLS and proxies

  private mutating func add(_ tls: TLS, _ group: Group) {
    // If a config asks for TLS and names no certificate, the result is not valid: that has to be decided.
    guard !tls.certificates.isEmpty || tls.isRequired else { return }
    config.add(.services, depth: 2, "tls", nil)
    if !group.plain.isEmpty {
      config.add(.services, depth: 3, "explicit", tls.isRequired ? "required" : "optional", from: "ssl")
    }
    config.add(
      .services, depth: 3, "implicit", Self.text(group.implicit), from: group.line > 0 ? "inet_listener" : nil
    )
    if !tls.certificates.isEmpty {
      config.add(.services, depth: 3, "certificate", ImportedConfig.list(tls.certificates))
    }
    if let profile = tls.profile {
      config.add(.services, depth: 3, "profile", profile.name, from: profile.origin)
    }
  }

  private mutating func addProxies(_ proxies: DovecotConfig.Setting?, _ group: Group) {
    let networks = proxies.map { self.networks($0.words, of: $0) } ?? []
    config.add(
      .services, depth: 2, "proxy_from", ImportedConfig.list(networks),
      from: proxies?.written.name ?? "haproxy")
    if networks.isEmpty {
      report(
        .open, line: group.line, "haproxy = yes",
        "name the proxies: haproxy_trusted_networks, or here proxy_from")
    } else {
      report(
        .different, line: group.line, "haproxy = yes",
        "proxies must send the header, as with Dovecot; others may connect here too, without it")
    }
  }

  private static func text(_ ports: [Int]) -> String {
    "[" + ports.map(String.init).joined(separator: ", ") + "]"
  }

  // MARK: - Processes and listeners

  /// How many sessions Dovecot allows. It has a process for each session, unless one process has several.
  private mutating func maxSessions() -> (number: Int, origin: String) {
    func number(_ setting: DovecotConfig.Setting?, _ usual: Int) -> Int {
      setting.flatMap { Int($0.value) } ?? usual
    }
    let service = takeService("pop3")
    let usual = (take("default_process_limit"), take("default_client_limit"))
    let (processes, clients) = (service?.take("process_limit"), service?.take("client_limit"))
    if let service { reportRest(ofService: service) }
    let perProcess = number(clients, 1) == 0 ? number(usual.1, 1000) : number(clients, 1)
    let count = number(processes, 1024) == 0 ? number(usual.0, 100) : number(processes, 1024)
    findings.addNeedless(
      [usual.0, usual.1].compactMap { $0?.line }, "limits of services that have none of their own")
    let (product, overflow) = max(1, count).multipliedReportingOverflow(by: max(1, perProcess))
    let most = Plan.Service.maxConnections.range.upperBound
    let bounded = overflow ? most : min(product, most)
    let names = [processes?.name, clients?.name].compactMap(\.self)
    return (
      bounded,
      names.isEmpty ? "service pop3, its default" : "service pop3, \(names.joined(separator: " and "))"
    )
  }

  /// Takes a service that POP3 goes through, and reports what runs in front of its program.
  private mutating func takeService(_ name: String) -> DovecotConfig.Section? {
    guard let service = takeSections("service", name).last else { return nil }
    if let program = service.take("executable"),
      program.words.count > 1 || program.words.first?.hasSuffix(name) != true
    {
      report(
        .open, program,
        "another program runs before or instead of Dovecot's, such as a script after login: ocean runs none, "
          + "so see what it "
          + "does for users of POP3")
    }
    return service
  }

  /// Reports the rest of a service. Its other listeners are sockets between Dovecot's processes.
  private mutating func reportRest(ofService service: DovecotConfig.Section) {
    for setting in service.settings { reportRest(setting, in: service) }
    for section in service.sections {
      if section.kind == "inet_listener" {
        report(
          .open, line: section.line, "inet_listener \(section.name)",
          "not known to this import at a service of its kind: find out who connects there")
      } else {
        findings.addNeedless(section.lines, Knowledge.inside)
      }
    }
  }

  /// The listeners of POP3, grouped by what they have in common; those that Dovecot has by default are
  /// included.
  private mutating func listeners(_ tls: TLS) -> [Group] {
    let service = takeService("pop3-login")
    for name in ["process_limit", "client_limit"] {
      guard let setting = service?.take(name) else { continue }
      findings.addNeedless([setting.line], Knowledge.inside)
    }
    let sections = service?.takeSections("inet_listener") ?? []
    if let service { reportRest(ofService: service) }
    let usual = [("pop3", 110, false), ("pop3s", 995, true)].filter { name, _, _ in
      !sections.contains { $0.name == name }
    }.map { name, port, isTLS in
      DovecotConfig.Section(
        "inet_listener", name, line: 0,
        settings: [.init(name: "port", value: "\(port)", line: 0)]
          + (isTLS ? [.init(name: "ssl", value: "yes", line: 0)] : []))
    }
    var groups: [Group] = []
    for listener in usual + sections { add(listener, tls, &groups) }
    return groups
  }

  private mutating func add(_ listener: DovecotConfig.Section, _ tls: TLS, _ groups: inout [Group]) {
    let standard = listener.name == "pop3" ? 110 : listener.name == "pop3s" ? 995 : 0
    let isTLS = listener["ssl"]?.isYes ?? (listener.name == "pop3s")
    let given = listener["port"]
    let port = given.map { Int($0.value) ?? -1 } ?? standard
    let addresses = listener["address"].flatMap { $0.value.isEmpty ? nil : $0.words }
    let isBehindProxy = listener["haproxy"]?.isYes ?? false
    for name in ["ssl", "port", "address", "haproxy"] { _ = listener.take(name) }
    for setting in listener.settings { reportRest(setting, in: listener) }
    guard port != 0 else {
      if listener.line > 0 { findings.addNeedless([listener.line], "listeners that are switched off") }
      return
    }
    guard Plan.Bounds.port.contains(port) else {
      return report(
        .open, line: given?.line ?? listener.line, "port = \(given?.value ?? "")",
        "not a port: it was left out")
    }
    guard !isTLS || !tls.certificates.isEmpty || tls.isRequired else {
      if listener.line > 0 {
        findings.addNeedless([listener.line], "listeners for TLS without a certificate")
      }
      return
    }
    let index =
      groups.firstIndex { $0.addresses == addresses && $0.isBehindProxy == isBehindProxy } ?? groups.count
    if index == groups.count {
      groups.append(Group(addresses: addresses, isBehindProxy: isBehindProxy, line: listener.line))
    }
    if isTLS { groups[index].implicit.append(port) } else { groups[index].plain.append(port) }
  }
}
