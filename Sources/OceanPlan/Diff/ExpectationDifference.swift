import OceanAddresses

/// How the expectations of two plans differ: by what they require, however it is divided among expectations. The bounds
/// of list files count as expectations: they guard plans too, and are not part of them.
package struct ExpectationDifference: Sendable {
  /// How many expectations there were, and are, without bounds of list files.
  package let before: Int
  package let after: Int
  /// Expectations of the old config that the new one no longer requires in full.
  package let removed: [Plan.Expectation]
  /// Expectations of the new config that the old one did not require in full.
  package let added: [Plan.Expectation]

  package var isEmpty: Bool { removed.isEmpty && added.isEmpty }

  /// Nil if the expectations of one of the plans are not known.
  ///
  /// - Parameter renamed: services that get another name: the old name by the new one.
  init?(from old: PlanVersion?, to new: PlanVersion, renamed: [String: String] = [:]) {
    guard let old, let expected = old.expectations, let expects = new.expectations else { return nil }
    let before = expected + old.rules.boundExpectations
    let after = expects + new.rules.boundExpectations
    let newNames = Dictionary(renamed.map { ($0.value, $0.key) }, uniquingKeysWith: { $1 })
    func withNewNames(_ expectation: Plan.Expectation) -> Plan.Expectation {
      var expectation = expectation
      expectation.to = expectation.to?.map { newNames[$0] ?? $0 }
      return expectation
    }
    // A service that comes or goes does not change what holds for every service.
    let common = Set(old.plan.services.map { newNames[$0.name] ?? $0.name })
      .intersection(new.plan.services.map(\.name))
    let required = Requirements(before.map(withNewNames), common)
    let requires = Requirements(after, common)
    self.before = expected.count
    self.after = expects.count
    removed = before.filter { !requires.cover(withNewNames($0)) }
    added = after.filter { !required.cover($0) }
  }
}

/// The requirements of a list of expectations, service by service.
private struct Requirements {
  private struct Key: Hashable {
    /// A service, or an address and port; nil is every service.
    let service: String?
    let verdict: Plan.Service.IPControl.DefaultAction
    let via: IPAddress?
    let user: String?
    let certificates: [String]?
    let serverName: String?

    init(_ expectation: Plan.Expectation, at service: String?) {
      self.service = service
      verdict = expectation.verdict
      via = expectation.via
      user = expectation.user
      certificates = expectation.certificates
      serverName = expectation.serverName
    }
  }

  /// The services that both plans have.
  private let services: Set<String>
  private var addresses: [Key: [Attempt.Aim: AddressSet]] = [:]
  private var bounds: [String?: [Plan.Expectation.Bound]] = [:]

  init(_ expectations: [Plan.Expectation], _ services: Set<String>) {
    self.services = services
    for expectation in expectations {
      for service in expectation.to.map({ $0.map(Optional.some) }) ?? [nil] {
        if let bound = expectation.bound {
          bounds[service, default: []].append(bound)
        } else {
          add(expectation, at: service)
        }
      }
    }
  }

  private mutating func add(_ expectation: Plan.Expectation, at service: String?) {
    func add(_ key: Key) {
      let known = addresses[key]?[expectation.aim] ?? AddressSet()
      addresses[key, default: [:]][expectation.aim] = known.union(expectation.from)
    }
    add(Key(expectation, at: service))
    guard expectation.verdict == .allow, expectation.user != nil || expectation.certificates != nil else {
      return
    }
    // An account that must be let in, or a certificate that is presented, means that they come so far.
    var less = expectation
    (less.user, less.certificates, less.serverName) = (nil, nil, nil)
    add(Key(less, at: service))
  }

  /// Whether all is required that an expectation requires. Whoever must be able to log in must also be able
  /// to connect, and whoever must not be able to connect must not log in either.
  func cover(_ expectation: Plan.Expectation) -> Bool {
    guard let names = expectation.to else {
      // It may be divided among the services.
      return cover(expectation, at: nil)
        || !services.isEmpty && services.allSatisfy { cover(expectation, at: $0) }
    }
    return names.allSatisfy { cover(expectation, at: $0) }
  }

  private func cover(_ expectation: Plan.Expectation, at service: String?) -> Bool {
    if let bound = expectation.bound {
      return Set([service, nil]).contains { bounds[$0]?.contains { $0.covers(bound) } ?? false }
    }
    let verdict = expectation.verdict
    var covered = AddressSet()
    for service in Set([service, nil]) {
      for (aim, set) in addresses[Key(expectation, at: service)] ?? [:] {
        let isCovering = verdict == .allow ? aim.implies(expectation.aim) : expectation.aim.implies(aim)
        if isCovering { covered = covered.union(set) }
      }
    }
    return expectation.from.isSubset(of: covered)
  }
}
