import OceanAddresses
import OceanPlan
import OceanSyntax

/// A service of the plan, and what the checks of the whole config need beside it.
struct LoweredService {
  var plan: Plan.Service
  /// The place where each listener is written.
  var places: [Plan.Listener: Span]
  /// Whether its list of accounts is free of mistakes.
  var areAccountsKnown: Bool
  /// Whether the same holds for its certificates.
  var areCertificatesKnown: Bool
  /// Whether the same holds for its rules.
  var isAccessKnown: Bool
  /// Whether the same holds for its listeners and proxies.
  var isReachKnown: Bool
  /// Whether the same holds for TLS and logins without it.
  var isLoginKnown: Bool
}

extension Lowering {
  mutating func lowerServices() -> [LoweredService] {
    guard let services = config.services else { return [] }
    if services.value.isEmpty, !config.isMistaken("services") {
      report(
        .noServices, services.span, "no service",
        help: "the smallest is one with all defaults: pop3: {}")
    }
    let said = complaints
    let serverAddresses = lowerServerBind()
    let areTheyKnown =
      complaints == said && !config.isMistaken("server") && config.server?.value.isMistaken("bind") != true
    let lowered = services.value.sorted { $0.name < $1.name }.map {
      lowerService($0, serverAddresses, areAddressesKnown: areTheyKnown)
    }
    reportOverruled()
    return lowered
  }

  private mutating func lowerService(
    _ named: Named<Config.Service>, _ serverAddresses: [Located<IPAddress>]?, areAddressesKnown: Bool
  ) -> LoweredService {
    var given = named.value
    if let defaults = config.serviceDefaults?.value {
      Settings.service.inherit(from: defaults, into: &given)
      if let tls = defaults.tls?.value, var own = given.tls {
        Settings.tls.inherit(from: tls, into: &own.value)
        given.tls = own
      }
      if let control = defaults.ipControl?.value, var own = given.ipControl {
        Settings.ipControl.inherit(from: control, into: &own.value)
        given.ipControl = own
      }
    }
    let path = "services.\(named.name)"
    note(named.span, path)

    var plan = Plan.Service(name: named.name)
    Settings.service.lower(given, into: &plan, at: .service(named.name), &self)
    let (enabled, proxies) = (plan.enabled, plan.proxyFrom)
    let tls = lowerTLS(given, named, path)
    let said = complaints
    let places = lowerListeners(given, named, path, enabled: enabled, serverAddresses, tls)
    let areListenersKnown =
      complaints == said && areAddressesKnown && !given.isMistaken("bind") && !given.isMistaken("ports")
    let mistakes = diagnostics.count
    let accounts = lowerAccountNames(given, of: named.name)
    let areAccountsKnown = diagnostics.count == mistakes && !given.isMistaken("accounts")
    let (ipControl, isControlKnown) = lowerIPControl(
      given.ipControl, in: .service(named.name), isMistaken: given.isMistaken("ip_control"))
    // Nothing is concluded about clients that are not known.
    let areClientsKnown =
      enabled && !given.isMistaken("proxy_from")
      && !addressLists.unknown.contains(Plan.Service.proxyFrom.path(of: named.name))
    func reach(_ listeners: [Plan.Listener]) -> Reach {
      Reach(of: areClientsKnown ? listeners.map(\.address) : [], by: proxies)
    }
    if isControlKnown {
      checkWhoMayConnect(
        ipControl, reach(Array(places.keys)), in: .service(named.name), given.ipControl?.span ?? named.span)
    }
    let plaintext = lowerPlaintextLogin(
      given, named, reach(places.keys.filter { $0.tls == .none }), proxies,
      isControlKnown ? ipControl : Plan.Service.IPControl(), tls)
    checkLimits(given)
    plan.listeners = places.keys.sorted()
    plan.accounts = accounts
    plan.sasl = lowerMechanisms(given, of: named.name, plaintext)
    plan.plaintextLogin = plaintext
    plan.tls = tls.plan
    plan.ipControl = ipControl
    return LoweredService(
      plan: plan, places: places, areAccountsKnown: areAccountsKnown, areCertificatesKnown: tls.isKnown,
      isAccessKnown: isControlKnown && !given.isMistaken("enabled"),
      isReachKnown: areClientsKnown && !places.isEmpty && areListenersKnown,
      isLoginKnown: tls.isKnown && !given.isMistaken("plaintext_login")
        && !addressLists.unknown.contains(Plan.Service.plaintextLogin.path(of: named.name)))
  }

