package import OceanAddresses

/// The exact difference of the addresses that may connect to a service in two plans.
package struct AccessDifference: Sendable {
  package let service: String
  /// The addresses that only the rules of one plan allow.
  package let newlyAllowed: AddressSet
  package let newlyRefused: AddressSet
  /// The places from which the service can be reached, if it is in both plans and they differ.
  package let reach: (before: Reach, after: Reach)?
  /// Whether somebody allowed by the rules can reach it now but could not before, and the reverse.
  private let isReachedByMore: Bool
  private let isReachedByFewer: Bool
  /// The rules before and after; nil if the plan does not have the service, or it is switched off.
  private let before: Side?
  private let after: Side?

  package enum Relation: String, Sendable, Hashable, Codable {
    case equivalent
    case wider
    case narrower
    case incomparable
  }

  package var relation: Relation {
    switch (isWider, isNarrower) {
    case (false, false): .equivalent
    case (true, false): .wider
    case (false, true): .narrower
    case (true, true): .incomparable
    }
  }

  /// Whether somebody may connect who could not, by rules or by listeners.
  package var isWider: Bool { !newlyAllowed.isEmpty || isReachedByMore }
  package var isNarrower: Bool { !newlyRefused.isEmpty || isReachedByFewer }

  /// - Parameters:
  ///   - before: the service in the old plan, with that plan; nil if it is missing there.
  ///   - after: the same for the new plan.
  init(_ service: String, before: (Plan.Service, PlanVersion)?, after: (Plan.Service, PlanVersion)?) {
    self.service = service
    // A service that is switched off lets nobody in.
    let before = before.flatMap { $0.0.enabled ? $0 : nil }
    let after = after.flatMap { $0.0.enabled ? $0 : nil }
    let old = before?.0.ipControl.allowed ?? AddressSet()
    let new = after?.0.ipControl.allowed ?? AddressSet()
    newlyAllowed = new.subtracting(old)
    newlyRefused = old.subtracting(new)
    self.before = before.map { Side($0.0, $0.1) }
    self.after = after.map { Side($0.0, $0.1) }
    let reach: (before: Reach, after: Reach)? =
      if let before, let after { (Reach(before.0), Reach(after.0)) } else { nil }
    self.reach = reach.flatMap { $0.before == $0.after ? nil : $0 }
    let (reached, reaching) = (reach?.before.addresses ?? .all, reach?.after.addresses ?? .all)
    isReachedByMore = !reaching.subtracting(reached).isDisjoint(with: new)
    isReachedByFewer = !reached.subtracting(reaching).isDisjoint(with: old)
  }

  /// The cause of a decision about addresses: a rule, the lines of a list file, a default, or a missing
  /// service.
  package struct Cause: Sendable, Hashable {
    /// The kind of cause, such as `black list`.
    package let what: String
    /// The rule as written, or the file; for a default, `allow` or `refuse`.
    package let rule: String?
    package let place: Provenance.Origin?
    /// The named list through which the rule came in, if it did.
    package var via: String?
  }

  /// Addresses whose decision differs, and what decides about them.
  package struct Reason: Sendable {
    package let before: Cause
    package let after: Cause
    package let addresses: AddressSet
  }

  /// Calls `body` with every range of addresses whose decision differs, and with what decides before and
  /// after: IPv4 first, ascending. O(n log n) in the rules of both sides.
  package func forEachPiece(_ body: (AddressPattern, _ before: Cause, _ after: Cause) throws -> Void)
    rethrows
  {
    try sweep(newlyAllowed.union(newlyRefused)) { range, before, after in
      try body(range, cause(before, self.before), cause(after, self.after))
    }
  }

  /// The same differences grouped by entries of the lists; the group with the first addresses comes first. A
  /// list file is one entry. It is named by its line if only one of them decides.
  package var reasons: [Reason] { reasons(for: newlyAllowed.union(newlyRefused)) }

  /// The white-list entries that keep addresses allowed which the black list, or the default, would refuse
  /// from now on.
  package var kept: [Reason] {
    guard let before, let after else { return [] }
    let (old, new) = (before.control, after.control)
    var feared = new.blackList.effective.subtracting(old.blackList.effective)
    if old.defaultAction == .allow, new.defaultAction == .refuse { feared = .all }
    return reasons(for: feared.intersection(new.whiteList.effective).intersection(old.allowed))
  }

  private func reasons(for addresses: AddressSet) -> [Reason] {
    struct Key: Hashable {
      let before: Side.Entry
      let after: Side.Entry
    }
    struct Group {
      var before: Decision?
      var after: Decision?
      var isMixedBefore = false
      var isMixedAfter = false
      var rules = AddressRules()
    }
    var places: [Key: Int] = [:]
    var groups: [Group] = []
    sweep(addresses) { range, before, after in
      let key = Key(
        before: self.before.map { $0.entry(of: before) } ?? .none,
        after: self.after.map { $0.entry(of: after) } ?? .none)
      let place = places[key] ?? groups.count
      if place == groups.count {
        places[key] = place
        groups.append(Group(before: before, after: after))
      }
      if groups[place].before != before { groups[place].isMixedBefore = true }
      if groups[place].after != after { groups[place].isMixedAfter = true }
      groups[place].rules.append(range, rule: 0)
    }
    return groups.map { group in
      Reason(
        before: cause(group.before, self.before, isMixed: group.isMixedBefore),
        after: cause(group.after, self.after, isMixed: group.isMixedAfter),
        addresses: AddressSet(group.rules))
    }
  }

  private func sweep(
    _ addresses: AddressSet, _ body: (AddressPattern, _ before: Decision?, _ after: Decision?) throws -> Void
  ) rethrows {
    for family in IPFamily.allCases where addresses.count(family) != .some(0) {
      var sweep = DecisionSweep(before, after, family)
      for range in addresses.ranges(of: family) { try sweep.split(range, body) }
    }
  }

  /// - Parameter isMixed: whether other lines of the same file decide as well.
  private func cause(_ decision: Decision?, _ side: Side?, isMixed: Bool = false) -> Cause {
    guard let decision, let side else { return Cause(what: "no service", rule: nil, place: nil) }
    let (what, list, rule): (String, RuleList?, UInt32)
    switch decision {
    case .allowed(.whiteList(let number)), .refused(.whiteList(let number)):
      (what, list, rule) = ("white list", side.white, number)
    case .allowed(.blackList(let number)), .refused(.blackList(let number)):
      (what, list, rule) = ("black list", side.black, number)
    default: return Cause(what: "default", rule: side.defaultAction.rawValue, place: side.defaultActionPlace)
    }
    if isMixed, let entry = list?.entryOrigin(of: rule) {
      return Cause(what: what, rule: entry.text, place: nil, via: entry.via)
    }
    let origin = list?.origin(of: rule)
    return Cause(what: what, rule: origin?.text, place: origin?.place, via: origin?.via)
  }
}

