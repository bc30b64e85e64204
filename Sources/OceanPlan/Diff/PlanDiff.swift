/// A plan, the rules of its lists, and where its values come from.
package struct PlanVersion: Sendable {
  package let plan: Plan
  package let provenance: Provenance
  package let rules: PlanRules
  /// The expectations of the plan's config; nil if they are not known.
  package let expectations: [Plan.Expectation]?
  package let digest: Digest

  package init(
    _ plan: Plan, _ provenance: Provenance, rules: PlanRules = PlanRules(),
    expectations: [Plan.Expectation]? = nil
  ) throws {
    self.plan = plan
    self.provenance = provenance
    self.rules = rules
    self.expectations = expectations
    digest = try plan.digest
  }

  /// A version with a known digest: computing it takes long if address lists are long.
  package init(_ file: PlanFile) {
    plan = file.plan
    provenance = file.provenance
    rules = file.rules
    expectations = file.expectations
    digest = file.digest
  }
}

/// Everything that applying a plan changes. `ocean diff` and `ocean plan` show it, and `ocean apply` does it.
package struct PlanDiff: Sendable {
  package static let formatVersion = 1

  /// The plan before; nil if nothing runs.
  package let old: PlanVersion?
  package let new: PlanVersion
  package let from: Digest?
  package let to: Digest
  /// The changes in the order in which they are done.
  package let changes: [Change]
  /// One difference for each service of either plan, by name.
  package let access: [AccessDifference]
  /// Nil if nothing runs, or the expectations of the running plan are not known.
  package let expectations: ExpectationDifference?
  /// Certificates of both plans that differ only by what a renewal changes.
  package let renewed: Set<String>
  /// Facts that are not in the plans; they go into the JSON form.
  package var supplement = DiffSupplement()

  package init(from old: PlanVersion?, to new: PlanVersion) {
    self.old = old
    self.new = new
    from = old?.digest
    to = new.digest
    changes = from == to ? [] : Plan.diff(old?.plan, new.plan)
    let names = Set((old?.plan.services ?? []).map(\.name)).union(new.plan.services.map(\.name)).sorted()
    access = names.map { name in
      func service(_ version: PlanVersion?) -> (Plan.Service, PlanVersion)? {
        guard let version, let service = version.plan.services.first(where: { $0.name == name }) else {
          return nil
        }
        return (service, version)
      }
      return AccessDifference(name, before: service(old), after: service(new))
    }
    expectations = ExpectationDifference(from: old, to: new)
    renewed = Set(
      new.plan.certificates.filter { certificate in
        guard let before = old?.plan.certificates.first(where: { $0.name == certificate.name }) else {
          return false
        }
        return before != certificate && before.isRenewed(by: certificate)
      }.map(\.name))
  }

  /// Whether applying the plan changes anything.
  package var hasEffect: Bool { !changes.isEmpty }

  /// Whether nothing at all differs, neither what runs nor what is expected.
  package var isEmpty: Bool { changes.isEmpty && expectations?.isEmpty ?? true }

  package func changeClass(of change: Change) -> ChangeClass { change.changeClass(renewed: renewed) }

  /// The classes of all changes.
  package var classes: Set<ChangeClass> {
    var classes = Set(changes.map(changeClass))
    if access.contains(where: \.isWider) { classes.insert(.accessWidened) }
    if access.contains(where: \.isNarrower) { classes.insert(.accessNarrowed) }
    if expectations?.added.isEmpty == false { classes.insert(.expectationAdded) }
    if expectations?.removed.isEmpty == false { classes.insert(.expectationRemoved) }
    let sessions = supplement.server?.sessions ?? []
    if hasEffect, sessions.contains(where: \.couldNotComeBack) { classes.insert(.sessionsLockedOut) }
    if sessions.contains(where: \.ends) { classes.insert(.sessionsEnded) }
    return classes
  }

  /// Whether renewed certificates are the only changes.
  package var isRenewal: Bool { !changes.isEmpty && classes == [.certificateRenewed] }

  /// The place where a changed value is written now, or was written if it is gone.
  package func origin(of change: Change) -> Provenance.Origin? {
    if case .closed = change { return old?.provenance[change.path] }
    return new.provenance.origin(around: change.path) ?? old?.provenance.origin(around: change.path)
  }
}

extension Provenance {
  /// The origin of a value or, if that is not known, of the nearest section around it.
  package func origin(around path: SettingPath) -> Origin? { origin(around: path.description) }

  package func origin(around path: String) -> Origin? {
    var path = path[...]
    while true {
      if let origin = self[String(path)] { return origin }
      guard let dot = path.lastIndex(of: ".") else { return nil }
      path = path[..<dot]
    }
  }
}
