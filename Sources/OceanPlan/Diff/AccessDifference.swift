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
  package let aim: Attempt.Aim
  /// The addresses that only one plan lets in.
  package let newlyAllowed: AddressSet
  package let newlyRefused: AddressSet
  /// From where the listeners can be reached, if there are some in both plans and that differs.
  package let reach: (before: Reach, after: Reach)?
  /// What decides before and after; nil if the plan does not have the service, or it is switched off.
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

  /// Whether somebody gets in who did not.
  package var isWider: Bool { !newlyAllowed.isEmpty }
  package var isNarrower: Bool { !newlyRefused.isEmpty }

  /// - Parameters:
  ///   - before: the listeners in the old plan; nil if there are none.
  ///   - after: the same for the new plan.
  init(_ service: String, _ aim: Attempt.Aim = .connect, before: Subject?, after: Subject?) {
    self.service = service
    self.aim = aim
    // A service that is switched off lets nobody in.
    let before = before.flatMap { $0.way.service.enabled ? $0 : nil }
    let after = after.flatMap { $0.way.service.enabled ? $0 : nil }
    self.before = before.map { Side($0, aim) }
    self.after = after.map { Side($0, aim) }
    if let before, let after, before.way.isSame(as: after.way) {
      (newlyAllowed, newlyRefused, reach) = (AddressSet(), AddressSet(), nil)
      return
    }
    let (old, new) = (self.before?.clients ?? AddressSet(), self.after?.clients ?? AddressSet())
    var allowed = new.subtracting(old)
    var refused = old.subtracting(new)
    if let before = self.before, let after = self.after, let old = before.named, let new = after.named {
      // An address that is a proxy's before and after never gets in by itself, but a proxy may name it.
      let proxies = before.service.proxyFrom.intersection(after.service.proxyFrom)
      allowed = allowed.union(new.subtracting(old).intersection(proxies))
      refused = refused.union(old.subtracting(new).intersection(proxies))
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
    before = nil
    after = subject.way.service.enabled ? Side(subject, aim) : nil
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
      let before: Side.Entry
      let after: Side.Entry
    }
    struct Group {
      var before: Verdict?
      var after: Verdict?
      var isMixedBefore = false
      var isMixedAfter = false
      var rules = AddressRules()
    }
    var places: [Key: Int] = [:]
    var groups: [Group] = []
    sweep(addresses) { range, before, after in
      let key = Key(
        before: self.before.map { $0.entry(of: before, byLine: isByLine) } ?? .none,
        after: self.after.map { $0.entry(of: after, byLine: isByLine) } ?? .none)
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
    _ addresses: AddressSet, _ body: (AddressPattern, _ before: Verdict?, _ after: Verdict?) throws -> Void
  ) rethrows {
    for family in IPFamily.allCases where addresses.count(family) != .some(0) {
      var sweep = DecisionSweep(before, after, family)
      for range in addresses.ranges(of: family) { try sweep.split(range, body) }
    }
  }

  /// - Parameter isMixed: whether other lines of the same file decide as well.
  private func cause(_ verdict: Verdict?, _ side: Side?, isMixed: Bool = false) -> Cause {
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
      let name = family == .v4 ? "IPv4" : "IPv6"
      return Cause(
        what: verdict.cause, rule: side.reach[family] == .nowhere ? "no \(name)" : "this host only",
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
    return Cause(what: verdict.cause, rule: origin?.words, place: origin?.place, via: origin?.via)
  }
}

/// What one side says about an address. As in ``WayIn``, the first step that refuses decides.
private enum Verdict: Hashable {
  case unreachable(IPFamily)
  case isProxy
  case notAProxy
  case needsTLS
  /// The client gets in, and may log in without TLS.
  case plaintext
  /// Every port is for implicit TLS.
  case noPlainPort
  /// No TLS is offered, or none that is old enough.
  case noTLS
  case newerTLS
  case rules(Decision)

  /// The kind of cause, in words.
  var cause: String {
    switch self {
    case .unreachable: "bind"
    case .isProxy, .notAProxy: "proxy_from"
    case .needsTLS, .plaintext: "plaintext_login"
    case .noPlainPort: "ports"
    case .noTLS: "tls.explicit"
    case .newerTLS: "tls.profile"
    case .rules(.allowed(.whiteList)), .rules(.refused(.whiteList)): "white list"
    case .rules(.allowed(.blackList)), .rules(.refused(.blackList)): "black list"
    case .rules: "default"
    }
  }
}

/// The listeners of a service that is enabled, and all that decides there. A class, since each of many pieces
/// asks it.
private final class Side: Sendable {
  private let way: WayIn
  private let aim: Attempt.Aim
  let reach: Reach
  /// Nil if the list is switched off.
  let white: RuleList?
  /// Nil if the list is switched off.
  let black: RuleList?
  /// Whether the password is sent in clear text.
  let isPlaintext: Bool
  /// What keeps everybody out that the rules let in, if there is such a thing.
  let closed: Verdict?
  private let defaultAction: Plan.Service.IPControl.DefaultAction
  /// What keeps out everybody whom the proxy names, whoever they are; nil if nothing does.
  private let turnedAway: Verdict?
  /// Whether a proxy names all clients.
  private let isByProxy: Bool
  private let changes: RuleChanges
  private let provenance: Provenance

  init(_ subject: AccessDifference.Subject, _ aim: Attempt.Aim) {
    let way = subject.way
    typealias Control = Plan.Service.IPControl
    func list(_ list: Control.List, _ path: SettingPath) -> RuleList? {
      list.enabled ? subject.rules[path] ?? RuleList(list.addresses) : nil
    }
    let service = way.service
    self.way = way
    self.aim = aim
    defaultAction = service.ipControl.defaultAction
    provenance = subject.provenance
    changes = subject.changes
    isByProxy = subject.proxy != nil
    var listeners = way.listeners
    if let proxy = subject.proxy { listeners.removeAll { !way.isReached($0, from: proxy) } }
    turnedAway = subject.proxy.flatMap { proxy in
      if listeners.isEmpty { return .unreachable(proxy.family) }
      return service.proxyFrom.contains(proxy) ? nil : .notAProxy
    }
    let offering = listeners.filter { service.offersTLS($0) }
    // A login by whatever means there are is one over TLS where that is offered.
    var aim = aim
    if aim == .login { aim = offering.isEmpty ? .plaintextLogin : .tlsLogin(.tls13) }
    if aim == .plaintextLogin, !listeners.contains(where: { $0.tls == .none }) {
      closed = .noPlainPort
    } else if case .tlsLogin(let best) = aim,
      !offering.contains(where: { service.offersTLS($0, upTo: best) })
    {
      closed = offering.isEmpty ? .noTLS : .newerTLS
    } else {
      closed = nil
    }
    reach = way.reach(closed == nil ? aim : .connect)
    isPlaintext = aim == .plaintextLogin
    white = list(service.ipControl.whiteList, Control.whiteListPath(of: service.name))
    black = list(service.ipControl.blackList, Control.blackListPath(of: service.name))
  }

  var service: Plan.Service { way.service }

  /// The clients that get in.
  var clients: AddressSet { way.clients(aim) }

  /// Those that do if a proxy names them; nil if there are no proxies.
  var named: AddressSet? { service.proxyFrom.isEmpty ? nil : way.clients(aim, asNamed: true) }

  /// A rule, or all the lines of a list file.
  enum Entry: Hashable {
    case white(Int)
    case black(Int)
    case other(Verdict)
    case none
  }

  func entry(of verdict: Verdict?, byLine isByLine: Bool) -> Entry {
    if isByLine, let verdict { return .other(verdict) }
    return switch verdict {
    case .rules(.allowed(.whiteList(let rule))), .rules(.refused(.whiteList(let rule))):
      .white(white?.entryIndex(of: rule) ?? 0)
    case .rules(.allowed(.blackList(let rule))), .rules(.refused(.blackList(let rule))):
      .black(black?.entryIndex(of: rule) ?? 0)
    case .some(let verdict): .other(verdict)
    case nil: .none
    }
  }

  /// The setting that decides, if it is not a rule.
  func place(of verdict: Verdict) -> Provenance.Origin? {
    let obstacle: Obstacle =
      switch verdict {
      case .unreachable, .noPlainPort: .unreachable
      case .isProxy: .isProxy
      case .notAProxy: .notAProxy
      case .needsTLS, .plaintext: .needsTLS
      case .noTLS: .noTLS
      case .newerTLS: .oldTLS(lowest: service.tls?.profile.lowest ?? .tls13)
      case .rules: .access(.defaultAction)
      }
    return provenance.place(of: obstacle, at: service)
  }

  /// Where the lists change that decide, in the order of ``verdict(_:)``.
  func cursors(_ family: IPFamily) -> [RuleCursor] {
    typealias Control = Plan.Service.IPControl
    func rules(_ list: RuleList?, _ path: SettingPath) -> RuleCursor {
      RuleCursor(list.map { changes.of($0, at: path, family) } ?? [])
    }
    func addresses(_ set: AddressSet) -> RuleCursor { RuleCursor(RuleList(set).rules.changes(of: family)) }
    return [
      addresses(reach.clients), addresses(service.proxyFrom),
      rules(white, Control.whiteListPath(of: service.name)),
      rules(black, Control.blackListPath(of: service.name)),
    ] + (isPlaintext ? [addresses(service.plaintextLogin)] : [])
  }

  /// - Parameters:
  ///   - cursors: cursors of both sides.
  ///   - first: the place of the cursor of its first list; those of the others follow.
  ///   - isNamed: whether a proxy names the address, be it a proxy's own.
  func verdict(_ cursors: [RuleCursor], _ first: Int, _ family: IPFamily, isNamed: Bool) -> Verdict {
    if let turnedAway { return turnedAway }
    if !isByProxy {
      if cursors[first].rule == nil { return .unreachable(family) }
      if !isNamed, cursors[first + 1].rule != nil { return .isProxy }
    }
    let decision = Decision(
      white: cursors[first + 2].rule, black: cursors[first + 3].rule,
      defaultAction: defaultAction)
    guard decision.isAllowed else { return .rules(decision) }
    if let closed { return closed }
    guard isPlaintext else { return .rules(decision) }
    return cursors[first + 4].rule == nil ? .needsTLS : .plaintext
  }
}

/// Walks through the addresses of one family, and knows for each what both sides decide.
private struct DecisionSweep {
  private var cursors: [RuleCursor]
  /// The place of the new side's first cursor.
  private let middle: Int
  private let before: Side?
  private let after: Side?

  init(_ before: Side?, _ after: Side?, _ family: IPFamily) {
    self.before = before
    self.after = after
    let old = before?.cursors(family) ?? []
    middle = old.count
    cursors = old + (after?.cursors(family) ?? [])
  }

  /// Cuts a range wherever the deciding rule changes. Ranges come in ascending order.
  mutating func split(
    _ range: AddressPattern, _ body: (AddressPattern, _ before: Verdict?, _ after: Verdict?) throws -> Void
  ) rethrows {
    var start = range.first.value
    while true {
      var end = range.last.value
      for index in cursors.indices {
        cursors[index].advance(to: start)
        if let next = cursors[index].nextStart, next <= end { end = next - 1 }
      }
      let family = range.family
      // What differs for an address that is a proxy's before and after is what happens if a proxy names it.
      let isNamed =
        before != nil && after != nil && cursors[1].rule != nil && cursors[middle + 1].rule != nil
      let old = before?.verdict(cursors, 0, family, isNamed: isNamed)
      let new = after?.verdict(cursors, middle, family, isNamed: isNamed)
      try body(
        AddressPattern(IPAddress(family: family, value: start), IPAddress(family: family, value: end)), old,
        new)
      guard end < range.last.value else { return }
      start = end + 1
    }
  }
}

/// A position among the points at which the deciding rule of a list changes.
private struct RuleCursor {
  private let changes: RuleChanges.List
  private var position = 0

  init(_ changes: RuleChanges.List) { self.changes = changes }

  /// Goes on in steps that double: what lies between two ranges may be long, and is mostly nothing.
  mutating func advance(to value: UInt128) {
    func isBehind(_ index: Int) -> Bool { index < changes.count && changes[index].start <= value }
    var step = 1
    while isBehind(position + step) {
      position += step
      step *= 2
    }
    while step > 1 {
      step /= 2
      if isBehind(position + step) { position += step }
    }
  }

  var rule: UInt32? { position < changes.count ? changes[position].rule : nil }
  var nextStart: UInt128? { position + 1 < changes.count ? changes[position + 1].start : nil }
}
