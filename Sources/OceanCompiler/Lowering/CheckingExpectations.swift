import OceanAddresses
import OceanPlan
import OceanSyntax

/// What expectations are checked against.
struct ExpectationChecks {
  let services: [LoweredService]
  var judge: CaseJudge

  /// The ways that an expectation is about, and the service of each.
  func ways(to names: [String]?) -> [(way: WayIn, service: LoweredService)] {
    let names = names ?? services.filter(\.plan.enabled).map(\.plan.name)
    return names.compactMap { name in
      guard let way = services.map(\.plan).way(to: ExplanationTarget(name)),
        let service = services.first(where: { $0.plan.name == way.service.name })
      else { return nil }
      return (way, service)
    }
  }
}

extension Lowering {
  mutating func check(
    _ expectation: Plan.Expectation, at span: Span, _ checks: inout ExpectationChecks, what: String
  ) {
    for (way, service) in checks.ways(to: expectation.to) where service.isAccessKnown {
      guard service.plan.enabled || expectation.verdict == .refuse else {
        report(
          .brokenExpectation, span, "\(what) wants \(way.name) to be reachable, but it is switched off",
          severity: severity(ofBroken: span))
        continue
      }
      guard service.plan.enabled else { continue }
      guard let finding = finding(expectation, way, service, &checks) else { continue }
      report(
        .brokenExpectation, span, "\(what) does not hold: \(finding.found)", label: finding.violation?.blame,
        help: "change what decides, or the expectation if it is out of date",
        severity: severity(ofBroken: span))
    }
  }

  /// What is not so at some listeners; nil if it is so, or that is not known.
  private mutating func finding(
    _ expectation: Plan.Expectation, _ way: WayIn, _ service: LoweredService,
    _ checks: inout ExpectationChecks
  ) -> CaseFinding? {
    var asked = AccessCase(expectation)
    var isKnown = service.isReachKnown
    if !service.isLoginKnown, asked.hasMeans || asked.user != nil || asked.want.certificates != nil {
      isKnown = false
      (asked.hasMeans, asked.user, asked.want.certificates) = (false, nil, nil)
    }
    if !service.areCertificatesKnown { asked.want.certificates = nil }
    if let user = asked.user, case .unknown(let reason) = checks.judge.answer(user, service.plan) {
      reportNotChecked("whether \(user) may log in at \(way.name), \(expectation.span): \(reason)")
      guard expectation.verdict == .allow else { return nil }
      asked.user = nil
    }
    // What is not known may well be what refuses them.
    guard isKnown || expectation.verdict == .allow else { return nil }
    guard service.isReachKnown else {
      // If it is not known where a service listens, its rules alone tell.
      let refused = asked.from.subtracting(service.plan.ipControl.allowed(among: asked.from))
      return checks.judge.refusal(of: refused, asked, at: way)
    }
    return checks.judge.findings(of: asked, at: way).first
  }

  /// The severity of a broken expectation: a warning if it is overridden; nil means an error, as usual.
  private mutating func severity(ofBroken span: Span) -> Severity? {
    // The server runs what was confirmed before instead, if there is such a plan.
    if purpose == .starting { return .warning }
    let place = origin(of: span).description
    guard overriding.contains(place) else { return nil }
    overridden.insert(place)
    return .warning
  }

  /// Reports an expectation that clients are refused which holds whatever the rules say, because nothing has the proxy or
  /// the account that it names: with a typing error it would hold for ever.
  mutating func warnOfNobody(
    _ expectation: Plan.Expectation, _ given: Config.Expectation, _ checks: ExpectationChecks
  ) {
    guard expectation.verdict == .refuse else { return }
    if let via = given.via, checks.services.allSatisfy({ $0.isReachKnown || !$0.plan.enabled }),
      !checks.services.contains(where: { $0.plan.proxyFrom.contains(via.value) })
    {
      report(
        .expectationOfNobody, via.span,
        "no service has the proxy \(via.value), so this expectation holds whatever the rules say",
        help: "correct the address; the proxies of a service are in proxy_from")
    }
    let asked = checks.ways(to: expectation.to).map(\.service).filter(\.plan.enabled)
    if let user = given.user, !asked.isEmpty,
      asked.allSatisfy({ $0.isLoginKnown && checks.judge.isMissing(user.value, $0.plan) })
    {
      report(
        .expectationOfNobody, user.span,
        "there is no account '\(user.value)', so this expectation holds whatever the rules say",
        help: "correct the name: it is the login, perhaps with its domain")
    }
  }

  // MARK: - Bounds

