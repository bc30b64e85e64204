import OceanPlan
import OceanSyntax

/// A service of the plan, and what the checks of the whole need beside it.
struct LoweredService {
  var plan: Plan.Service
  /// Where each listener came from.
  var places: [Plan.Listener: Span]
  /// Whether its list of accounts is free of mistakes.
  var areAccountsKnown: Bool
  /// Whether the same holds for its certificates.
  var areCertificatesKnown: Bool
}

extension Lowering {
  mutating func lowerServices() -> [LoweredService] {
    guard let services = config.services else { return [] }
    if services.value.isEmpty, !config.isMistaken("services") {
      report(
        .noServices, services.span, "no service",
        help: "the smallest is one with all defaults: pop3: { kind: pop3 }")
    }
    let serverAddresses = lowerServerBind()
    let lowered = services.value.sorted { $0.name < $1.name }.map { lowerService($0, serverAddresses) }
    reportOverruled()
    return lowered
  }

  private mutating func lowerService(
    _ named: Named<Config.Service>, _ serverAddresses: [Located<IPAddress>]?
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

    let enabled = take(given.enabled, "\(path).enabled") ?? Defaults.enabled
    let tls = lowerTLS(given, named, path)
    let places = lowerListeners(given, named, path, enabled: enabled, serverAddresses, tls)
    let mistakes = diagnostics.count
    let accounts = lowerAccountNames(given, path)
    let areAccountsKnown = diagnostics.count == mistakes && !given.isMistaken("accounts")
    let plaintext = lowerPlaintextLogin(
      given, named, path, enabled ? places.keys.filter { $0.tls == .none }.map(\.address) : [], tls)
    let plan = Plan.Service(
      name: named.name,
      kind: take(given.kind, "\(path).kind") ?? Defaults.kind,
      enabled: enabled,
      listeners: places.keys.sorted(),
      limits: lowerLimits(given, path),
      accounts: accounts,
      plaintextLogin: plaintext,
      tls: tls.plan,
      ipControl: lowerIPControl(given, named, path),
      antiHammering: take(given.antiHammering, "\(path).anti_hammering") ?? true,
      proxyFrom: lowerAddresses(given.proxyFrom, "\(path).proxy_from"))
    return LoweredService(
      plan: plan, places: places, areAccountsKnown: areAccountsKnown, areCertificatesKnown: tls.isKnown)
  }

  private mutating func lowerLimits(_ given: Config.Service, _ path: String) -> Plan.Limits {
    if let idle = given.idleTimeout, idle.value < 600 {
      report(
        .shortIdleTimeout, idle.span, "RFC 1939 wants an idle timeout of at least 10m",
        help: "slow clients may be cut off while they store a message")
    }
    if let most = given.maxConnections, most.value > Defaults.connections {
      report(
        .manyConnections, most.span, "more than \(Defaults.connections) connections",
        help: "see that the limit of open files allows it (LimitNOFILE= in systemd)")
    }
    return Plan.Limits(
      connections: take(given.maxConnections, "\(path).max_connections") ?? Defaults.connections,
      idleSeconds: take(given.idleTimeout, "\(path).idle_timeout") ?? Defaults.idleSeconds,
      loginSeconds: take(given.loginTimeout, "\(path).login_timeout") ?? Defaults.loginSeconds,
      loginAttempts: take(given.maxLoginAttempts, "\(path).max_login_attempts") ?? Defaults.loginAttempts,
      badCommands: take(given.maxBadCommands, "\(path).max_bad_commands") ?? Defaults.badCommands,
      failureDelayMilliseconds: Defaults.failureDelayMilliseconds,
      lineOctets: Defaults.lineOctets,
      outputOctets: Defaults.outputOctets,
      handshakeSeconds: Defaults.handshakeSeconds)
  }

