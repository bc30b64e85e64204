import OceanAddresses

/// How the expectations of two plans differ: by what they require, however it is divided among expectations.
package struct ExpectationDifference: Sendable {
  /// How many expectations there were, and are.
  package let before: Int
  package let after: Int
  /// Expectations of the old config that the new one no longer requires in full.
  package let removed: [Plan.Expectation]
  /// Expectations of the new config that the old one did not require in full.
  package let added: [Plan.Expectation]

  package var isEmpty: Bool { removed.isEmpty && added.isEmpty }

  /// Nil if the expectations of one of the plans are not known.
  init?(from old: PlanVersion?, to new: PlanVersion) {
    guard let old, let before = old.expectations, let after = new.expectations else { return nil }
    // A service that comes or goes does not change what holds for every service.
    let common = Set(old.plan.services.map(\.name)).intersection(new.plan.services.map(\.name))
    let (required, requires) = (Requirements(before, common), Requirements(after, common))
    self.before = before.count
    self.after = after.count
    removed = before.filter { !requires.cover($0) }
    added = after.filter { !required.cover($0) }
  }
}

/// The requirements of a list of expectations, service by service.
private struct Requirements {
  private struct Key: Hashable {
    let service: String
    let verdict: Plan.Service.IPControl.DefaultAction
  }

  private let services: Set<String>
  private var addresses: [Key: [Attempt.Aim: AddressSet]] = [:]

  /// - Parameter services: the names that "every service" stands for.
  init(_ expectations: [Plan.Expectation], _ services: Set<String>) {
    self.services = services
    for expectation in expectations {
      for key in keys(of: expectation) {
        let known = addresses[key]?[expectation.aim] ?? AddressSet()
        addresses[key, default: [:]][expectation.aim] = known.union(expectation.from)
      }
    }
  }

  private func keys(of expectation: Plan.Expectation) -> [Key] {
    (expectation.to ?? Array(services)).map { Key(service: $0, verdict: expectation.verdict) }
  }

  /// Whether all is required that an expectation requires. Whoever must be able to log in must also be able
  /// to connect, and whoever must not be able to connect must not log in either.
  func cover(_ expectation: Plan.Expectation) -> Bool {
    keys(of: expectation).allSatisfy { key in
      let covered = (addresses[key] ?? [:]).reduce(into: AddressSet()) { covered, entry in
        let isCovering =
          key.verdict == .allow ? entry.key.implies(expectation.aim) : expectation.aim.implies(entry.key)
        if isCovering { covered = covered.union(entry.value) }
      }
      return expectation.from.isSubset(of: covered)
    }
  }
}
