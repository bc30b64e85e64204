import OceanAddresses
import OceanPlan
import OceanSyntax

extension Lowering {
  /// Checks `expect` and `server.protect` against the services as they were lowered.
  ///
  /// - Returns: the expectations whose addresses and services are known.
  mutating func checkExpectations(_ services: [LoweredService]) -> [Plan.Expectation] {
    var expectations: [Plan.Expectation] = []
    let enabled = services.filter(\.plan.enabled)
    if let protect = config.server?.value.protect {
      note(protect.span, "server.protect")
      expectations.append(
        expectation(of: protect, to: nil, .allow, .login, enabled, what: "server.protect"))
    }
    for given in (config.expect?.value ?? []).map(\.value) {
      guard let from = given.from, let verdict = given.verdict, let aim = aim(of: given),
        let targets = targets(of: given, among: services)
      else { continue }
      expectations.append(
        expectation(
          of: from, to: given.to?.value.map(\.value), verdict.value, aim, targets,
          what: "this expectation"))
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

  /// What an expectation says they can do; nil if that is not known, or contradicts itself.
  private mutating func aim(of given: Config.Expectation) -> Attempt.Aim? {
    guard !given.isMistaken("can"), !given.isMistaken("tls") else { return nil }
    if let aim = Attempt.Aim(given.can?.value ?? .connect, tls: given.tls?.value) { return aim }
    guard let tls = given.tls else { return nil }
    report(
      .contradictoryExpectation, tls.span, "a version of TLS says something about logins over TLS alone",
      related: given.can.map { [Diagnostic.Related("this is about something else", at: $0.span)] } ?? [],
      help: "write can: login beside it, or leave it out")
    return nil
  }

  /// An expectation, which has been checked.
  private mutating func expectation(
    of from: Located<AddressEntries>, to names: [String]?,
    _ verdict: Plan.Service.IPControl.DefaultAction, _ aim: Attempt.Aim, _ targets: [LoweredService],
    what: String
  ) -> Plan.Expectation {
    let lowered = resolve(from.value)
    let expectation = Plan.Expectation(
      from: AddressSet(lowered.rules.rules), to: names, verdict: verdict, aim: aim,
      span: origin(of: from.span))
    // If something could not be read, that is already an error or reported as not checked.
    if lowered.isKnown { check(expectation, at: from.span, targets, what: what) }
    return expectation
  }

  private mutating func check(
    _ expectation: Plan.Expectation, at span: Span, _ targets: [LoweredService], what: String
  ) {
    for service in targets where service.isAccessKnown {
      guard service.plan.enabled || expectation.verdict == .refuse else {
        report(
          .brokenExpectation, span,
          "\(what) wants '\(service.plan.name)' to be reachable, but it is switched off",
          severity: severity(ofBroken: span))
        continue
      }
      guard service.plan.enabled else { continue }
      let aim = service.isLoginKnown ? expectation.aim : .connect
      // What is not known may well be what refuses them.
      let isKnown = service.isReachKnown && aim == expectation.aim
      guard isKnown || expectation.verdict == .allow else { continue }
      let wrong = wrong(expectation, aim, service)
      guard !wrong.isEmpty else { continue }
      // If they do not get as far as to connect, that is the thing to say.
      let isRefused = expectation.verdict == .allow && wrong == self.wrong(expectation, .connect, service)
      reportBroken(expectation, wrong, isRefused ? .connect : aim, service, span, what)
    }
  }

  /// The addresses for which an expectation does not hold.
  private func wrong(
    _ expectation: Plan.Expectation, _ aim: Attempt.Aim, _ service: LoweredService
  ) -> AddressSet {
    // If it is not known where a service listens, its rules alone tell.
    guard service.isReachKnown || expectation.verdict == .refuse else {
      return expectation.from.subtracting(service.plan.ipControl.allowed(among: expectation.from))
    }
    return WayIn(service.plan).violators(of: expectation.verdict, aim, among: expectation.from)
  }

  private mutating func reportBroken(
    _ expectation: Plan.Expectation, _ wrong: AddressSet, _ aim: Attempt.Aim, _ service: LoweredService,
    _ span: Span, _ what: String
  ) {
    let way = WayIn(service.plan)
    let subject = AccessDifference.Subject(way, rules, provenance)
    let violation = Violation(
      wrong, among: expectation.from, causes: AccessDifference.causes(of: wrong, aim, at: subject))
    report(
      .brokenExpectation, span,
      "\(what) does not hold: \(violation.fault(expectation.verdict, aim, at: way))", label: violation.blame,
      help: "change what decides, or the expectation if it is out of date",
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
}