  private mutating func lowerAccountNames(_ given: Config.Service, _ path: String) -> [String] {
    guard let list = given.accounts else { return given.isMistaken("accounts") ? [] : accountNames }
    note(list.span, "\(path).accounts")
    if list.value.isEmpty, !given.isMistaken("accounts") {
      report(.noAccounts, list.span, "no account source", help: "without one nobody can log in")
    }
    var names: [String] = []
    var seen: Set<String> = []
    for name in list.value {
      if !accountNameSet.contains(name.value) {
        // It may be among those that could not be read.
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

  /// - Parameter addresses: those of its plain listeners, if it is enabled.
  private mutating func lowerPlaintextLogin(
    _ given: Config.Service, _ named: Named<Config.Service>, _ path: String, _ addresses: [IPAddress],
    _ tls: LoweredTLS
  ) -> AddressSet {
    let isRequired = tls.plan?.explicit == .required
    let allowed: AddressSet
    switch take(given.plaintextLogin, "\(path).plaintext_login") ?? (isRequired ? .never : .loopback) {
    case .never: allowed = AddressSet()
    case .loopback: allowed = .loopback
    case .always: allowed = .all
    case .networks(let entries):
      let mistakes = diagnostics.count { $0.severity == .error }
      allowed = lowerAddresses(
        Located(entries, given.plaintextLogin?.span ?? named.span), "\(path).plaintext_login",
        words: ValueType<PlaintextLogin>.words.map(\.0))
      guard diagnostics.count(where: { $0.severity == .error }) == mistakes else { return allowed }
    }
    if isRequired, allowed == .all, let span = given.plaintextLogin?.span {
      reportContradiction(span, given.tls?.value.explicit?.span)
      return allowed
    }
    // Nothing listens, or nobody knows what was meant.
    guard !addresses.isEmpty, !given.isMistaken("plaintext_login"), tls.isKnown else { return allowed }
    checkWhoCanLogIn(allowed, addresses, given, named, tls)
    return allowed
  }

  private mutating func reportContradiction(_ span: Span, _ explicit: Span?) {
    report(
      .contradictoryLogin, span, "logins without TLS from everywhere, and none without TLS",
      related: explicit.map { [Diagnostic.Related("TLS is required", at: $0)] } ?? [],
      help: explicit == nil
        ? "with a certificate TLS is required: remove this line, or write tls: { explicit: optional }"
        : "remove plaintext_login, or write explicit: optional")
  }

  private mutating func checkWhoCanLogIn(
    _ allowed: AddressSet, _ addresses: [IPAddress], _ given: Config.Service, _ named: Named<Config.Service>,
    _ tls: LoweredTLS
  ) {
    let span = given.plaintextLogin?.span ?? given.bind?.span ?? named.span
    let isReachable = !addresses.allSatisfy(\.isLoopback)
    let isOpen = !allowed.isSubset(of: .loopback)
    if isReachable, isOpen {
      report(
        .plaintextReachable, span, "passwords cross the network in clear text",
        label: allowed == .all ? "from everywhere" : "from these networks",
        help: "anybody on the way can read them; if that is known and accepted, acknowledge it")
    }
    guard (tls.plan?.explicit ?? .off) == .off else { return }
    if isReachable, !isOpen {
      let way =
        switch (tls.plan, certificateNames.isEmpty) {
        case (nil, true): "add a certificate, bind loopback only,"
        case (nil, false): "write tls: { explicit: required }, bind loopback only,"
        default: "write ports: [] or tls: { explicit: required }, which makes them usable with TLS,"
        }
      report(
        .nobodyCanLogIn, span,
        "other hosts can reach \(tls.plan == nil ? "" : "the plain ports of ")'\(named.name)', but nobody there can log in",
        label: allowed.isEmpty ? "nobody may send a password in clear text" : nil,
        help: "\(way) or name under plaintext_login the networks that may send passwords in clear text")
    } else if !isReachable, allowed.intersection(.loopback).isEmpty {
      report(
        .nobodyCanLogIn, span, "only this host can reach '\(named.name)', and cannot log in",
        help: "write plaintext_login: loopback")
    }
  }
}
