import OceanAddresses
import OceanBase
import OceanPlan
import OceanSyntax

extension LoweredAddresses {
  /// The addresses from later times on.
  fileprivate var later: [Plan.Expectation.Later] { rules.later.map { .init(at: $0.at, from: $0.addresses) } }
}

extension Lowering {
  /// Checks `expect` and `server.protect` against the services as they were lowered.
  ///
  /// - Returns: the expectations whose addresses and services are known.
  mutating func checkExpectations(
    _ services: [LoweredService], _ certificates: [Plan.Certificate]
  ) -> [Plan.Expectation] {
    let facts = facts
    let files = accountFiles
    var checks = ExpectationChecks(
      services: services,
      judge: CaseJudge(services.map(\.plan), certificates, provenance, rules) { user, service in
        facts.answer(user, files(service.accounts), service.name)
      })
    var expectations: [Plan.Expectation] = []
    if let protect = config.server?.value.protect {
      note(protect.span, "server.protect")
      let lowered = resolve(protect.value)
      var expectation = Plan.Expectation(
        from: lowered.addresses, to: nil, verdict: .allow, aim: .login, span: origin(of: protect.span))
      expectation.later = lowered.later
      expectations.append(expectation)
      if lowered.isKnown { check(expectation, at: protect.span, &checks, what: "server.protect") }
    }
    for given in config.expect?.value ?? [] { expectations += meant(by: given, &checks) }
    return expectations
  }

  /// Names that were checked; nil for none that are given.
  private struct Names {
    let names: [String]?
  }

  /// The files of account sources, in the order of their names.
  private var accountFiles: @Sendable ([String]) -> [String] {
    let files = Dictionary(
      (config.accounts?.value ?? []).map { ($0.name, $0.value.place) }, uniquingKeysWith: { $1 })
    return { $0.compactMap { files[$0] ?? nil } }
  }

  // MARK: - What is written

  /// The expectations that an entry means, which have been checked.
  private mutating func meant(
    by written: Located<Config.Expectation>, _ checks: inout ExpectationChecks
  ) -> [Plan.Expectation] {
    let given = written.value
    if let list = given.list { return listExpectation(list, given, checks).map { [$0] } ?? [] }
    guard let to = targets(of: given, among: checks.services) else { return [] }
    var result: [Plan.Expectation] = []
    if let lowest = given.tlsAtLeast, let older = TLSVersion.allCases.last(where: { $0 < lowest.value }) {
      result.append(
        checked(
          Plan.Expectation(
            from: .all, to: to.names, verdict: .refuse, aim: .tlsLogin(older), span: origin(of: lowest.span)),
          at: lowest.span, &checks))
    }
    if let only = given.plaintextOnlyFrom {
      let lowered = resolve(only.value)
      var expectation = Plan.Expectation(
        from: lowered.addresses.complement, to: to.names, verdict: .refuse, aim: .plaintextLogin,
        span: origin(of: only.span))
      expectation.later = lowered.later.map { .init(at: $0.at, from: $0.from.complement) }
      result.append(lowered.isKnown ? checked(expectation, at: only.span, &checks) : expectation)
    }
    if let hammering = given.antiHammering {
      let expectation = Plan.Expectation(
        .antiHammering(hammering.value), to: to.names, span: origin(of: hammering.span))
      checkAntiHammering(hammering, expectation, checks)
      result.append(expectation)
    }
    guard let from = given.from, let verdict = given.verdict, let aim = aim(of: given) else { return result }
    guard let presented = certificates(of: given) else { return result }
    let lowered = resolve(from.value)
    var expectation = Plan.Expectation(
      from: lowered.addresses, to: to.names, verdict: verdict.value, aim: aim, span: origin(of: from.span))
    expectation.later = lowered.later
    expectation.via = given.via?.value
    expectation.user = given.user?.value
    expectation.certificates = presented.names
    expectation.serverName = given.serverName?.value
    warnOfNobody(expectation, given, checks)
    // If something could not be read, that is already an error or reported as not checked.
    result.append(lowered.isKnown ? checked(expectation, at: from.span, &checks) : expectation)
    return result
  }

