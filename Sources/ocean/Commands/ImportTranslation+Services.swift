import OceanPlan

extension ImportTranslation {
  /// Listeners that are alike but for ports: one service.
  private struct Group {
    /// Nil: as `listen` says.
    let addresses: [String]?
    let isBehindProxy: Bool
    let line: Int
    var plain: [Int] = []
    var implicit: [Int] = []
  }

  mutating func translateServices(_ tls: TLS) {
    let proxies = take("haproxy_trusted_networks")
    let trusted = networks(take("login_trusted_networks"))
    let isCleartextAllowed =
      take("disable_plaintext_auth")?.value == "no" || take("auth_allow_cleartext")?.isYes == true
    let most = takeSections("service", "pop3").compactMap { $0["process_limit"] }.last
    let groups = listeners(isTLSUsable: tls.explicit != nil)
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
      if let most, let number = Int(most.value), Plan.Bounds.connections.contains(number) {
        config.add(.services, depth: 2, "max_connections", "\(number)", from: "service pop3, process_limit")
      }
      if !group.plain.isEmpty {
        addPlaintextLogin(trusted, isAlways: isCleartextAllowed && tls.explicit != "required")
      }
      add(tls, group)
      if group.isBehindProxy { addProxies(proxies, group) }
    }
  }

  private mutating func addPlaintextLogin(_ trusted: [String], isAlways: Bool) {
    let origin = isAlways ? "disable_plaintext_auth" : nil
    if !isAlways, !trusted.isEmpty {
      config.add(
        .services, depth: 2, "plaintext_login", ImportedConfig.list(["127.0.0.0/8", "::1"] + trusted),
        from: "login_trusted_networks")
    } else {
      config.add(.services, depth: 2, "plaintext_login", isAlways ? "always" : "loopback", from: origin)
    }
  }

  private mutating func add(_ tls: TLS, _ group: Group) {
    guard let explicit = tls.explicit else { return }
    config.add(.services, depth: 2, "tls", nil)
    if !group.plain.isEmpty { config.add(.services, depth: 3, "explicit", explicit, from: "ssl") }
    config.add(
      .services, depth: 3, "implicit", Self.text(group.implicit), from: group.line > 0 ? "inet_listener" : nil
    )
    config.add(.services, depth: 3, "certificate", ImportedConfig.list(tls.certificates))
    if let profile = tls.profile {
      config.add(.services, depth: 3, "profile", profile.name, from: profile.origin)
    }
  }

  private mutating func addProxies(_ proxies: DovecotConfig.Setting?, _ group: Group) {
    let networks = networks(proxies)
    config.add(
      .services, depth: 2, "proxy_from", ImportedConfig.list(networks), from: proxies?.name ?? "haproxy")
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

  /// The listeners of POP3, by what they have in common; those that Dovecot has by itself included.
  private mutating func listeners(isTLSUsable: Bool) -> [Group] {
    let sections = takeSections("service", "pop3-login").flatMap(\.sections).filter {
      $0.kind == "inet_listener"
    }
    let usual = [("pop3", 110, false), ("pop3s", 995, true)].filter { name, _, _ in
      !sections.contains { $0.name == name }
    }.map { name, port, isTLS in
      DovecotConfig.Section(
        kind: "inet_listener", name: name, line: 0,
        settings: [.init(name: "port", value: "\(port)", line: 0)]
          + (isTLS ? [.init(name: "ssl", value: "yes", line: 0)] : []))
    }
    var groups: [Group] = []
    for listener in usual + sections {
      let standard = listener.name == "pop3" ? 110 : listener.name == "pop3s" ? 995 : 0
      let isTLS = listener["ssl"]?.isYes ?? (listener.name == "pop3s")
      let port = listener["port"].map { Int($0.value) ?? 0 } ?? standard
      guard port != 0 else { continue }
      guard Plan.Bounds.port.contains(port), isTLSUsable || !isTLS else {
        if listener.line > 0 {
          findings.addNeedless(listener.line, "listeners for TLS without a certificate")
        }
        continue
      }
      let addresses = listener["address"]?.words
      let isBehindProxy = listener["haproxy"]?.isYes ?? false
      let index =
        groups.firstIndex { $0.addresses == addresses && $0.isBehindProxy == isBehindProxy } ?? groups.count
      if index == groups.count {
        groups.append(Group(addresses: addresses, isBehindProxy: isBehindProxy, line: listener.line))
      }
      if isTLS { groups[index].implicit.append(port) } else { groups[index].plain.append(port) }
    }
    return groups
  }
}