/// The rules of a service that is enabled.
private struct Side: Sendable {
  let control: Plan.Service.IPControl
  let defaultAction: Plan.Service.IPControl.DefaultAction
  /// Nil for a default that nobody wrote.
  let defaultActionPlace: Provenance.Origin?
  /// Nil if the list is switched off.
  let white: RuleList?
  /// Nil if the list is switched off.
  let black: RuleList?

  init(_ service: Plan.Service, _ version: PlanVersion) {
    typealias Control = Plan.Service.IPControl
    func list(_ list: Control.List, _ path: SettingPath) -> RuleList? {
      list.enabled ? version.rules[path] ?? RuleList(list.addresses) : nil
    }
    control = service.ipControl
    defaultAction = service.ipControl.defaultAction
    defaultActionPlace = version.provenance[Control.defaultActionPath(of: service.name)]
    white = list(service.ipControl.whiteList, Control.whiteListPath(of: service.name))
    black = list(service.ipControl.blackList, Control.blackListPath(of: service.name))
  }

  /// A rule, or all the lines of a list file.
  enum Entry: Hashable {
    case white(Int)
    case black(Int)
    case none
  }

  func entry(of decision: Decision?) -> Entry {
    switch decision {
    case .allowed(.whiteList(let rule)), .refused(.whiteList(let rule)):
      .white(white?.entryIndex(of: rule) ?? 0)
    case .allowed(.blackList(let rule)), .refused(.blackList(let rule)):
      .black(black?.entryIndex(of: rule) ?? 0)
    default: .none
    }
  }

  func decision(white: UInt32?, black: UInt32?) -> Decision {
    Decision(white: white, black: black, defaultAction: defaultAction)
  }
}

/// Walks through the addresses of one family, and knows for each what both sides decide.
private struct DecisionSweep {
  private var cursors: [RuleCursor]
  private let before: Side?
  private let after: Side?

  init(_ before: Side?, _ after: Side?, _ family: IPFamily) {
    self.before = before
    self.after = after
    cursors = [before?.white, before?.black, after?.white, after?.black].map { list in
      RuleCursor(list?.rules.changes(of: family) ?? [])
    }
  }

  /// Cuts a range wherever the deciding rule changes. Ranges come in ascending order.
  mutating func split(
    _ range: AddressPattern, _ body: (AddressPattern, _ before: Decision?, _ after: Decision?) throws -> Void
  ) rethrows {
    var start = range.first.value
    while true {
      var end = range.last.value
      for index in cursors.indices {
        cursors[index].advance(to: start)
        if let next = cursors[index].nextStart, next <= end { end = next - 1 }
      }
      let family = range.family
      try body(
        AddressPattern(IPAddress(family: family, value: start), IPAddress(family: family, value: end)),
        before?.decision(white: cursors[0].rule, black: cursors[1].rule),
        after?.decision(white: cursors[2].rule, black: cursors[3].rule))
      guard end < range.last.value else { return }
      start = end + 1
    }
  }
}

/// A position among the points at which the deciding rule of a list changes.
private struct RuleCursor {
  private let changes: [(start: UInt128, rule: UInt32?)]
  private var position = 0

  init(_ changes: [(start: UInt128, rule: UInt32?)]) { self.changes = changes }

  mutating func advance(to value: UInt128) {
    while position + 1 < changes.count, changes[position + 1].start <= value { position += 1 }
  }

  var rule: UInt32? { position < changes.count ? changes[position].rule : nil }
  var nextStart: UInt128? { position + 1 < changes.count ? changes[position + 1].start : nil }
}
