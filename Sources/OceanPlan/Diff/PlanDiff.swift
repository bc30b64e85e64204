import OceanAddresses
package import OceanBase

/// A plan, the rules of its lists, and where its values come from.
package struct PlanVersion: Sendable {
  @Indirect package private(set) var plan: Plan
  @Indirect package private(set) var provenance: Provenance
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
  /// The differences of who may connect: one for each service of either plan, by name. A service that is renamed is one.
  package let access: [AccessDifference]
  /// The difference of who may connect to the monitor; nil if neither plan has one.
  package let monitorAccess: AccessDifference?
  /// The differences of who may log in without TLS, for the services that have one.
  package let plaintextLogins: [AccessDifference]
  /// Addresses and ports that go from one service to another, where that makes a difference for who gets in.
  package let handedOver: [HandedOver]
  /// What the changes mean, by whatever setting.
  package let effects: [Effect]
  /// The directions of settings that differ and are in force.
  let settingDirections: [SettingPath: Direction]
  /// Both plans, service by service.
  let comparison: PlanComparison
  /// Nil if nothing runs, or the expectations of the running plan are not known.
  package let expectations: ExpectationDifference?
  /// Certificates of both plans that differ only by what a renewal changes.
  package let renewed: Set<String>
  /// The lists that lack nothing but rules whose end the old plan knew and which has come.
  private let ended: Set<SettingPath>
  /// Facts that are not in the plans; they go into the JSON form.
  package var supplement = DiffSupplement()

  /// - Parameter now: seconds since 1970: a rule that is gone has ended if its end has come by then, and was removed
  ///   otherwise.
  package init(from old: PlanVersion?, to new: PlanVersion, at now: Int64 = .min) {
    self.old = old
    self.new = new
    from = old?.digest
    to = new.digest
    changes = from == to ? [] : Plan.diff(old?.plan, new.plan)
    comparison = PlanComparison(old, new)
    access = comparison.differences(.connect)
    monitorAccess = comparison.monitor
    plaintextLogins = comparison.differences(.plaintextLogin).filter { $0.relation != .equivalent }
    handedOver = comparison.handedOver
    let settings = comparison.judgingKeys(old?.plan.settingsInForce(differingIn: new.plan) ?? [])
    settingDirections = Dictionary(
      settings.compactMap { setting in setting.direction.map { (setting.path, $0) } },
      uniquingKeysWith: { first, _ in first })
    effects = Self.effects(comparison, settings, access, monitorAccess, plaintextLogins, handedOver)
    expectations = ExpectationDifference(from: old, to: new, renamed: comparison.renamed)
    ended = changes.isEmpty ? [] : old?.plan.endedLists(in: new.plan, by: now) ?? []
    renewed = Set(
      new.plan.certificates.filter { certificate in
        guard let before = old?.plan.certificates.first(where: { $0.name == certificate.name }) else {
          return false
        }
        return before != certificate && before.isRenewed(by: certificate)
      }.map(\.name))
  }

  /// The differences of who may connect: of each service, then of the monitor.
  package var allAccess: [AccessDifference] { access + [monitorAccess].compactMap(\.self) }

  /// Services that get another name, and nothing else: the old name by the new one.
  package var renamed: [String: String] { comparison.renamed }

  /// Whether applying the plan changes anything.
  package var hasEffect: Bool { !changes.isEmpty }

  /// Whether nothing at all differs, neither what runs nor what is expected.
  package var isEmpty: Bool { changes.isEmpty && expectations?.isEmpty ?? true }

  package func changeClass(of change: Change) -> ChangeClass {
    if let service = change.service, comparison.isRenamed(service) { return .serviceRenamed }
    if isEnd(change) { return .ruleEnded }
    return change.changeClass(renewed: renewed)
  }

  /// Whether the end of rules is all that a change is.
  private func isEnd(_ change: Change) -> Bool {
    guard case .setting(let path, let before, let after) = change else { return false }
    if ended.contains(path) { return true }
    guard path == Plan.endsSetting.path(in: .root), case .ends(let old)? = before else { return false }
    var left: [Plan.End] = []
    if case .ends(let new)? = after { left = new }
    return left.allSatisfy(old.contains)
      && old.allSatisfy { left.contains($0) || ended.contains(SettingPath($0.list)) }
  }

  /// The classes of all changes.
  package var classes: Set<ChangeClass> {
    var classes = Set(changes.map(changeClass)).union(effects.map(\.changeClass))
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

extension Change {
  /// The service that it is about, if it is about one alone.
  fileprivate var service: String? {
    switch self {
    case .opened(_, let service), .closed(_, let service), .handedOver(_, _, let service): service
    case .setting(let path, _, _): path.service
    }
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
