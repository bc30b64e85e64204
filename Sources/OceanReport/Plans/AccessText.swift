import OceanAddresses
import OceanPlan
import OceanSyntax

extension AccessDifference {
  /// The addresses that can reach the service now, and could before: one line per family that differs.
  var reachTexts: [(text: String, isWider: Bool)] {
    guard let reach else { return [] }
    func words(_ extent: Reach.Extent) -> String {
      switch extent {
      case .nowhere: "from nowhere"
      case .host: "from this host only"
      case .network: "from other hosts"
      }
    }
    // Through a proxy everybody may come, over either family.
    if reach.before.hasProxy != reach.after.hasProxy {
      return [
        reach.after.hasProxy
          ? ("reached through a proxy too, which may bring everybody", true)
          : ("no longer reached through a proxy, which might have brought everybody", false)
      ]
    }
    return IPFamily.allCases.compactMap { family in
      let (before, after) = (reach.before[family], reach.after[family])
      guard before != after else { return nil }
      return ("reached over \(family.name) \(words(after)), before \(words(before))", before < after)
    }
  }

  /// The most rules shown that keep somebody allowed.
  private static let maxKept = 3

  /// The addresses that only the white list keeps allowed: the black list or the default would refuse them
  /// from now on.
  var keptTexts: [String] {
    var causes: [Cause] = []
    var addresses: [Cause: AddressSet] = [:]
    for reason in kept {
      if addresses[reason.after] == nil { causes.append(reason.after) }
      addresses[reason.after] = (addresses[reason.after] ?? AddressSet()).union(reason.addresses)
    }
    var lines = causes.prefix(Self.maxKept).map { cause in
      let part = addresses[cause] ?? AddressSet()
      let place = cause.place.map { ", \($0)" } ?? cause.rule.map { ", \($0)" } ?? ""
      return "\(part.summary) \(part.isSingle ? "stays" : "stay") allowed: \(cause.what)\(place)"
    }
    let rest = causes.dropFirst(Self.maxKept).reduce(AddressSet()) {
      $0.union(addresses[$1] ?? AddressSet())
    }
    if !rest.isEmpty { lines.append("\(rest.summary) stay allowed: white list") }
    return lines
  }
}

/// The meaning of a diff for addresses, for people: who gains or loses access and why, and who does not
/// though it may look so.
struct AccessText {
  /// The most CIDR blocks shown of a set; the rest is counted.
  private static let maxBlocks = 24
  /// The most reasons shown of a service.
  private static let maxReasons = 8
  /// The most columns of addresses before a reason; if they take more, they are counted.
  private static let maxAddresses = 39

  private let diff: PlanDiff
  private let screen: Screen

  init(diff: PlanDiff, on screen: Screen) {
    self.diff = diff
    self.screen = screen
  }

  /// A sentence about all services, then the details.
  var lines: [String] { screen.field("access", summary, separator: "; ") + details }

  /// What changes for each service.
  var summary: [String] {
    let differences = diff.allAccess
    let relations = Dictionary(grouping: differences.indices) { summary(of: differences[$0]) }
    return relations.sorted { $0.value[0] < $1.value[0] }.map { summary, places in
      let subjects = places.map { differences[$0].subject }
      return "\(subjects.joined(separator: ", ")): \(summary)".escapedForDisplay
    }
  }

  /// Each service's differences and their reasons; then the same for sockets that go to another service, and
  /// for logins without TLS.
  var details: [String] {
    var lines: [String] = []
    let isOne = diff.allAccess.count { $0.relation != .equivalent } <= 1 && diff.handedOver.isEmpty
    for difference in diff.allAccess where isInBoth(difference) {
      let prefix = isOne ? "" : "\(difference.subject) "
      lines += details(difference, prefix)
      lines += difference.keptTexts.flatMap { line(prefix + $0) }
    }
    for change in diff.handedOver {
      let prefix = "\(change.endpoint), now of \(change.access.service), "
      lines += details(change.access, prefix)
      lines += details(change.plaintextLogins, prefix + "without TLS ")
    }
    return lines + plaintextLines
  }

  /// The lines about logins without TLS, where the change does not follow from who may connect.
  private var plaintextLines: [String] {
    let differences = plaintextDifferences
    guard !differences.isEmpty else { return [] }
    let parts = differences.map { "\($0.service): \($0.relation.rawValue)".escapedForDisplay }
    return screen.field("plaintext", parts, separator: "; ")
      + differences.flatMap { details($0, differences.count == 1 ? "" : "\($0.service) ") }
  }

  /// The differences of logins without TLS that do not follow from who may connect.
  var plaintextDifferences: [AccessDifference] {
    diff.plaintextLogins.filter { difference in
      guard isInBoth(difference),
        let access = diff.access.first(where: { $0.service == difference.service })
      else { return false }
      return !difference.newlyAllowed.isSubset(of: access.newlyAllowed)
        || !difference.newlyRefused.isSubset(of: access.newlyRefused)
    }
  }

  /// The addresses that differ and why. If a service can be reached from elsewhere, one line says so, not a
  /// list of all addresses there are.
  private func details(_ difference: AccessDifference, _ prefix: String) -> [String] {
    var lines: [String] = []
    let byReach = difference.byReach
    for (what, addresses) in [
      ("newly refused", difference.newlyRefused.subtracting(byReach)),
      ("newly allowed", difference.newlyAllowed.subtracting(byReach)),
    ] where !addresses.isEmpty {
      lines += line("\(prefix)\(what):\(addresses.countsBesideParts.map { " \($0)" } ?? "")")
      lines += blocks(of: addresses)
    }
    if !lines.isEmpty { lines += reasons(difference) }
    return lines + difference.reachTexts.flatMap { line(prefix + $0.text) }
  }

