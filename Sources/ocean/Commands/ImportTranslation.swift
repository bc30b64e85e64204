import Glibc
import OceanPlan

/// Turns a config of Dovecot into one of ocean, and says of everything else what became of it.
struct ImportTranslation {
  /// What a POP3 service has beside its listeners.
  struct TLS {
    var explicit: String?
    var certificates: [String] = []
    var profile: (name: String, origin: String)?
  }

  var findings = ImportFindings()
  var config = ImportedConfig()
  /// Settings that hold for POP3 and were not looked at yet, by name.
  private var settings: [String: DovecotConfig.Setting] = [:]
  private(set) var sections: [DovecotConfig.Section]

  init(_ source: DovecotConfig) {
    sections = source.top.sections
    for setting in source.top.settings { settings[setting.name] = setting }
    for section in sections where section.kind == "protocol" {
      let isMeant = section.name.hasPrefix("!") ? section.name != "!pop3" : section.name == "pop3"
      guard isMeant else { continue }
      for setting in section.settings { settings[setting.name] = setting }
    }
    translateServer()
    let tls = translateTLS()
    let accounts = translateAccounts()
    translateMail(accounts)
    translateServices(tls)
    reportRest()
  }

  /// The setting, which then counts as seen to; nil if it has its default.
  mutating func take(_ name: String) -> DovecotConfig.Setting? { settings.removeValue(forKey: name) }

  func peek(_ name: String) -> DovecotConfig.Setting? { settings[name] }

  /// All sections of a kind, which then count as seen to.
  mutating func takeSections(_ kind: String, _ name: String? = nil) -> [DovecotConfig.Section] {
    func isMeant(_ section: DovecotConfig.Section) -> Bool {
      section.kind == kind && (name == nil || section.name == name)
    }
    defer { sections.removeAll(where: isMeant) }
    return sections.filter(isMeant)
  }

  /// - Parameter value: shown; nil for what may be a secret.
  mutating func report(
    _ kind: ImportFindings.Kind, _ setting: DovecotConfig.Setting, _ advice: String, showingValue: Bool = true
  ) {
    findings.add(
      kind, setting.line, showingValue ? "\(setting.name) = \(setting.value.trimmed)" : setting.name, advice)
  }

  mutating func report(_ kind: ImportFindings.Kind, line: Int = 0, _ what: String, _ advice: String) {
    findings.add(kind, line, what, advice)
  }

  // MARK: - Server

  private mutating func translateServer() {
    if let protocols = take("protocols") {
      if !protocols.words.contains("pop3") {
        report(.open, protocols, "Dovecot did not serve POP3; the service below is its default")
      }
      let others = protocols.words.filter { $0 != "pop3" }
      if !others.isEmpty {
        report(
          .withoutCounterpart, protocols,
          "ocean serves POP3. Leave the rest to Dovecot: protocols = \(others.joined(separator: " "))")
      }
    }
    if let name = take("hostname") {
      config.add(.server, "hostname", ImportedConfig.quoted(name.value), from: name.name)
    }
    let listen = take("listen")
    config.add(.server, "bind", Self.bind(listen?.words ?? ["*", "::"]), from: listen?.name)
    if let realm = take("auth_default_realm") {
      config.add(.server, "default_domain", ImportedConfig.quoted(realm.value), from: realm.name)
    }
    translateConnectionsPerAddress()
    if let trusted = peek("login_trusted_networks") {
      report(
        .different, trusted,
        "these may log in without TLS, as with Dovecot; what they say with XCLIENT of other clients' addresses is not "
          + "heard: see proxy_from")
    }
  }

  /// Dovecot counts each user of an address, ocean all of an address: a smaller number than usual would lock out offices.
  private mutating func translateConnectionsPerAddress() {
    guard let limit = take("mail_max_userip_connections") else { return }
    let usual = Plan.Server.Limits().connectionsPerIP
    let advice = "counts each user of an address, server.limits.connections_per_ip all of them together"
    guard let number = Int(limit.value), number > usual, Plan.Bounds.connectionsPerIP.contains(number) else {
      return report(.different, limit, "\(advice): it stays at \(usual)")
    }
    config.add(.server, "limits", nil)
    config.add(.server, depth: 2, "connections_per_ip", "\(number)", from: limit.name)
    report(.different, limit, "\(advice); `except` has other numbers for single addresses")
  }

  static func bind(_ addresses: [String]) -> String {
    if Set(addresses).isSuperset(of: ["*", "::"]) { return "all" }
    return ImportedConfig.list(
      addresses.map { address in
        if address == "*" { return "0.0.0.0" }
        return address.hasPrefix("[") && address.hasSuffix("]")
          ? String(address.dropFirst().dropLast()) : address
      })
  }

  /// Networks as ocean writes them: without host bits, which Dovecot passes over.
  mutating func networks(_ setting: DovecotConfig.Setting?) -> [String] {
    guard let setting else { return [] }
    return setting.words.compactMap { text in
      do throws(IPPrefix.ParseError) {
        return try IPPrefix(parsing: text).short
      } catch .hostBits(let network, _) {
        return network.short
      } catch {
        report(.open, setting, "'\(text)' is no network: it was left out")
        return nil
      }
    }
  }

  // MARK: - The rest

  private mutating func reportRest() {
    for setting in settings.values.sorted(by: { $0.line < $1.line }) {
      switch ImportKnowledge.verdict(on: setting) {
      case .needless(let reason): findings.addNeedless(setting.line, reason)
      case .withoutCounterpart(let advice): report(.withoutCounterpart, setting, advice)
      // Its value may be a secret.
      case .unknown:
        report(.withoutCounterpart, setting, "not known to this import", showingValue: false)
      }
    }
    for section in sections {
      switch section.kind {
      case "local", "remote":
        report(
          .open, line: section.line, "\(section.kind) \(section.name) { … }",
          "settings for some addresses: what there is of them for POP3 goes into a service of its own, with `bind` for "
            + "the addresses it listens on")
      case "protocol" where section.name == "pop3" || section.name.hasPrefix("!"): continue
      case "service", "protocol", "dict", "namespace":
        findings.addNeedless(section.line, "other protocols, Dovecot's own processes, folders of IMAP")
      case "plugin":
        findings.addNeedless(section.line, "settings of plugins")
      default:
        report(
          .withoutCounterpart, line: section.line, "\(section.kind) \(section.name)",
          "not known to this import")
      }
    }
  }
}
