import OceanBase
import OceanCompiler
import OceanHost
import OceanAddresses
package import OceanPlan
package import OceanSyntax

/// The changes of a diff for people: what changes, where it is written, and from when on it holds.
package struct DiffText {
  /// The most entries shown of a changed list.
  private static let maxEntries = 12

  package static let needsRestart = "needs a restart: 'ocean apply' refuses it"

  let diff: PlanDiff
  let screen: Screen
  /// The changes. A certificate or service that comes or goes is one block.
  package private(set) var blocks: [ChangeBlock] = []

  package init(diff: PlanDiff, on screen: Screen) {
    self.diff = diff
    self.screen = screen
    blocks = allBlocks
  }

  /// The lines of each block.
  var changes: [[String]] { blocks.map(lines) }

  private var allBlocks: [ChangeBlock] {
    let kept = [diff.old?.plan, diff.new.plan].map { plan -> Set<String> in
      var groups = Set((plan?.services ?? []).map { "services.\($0.name)" })
      groups.formUnion((plan?.accounts ?? []).map { "accounts.\($0.name)" })
      if plan?.monitor.bind.isEmpty == false { groups.insert(Self.monitor) }
      return groups
    }
    let inBoth = kept[0].intersection(kept[1])
    var groups: [(name: String?, changes: [Change])] = []
    var places: [String: Int] = [:]
    for change in diff.changes {
      let name = group(of: change, inBoth)
      if let name, let place = places[name] {
        groups[place].changes.append(change)
      } else {
        if let name { places[name] = groups.count }
        groups.append((name, [change]))
      }
    }
    return groups.flatMap { group in
      group.name.map { [block($0, group.changes)] } ?? group.changes.map(block)
    }
  }

  /// How many changes there are, in words.
  package var summary: String {
    if diff.hasEffect { return counted(blocks.count, "change") }
    return diff.isEmpty ? "no effect" : "no change except of expectations"
  }

  /// Lines about the expectations: how many hold, and what differs.
  ///
  /// - Parameter holding: `6 of 6`; nil if nothing is expected, or it need not be said.
  package func expectations(holding: String?) -> [String] {
    guard let difference = diff.expectations, !difference.isEmpty else {
      return holding.map { screen.field("expect", "\($0) hold") } ?? []
    }
    let those =
      difference.removed.map { (Mark.removed, $0) } + difference.added.map { (Mark.added, $0) }
    let count = "\(difference.before) -> \(difference.after)\(holding.map { ", \($0) hold" } ?? "")"
    return screen.field("expect", count) + those.flatMap { head($0, $1.text, $1.span, after: "    ") }
  }

  private typealias Mark = ChangeBlock.Mark
  private typealias Note = ChangeBlock.Note

  private func head(_ mark: Mark, _ path: String, _ place: Provenance.Origin?, after margin: String = "")
    -> [String]
  {
    screen.placed(
      screen.paint(path.escapedForDisplay, .heading),
      after: margin + screen.paint(mark.rawValue, mark.style) + " ",
      at: place?.description.escapedForDisplay ?? "", column: margin.count + 46, indent: margin.count + 2)
  }

  private func lines(_ block: ChangeBlock) -> [String] {
    head(block.mark, block.path, block.place)
      + block.notes.flatMap { note in
        switch note {
        case .text(let text): screen.fitted(text.escapedForDisplay, after: "    ", indent: 6)
        case .entry(let mark, let text):
          screen.fitted(
            screen.paint("\(mark.rawValue) \(text)".escapedForDisplay, mark.style), after: "    ", indent: 6)
        case .consequence(let text): wrapped(text, after: "    ")
        case .detail(let text): wrapped(text, after: "      ")
        }
      }
  }

  private func wrapped(_ text: String, after margin: String) -> [String] {
    let words = text.split(separator: " ").map { String($0).escapedForDisplay }
    return screen.wrapped(words, after: margin, separator: " ", indent: 6)
  }

  // MARK: - Things that come, go or are renewed as a whole

  /// The group of a change: `services.NAME` if the whole service comes or goes, `certificates.NAME`,
  /// `accounts.NAME`, `monitor`.
  ///
  /// - Parameter inBoth: the groups of what exists in both plans.
  private func group(of change: Change, _ inBoth: Set<String>) -> String? {
    let parts = change.path.split(separator: ".", maxSplits: 2)
    if parts.first.map(String.init) == Self.monitor {
      return inBoth.contains(Self.monitor) ? nil : Self.monitor
    }
    guard parts.count > 2 else { return nil }
    let group = "\(parts[0]).\(parts[1])"
    switch parts[0] {
    case "certificates": return group
    case "accounts", "services": return inBoth.contains(group) ? nil : group
    default: return nil
    }
  }

  private func block(_ group: String, _ changes: [Change]) -> ChangeBlock {
    let isNew = changes.allSatisfy { isComing($0) || isOpening($0) || isTakingOver($0) }
    let isGone = changes.allSatisfy { isGoing($0) || isClosing($0) }
    let mark: Mark = isNew ? .added : isGone ? .removed : .changed
    let origin = changes.lazy.compactMap { diff.origin(of: $0) }.first
    let place = (mark == .removed ? diff.old : diff.new)?.provenance[group] ?? origin
    var notes: [Note] = []
    if group.hasPrefix("certificates.") {
      notes += certificate(String(group.dropFirst("certificates.".count))).map(Note.text)
      notes += consequences(group)
    }
    if group == Self.monitor { notes += monitor(mark) }
    for change in changes {
      switch change {
      case .opened(let listener, let service):
        notes.append(.text("opens \(diff.new.text(of: listener, service))\(direction(of: change))"))
      case .closed(let listener, let service):
        notes.append(
          .text("closes \(diff.old?.text(of: listener, service) ?? "\(listener)")\(direction(of: change))"))
      case .handedOver(let listener, let old, _):
        notes.append(.text("takes over \(listener) from \(old)\(direction(of: change))"))
      case .setting: break
      }
    }
    return ChangeBlock(mark: mark, path: group, place: place, notes: notes, changes: changes)
  }

  private static let monitor = Plan.Monitor.path.description

  /// - Parameter mark: whether the monitor comes or goes.
  private func monitor(_ mark: Mark) -> [Note] {
    let endpoints = ((mark == .removed ? diff.old : diff.new)?.plan.monitor.bind ?? []).map(\.description)
    let token = diff.new.plan.monitor.token.map { "; needs the token, \($0)" } ?? ""
    let words = endpoints.joined(separator: ", ")
    return [.text(mark == .removed ? "closes \(words)" : "opens \(words)\(token)")]
  }

  private func isComing(_ change: Change) -> Bool {
    if case .setting(_, nil, _) = change { true } else { false }
  }
  private func isGoing(_ change: Change) -> Bool {
    if case .setting(_, _, nil) = change { true } else { false }
  }
  private func isOpening(_ change: Change) -> Bool { if case .opened = change { true } else { false } }
  private func isTakingOver(_ change: Change) -> Bool { if case .handedOver = change { true } else { false } }
  private func isClosing(_ change: Change) -> Bool { if case .closed = change { true } else { false } }

  private func certificate(_ name: String) -> [String] {
    let old = diff.old?.plan.certificates.first { $0.name == name }
    let new = diff.new.plan.certificates.first { $0.name == name }
    func day(_ time: Int64) -> Substring { Timestamp.text(time).prefix(10) }
    guard let old, let new else {
      guard let leaf = (new ?? old)?.leaf else { return [] }
      return ["for \(leaf.names.joined(separator: ", ")), expires \(day(leaf.notAfter))"]
    }
    var lines: [String] = []
    if old.leaf.fingerprint != new.leaf.fingerprint {
      let names =
        old.leaf.names == new.leaf.names ? "same names" : "names: \(new.leaf.names.joined(separator: ", "))"
      lines.append("expires \(day(old.leaf.notAfter)) -> \(day(new.leaf.notAfter)); \(names)")
      let fingerprints = [old, new].map { $0.leaf.fingerprint.prefix(PlanText.fingerprintLength) }
      let key = old.leaf.keyFingerprint == new.leaf.keyFingerprint ? "same key" : "different key"
      lines.append("fingerprint \(fingerprints[0]) -> \(fingerprints[1]); \(key)")
    }
    let departures = old.leaf.departures(in: new.leaf)
    lines += departures.filter(\.isLoss).map(\.description)
    let sent = [old, new].map { $0.leaf.chainFingerprints.dropFirst() }
    if lines.isEmpty, sent[0] != sent[1] {
      lines.append(
        "the same, sent with \(counted(sent[1].count, "other certificate")), before \(sent[0].count)")
    }
    if old.leaf.issuer != new.leaf.issuer, !departures.contains(where: \.isOfIssuer) {
      lines.append("issuer \(old.leaf.issuer) -> \(new.leaf.issuer)")
    }
    if old.leaf.keyType != new.leaf.keyType {
      let change = diff.changes.first { $0.path == "certificates.\(name).key_type" }
      lines.append(
        "key \(old.leaf.keyType) -> \(new.leaf.keyType)\(change.map { direction(of: $0) } ?? "")")
    }
    let others = departures.filter { !$0.isLoss }
    if !others.isEmpty {
      lines.append("not a renewal: \(others.map(\.description).joined(separator: "; "))")
    }
    for (what, before, after) in [("chain", old.chain, new.chain), ("key", old.key, new.key)]
    where before != after {
      lines.append("\(what) \(before) -> \(after)")
    }
    let users = diff.new.plan.services.filter { $0.enabled && $0.tls?.certificates.contains(name) == true }
    if !users.isEmpty {
      lines.append(
        users.map { service in
          (service.tls?.certificates.count ?? 0) > 1 && isForNoName(name, service)
            ? "\(service.name): presented to clients that ask for no known name"
            : "presented by \(service.name)"
        }.joined(separator: ", "))
    }
    return lines
  }

  /// Whether clients that ask for no name get this certificate.
  private func isForNoName(_ certificate: String, _ service: Plan.Service) -> Bool {
    guard let tls = service.tls else { return false }
    return CertificateNames(tls, in: diff.new.plan).certificates(for: nil).contains { $0.name == certificate }
  }

  // MARK: - Single values

  private func block(_ change: Change) -> ChangeBlock {
    func block(_ mark: Mark, _ path: String, _ notes: [Note]) -> ChangeBlock {
      ChangeBlock(mark: mark, path: path, place: diff.origin(of: change), notes: notes, changes: [change])
    }
    switch change {
    case .opened(let listener, let service):
      return block(
        .added, "services.\(service).listeners",
        [.text("opens \(diff.new.text(of: listener, service))\(direction(of: change))")])
    case .closed(let listener, let service):
      let closes = "closes \(diff.old?.text(of: listener, service) ?? "\(listener)")"
      return block(
        .removed, "services.\(service).listeners",
        [.text("\(closes)\(direction(of: change)); \(change.effect ?? "")")])
    case .handedOver:
      return block(.changed, change.path, [.text("\(change.effect ?? "")\(direction(of: change))")])
    case .setting(let path, let before, let after):
      var notes: [Note]
      if case .addresses(let old)? = before ?? after.map({ _ in .addresses(AddressSet()) }),
        case .addresses(let new)? = after ?? .addresses(AddressSet())
      {
        notes = entries(path, old, new)
        let meaning = [diff.direction(of: change)?.text, change.effect].compactMap(\.self)
        if !meaning.isEmpty { notes.append(.text(meaning.joined(separator: "; "))) }
      } else if let ends = ends(before, after) {
        notes = ends
      } else {
        let effect = direction(of: change, and: change.needsRestart ? nil : change.effect)
        let values =
          ExceptionsText(diff: diff).lines(before, after)
          ?? [diff.security(path).map { "\($0) -> \($1)" } ?? Plan.Setting.Value.text(before, after)]
        notes = values.map { .text($0 + effect) }
      }
      if change.needsRestart { notes.append(.text(Self.needsRestart)) }
      notes += consequences(path.description)
      let mark: Mark = before == nil ? .added : after == nil ? .removed : .changed
      return block(mark, path.description, notes)
    }
  }

  /// The direction of a change, and when it takes effect, in parentheses after a value.
  private func direction(of change: Change, and effect: String? = nil) -> String {
    let words = [diff.direction(of: change)?.text, effect].compactMap(\.self)
    return words.isEmpty ? "" : " (\(words.joined(separator: "; ")))"
  }

  /// The entries that were added to a list or removed from it: by name if all of their addresses were,
  /// otherwise the addresses.
  private func entries(_ path: SettingPath, _ old: AddressSet, _ new: AddressSet) -> [Note] {
    [(Mark.removed, diff.old, old.subtracting(new)), (.added, diff.new, new.subtracting(old))].flatMap {
      mark, version, addresses in
      guard !addresses.isEmpty else { return [Note]() }
      let (names, rest) = version?.rules[path]?.entries(within: addresses) ?? ([], addresses)
      var lines = Array(names.prefix(Self.maxEntries))
      if !rest.isEmpty { lines.append(rest.words) }
      if names.count > Self.maxEntries { lines.append("\(names.count - Self.maxEntries) more entries") }
      return lines.map { .entry(mark, $0) }
    }
  }

  /// The ends of rules that one side alone has; nil for any other setting.
  private func ends(_ before: Plan.Setting.Value?, _ after: Plan.Setting.Value?) -> [Note]? {
    func ends(_ value: Plan.Setting.Value?) -> [Plan.End]? {
      if case .ends(let ends)? = value { ends } else { nil }
    }
    let (old, new) = (ends(before), ends(after))
    guard old != nil || new != nil else { return nil }
    let (known, present) = (Set(old ?? []), Set(new ?? []))
    let marked =
      (old ?? []).filter { !present.contains($0) }.map { (Mark.removed, $0) }
      + (new ?? []).filter { !known.contains($0) }.map { (Mark.added, $0) }
    let hidden = marked.count - Self.maxEntries
    return marked.prefix(Self.maxEntries).map { mark, end in .entry(mark, end.text) }
      + (hidden > 0 ? [.text("\(hidden) more")] : [])
  }

  // MARK: - Losses and gains of TLS clients

  /// - Parameter path: the path of a change, or of a certificate.
  private func consequences(_ path: String) -> [Note] {
    if path == Plan.Mail.maildir.path(in: SettingPath("mail")).description,
      let mailboxes = diff.supplement.mailboxes
    {
      return [.text(mailboxes.text)]
    }
    return diff.supplement.tls.filter { place(of: $0) == path }.flatMap { difference in
      let service = path.hasPrefix("services.") ? "" : "\(difference.service): "
      return difference.lines.map { text -> Note in
        text.hasPrefix(" ") ? .detail(String(text.drop { $0 == " " })) : .consequence(service + text)
      }
    }
  }

  /// The change under which a difference is shown: the service's change that explains it, or that of a
  /// certificate the service uses.
  private func place(of difference: TLSDifference) -> String? {
    let paths = Set(diff.changes.map(\.path))
    let tls = "services.\(difference.service).tls"
    if let own = ["\(tls).profile", "\(tls).certificate"].first(where: paths.contains) { return own }
    let service = diff.new.plan.services.first { $0.name == difference.service }
    return service?.tls?.certificates.map { "certificates.\($0)" }.first { group in
      paths.contains { $0.hasPrefix(group + ".") }
    }
  }
}

extension ChangeBlock.Mark {
  fileprivate var style: Style {
    switch self {
    case .added: .added
    case .removed: .removed
    case .changed: .changed
    }
  }
}