  private mutating func checkLimits(_ given: Config.Service) {
    if let idle = given.idleTimeout, idle.value < 600 {
      report(
        .shortIdleTimeout, idle.span, "RFC 1939 wants an idle timeout of at least 10m",
        help: "slow clients may be cut off while they store a message")
    }
    if let most = given.maxConnections, most.value > Plan.Service.maxConnections.defaultValue {
      report(
        .manyConnections, most.span, "more than \(Plan.Service.maxConnections.defaultValue) connections",
        help: "make sure that the limit of open files allows it (LimitNOFILE= in systemd)")
    }
  }

  /// - Parameter plaintext: the clients that may log in without TLS.
  private mutating func lowerMechanisms(
    _ given: Config.Service, of name: String, _ plaintext: AddressSet
  ) -> [Plan.SASLOffer] {
    guard let list = take(given.sasl, Plan.Service.sasl.path(of: name)) else {
      return Plan.Service.sasl.defaultValue
    }
    var offers: [Plan.SASLMechanism: Plan.SASLOffer] = [:]
    for offer in list {
      guard let mechanism = offer.value.mechanism else { continue }
      let isWithoutTLS = offer.value.isWithoutTLS?.value == true
      if offers[mechanism.value] != nil {
        report(.repeatedEntry, mechanism.span, "'\(mechanism.value.rawValue)' is listed twice")
      }
      offers[mechanism.value] = Plan.SASLOffer(mechanism.value, withoutTLS: isWithoutTLS)
      let path = Plan.Service.plaintextLogin.path(of: name)
      guard isWithoutTLS, plaintext.isEmpty, !given.isMistaken("plaintext_login"),
        !addressLists.unknown.contains(path), let span = offer.value.isWithoutTLS?.span
      else { continue }
      report(
        .unusedWithoutTLS, span, "'plaintext_login' lets nobody log in without TLS: this has no effect",
        help: "name there the networks that need it, or remove 'without_tls'")
    }
    return Plan.SASLMechanism.allCases.compactMap { offers[$0] }
  }

  private mutating func lowerAccountNames(_ given: Config.Service, of name: String) -> [String] {
    guard let list = given.accounts else { return given.isMistaken("accounts") ? [] : accountNames }
    note(list.span, Plan.Service.accounts.path(of: name))
    if list.value.isEmpty, !given.isMistaken("accounts") {
      report(.noAccounts, list.span, "no account source", help: "without one nobody can log in")
    }
    var names: [String] = []
    var seen: Set<String> = []
    for name in list.value {
      if !accountNameSet.contains(name.value) {
        // It may be one of those that could not be read.
        guard !config.isMistaken("accounts") else { continue }
        report(
          .unknownReference, name.span, "there are no accounts named '\(name.value)'",
          help: suggestion(for: name.value, among: accountNames)
            ?? "there are: \(accountNames.prefix(10).joined(separator: ", "))")
      } else if seen.insert(name.value).inserted {
        names.append(name.value)
      } else {
        report(.repeatedEntry, name.span, "'\(name.value)' is listed twice")
      }
    }
    return names
  }

  // MARK: - Plain-text logins

  /// - Parameter reach: from where its plain listeners are reached.
  private mutating func lowerPlaintextLogin(
    _ given: Config.Service, _ named: Named<Config.Service>, _ reach: Reach, _ proxies: AddressSet,
    _ ipControl: Plan.Service.IPControl, _ tls: LoweredTLS
  ) -> AddressSet {
    let isRequired = tls.plan?.explicit == .required
    let path = Plan.Service.plaintextLogin.path(of: named.name)
    let allowed: AddressSet
    switch take(given.plaintextLogin, path) ?? (isRequired ? .never : .loopback) {
    case .never: allowed = AddressSet()
    case .loopback: allowed = .loopback
    case .always: allowed = .all
    case .networks(let entries):
      allowed = lowerAddresses(
        Located(entries, given.plaintextLogin?.span ?? named.span), path,
        words: ValueType<PlaintextLogin>.words.map(\.0))
      guard !addressLists.unknown.contains(path) else { return allowed }
    }
    if isRequired, allowed == .all, let span = given.plaintextLogin?.span {
      reportContradiction(span, given.tls?.value.explicit?.span)
      return allowed
    }
    // The service does not listen, or it is not known what was meant.
    guard !reach.clients.isEmpty, !given.isMistaken("plaintext_login"), tls.isKnown else {
      return allowed
    }
    checkWhoCanLogIn(allowed, reach, proxies, ipControl, given, named, tls)
    return allowed
  }

