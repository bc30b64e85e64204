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
  private mutating func wrong(
    _ expectation: Plan.Expectation, _ aim: Attempt.Aim, _ service: LoweredService
  ) -> AddressSet {
    switch expectation.verdict {
    // If it is not known where a service listens, its rules alone tell.
    case .allow:
      return expectation.from.subtracting(
        service.isReachKnown ? clients(of: service, aim, asNamed: false) : service.plan.ipControl.allowed)
    // A proxy may also name an address of a proxy.
    case .refuse: return expectation.from.intersection(clients(of: service, aim, asNamed: true))
    }
  }

  /// The clients of a service, which may be asked about in many expectations.
  private mutating func clients(of service: LoweredService, _ aim: Attempt.Aim, asNamed isNamed: Bool)
    -> AddressSet
  {
    let key = ExpectedClients(service: service.plan.name, aim: aim, isNamed: isNamed)
    if let known = expectedClients[key] { return known }
    let clients = WayIn(service.plan).clients(aim, asNamed: isNamed)
    expectedClients[key] = clients
    return clients
  }

  private mutating func reportBroken(
    _ expectation: Plan.Expectation, _ wrong: AddressSet, _ aim: Attempt.Aim, _ service: LoweredService,
    _ span: Span, _ what: String
  ) {
    let subject = AccessDifference.Subject(WayIn(service.plan), rules, provenance)
    let causes = AccessDifference.causes(of: wrong, aim, at: subject)
    let isOne = causes.count == 1
    let blamed = causes.prefix(Self.maxBlamed).map { cause, addresses in
      cause.blame + (isOne ? "" : " (\(addresses.summary))")
    }
    let rest = causes.count - blamed.count
    let label = blamed.joined(separator: "; ") + (rest > 0 ? "; and \(rest) more" : "")
    let expected = expectation.from
    // Numbers of IPv6 addresses say nothing.
    let isCounted = expected.total.count <= 10
    let all = isCounted ? "all \(expected.total)" : "all"
    let part = isCounted ? "\(wrong.total) of its \(expected.total)" : "some of its"
    let those =
      wrong.isSingle ? wrong.beginning : "\(wrong == expected ? all : part) addresses: \(wrong.beginning)"
    let name = "'\(service.plan.name)'"
    let fault: String
    switch (expectation.verdict, aim) {
    case (.allow, .connect): fault = "\(name) refuses \(those)"
    case (.allow, let aim): fault = "at \(name) they cannot \(aim.words): \(those)"
    case (.refuse, .connect): fault = "\(name) allows \(those)"
    case (.refuse, let aim): fault = "at \(name) they can \(aim.words): \(those)"
    }
    report(
      .brokenExpectation, span, "\(what) does not hold: \(fault)", label: label,
      help: "change what decides, or the expectation if it is out of date",
      severity: severity(ofBroken: span))
  }

  /// The most causes named of one broken expectation.
  private static let maxBlamed = 4

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

/// What expectations ask about a service.
struct ExpectedClients: Hashable {
  let service: String
  let aim: Attempt.Aim
  let isNamed: Bool
}

extension AccessDifference.Cause {
  /// `black list: 10.0.0.0/8, ocean.yaml:12`.
  fileprivate var blame: String {
    let what = self.what == "default" ? "ip_control.default" : self.what
    let words = [rule, place?.description].compactMap(\.self)
    return what + (words.isEmpty ? "" : ": ") + words.joined(separator: ", ")
      + (via.map { " (through '\($0)')" } ?? "")
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