  mutating func checkAntiHammering(
    _ wanted: Located<Bool>, _ expectation: Plan.Expectation, _ checks: ExpectationChecks
  ) {
    for (way, service) in checks.ways(to: expectation.to)
    where service.plan.enabled && service.plan.antiHammering != wanted.value {
      let place = provenance[Plan.Service.antiHammering.path(of: service.plan.name)]
      report(
        .brokenExpectation, wanted.span,
        "this expectation does not hold: \(way.name) takes \(wanted.value ? "no " : "")part in anti-hammering",
        label: "anti_hammering: \(service.plan.antiHammering)" + (place.map { ", \($0)" } ?? ""),
        help: "change what decides, or the expectation if it is out of date",
        severity: severity(ofBroken: wanted.span))
    }
  }

  /// An expectation about a list, which has been checked; nil if there is no such list.
  mutating func listExpectation(
    _ list: Located<String>, _ given: Config.Expectation, _ checks: ExpectationChecks
  ) -> Plan.Expectation? {
    let bounds = ListBounds(
      atLeast: given.atLeast?.value, atMost: given.atMost?.value, largestNetwork: given.largestNetwork?.value)
    addressLists.used.insert(list.value)
    guard let lowered = addressLists.named[list.value] else {
      if !config.isMistaken("address_lists") {
        let names = (config.addressLists?.value ?? []).map(\.name).sorted()
        report(
          .unknownReference, list.span, "there is no address list named '\(list.value)'",
          help: suggestion(for: list.value, among: names) ?? "define it under address_lists")
      }
      return nil
    }
    if let atLeast = given.atLeast, let atMost = given.atMost, atLeast.value > atMost.value {
      report(
        .contradictoryExpectation, atLeast.span,
        "no list has at least \(atLeast.value) and at most \(atMost.value) addresses",
        related: [Diagnostic.Related("this contradicts it", at: atMost.span)], help: "exchange the numbers")
      return nil
    }
    if lowered.isKnown { check(bounds, of: list, lowered, given) }
    return Plan.Expectation(.list(list.value, bounds), to: nil, span: origin(of: list.span))
  }

  private mutating func check(
    _ bounds: ListBounds, of list: Located<String>, _ lowered: LoweredAddresses,
    _ given: Config.Expectation
  ) {
    let addresses = lowered.addresses
    let definition = config.addressLists?.value.first { $0.name == list.value }?.span
    func broken(_ span: Span, _ fault: String, label: String?) {
      report(
        .brokenExpectation, span, "this expectation does not hold: the list '\(list.value)' \(fault)",
        label: label,
        related: definition.map { [Diagnostic.Related("the list", at: $0)] } ?? [],
        help: "correct the list, or the expectation if it is out of date", severity: severity(ofBroken: span))
    }
    let total = addresses.total
    if let atLeast = given.atLeast, !addresses.hasAtLeast(atLeast.value) {
      broken(atLeast.span, "has \(total) addresses, and must have \(atLeast.value)", label: nil)
    }
    if let atMost = given.atMost, addresses.hasAtLeast(atMost.value + 1) {
      broken(
        atMost.span, "has \(total) addresses, and may have \(atMost.value)",
        label: lowered.rules.blame(for: addresses))
    }
    if let largest = given.largestNetwork {
      let wide = addresses.networks(above: largest.value)
      if !wide.isEmpty {
        broken(
          largest.span, "holds networks larger than /\(largest.value): \(wide.summary)",
          label: lowered.rules.blame(for: wide))
      }
    }
  }
}

extension RuleList {
  /// The largest rules that have some of these addresses, as many as a reader can take in.
  fileprivate func blame(for addresses: AddressSet) -> String {
    func size(_ pattern: AddressPattern) -> UInt128 { pattern.last.value - pattern.first.value }
    let found = rules.numbered.filter { addresses.overlaps($0.pattern) }
    let shown = found.sorted { size($0.pattern) > size($1.pattern) }.prefix(4)
      .compactMap { origin(of: $0.rule) }.map { "\($0.name), \($0.place)" }
    return shown.joined(separator: "; ") + (found.count > 4 ? "; and \(found.count - 4) more" : "")
  }
}

extension AddressSet {
  fileprivate func hasAtLeast(_ number: Int) -> Bool {
    var rest = UInt128(clamping: number)
    for family in IPFamily.allCases {
      guard case .some(let found) = count(family), found < rest else { return true }
      rest -= found
    }
    return rest == 0
  }

  /// The networks in it that are larger than an IPv4 network of some length; for IPv6 the length is twice that.
  fileprivate func networks(above length: Int) -> AddressSet {
    AddressSet(
      IPFamily.allCases.flatMap { family in
        prefixes(of: family).filter { $0.length < (family == .v4 ? length : 2 * length) }.map {
          AddressPattern($0)
        }
      })
  }
}