  private mutating func reportContradiction(_ span: Span, _ explicit: Span?) {
    report(
      .contradictoryLogin, span, "logins without TLS are allowed from everywhere, and also forbidden",
      related: explicit.map { [Diagnostic.Related("TLS is required", at: $0)] } ?? [],
      help: explicit == nil
        ? "with a certificate TLS is required: remove this line, or write tls: { explicit: optional }"
        : "remove plaintext_login, or write explicit: optional")
  }

  private mutating func checkWhoCanLogIn(
    _ allowed: AddressSet, _ reach: Reach, _ proxies: AddressSet, _ ipControl: Plan.Service.IPControl,
    _ given: Config.Service,
    _ named: Named<Config.Service>, _ tls: LoweredTLS
  ) {
    let span = given.plaintextLogin?.span ?? given.bind?.span ?? named.span
    let isOpen = !allowed.isSubset(of: .loopback)
    if reach.isFromOtherHosts, isOpen {
      report(
        .plaintextReachable, span, "passwords cross the network in clear text",
        label: allowed == .all ? "from everywhere" : "from these networks",
        help: "anybody on the way can read them; if that is known and accepted, acknowledge it")
    }
    guard (tls.plan?.explicit ?? .off) == .off else { return }
    // A client that is refused is no reason to complain; and if all are refused, that has been reported.
    let connecting = reach.clients.intersection(ipControl.allowed).subtracting(proxies)
    guard !connecting.isEmpty else { return }
    guard !connecting.isSubset(of: .loopback) else {
      guard allowed.intersection(connecting).isEmpty else { return }
      report(
        .nobodyCanLogIn, span, "only this host can reach '\(named.name)', and cannot log in",
        help: "write plaintext_login: loopback")
      return
    }
    guard allowed.intersection(connecting).isSubset(of: .loopback) else { return }
    let way =
      switch (tls.plan, certificateNames.isEmpty) {
      case (nil, true):
        reach.isFromOtherHosts ? "add a certificate, bind loopback only," : "add a certificate"
      case (nil, false):
        reach.isFromOtherHosts
          ? "write tls: { explicit: required }, bind loopback only," : "write tls: { explicit: required }"
      default: "write ports: [] or tls: { explicit: required }, which makes them usable with TLS,"
      }
    let door = tls.plan == nil ? "'\(named.name)'" : "the plain ports of '\(named.name)'"
    report(
      .nobodyCanLogIn, span,
      reach.isFromOtherHosts
        ? "other hosts can reach \(door), but nobody there can log in"
        : "clients that a proxy forwards can reach \(door), but none of them can log in",
      label: allowed.isEmpty ? "nobody may send a password in clear text" : nil,
      help: "\(way) or name under plaintext_login the networks that may send passwords in clear text"
        + (reach.isFromOtherHosts ? "" : ": their own addresses, not the proxy's"),
      // Programs on this host may log in beside the proxy, and a server that starts again must not stay down.
      severity: !reach.isFromOtherHosts && !purpose.isChecking ? .warning : nil)
  }

  /// - Parameter section: the service, or the monitor.
  mutating func checkWhoMayConnect(
    _ control: Plan.Service.IPControl, _ reach: Reach, in section: SettingPath, _ span: Span
  ) {
    guard !reach.families.isEmpty, reach.families.isDisjoint(with: control.allowed) else { return }
    let help =
      if let left = control.allowed.first {
        "it lets in addresses like \(left), but has no listener of that family"
      } else if control.defaultAction == .refuse {
        "with default: refuse only the white list comes in; it has no entry that counts"
      } else {
        "the black list holds every address"
      }
    report(
      .nobodyMayConnect, span, "nobody may connect to \(Self.words(for: section))", help: help)
  }

  /// What listens, in a sentence: `'pop3'`, or `the monitor`.
  static func words(for section: SettingPath) -> String {
    section == Plan.Monitor.path ? "the monitor" : "'\(section.key)'"
  }
}
