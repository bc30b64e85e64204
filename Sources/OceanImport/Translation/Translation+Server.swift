import OceanAddresses
import OceanPlan
import OceanSyntax

extension Translation {
  mutating func translateServer() {
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
      config.add(.server, "hostname", name.value.yamlQuoted, from: name.name)
    }
    let listen = take("listen")
    config.add(.server, "bind", Self.bind(listen?.words ?? ["*", "::"]), from: listen?.name)
    if let realm = base["auth_default_realm"], !realm.value.isEmpty {
      config.add(.server, "default_domain", realm.value.yamlQuoted, from: realm.name)
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
    config.add(.server, depth: 2, "connections_per_ip", "\(number)", from: limit.name)
    let rest =
      number == given ? "`except` has other numbers for single addresses" : "\(most) is the largest there is"
    report(.different, limit, "\(advice); \(rest)")
  }

  private mutating func translateMechanisms() {
    guard let mechanisms = take("auth_mechanisms") else { return }
    let others = mechanisms.words.filter { !["plain", "login"].contains($0.lowercased()) }
    guard !others.isEmpty else {
      return findings.addNeedless(
        [mechanisms.line], "plain and login: clients of POP3 log in by USER and PASS")
    }
    guard mechanisms.words.contains(where: { $0.lowercased() == "plain" }) else {
      return report(
        .open, mechanisms,
        "without plain among them nobody could log in by USER and PASS, which is the only way that ocean has: "
          + "whether "
          + "clients may send their passwords so")
    }
    report(
      .withoutCounterpart, mechanisms,
      "clients log in by USER and PASS, over TLS; those that are set to use \(others.joined(separator: ", ")) "
        + "must be "
        + "set to use a normal password")
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
