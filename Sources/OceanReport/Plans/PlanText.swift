import OceanBase
import OceanCompiler
package import OceanHost
import OceanAddresses
package import OceanPlan
package import OceanSyntax

/// A plan for people: each of its values, and the line of the file that sets it.
package struct PlanText {
  private let plan: Plan
  private let digest: Digest
  private let provenance: Provenance
  private let rules: PlanRules
  private let facts: Facts
  /// How many expectations hold: `6 of 6`; nil without expectations.
  private let holding: String?
  private let screen: Screen

  /// The width beyond which values are no longer aligned, for the sake of a long one.
  private static let maxWidth = 60

  package init(_ plan: Plan, _ digest: Digest, _ config: CompiledConfig, on screen: Screen) {
    self.plan = plan
    self.digest = digest
    provenance = config.result.provenance
    rules = config.result.rules
    facts = config.facts
    holding = config.heldExpectations
    self.screen = screen
  }

  private struct Row {
    /// Such as `services.pop3`.
    let section: String
    let label: String
    let value: String
    let origin: String
    /// Whether nobody has written it.
    var isDefault = false
  }

  package var text: String {
    let services = Dictionary(plan.services.map { ("services.\($0.name)", $0) }, uniquingKeysWith: { $1 })
    // It need not be said that a list is on, that a limit has no exceptions, that no rule has an end, that a database is
    // not a file, or that logins are not remembered.
    let unsaid = [
      "enabled", "except", Plan.endsSetting.key, Plan.AccountSource.passwdFile.key,
      Plan.AccountSource.cache.key,
    ]
    let told = plan.settings.flatMap(\.parts).filter { $0.value != nil || !unsaid.contains($0.path.key) }
    let rows = told.flatMap { setting in
      [row(setting)] + entries(of: setting)
        + (services[setting.service].map { supplement(to: setting, $0) } ?? [])
    }
    var columns = Rows(maxValue: Self.maxWidth)
    for (section, rows) in grouped(rows) {
      columns.addHeading(section, at: provenance[section]?.description ?? "")
      for row in rows {
        columns.add("  " + row.label, row.value, at: row.origin, style: row.isDefault ? .faint : nil)
      }
    }
    let enabled = counted(plan.services.count { $0.enabled }, "service")
    let sockets = counted(plan.activeListeners.count, "listener")
    let expectations = holding.map { screen.field("expect", "\($0) hold") + [""] } ?? []
    let policy = (try? plan.policy(with: rules)).map { screen.field("policy", $0.short) } ?? []
    let end = "plan \(digest.short): \(enabled), \(sockets). Nothing was applied."
    return
      (columns.lines(on: screen) + [""] + policy + (expectations.isEmpty ? [""] : expectations)
      + screen.fitted(end, indent: 2))
      .joined(separator: "\n")
  }

  /// The rows by section, in order of first appearance.
  private func grouped(_ rows: [Row]) -> [(section: String, rows: [Row])] {
    var places: [String: Int] = [:]
    var groups: [(section: String, rows: [Row])] = []
    for row in rows {
      if let place = places[row.section] {
        groups[place].rows.append(row)
      } else {
        places[row.section] = groups.count
        groups.append((row.section, [row]))
      }
    }
    return groups
  }

  private func row(_ setting: Plan.Setting) -> Row {
    let key = setting.path.key
    let isRead = setting.path.components.first == "certificates" && key != "passphrase"
    let isFixed = ["handshake_timeout", "failure_delay", "line_octets", "output_octets"].contains(key)
    let isEnd = setting.path.components.first.map(String.init) == Plan.endsSetting.key
    let fallback = isRead ? "the chain" : isFixed ? "fixed" : isEnd ? "" : "default"
    return Row(
      section: setting.path.section.description, label: key, value: text(setting, key),
      origin: provenance[setting.path]?.description ?? fallback, isDefault: provenance[setting.path] == nil)
  }

  /// The entries of an address list, each with its place, below the number of addresses they hold.
  private func entries(of setting: Plan.Setting) -> [Row] {
    guard case .addresses(let addresses) = setting.value, let list = rules[setting.path] else {
      return []
    }
    let section = setting.path.section.description
    let entries = list.entries
    let rows = entries.prefix(Self.maxEntries).map { origin, rules in
      var value = "  " + origin.name
      if rules != 1 { value += origin.until == nil ? ", \(rules) entries" : ", which has come" }
      return Row(section: section, label: "", value: value, origin: "\(origin.place)")
    }
    let hidden = entries.count - rows.count
    // This host's own addresses, among those that are never blocked.
    let others = addresses.subtracting(AddressSet(list.rules))
    return rows
      + (others.isEmpty
        ? []
        : [
          Row(section: section, label: "", value: "  " + others.words, origin: "always", isDefault: true)
        ])
      + (hidden > 0 ? [Row(section: section, label: "", value: "  and \(hidden) more", origin: "")] : [])
  }

  private static let maxEntries = 20

  /// The value, with what makes it easier to read.
  private func text(_ setting: Plan.Setting, _ key: String) -> String {
    if case .addresses(let addresses) = setting.value, rules[setting.path] != nil {
      return addresses.counts
    }
    guard let value = setting.value?.text else { return key == "user" ? "the user who starts it" : "none" }
    switch key {
    case "passwd_file":
      guard case .read(let summary) = facts.accountFiles[value] else { return value }
      return "\(value) (\(summary.active) active, \(summary.disabled) disabled)"
    case "expires":
      guard let time = Timestamp.seconds(value) else { return value }
      return "\(value) (\(Quantities.timeLeft(time - facts.now)))"
    case "fingerprint", "key_fingerprint": return String(value.prefix(Self.fingerprintLength))
    case "issuers":
      return value.isEmpty
        ? "none"
        : value.split(separator: ", ").map { $0.prefix(Self.fingerprintLength) }.joined(separator: ", ")
    case "profile":
      guard let protocols = facts.protocols[value] else { return value }
      return
        "\(value): \(protocols.isEmpty ? "nothing that libssl can do" : protocols.joined(separator: ", "))"
    default: return value
    }
  }

  /// Enough digits of a fingerprint to tell certificates apart.
  static let fingerprintLength = 16

  /// Rows that people ask for and that are not settings of a plan.
  private func supplement(to setting: Plan.Setting, _ service: Plan.Service) -> [Row] {
    let section = "services.\(service.name)"
    switch setting.path {
    case Plan.Service.enabled.path(of: service.name): return listeners(service)
    case Plan.Service.TLS.explicit.path(in: Plan.Service.TLS.path(of: service.name)):
      let ports = Set(service.listeners.filter { $0.tls == .implicit }.map(\.port)).sorted()
      return [
        Row(
          section: "\(section).tls", label: "implicit",
          value: ports.isEmpty ? "none" : ports.map(String.init).joined(separator: ", "),
          origin: provenance["\(section).tls.implicit"]?.description ?? "default",
          isDefault: provenance["\(section).tls.implicit"] == nil)
      ]
    case Plan.Service.TLS.certificate.path(in: Plan.Service.TLS.path(of: service.name)):
      guard let tls = service.tls, tls.certificates.count > 1, let first = tls.certificates.first else {
        return []
      }
      return [Row(section: "\(section).tls", label: "without SNI", value: first, origin: "")]
    default: return []
    }
  }

  private func listeners(_ service: Plan.Service) -> [Row] {
    let section = "services.\(service.name)"
    guard service.enabled else { return [] }
    return service.listeners.enumerated().map { index, listener in
      Row(
        section: section, label: index == 0 ? "listeners" : "",
        value: service.text(of: listener),
        origin: provenance["\(section).listeners.\(listener)"]?.description ?? "default",
        isDefault: provenance["\(section).listeners.\(listener)"] == nil)
    }
  }
}

extension Plan.Setting {
  /// `services.NAME`, if the setting belongs to a service.
  fileprivate var service: String { path.components.prefix(2).joined(separator: ".") }
}
