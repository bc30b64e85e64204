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
  /// Addresses and ports that go from one service to another, where that makes a difference.
  package let handedOver: [HandedOver]
  /// Services that get another name, and nothing else: the old name by the new one.
  package let renamed: [String: String]
  /// The old names of these.
  private let oldNames: Set<String>
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
    oldNames = Set(renamed.values)
    let before = old.map(Subjects.init)
    let after = Subjects(new)
    let names = Set(before.map { Array($0.services.keys) } ?? []).subtracting(oldNames).union(
      after.services.keys
    )
    .sorted()
    func differences(_ aim: Attempt.Aim) -> [AccessDifference] {
      names.map { name in
        AccessDifference(
          name, aim, before: before?.subject(renamed[name] ?? name), after: after.subject(name))
      }
    }
    access = differences(.connect)
    plaintextLogins = differences(.plaintextLogin).filter { $0.relation != .equivalent }
    handedOver =
      before.map { before in
        before.endpoints.union(after.endpoints).sorted().compactMap { endpoint in
          guard let old = before.owner(of: endpoint), let new = after.owner(of: endpoint),
            old.service.name != renamed[new.service.name] ?? new.service.name
          else { return nil }
          let change = HandedOver(endpoint: endpoint, before: old, after: new, before, after)
          return change.isEquivalent ? nil : change
        }
      } ?? []
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
    if let service = change.service, renamed[service] != nil || oldNames.contains(service) {
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
    if !plaintextLogins.isEmpty || anyService(Self.changesPlaintextPort)
      || handedOver.contains(where: \.changesPlaintext)
    {
      classes.insert(.plaintextLogin)
    }
    if anyService({ ($0?.antiHammering ?? true) != ($1?.antiHammering ?? true) })
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

  /// Whether something is true of a service that is switched on, before and after; a service that is not there
  /// is nil.
  private func anyService(_ differs: (_ before: Plan.Service?, _ after: Plan.Service?) -> Bool) -> Bool {
    func enabled(_ plan: Plan?) -> [String: Plan.Service] {
      Dictionary(
        (plan?.services ?? []).filter(\.enabled).map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    }
    let before = enabled(old?.plan)
    let after = enabled(new.plan)
    return Set(before.keys).subtracting(oldNames).union(after.keys).contains { name in
      differs(before[renamed[name] ?? name], after[name])
    }
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

extension PlanDiff {
  /// An address and port that another service has from now on.
  package struct HandedOver: Sendable {
    package let endpoint: Endpoint
    /// Who may connect there, and who may log in without TLS.
    package let access: AccessDifference
    package let plaintextLogins: AccessDifference
    /// Whether failed logins count in one plan and not in the other.
    let changesAntiHammering: Bool

    var changesPlaintext: Bool { plaintextLogins.relation != .equivalent }
    fileprivate var isEquivalent: Bool {
      access.relation == .equivalent && !changesPlaintext && !changesAntiHammering
    }

    fileprivate init(
      endpoint: Endpoint, before: Owner, after: Owner, _ old: Subjects, _ new: Subjects
    ) {
      self.endpoint = endpoint
      func difference(_ aim: Attempt.Aim) -> AccessDifference {
        func subject(_ owner: Owner, _ subjects: Subjects) -> AccessDifference.Subject {
          subjects.subject(WayIn(owner.service, to: [owner.listener], at: endpoint.address))
        }
        return AccessDifference(
          after.service.name, aim, before: subject(before, old), after: subject(after, new))
      }
      access = difference(.connect)
      plaintextLogins = difference(.plaintextLogin)
      changesAntiHammering = before.service.antiHammering != after.service.antiHammering
    }
  }

  fileprivate typealias Owner = (service: Plan.Service, listener: Plan.Listener)

  /// One plan's services, to be compared.
  fileprivate struct Subjects {
    let services: [String: Plan.Service]
    private let version: PlanVersion
    private let listening: [Endpoint: Owner]

    init(_ version: PlanVersion) {
      self.version = version
      services = Dictionary(version.plan.services.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
      listening = version.plan.listening
    }

    var endpoints: Set<Endpoint> { Set(listening.keys) }

    /// The service that takes connections to an address and port, by a listener of its own or of all addresses.
    func owner(of endpoint: Endpoint) -> Owner? {
      listening[endpoint]
        ?? listening[
          Endpoint(address: IPAddress(family: endpoint.address.family, value: 0), port: endpoint.port)]
    }

    func subject(_ name: String) -> AccessDifference.Subject? { services[name].map { subject(WayIn($0)) } }

    func subject(_ way: WayIn) -> AccessDifference.Subject {
      AccessDifference.Subject(way, version.rules, version.provenance)
    }
  }
}

extension Plan {
  /// The services that have another name in `new`, and nothing else differs: the old name by the new one.
  fileprivate static func renamedServices(from old: Plan?, to new: Plan) -> [String: String] {
    let oldNames = Set((old?.services ?? []).map(\.name))
    let newNames = Set(new.services.map(\.name))
    // Listeners are unique, except those of services that are off or have none.
    var gone: [[Listener]: [Service]] = [:]
    for service in old?.services ?? [] where !newNames.contains(service.name) {
      gone[service.listeners, default: []].append(service)
    }
    var renamed: [String: String] = [:]
    for service in new.services where !oldNames.contains(service.name) {
      let twins = (gone[service.listeners] ?? []).filter { twin in
        var twin = twin
        twin.name = service.name
        return twin == service
      }
      guard let twin = twins.first, twins.count == 1 else { continue }
      gone[service.listeners]?.removeAll { $0.name == twin.name }
      renamed[service.name] = twin.name
    }
    return renamed
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
