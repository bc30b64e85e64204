/// How what is expected of two plans differs: by what it requires, however it is divided among expectations.
package struct ExpectationDifference: Sendable {
  /// How many there were, and are.
  package let before: Int
  package let after: Int
  /// Those of the old config of which the new one no longer requires all.
  package let removed: [Plan.Expectation]
  /// Those of the new config of which the old one did not require all.
  package let added: [Plan.Expectation]

  package var isEmpty: Bool { removed.isEmpty && added.isEmpty }

  /// Nil where it is not known of one of them.
  init?(from old: PlanVersion?, to new: PlanVersion) {
    guard let old, let before = old.expectations, let after = new.expectations else { return nil }
    // A service that comes or goes changes nothing of what holds for every service.
    let common = Set(old.plan.services.map(\.name)).intersection(new.plan.services.map(\.name))
    let (required, requires) = (Requirements(before, common), Requirements(after, common))
    self.before = before.count
    self.after = after.count
    removed = before.filter { !requires.cover($0) }
    added = after.filter { !required.cover($0) }
  }
}

/// What some expectations come to, service by service.
private struct Requirements {
  private struct Key: Hashable {
    let service: String
    let verdict: Plan.Service.IPControl.Standard
  }

  private let services: Set<String>
  private var addresses: [Key: AddressSet] = [:]

  /// - Parameter services: what "every service" stands for.
  init(_ expectations: [Plan.Expectation], _ services: Set<String>) {
    self.services = services
    for expectation in expectations {
      for key in keys(of: expectation) {
        addresses[key] = (addresses[key] ?? AddressSet()).union(expectation.from)
      }
    }
  }

  private func keys(of expectation: Plan.Expectation) -> [Key] {
    (expectation.to ?? Array(services)).map { Key(service: $0, verdict: expectation.verdict) }
  }

  func cover(_ expectation: Plan.Expectation) -> Bool {
    keys(of: expectation).allSatisfy { expectation.from.isSubset(of: addresses[$0] ?? AddressSet()) }
  }
}
