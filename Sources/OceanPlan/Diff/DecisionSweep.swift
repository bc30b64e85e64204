import OceanAddresses

/// Walks through the addresses of one family, and knows for each what both sides decide.
struct DecisionSweep {
  private var cursors: [RuleCursor]
  /// The place of the new side's first cursor.
  private let middle: Int
  private let before: AccessSide?
  private let after: AccessSide?

  init(_ before: AccessSide?, _ after: AccessSide?, _ family: IPFamily) {
    self.before = before
    self.after = after
    let old = before?.cursors(family) ?? []
    middle = old.count
    cursors = old + (after?.cursors(family) ?? [])
  }

  /// Cuts a range wherever the deciding rule changes. Ranges come in ascending order.
  mutating func split(
    _ range: AddressPattern,
    _ body: (AddressPattern, _ before: AccessVerdict?, _ after: AccessVerdict?) throws -> Void
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
struct RuleCursor {
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
