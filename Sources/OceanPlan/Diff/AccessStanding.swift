package import OceanAddresses

extension AccessDifference {
  /// What one plan decides about some clients, and by what.
  package struct Standing: Hashable, Sendable {
    let verdict: AccessVerdict?

    /// Whether they get in.
    package var isAllowed: Bool {
      switch verdict {
      case .plaintext?, .rules(.allowed)?: true
      default: false
      }
    }
  }

  /// The two plans of a comparison.
  package enum Side: Sendable {
    case before
    case after
  }

  /// What a standing comes from: an entry of a list, of which all lines of a list file are one, or a setting.
  package struct Entry: Hashable, Sendable {
    let entry: AccessSide.Entry
  }

  /// Calls `body` with every range of addresses of a family about which both plans decide by the same, ascending:
  /// together they are all addresses, whether or not their decision differs. O(n log n) in the rules of both plans.
  ///
  /// What is said of a proxy's own address, if it is a proxy's in both plans, is what holds if a proxy names it.
  package func forEachStanding(
    of family: IPFamily, _ body: (AddressPattern, _ before: Standing, _ after: Standing) throws -> Void
  ) rethrows {
    try sweep(.all(family)) { range, before, after in
      try body(range, Standing(verdict: before), Standing(verdict: after))
    }
  }

  package func entry(of standing: Standing, _ side: Side) -> Entry {
    Entry(entry: self.side(side)?.entry(of: standing.verdict, byLine: false) ?? .none)
  }

  /// What a standing comes from, in words.
  ///
  /// - Parameter isMixed: whether other lines of the same list file are meant as well.
  package func cause(of standing: Standing, _ side: Side, isMixed: Bool = false) -> Cause {
    cause(standing.verdict, self.side(side), isMixed: isMixed)
  }

  private func side(_ side: Side) -> AccessSide? { side == .before ? before : after }
}