  private mutating func checked(
    _ expectation: Plan.Expectation, at span: Span, _ checks: inout ExpectationChecks
  ) -> Plan.Expectation {
    check(expectation, at: span, &checks, what: "this expectation")
    return expectation
  }

  /// The services that an expectation is about, where nil is every enabled service; nil if one of them does not exist,
  /// or is not known.
  private mutating func targets(
    of expectation: Config.Expectation, among services: [LoweredService]
  ) -> Names? {
    guard let written = expectation.to?.value else {
      return expectation.isMistaken("to") ? nil : Names(names: nil)
    }
    var names: [String] = []
    for target in written {
      guard case .one(let one) = target.value else { return Names(names: nil) }
      guard services.map(\.plan).way(to: one) != nil else {
        reportUnknown(one, target.span, services)
        return nil
      }
      names.append(one.description)
    }
    return Names(names: names)
  }

  private mutating func reportUnknown(
    _ target: ExplanationTarget, _ span: Span, _ services: [LoweredService]
  ) {
    guard !config.isMistaken("services") else { return }
    switch target {
    case .service(let name):
      let known = services.map(\.plan.name)
      report(
        .unknownReference, span, "there is no service named '\(name)'",
        help: suggestion(for: name, among: known)
          ?? "there are: \(known.prefix(10).joined(separator: ", "))")
    case .endpoint(let endpoint):
      guard services.allSatisfy({ $0.isReachKnown || !$0.plan.enabled }) else { return }
      let known = services.filter(\.plan.enabled).flatMap { $0.plan.listeners.map(\.description) }
      report(
        .unknownReference, span, "nothing listens on \(endpoint)",
        help: "there are: \(known.prefix(10).joined(separator: ", "))")
    }
  }

  /// What an expectation says they can do; nil if that is not known, or contradicts itself.
  private mutating func aim(of given: Config.Expectation) -> Attempt.Aim? {
    guard !given.isMistaken("can"), !given.isMistaken("tls") else { return nil }
    let can = given.can?.value ?? (given.user == nil ? .connect : .login)
    if let user = given.user, can == .connect {
      report(
        .contradictoryExpectation, user.span, "an account is for a login",
        related: given.can.map { [Diagnostic.Related("this is about something else", at: $0.span)] } ?? [],
        help: "write can: login beside it, or leave 'can' out")
      return nil
    }
    if let aim = Attempt.Aim(can, tls: given.tls?.value) { return aim }
    guard let tls = given.tls else { return nil }
    report(
      .contradictoryExpectation, tls.span, "a version of TLS says something about logins over TLS alone",
      related: given.can.map { [Diagnostic.Related("this is about something else", at: $0.span)] } ?? [],
      help: "write can: login beside it, or leave it out")
    return nil
  }

  /// The certificates that an expectation names, if it does; nil if that makes no sense.
  private mutating func certificates(of given: Config.Expectation) -> Names? {
    guard !given.isMistaken("certificate"), !given.isMistaken("server_name") else { return nil }
    guard let certificate = given.certificate else {
      guard let name = given.serverName else { return Names(names: nil) }
      report(
        .contradictoryExpectation, name.span,
        "the host that a client asks for only decides about a certificate",
        help: "write certificate: NAME beside it, or remove it")
      return nil
    }
    let contradiction: (String, Span)? =
      if let verdict = given.verdict, verdict.value == .refuse {
        ("a client that is refused is presented no certificate", verdict.span)
      } else if let can = given.can, can.value == .plaintextLogin {
        ("a client without TLS is presented no certificate", can.span)
      } else {
        nil
      }
    if let (message, span) = contradiction {
      report(
        .contradictoryExpectation, certificate.span, message,
        related: [Diagnostic.Related("this contradicts it", at: span)], help: "write two expectations")
      return nil
    }
    for name in certificate.value where !certificateNameSet.contains(name.value) {
      if !config.isMistaken("certificates") {
        report(
          .unknownReference, name.span, "there is no certificate named '\(name.value)'",
          help: suggestion(for: name.value, among: certificateNames)
            ?? "there are: \(certificateNames.prefix(10).joined(separator: ", "))")
      }
      return nil
    }
    return Names(names: certificate.value.map(\.value))
  }
}
