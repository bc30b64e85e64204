/// How the addresses that may connect to a service differ between two plans, exactly.
package struct AccessDifference: Sendable {
  package let service: String
  package let newlyAllowed: AddressSet
  package let newlyRefused: AddressSet
  /// What was there and what will be; nil where the service is not, or is switched off.
  private let before: AccessPolicy?
  private let after: AccessPolicy?

  package enum Relation: String, Sendable, Hashable, Codable {
    case equivalent
    case wider
    case narrower
    case incomparable
  }

  package var relation: Relation {
    switch (newlyAllowed.isEmpty, newlyRefused.isEmpty) {
    case (true, true): .equivalent
    case (false, true): .wider
    case (true, false): .narrower
    case (false, false): .incomparable
    }
  }

  /// - Parameters:
  ///   - before: the service in the old plan, with that plan; nil if there is none.
  ///   - after: the same of the new plan.
  init(_ service: String, before: (Plan.Service, PlanVersion)?, after: (Plan.Service, PlanVersion)?) {
    self.service = service
    // One that is switched off lets nobody in.
    let before = before.flatMap { $0.0.enabled ? $0 : nil }
    let after = after.flatMap { $0.0.enabled ? $0 : nil }
    let old = before?.0.ipControl.allowed ?? AddressSet()
    let new = after?.0.ipControl.allowed ?? AddressSet()
    newlyAllowed = new.subtracting(old)
    newlyRefused = old.subtracting(new)
    guard old != new else {
      (self.before, self.after) = (nil, nil)
      return
    }
    self.before = before.map { AccessPolicy($0.0, of: $0.1.plan.server, rules: $0.1.provenance.rules) }
    self.after = after.map { AccessPolicy($0.0, of: $0.1.plan.server, rules: $0.1.provenance.rules) }
  }

  /// Addresses that are decided otherwise, and by what, before and after.
  package struct Reason: Sendable, Hashable {
    package let before: Ground
    package let after: Ground

    /// What decides: a rule, a default, or that there is no service.
    package struct Ground: Sendable, Hashable {
      /// `black list`
      package let what: String
      /// The rule as written.
      package let rule: String?
      package let place: Provenance.Origin?
    }
  }

  /// The addresses that are decided otherwise, by what decides, in the order of their first addresses. O(n log n) in the
  /// rules of both sides.
  package var reasons: [(reason: Reason, addresses: AddressSet)] {
    var places: [DecisionPair: Int] = [:]
    var groups: [(pair: DecisionPair, rules: AddressRules)] = []
    let difference = newlyAllowed.union(newlyRefused)
    func add(_ range: AddressPattern, _ pair: DecisionPair) {
      let place = places[pair] ?? groups.count
      if place == groups.count {
        places[pair] = place
        groups.append((pair, AddressRules()))
      }
      groups[place].rules.append(range, rule: 0)
    }
    for family in IPFamily.allCases {
      var sweep = DecisionSweep(before, after, family)
      for range in difference.ranges(of: family) { sweep.split(range, add) }
    }
    return groups.map { group in
      (
        Reason(before: ground(group.pair.before, before), after: ground(group.pair.after, after)),
        AddressSet(group.rules)
      )
    }
  }

  private func ground(_ decision: Decision?, _ policy: AccessPolicy?) -> Reason.Ground {
    guard let decision, let policy else { return Reason.Ground(what: "no service", rule: nil, place: nil) }
    let ground: Decision.Ground =
      switch decision {
      case .allowed(let ground), .refused(let ground): ground
      }
    let origin = policy.origin(of: ground)
    let what =
      switch ground {
      case .whiteList: "white list"
      case .blackList: "black list"
      default: "default"
      }
    return Reason.Ground(what: what, rule: origin?.text, place: origin?.place)
  }
}

private struct DecisionPair: Hashable {
  let before: Decision?
  let after: Decision?
}

/// Walks through the addresses of one family, and knows at each what both sides decide.
private struct DecisionSweep {
  private var cursors: [RuleCursor]
  private let before: AccessPolicy?
  private let after: AccessPolicy?

  init(_ before: AccessPolicy?, _ after: AccessPolicy?, _ family: IPFamily) {
    self.before = before
    self.after = after
    func cursor(_ rules: CompiledRules?, _ isEnabled: Bool?) -> RuleCursor {
      RuleCursor(isEnabled == true ? rules?.table.changes(of: family) ?? [] : [])
    }
    cursors = [
      cursor(before?.white, before?.ipControl.whiteList.enabled),
      cursor(before?.black, before?.ipControl.blackList.enabled),
      cursor(after?.white, after?.ipControl.whiteList.enabled),
      cursor(after?.black, after?.ipControl.blackList.enabled),
    ]
  }

  /// Cuts a range wherever something else decides. Ranges come in ascending order.
  mutating func split(_ range: AddressPattern, _ body: (AddressPattern, DecisionPair) -> Void) {
    var start = range.first.value
    while true {
      var end = range.last.value
      for index in cursors.indices {
        cursors[index].advance(to: start)
        if let next = cursors[index].nextStart, next <= end { end = next - 1 }
      }
      let pair = DecisionPair(
        before: before.map { $0.decision(white: cursors[0].rule, black: cursors[1].rule) },
        after: after.map { $0.decision(white: cursors[2].rule, black: cursors[3].rule) })
      let family = range.family
      body(
        AddressPattern(IPAddress(family: family, value: start), IPAddress(family: family, value: end)), pair)
      guard end < range.last.value else { return }
      start = end + 1
    }
  }
}

/// A place in the points at which the deciding rule of a list changes.
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