  private func line(_ text: String) -> [String] {
    screen.fitted(text.escapedForDisplay, after: "    ", indent: 6)
  }

  /// Whether both plans have a service, or a monitor, and it is enabled. If it comes or goes, everybody is new or
  /// gone, which needs no list.
  func isInBoth(_ difference: AccessDifference) -> Bool {
    let ways = ways(of: difference)
    return ways.before != nil && ways.after != nil
  }

  /// The ways in before and after; nil unless what listens exists and is enabled.
  private func ways(of difference: AccessDifference) -> (before: WayIn?, after: WayIn?) {
    if difference.isOfMonitor { return (diff.old?.plan.monitor.way, diff.new.plan.monitor.way) }
    func way(_ name: String, _ version: PlanVersion?) -> WayIn? {
      version?.plan.services.first { $0.name == name && $0.enabled }.map { WayIn($0) }
    }
    let name = difference.service
    return (way(diff.renamed[name] ?? name, diff.old), way(name, diff.new))
  }

  func summary(of difference: AccessDifference) -> String {
    switch ways(of: difference) {
    case (.some, nil): return "nobody any more"
    case (nil, let new?): return "new, " + words(for: new)
    case (nil, nil): return "switched off"
    case (let old?, let new?):
      if !difference.isOfMonitor, let name = diff.renamed[difference.service] {
        return "equivalent to what was \(name)"
      }
      // Rules about clients that cannot come anyway.
      let isBeyondReach =
        old.service.ipControl.allowed != new.service.ipControl.allowed
        && difference.relation == .equivalent
      return difference.relation.rawValue + (isBeyondReach ? " for all who can reach it" : "")
    }
  }

  /// The clients of a way in, in words.
  private func words(for way: WayIn) -> String {
    let service = way.service
    let allowed = service.ipControl.allowed
    let rules: String? =
      if allowed == .all {
        nil
      } else if service.ipControl.defaultAction == .allow {
        "refuses \(allowed.complement.words)"
      } else {
        allowed.isEmpty ? "refuses everybody" : "refuses all but \(allowed.words)"
      }
    let reach = way.reach(.connect)
    let from: String? =
      switch (reach.hasProxy, reach.v4, reach.v6) {
      case (true, _, _), (_, .network, .network): nil
      case (_, .nowhere, .nowhere): "nobody"
      case (_, .network, .nowhere): "over IPv4 only"
      case (_, .nowhere, .network): "over IPv6 only"
      case (_, .network, .host): "from other hosts over IPv4 only"
      case (_, .host, .network): "from other hosts over IPv6 only"
      case (_, .host, _), (_, .nowhere, .host): "this host only"
      }
    let parts = [from, rules].compactMap(\.self)
    return parts.isEmpty ? "everybody" : parts.joined(separator: ", ")
  }

  // MARK: - Addresses and reasons

  /// The fewest CIDR blocks, on as many lines as needed; what a block shares with the one before is left out.
  private func blocks(of addresses: AddressSet) -> [String] {
    let margin = "    "
    var lines: [String] = []
    var line = margin
    var shown = 0
    let parts = addresses.parts
    for part in parts {
      var previous: [Substring] = []
      if let whole = part.whole {
        if line != margin { lines.append(line) }
        line = margin + whole + (part.isWhole ? "" : " but")
      }
      for family in IPFamily.allCases {
        for prefix in part.blocks.prefixes(of: family).prefix(Self.maxBlocks - shown) {
          shown += 1
          let text = prefix.description
          let octets = family == .v4 ? text.split(separator: ".", omittingEmptySubsequences: false) : []
          let isNear = octets.count == 4 && previous.count == 4 && octets.prefix(3) == previous.prefix(3)
          let word = isNear && line != margin ? "." + octets[3] : Substring(text)
          previous = octets
          if line == margin {
            line += word
          } else if line.count + word.count + 2 > screen.width {
            lines.append(line)
            line = margin + text
          } else {
            line += (line.hasSuffix(" but") ? " " : "  ") + word
          }
        }
      }
    }
    if line != margin { lines.append(line) }
    let all = parts.reduce(0) { sum, part in
      sum + IPFamily.allCases.reduce(0) { $0 + part.blocks.blockCount($1) }
    }
    if all > shown { lines += self.line("and \(all - shown) more blocks (--format json lists all)") }
    return lines
  }

  private func reasons(_ difference: AccessDifference) -> [String] {
    let reasons = difference.reasons
    let shown = reasons.prefix(Self.maxReasons).flatMap { reason in
      // A single reason is about all of the addresses, so they are not named again.
      let named = reason.addresses.words
      let which = named.count <= Self.maxAddresses ? named : reason.addresses.counts
      let addresses = reasons.count == 1 ? [] : ["\(which):"]
      // A rule and its place are one word.
      let words = addresses + [reason.before.text, "->", reason.after.text]
      return screen.fitted(words.map(\.escapedForDisplay), after: "    ", separator: " ", indent: 6)
    }
    return shown
      + (reasons.count > Self.maxReasons
        ? line("and \(reasons.count - Self.maxReasons) more reasons") : [])
  }
}

extension AccessDifference.Cause {
  /// `black list 203.0.113.0/24 ocean.yaml:45`.
  var text: String {
    let rule = rule.map { rule in via.map { "\($0) (\(rule))" } ?? rule }
    return ([what] + [rule, place?.description].compactMap(\.self)).joined(separator: " ")
  }
}
