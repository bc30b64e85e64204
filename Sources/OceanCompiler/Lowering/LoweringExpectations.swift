import OceanAddresses
import OceanPlan
import OceanSyntax

extension Lowering {
  /// Checks `expect` and `server.protect` against the services as they were lowered.
  ///
  /// - Returns: the expectations whose addresses and services are known.
  mutating func checkExpectations(
    _ services: [LoweredService], _ server: Plan.Server
  ) -> [Plan.Expectation] {
    var expectations: [Plan.Expectation] = []
    let enabled = services.filter(\.plan.enabled)
    if let protect = config.server?.value.protect {
      note(protect.span, "server.protect")
      let addresses = check(protect, .allow, enabled, server, what: "server.protect")
      expectations.append(
        Plan.Expectation(from: addresses, to: nil, verdict: .allow, span: origin(of: protect.span)))
    }
    for expectation in (config.expect?.value ?? []).map(\.value) {
      guard let from = expectation.from, let verdict = expectation.verdict,
        let targets = targets(of: expectation, among: services)
      else { continue }
      let addresses = check(from, verdict.value, targets, server, what: "this expectation")
      expectations.append(
        Plan.Expectation(
          from: addresses, to: expectation.to?.value.map(\.value), verdict: verdict.value,
          span: origin(of: from.span)))
    }
    return expectations
  }

  /// The services that an expectation is about; nil if one of them does not exist, or is not known.
  private mutating func targets(
    of expectation: Config.Expectation, among services: [LoweredService]
  ) -> [LoweredService]? {
    guard let names = expectation.to?.value else {
      return expectation.isMistaken("to") ? nil : services.filter(\.plan.enabled)
    }
    var targets: [LoweredService] = []
    for name in names {
      if let service = services.first(where: { $0.plan.name == name.value }) {
        targets.append(service)
      } else if !config.isMistaken("services") {
        let known = services.map(\.plan.name)
        report(
          .unknownReference, name.span, "there is no service named '\(name.value)'",
          help: suggestion(for: name.value, among: known)
            ?? "there are: \(known.prefix(10).joined(separator: ", "))")
        return nil
      } else {
        return nil
      }
    }
    return targets
  }

  /// - Returns: the addresses that the expectation is about.
  private mutating func check(
    _ from: Located<AddressEntries>, _ verdict: Plan.Service.IPControl.DefaultAction,
    _ targets: [LoweredService],
    _ server: Plan.Server, what: String
  ) -> AddressSet {
    let lowered = resolve(from.value)
    let addresses = AddressSet(lowered.rules.rules)
    // If something could not be read, that is already an error or reported as not checked.
    guard lowered.isKnown else { return addresses }
    for service in targets where service.isAccessKnown {
      guard service.plan.enabled || verdict == .refuse else {
        report(
          .brokenExpectation, from.span,
          "\(what) wants '\(service.plan.name)' to be reachable, but it is switched off",
          severity: severity(ofBroken: from.span))
        continue
      }
      guard service.plan.enabled else { continue }
      let allowed = service.plan.ipControl.allowed
      let wrong = verdict == .allow ? addresses.subtracting(allowed) : addresses.intersection(allowed)
      guard let example = wrong.first else { continue }
      reportBroken(example, wrong, of: addresses, verdict, service, server, from.span, what)
    }
    return addresses
  }

  private mutating func reportBroken(
    _ example: IPAddress, _ wrong: AddressSet, of expected: AddressSet,
    _ verdict: Plan.Service.IPControl.DefaultAction,
    _ service: LoweredService, _ server: Plan.Server, _ span: Span, _ what: String
  ) {
    let policy = AccessPolicy(service.plan, of: server, rules: rules)
    let reason: String
    switch policy.decide(example, isBlocked: false) {
    case .allowed(.whiteList(let rule)), .refused(.whiteList(let rule)):
      reason = blame(policy.white.list, rule, "white list")
    case .allowed(.blackList(let rule)), .refused(.blackList(let rule)):
      reason = blame(policy.black.list, rule, "black list")
    case .allowed, .refused:
      let place =
        provenance[Plan.Service.IPControl.defaultActionPath(of: service.plan.name)].map { ", \($0)" } ?? ""
      reason = "ip_control.default: \(service.plan.ipControl.defaultAction.rawValue)\(place)"
    }
    let all = wrong == expected ? "all \(expected.total)" : "\(wrong.total) of its \(expected.total)"
    let those = wrong.isSingle ? "\(example)" : "\(all) addresses: \(wrong.beginning)"
    report(
      .brokenExpectation, span,
      "\(what) does not hold: '\(service.plan.name)' \(verdict == .allow ? "refuses" : "allows") \(those)",
      label: reason, help: "change that rule, or the expectation if it is out of date",
      severity: severity(ofBroken: span))
  }

  /// The severity of a broken expectation: a warning if it is overridden; nil means an error, as usual.
  private mutating func severity(ofBroken span: Span) -> Severity? {
    // A server that is down does not help the clients it should let in.
    if purpose == .starting { return .warning }
    let place = origin(of: span).description
    guard overriding.contains(place) else { return nil }
    overridden.insert(place)
    return .warning
  }

  private func blame(_ list: RuleList, _ rule: UInt32, _ name: String) -> String {
    guard let origin = list.origin(of: rule) else { return name }
    return "\(name): \(origin.text), \(origin.place)" + (origin.via.map { " (through '\($0)')" } ?? "")
  }
}

extension AddressSet {
  /// The first of the fewest networks that hold the addresses, as many as a reader can take in: `10.1.0.0/16,
  /// 10.200.3.4`.
  fileprivate var beginning: String {
    let networks = IPFamily.allCases.flatMap { Array(prefixes(of: $0).prefix(5)) }
    let shown = networks.prefix(4).map(\.short).joined(separator: ", ")
    return networks.count > 4 ? "\(shown) and others" : shown
  }
}
