import OceanAddresses

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
  /// The differences of who may connect: one for each service of either plan, by name. A service that is renamed is one.
  package let access: [AccessDifference]
  /// The differences of who may log in without TLS, for the services that have one.
  package let plaintextLogins: [AccessDifference]
  /// Addresses and ports that go from one service to another, where that makes a difference.
  package let handedOver: [HandedOver]
  /// Both plans, service by service.
  let comparison: PlanComparison
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
    comparison = PlanComparison(old, new)
    access = comparison.differences(.connect)
    plaintextLogins = comparison.differences(.plaintextLogin).filter { $0.relation != .equivalent }
    handedOver = comparison.handedOver
    expectations = ExpectationDifference(from: old, to: new, renamed: comparison.renamed)
    renewed = Set(
      new.plan.certificates.filter { certificate in
        guard let before = old?.plan.certificates.first(where: { $0.name == certificate.name }) else {
          return false
        }
        return before != certificate && before.isRenewed(by: certificate)
      }.map(\.name))
  }

  /// Services that get another name, and nothing else: the old name by the new one.
  package var renamed: [String: String] { comparison.renamed }

  /// Whether applying the plan changes anything.
  package var hasEffect: Bool { !changes.isEmpty }

  /// Whether nothing at all differs, neither what runs nor what is expected.
  package var isEmpty: Bool { changes.isEmpty && expectations?.isEmpty ?? true }

  package func changeClass(of change: Change) -> ChangeClass {
    if let service = change.service, comparison.isRenamed(service) { return .serviceRenamed }
    return change.changeClass(renewed: renewed)
  }

  /// The classes of all changes.
  package var classes: Set<ChangeClass> {
    var classes = Set(changes.map(changeClass))
    let differences = access + handedOver.map(\.access)
    if differences.contains(where: \.isWider) { classes.insert(.accessWidened) }
    if differences.contains(where: \.isNarrower) { classes.insert(.accessNarrowed) }
    if !plaintextLogins.isEmpty || comparison.anyService(Self.changesPlaintextPort)
      || handedOver.contains(where: \.changesPlaintext)
    {
      classes.insert(.plaintextLogin)
    }
    if comparison.anyService({ ($0?.antiHammering ?? true) != ($1?.antiHammering ?? true) })
      || handedOver.contains(where: \.changesAntiHammering)
    {
      classes.insert(.antiHammering)
    }
    if expectations?.added.isEmpty == false { classes.insert(.expectationAdded) }
    if expectations?.removed.isEmpty == false { classes.insert(.expectationRemoved) }
    let sessions = supplement.server?.sessions ?? []
    if hasEffect, sessions.contains(where: \.couldNotComeBack) { classes.insert(.sessionsLockedOut) }
    if sessions.contains(where: \.ends) { classes.insert(.sessionsEnded) }
    return classes
  }

  /// Whether a service gets its first port at which somebody may send a password in clear text, or loses the
  /// last, wherever it can be reached from: a listener on loopback is reached from this host alone, but whoever
  /// forwards ports changes that.
  private static func changesPlaintextPort(_ before: Plan.Service?, _ after: Plan.Service?) -> Bool {
    func hasPort(_ service: Plan.Service?) -> Bool {
      service?.listeners.contains { $0.tls == .none } ?? false
    }
    guard hasPort(before) != hasPort(after), let service = hasPort(after) ? after : before else {
      return false
    }
    return !service.plaintextLogin.isDisjoint(with: service.ipControl.allowed)
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
