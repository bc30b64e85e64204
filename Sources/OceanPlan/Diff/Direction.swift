/// The way that a change goes: whether what protects mail and server gets weaker or stronger.
///
/// Protection is what keeps clients out, TLS and passwords out of sight, and what holds back those who guess
/// passwords or open many connections.
package enum Direction: String, Sendable, Encodable {
  case weakened
  case strengthened
  /// Weaker in one respect, or for some clients, and stronger in another.
  case both

  /// Nil if it is neither.
  package init?(isWeakened: Bool, isStrengthened: Bool) {
    switch (isWeakened, isStrengthened) {
    case (false, false): return nil
    case (true, false): self = .weakened
    case (false, true): self = .strengthened
    case (true, true): self = .both
    }
  }

  /// The direction of several changes together; nil if none of them has one.
  package init?(of directions: some Sequence<Direction?>) {
    var (isWeakened, isStrengthened) = (false, false)
    for case let direction? in directions {
      isWeakened = isWeakened || direction.isWeakened
      isStrengthened = isStrengthened || direction.isStrengthened
    }
    self.init(isWeakened: isWeakened, isStrengthened: isStrengthened)
  }

  package var isWeakened: Bool { self != .strengthened }
  package var isStrengthened: Bool { self != .weakened }

  /// The direction of the way back.
  package var reversed: Direction {
    switch self {
    case .weakened: .strengthened
    case .strengthened: .weakened
    case .both: .both
    }
  }

  /// In words: `both` says of what.
  package var text: String { self == .both ? "weakened and strengthened" : rawValue }
}
