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
  /// Who may connect: one difference for each service of either plan, by name. A service that is renamed is one.
  package let access: [AccessDifference]
  /// Who may log in without TLS: the services where that differs.
  package let plaintextLogins: [AccessDifference]
  /// Who may connect to a socket that goes from one service to another, where that differs.
  package let handedOver: [(listener: Plan.Listener, access: AccessDifference)]
  /// Services that get another name, and nothing else: the old name by the new one.
  package let renamed: [String: String]
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
    let renamed = Plan.renamedServices(from: old?.plan, to: new.plan)
    self.renamed = renamed
    func subject(_ name: String, _ version: PlanVersion?, to listener: Plan.Listener? = nil)
      -> AccessDifference.Subject?
    {
      guard let version, let service = version.plan.services.first(where: { $0.name == name }) else {
        return nil
      }
      return AccessDifference.Subject(
        WayIn(service, to: listener.map { [$0] }), version.rules, version.provenance)
    }
    let names = Set((old?.plan.services ?? []).map(\.name)).subtracting(renamed.values)
      .union(new.plan.services.map(\.name)).sorted()
    func differences(_ aim: Attempt.Aim) -> [AccessDifference] {
      names.map { name in
        AccessDifference(
          name, aim, before: subject(renamed[name] ?? name, old), after: subject(name, new))
      }
    }
    access = differences(.connect)
    plaintextLogins = differences(.plaintextLogin).filter { $0.relation != .equivalent }
    handedOver = changes.compactMap { change in
      guard case .handedOver(let listener, let before, let after) = change, renamed[after] != before else {
        return nil
      }
      let socket = old?.plan.services.first { $0.name == before }?.listeners.first {
        $0.endpoint == listener.endpoint
      }
      let difference = AccessDifference(
        after, before: subject(before, old, to: socket), after: subject(after, new, to: listener))
      return difference.relation == .equivalent ? nil : (listener, difference)
    }
    expectations = ExpectationDifference(from: old, to: new, renamed: renamed)
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

  package func changeClass(of change: Change) -> ChangeClass {
    if let service = change.service, renamed[service] != nil || renamed.values.contains(service) {
      return .serviceRenamed
    }
    return change.changeClass(renewed: renewed)
  }

  /// The classes of all changes.
  package var classes: Set<ChangeClass> {
    var classes = Set(changes.map(changeClass))
    let differences = access + handedOver.map(\.access)
    if differences.contains(where: \.isWider) { classes.insert(.accessWidened) }
    if differences.contains(where: \.isNarrower) { classes.insert(.accessNarrowed) }
    if !plaintextLogins.isEmpty || differs(\.takesPlaintext) { classes.insert(.plaintextLogin) }
    if differs(\.isUnguarded) { classes.insert(.antiHammering) }
    if expectations?.added.isEmpty == false { classes.insert(.expectationAdded) }
    if expectations?.removed.isEmpty == false { classes.insert(.expectationRemoved) }
    let sessions = supplement.server?.sessions ?? []
    if hasEffect, sessions.contains(where: \.couldNotComeBack) { classes.insert(.sessionsLockedOut) }
    if sessions.contains(where: \.ends) { classes.insert(.sessionsEnded) }
    return classes
  }

  /// Whether something differs that services mean, with those that are switched off left out.
  private func differs<Meaning: Equatable>(_ meaning: (Plan.Service) -> Meaning?) -> Bool {
    func meanings(_ plan: Plan?) -> [String: Meaning] {
      Dictionary(
        (plan?.services ?? []).filter(\.enabled).compactMap { service in
          meaning(service).map { (service.name, $0) }
        }, uniquingKeysWith: { $1 })
    }
    let before = meanings(old?.plan)
    let after = meanings(new.plan)
    return Set(before.keys).subtracting(renamed.values).union(after.keys).contains { name in
      before[renamed[name] ?? name] != after[name]
    }
  }

  /// Whether renewed certificates are the only changes.
  package var isRenewal: Bool { !changes.isEmpty && classes == [.certificateRenewed] }

  /// The place where a changed value is written now, or was written if it is gone.
  package func origin(of change: Change) -> Provenance.Origin? {
    if case .closed = change { return old?.provenance[change.path] }
    return new.provenance.origin(around: change.path) ?? old?.provenance.origin(around: change.path)
  }
}

extension Plan {
  /// The services that have another name in `new`, and nothing else differs: the old name by the new one.
  fileprivate static func renamedServices(from old: Plan?, to new: Plan) -> [String: String] {
    let before = (old?.services ?? []).filter { service in !new.services.contains { $0.name == service.name }
    }
    let after = new.services.filter { service in old?.services.contains { $0.name == service.name } == false }
    var renamed: [String: String] = [:]
    for service in after {
      var twins = before.filter { $0.listeners == service.listeners }
      twins.removeAll { twin in
        var twin = twin
        twin.name = service.name
        return twin != service
      }
      // Listeners are unique, except in services that have none.
      if let twin = twins.first, twins.count == 1, !renamed.values.contains(twin.name) {
        renamed[service.name] = twin.name
      }
    }
    return renamed
  }
}

extension Plan.Service {
  /// Nil unless it has a port at which somebody may send a password in clear text, wherever it can be reached
  /// from: a listener on loopback is reached from this host alone, but whoever forwards ports changes that.
  fileprivate var takesPlaintext: Bool? {
    listeners.contains { $0.tls == .none } && !plaintextLogin.isEmpty ? true : nil
  }

  /// Nil if failed logins count here.
  fileprivate var isUnguarded: Bool? { antiHammering ? nil : true }
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
