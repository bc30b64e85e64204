import OceanAddresses
import OceanPlan
import OceanSyntax

extension Translation {
  mutating func translateServer() {
    if let protocols = take("protocols") {
      if !protocols.words.contains("pop3") {
        report(.open, protocols, "Dovecot did not serve POP3; the service below is its default")
      }
      let others = protocols.words.filter { !["pop3", "none"].contains($0) }
      if !others.isEmpty {
        report(
          .withoutCounterpart, protocols,
          "ocean serves POP3. Leave the rest to Dovecot: protocols = \(others.joined(separator: " "))")
      }
    }
    if let name = take("hostname") {
      config.add(.server, "hostname", name.value.yamlQuoted, from: name.written.name)
    }
    let listen = take("listen")
    config.add(.server, "bind", Self.bind(listen?.words ?? ["*", "::"]), from: listen?.written.name)
    if let realm = base["auth_default_realm"], !realm.value.isEmpty {
      config.add(.server, "default_domain", realm.value.yamlQuoted, from: realm.written.name)
    }
    translateConnectionsPerAddress()
    translateMechanisms()
  }

  /// Translates the limit for each address. Dovecot counts each user of an address, ocean counts the whole
  /// address: a number smaller than the default would lock out offices.
  private mutating func translateConnectionsPerAddress() {
    guard let limit = take("mail_max_userip_connections") else { return }
    let usual = Plan.Server.Limits.connectionsPerIP.defaultValue
    let most = Plan.Server.Limits.connectionsPerIP.range.upperBound
    let advice = "counts each user of an address, server.limits.connections_per_ip all of them together"
    guard let given = Int(limit.value), given >= 0 else {
      return report(.open, limit, "not a number: server.limits.connections_per_ip stays at \(usual)")
    }
    let number = given == 0 ? most : min(given, most)
    guard number > usual else { return report(.different, limit, "\(advice): it stays at \(usual)") }
    config.add(.server, "limits", nil)
    config.add(.server, depth: 2, "connections_per_ip", "\(number)", from: limit.written.name)
    let rest =
      number == given ? "`except` has other numbers for single addresses" : "\(most) is the largest there is"
    report(.different, limit, "\(advice); \(rest)")
  }

  private mutating func translateMechanisms() {
    guard let given = take("auth_mechanisms") else { return }
    let names = given.words.map { $0.lowercased() }
    let others = given.words.filter { !["plain", "login"].contains($0.lowercased()) }
    guard names.contains("plain") else {
      return report(
        .open, given,
        "without plain among them nobody could log in by USER and PASS, which every service here has: whether "
          + "clients may send their passwords so")
    }
    if names.contains("login") { mechanisms = ["plain", "login"] }
    guard !others.isEmpty else {
      guard !names.contains("login") else { return }
      return findings.addNeedless([given.line], "plain: it is a mechanism of AUTH here too")
    }
    report(
      .withoutCounterpart, given,
      "clients log in by USER and PASS, or AUTH PLAIN; those that are set to use "
        + "\(others.joined(separator: ", ")) must be set to use a normal password, over TLS")
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

  /// Networks as ocean writes them: without host bits, which Dovecot ignores.
  mutating func networks(_ words: [String], of setting: DovecotConfig.Setting) -> [String] {
    words.compactMap { text in
      do throws(IPPrefix.ParseError) {
        return try IPPrefix(parsing: text).short
      } catch .hostBits(let network, _) {
        return network.short
      } catch {
        report(.open, setting, "'\(text)' is not a network: it was left out")
        return nil
      }
    }
  }
}
