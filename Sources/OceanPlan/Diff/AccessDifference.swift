package import OceanAddresses
import OceanBase

/// The exact difference of the clients that get in at some listeners in two plans: that may connect, or log in
/// by some means.
package struct AccessDifference: Sendable {
  /// One side of a comparison: listeners of a service of a plan, and where the plan's values are from.
  package struct Subject: Sendable {
    let way: WayIn
    let rules: PlanRules
    let provenance: Provenance
    /// The proxy that names all clients; nil means that they come as they can.
    let proxy: IPAddress?
    let changes: RuleChanges

    /// - Parameter changes: what is known of the lists already, for one who asks often.
    package init(
      _ way: WayIn, _ rules: PlanRules, _ provenance: Provenance, through proxy: IPAddress? = nil,
      changes: RuleChanges = RuleChanges()
    ) {
      self.way = way
      self.rules = rules
      self.provenance = provenance
      self.proxy = proxy
      self.changes = changes
    }
  }

  /// The name of the service.
  package let service: String
  /// Whether it is about the monitor, which is not a service.
  package let isOfMonitor: Bool
  /// The path of the service, or the monitor.
  package var section: SettingPath { isOfMonitor ? Plan.Monitor.path : .service(service) }
  /// The service's name, or `the monitor`, which may be a name as well.
  package var subject: String { isOfMonitor ? "the monitor" : service }
  package let aim: Attempt.Aim
  /// The addresses that only one plan lets in.
  package let newlyAllowed: AddressSet
  package let newlyRefused: AddressSet
  /// From where the listeners can be reached, if there are some in both plans and that differs.
  package let reach: (before: Reach, after: Reach)?
  /// What decides before and after; nil if the plan does not have the service, or it is switched off.
  let before: AccessSide?
  let after: AccessSide?

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

  /// Whether somebody gets in who did not.
  package var isWider: Bool { !newlyAllowed.isEmpty }
  package var isNarrower: Bool { !newlyRefused.isEmpty }

  /// - Parameters:
  ///   - before: the listeners in the old plan; nil if there are none.
  ///   - after: the same for the new plan.
  init(_ service: String, _ aim: Attempt.Aim = .connect, before: Subject?, after: Subject?) {
    self.service = service
    self.aim = aim
    isOfMonitor = (after ?? before)?.way.isToMonitor ?? false
    // A service that is switched off lets nobody in.
    let before = before.flatMap { $0.way.service.enabled ? $0 : nil }
    let after = after.flatMap { $0.way.service.enabled ? $0 : nil }
    self.before = before.map { AccessSide($0, aim) }
    self.after = after.map { AccessSide($0, aim) }
    if let before, let after, before.way.isSame(as: after.way) {
      (newlyAllowed, newlyRefused, reach) = (AddressSet(), AddressSet(), nil)
      return
    }
    let (old, new) = (self.before?.clients ?? AddressSet(), self.after?.clients ?? AddressSet())
    var allowed = new.subtracting(old)
    var refused = old.subtracting(new)
    if let before = self.before, let after = self.after {
      // An address that is a proxy's before and after never gets in by itself, but a proxy may name it.
      let proxies = before.service.proxyFrom.intersection(after.service.proxyFrom)
      if !proxies.isEmpty {
        let (old, new) = (before.named(among: proxies), after.named(among: proxies))
        allowed = allowed.union(new.subtracting(old))
        refused = refused.union(old.subtracting(new))
      }
    }
    newlyAllowed = allowed
    newlyRefused = refused
    reach =
      if let old = self.before?.reach, let new = self.after?.reach, old != new { (old, new) } else { nil }
  }

  /// The addresses that come in, or no longer do, because listeners can be reached from elsewhere, by
  /// themselves or through a proxy.
  package var byReach: AddressSet {
    guard let reach else { return AddressSet() }
    return reach.after.clients.subtracting(reach.before.clients)
      .union(reach.before.clients.subtracting(reach.after.clients))
  }

  /// The cause of a decision about addresses: a rule, the lines of a list file, a default, another setting, or
  /// a missing service.
  package struct Cause: Sendable, Hashable {
    /// The kind of cause, such as `black list`.
    package let what: String
    /// The rule as written, or the file; for a default, `allow` or `refuse`.
    package let rule: String?
    package let place: Provenance.Origin?
    /// The named list through which the rule came in, if it did.
    package var via: String?
    /// The rule, if one alone decides.
    var origin: RuleOrigin?
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
    var known: (before: [AccessVerdict: Cause], after: [AccessVerdict: Cause]) = ([:], [:])
    try sweep(newlyAllowed.union(newlyRefused)) { range, before, after in
      try body(range, cause(before, self.before, &known.before), cause(after, self.after, &known.after))
    }
  }

  /// The same differences grouped by entries of the lists; the group with the first addresses comes first. A
  /// list file is one entry. It is named by its line if only one of them decides.
  package var reasons: [Reason] { reasons(for: newlyAllowed.union(newlyRefused)) }

  /// What decides about some addresses in one plan, for each kind of login or connection: in the order of
  /// the addresses, with those that it decides about.
  ///
  /// - Parameter isByLine: whether each line of a list file is a cause of its own.
  package static func causes(
    of addresses: AddressSet, _ aim: Attempt.Aim, at subject: Subject, byLine isByLine: Bool = false
  ) -> [(cause: Cause, addresses: AddressSet)] {
    AccessDifference(causesOf: subject, aim).reasons(for: addresses, byLine: isByLine)
      .map { ($0.after, $0.addresses) }
  }

  /// For what decides in one plan alone.
  private init(causesOf subject: Subject, _ aim: Attempt.Aim) {
    service = subject.way.service.name
    self.aim = aim
    isOfMonitor = subject.way.isToMonitor
    before = nil
    after = subject.way.service.enabled ? AccessSide(subject, aim) : nil
    (newlyAllowed, newlyRefused, reach) = (AddressSet(), AddressSet(), nil)
  }

  /// The white-list entries that keep addresses allowed which the black list, or the default, would refuse
  /// from now on.
  package var kept: [Reason] {
    guard let before, let after else { return [] }
    let (old, new) = (before.service.ipControl, after.service.ipControl)
    var feared = new.blackList.effective.subtracting(old.blackList.effective)
    if old.defaultAction == .allow, new.defaultAction == .refuse { feared = .all }
    let staying = before.clients.intersection(after.clients)
    return reasons(for: feared.intersection(new.whiteList.effective).intersection(staying))
  }

  private func reasons(for addresses: AddressSet, byLine isByLine: Bool = false) -> [Reason] {
    struct Key: Hashable {
      let before: AccessSide.Entry
      let after: AccessSide.Entry
    }
    struct Group {
      var before: AccessVerdict?
      var after: AccessVerdict?
      var isMixedBefore = false
      var isMixedAfter = false
      var rules = AddressRules()
    }
    var places: [Key: Int] = [:]
    var groups: [Group] = []
    // Most ranges are of the group of the range before.
    var last: (key: Key, place: Int)?
    sweep(addresses) { range, before, after in
      let key = Key(
        before: self.before.map { $0.entry(of: before, byLine: isByLine) } ?? .none,
        after: self.after.map { $0.entry(of: after, byLine: isByLine) } ?? .none)
      let place: Int
      if let last, last.key == key {
        place = last.place
      } else {
        place = places[key] ?? groups.count
        last = (key, place)
      }
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

  func sweep(
    _ addresses: AddressSet,
    _ body: (AddressPattern, _ before: AccessVerdict?, _ after: AccessVerdict?) throws -> Void
  ) rethrows {
    for family in IPFamily.allCases where addresses.count(family) != .some(0) {
      var sweep = DecisionSweep(before, after, family)
      for range in addresses.ranges(of: family) { try sweep.split(range, body) }
    }
  }

  /// - Parameter known: the causes that are not rules. There are few, and many pieces have them.
  private func cause(
    _ verdict: AccessVerdict?, _ side: AccessSide?, _ known: inout [AccessVerdict: Cause]
  ) -> Cause {
    guard let verdict, !verdict.isOfRule else { return cause(verdict, side) }
    if let cause = known[verdict] { return cause }
    let cause = cause(verdict, side)
    known[verdict] = cause
    return cause
  }

  /// - Parameter isMixed: whether other lines of the same file decide as well.
  func cause(_ verdict: AccessVerdict?, _ side: AccessSide?, isMixed: Bool = false) -> Cause {
    guard let verdict, let side else { return Cause(what: "no service", rule: nil, place: nil) }
    let (list, rule): (RuleList?, UInt32)
    switch verdict {
    case .rules(.allowed(.whiteList(let number))), .rules(.refused(.whiteList(let number))):
      (list, rule) = (side.white, number)
    case .rules(.allowed(.blackList(let number))), .rules(.refused(.blackList(let number))):
      (list, rule) = (side.black, number)
    case .rules:
      return Cause(
        what: verdict.cause, rule: side.service.ipControl.defaultAction.rawValue,
        place: side.place(of: verdict))
    case .unreachable(let family):
      return Cause(
        what: verdict.cause, rule: side.reach[family] == .nowhere ? "no \(family.name)" : "this host only",
        place: side.place(of: verdict))
    case .plaintext:
      return Cause(what: verdict.cause, rule: "allow", place: side.place(of: verdict))
    case .noPlainPort:
      return Cause(what: verdict.cause, rule: "TLS only", place: side.place(of: verdict))
    case .isProxy, .notAProxy, .needsTLS, .noTLS:
      return Cause(what: verdict.cause, rule: nil, place: side.place(of: verdict))
    case .newerTLS:
      return Cause(
        what: verdict.cause, rule: side.service.tls?.profile.rawValue, place: side.place(of: verdict))
    }
    if isMixed, let entry = list?.entryOrigin(of: rule) {
      return Cause(what: verdict.cause, rule: entry.words, place: nil, via: entry.via)
    }
    let origin = list?.origin(of: rule)
    return Cause(
      what: verdict.cause, rule: origin?.words, place: origin?.place, via: origin?.via, origin: origin)
  }
}
