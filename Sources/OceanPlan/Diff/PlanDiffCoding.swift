/// The JSON form: changes with their places, address sets as the fewest CIDR blocks.
extension PlanDiff: Encodable {
  private enum CodingKeys: String, CodingKey {
    case formatVersion, effect, from, to, classes, changes, access, sessions
  }

  private enum ChangeKeys: String, CodingKey {
    case `class`, path, before, after, span, oldSpan, effect
  }

  private enum AccessKeys: String, CodingKey {
    case service, relation, newlyAllowed, newlyRefused, newlyAllowedCount, newlyRefusedCount, because
  }

  private enum ReasonKeys: String, CodingKey {
    case addresses, before, after
  }

  private enum GroundKeys: String, CodingKey {
    case by, rule, span
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(Self.formatVersion, forKey: .formatVersion)
    try container.encode(hasEffect ? "changes" : "none", forKey: .effect)
    try container.encode(from, forKey: .from)
    try container.encode(to, forKey: .to)
    try container.encode(classes.map(\.rawValue).sorted(), forKey: .classes)
    var list = container.nestedUnkeyedContainer(forKey: .changes)
    for change in changes {
      var item = list.nestedContainer(keyedBy: ChangeKeys.self)
      try item.encode(changeClass(of: change), forKey: .class)
      try item.encode(change.path, forKey: .path)
      try item.encode(change.before, forKey: .before)
      try item.encode(change.after, forKey: .after)
      try item.encode(new.provenance.origin(around: change.path), forKey: .span)
      try item.encode(old?.provenance.origin(around: change.path), forKey: .oldSpan)
      try item.encode(change.effect, forKey: .effect)
    }
    var services = container.nestedUnkeyedContainer(forKey: .access)
    for difference in access {
      try encode(difference, into: services.nestedContainer(keyedBy: AccessKeys.self))
    }
  }

  private func encode(
    _ difference: AccessDifference, into container: KeyedEncodingContainer<AccessKeys>
  ) throws {
    var container = container
    try container.encode(difference.service, forKey: .service)
    try container.encode(difference.relation, forKey: .relation)
    try container.encode(difference.newlyAllowed.blocks, forKey: .newlyAllowed)
    try container.encode(difference.newlyRefused.blocks, forKey: .newlyRefused)
    try container.encode(difference.newlyAllowed.total, forKey: .newlyAllowedCount)
    try container.encode(difference.newlyRefused.total, forKey: .newlyRefusedCount)
    var reasons = container.nestedUnkeyedContainer(forKey: .because)
    try difference.forEachPiece { range, before, after in
      var item = reasons.nestedContainer(keyedBy: ReasonKeys.self)
      try item.encode(range.prefixes.map(\.description), forKey: .addresses)
      try encode(before, into: item.nestedContainer(keyedBy: GroundKeys.self, forKey: .before))
      try encode(after, into: item.nestedContainer(keyedBy: GroundKeys.self, forKey: .after))
    }
  }

  private func encode(
    _ ground: AccessDifference.Ground, into container: KeyedEncodingContainer<GroundKeys>
  ) throws {
    var container = container
    try container.encode(ground.what, forKey: .by)
    try container.encode(ground.rule, forKey: .rule)
    try container.encode(ground.place, forKey: .span)
  }

  package func json() throws -> [UInt8] { try ControlAPI.encode(self) }
}

extension AddressSet {
  /// The fewest CIDR blocks, IPv4 first, ascending.
  fileprivate var blocks: [String] { IPFamily.allCases.flatMap { prefixes(of: $0).map(\.description) } }

  /// Of both families, decimal: one more than 128 bits hold, or more.
  package var total: String {
    let half = 1_000_000_000_000_000_000 as UInt128
    func parts(_ count: AddressCount) -> (high: UInt128, low: UInt128) {
      switch count {
      case .some(let number): (number / half, number % half)
      case .allV6: (UInt128.max / half, UInt128.max % half + 1)
      }
    }
    let (four, six) = (parts(count(.v4)), parts(count(.v6)))
    let low = four.low + six.low
    let high = four.high + six.high + low / half
    let rest = String(low % half)
    return high == 0 ? rest : String(high) + String(repeating: "0", count: 18 - rest.utf8.count) + rest
  }
}
