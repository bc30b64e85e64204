import OceanPlan
import OceanSyntax

/// A service of the plan with the places its listeners came from.
struct LoweredService {
  var plan: Plan.Service
  var span: Span
  var places: [Plan.Listener: Span]
}

extension Lowering {
  mutating func lowerServices(accounts: [Plan.AccountSource]) -> [LoweredService] {
    guard let services = config.services else { return [] }
    if services.value.isEmpty, !diagnostics.contains(where: { $0.span == services.span }) {
      report(
        .noServices, services.span.firstLine, "no service",
        help: "the smallest is one with all defaults: pop3: { kind: pop3 }")
    }
    let sourceNames = accounts.map(\.name)
    return services.value.sorted { $0.name < $1.name }
      .map { lowerService($0, sourceNames: sourceNames) }
  }

  private mutating func lowerService(_ named: Named<Config.Service>, sourceNames: [String]) -> LoweredService {
    var given = named.value
    if let defaults = config.serviceDefaults { Settings.service.inherit(from: defaults.value, into: &given) }
    let path = "services.\(named.name)"
    note(named.span, path)

    let limits = lowerLimits(given, path)
    let enabled = take(given.enabled, "\(path).enabled") ?? true
    let (listeners, places) = lowerListeners(given, named, path)
    let plaintext = lowerPlaintextLogin(given, named, path, enabled ? listeners : [])
    let plan = Plan.Service(
      name: named.name,
      kind: take(given.kind, "\(path).kind") ?? .pop3,
      enabled: enabled,
      listeners: listeners,
      limits: limits,
      accounts: lowerAccountNames(given, path, sourceNames),
      plaintextLogin: plaintext)
    return LoweredService(plan: plan, span: named.span, places: places)
  }

  private mutating func lowerLimits(_ given: Config.Service, _ path: String) -> Plan.Limits {
    if let idle = given.idleTimeout, idle.value < 600 {
      report(
        .shortIdleTimeout, idle.span, "RFC 1939 wants an idle timeout of at least 10m",
        help: "slow clients may be cut off while they store a message")
    }
    if let most = given.maxConnections, most.value > 200 {
      report(
        .manyConnections, most.span, "more than 200 connections",
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
      outputOctets: Defaults.outputOctets)
  }

  private mutating func lowerAccountNames(
    _ given: Config.Service, _ path: String, _ sourceNames: [String]
  ) -> [String] {
    guard let list = given.accounts else { return sourceNames }
    note(list.span, "\(path).accounts")
    if list.value.isEmpty, case let span = list.span,
      !diagnostics.contains(where: { $0.span == span })
    {
      report(.noAccounts, span, "no account source", help: "without one nobody can log in")
    }
    var names: [String] = []
    let defined = (config.accounts?.value ?? []).map(\.name)
    for name in list.value {
      if !defined.contains(name.value) {
        report(
          .unknownReference, name.span, "there are no accounts named '\(name.value)'",
          help: closestMatch(name.value, among: defined).map { "did you mean '\($0)'?" }
            ?? "defined are: \(defined.isEmpty ? "none" : defined.joined(separator: ", "))")
      } else if names.contains(name.value) {
        report(.repeatedEntry, name.span, "'\(name.value)' is listed twice")
      } else {
        names.append(name.value)
      }
    }
    return names
  }

  // MARK: - Plain-text logins

  private mutating func lowerPlaintextLogin(
    _ given: Config.Service, _ named: Named<Config.Service>, _ path: String, _ listeners: [Plan.Listener]
  ) -> [IPPrefix] {
    let reachable = listeners.contains { !$0.address.isLoopback }
    guard let setting = given.plaintextLogin else {
      if reachable {
        report(
          .nobodyCanLogIn, given.bind?.span ?? named.span,
          "'\(named.name)' is reachable from other hosts, but only loopback may log in without TLS",
          help: "this build has no TLS: bind loopback only, or say with plaintext_login who may send "
            + "passwords in clear text")
      }
      return Plan.Service.loopback
    }
    note(setting.span, "\(path).plaintext_login")
    switch setting.value {
    case .never:
      if !listeners.isEmpty {
        report(
          .nobodyCanLogIn, setting.span, "nobody can log in to '\(named.name)'",
          label: "no login without TLS, and no TLS",
          help: "say with plaintext_login who may send passwords in clear text")
      }
      return []
    case .loopback:
      return Plan.Service.loopback
    case .always:
      if reachable { warnPlaintext(named, setting.span, from: "everywhere") }
      return Plan.Service.everywhere
    case .networks(let networks):
      if reachable, networks.contains(where: { !$0.value.network.isLoopback }) {
        warnPlaintext(named, setting.span, from: "these networks")
      }
      return Array(Set(networks.map(\.value))).sorted()
    }
  }

  private mutating func warnPlaintext(_ named: Named<Config.Service>, _ span: Span, from: String) {
    report(
      .plaintextReachable, span, "passwords cross the network in clear text",
      label: "from \(from) to '\(named.name)'",
      help: "anybody on the way can read them; if that is known and accepted, acknowledge it")
  }

  // MARK: - Listeners

  private mutating func lowerListeners(
    _ given: Config.Service, _ named: Named<Config.Service>, _ path: String
  ) -> (listeners: [Plan.Listener], places: [Plan.Listener: Span]) {
    let ports = given.ports?.value ?? [Located(Defaults.port, named.span)]
    if let list = given.ports {
      note(list.span, "\(path).ports")
      if list.value.isEmpty, !diagnostics.contains(where: { $0.span == list.span }) {
        report(
          .noListener, list.span, "'\(named.name)' listens on no port",
          help: "name one, or write enabled: false")
      }
    }
    var seen: Set<Int> = []
    for port in ports where !seen.insert(port.value).inserted {
      report(.repeatedEntry, port.span, "port \(port.value) is listed twice")
    }
    var places: [Plan.Listener: Span] = [:]
    for address in addresses(given, named, path) {
      for port in ports {
        let listener = Plan.Listener(address: address.value, port: port.value, tls: .none)
        if places[listener] == nil {
          // A port of its own names the socket better than an address that came from the server section.
          let span = given.bind != nil ? address.span : (given.ports != nil ? port.span : named.span)
          places[listener] = span
          note(span, "\(path).listeners.\(listener)")
        }
      }
    }
    return (places.keys.sorted(), places)
  }

  /// The addresses a service binds, each with the place that asks for it.
  private mutating func addresses(
    _ given: Config.Service, _ named: Named<Config.Service>, _ path: String
  ) -> [Located<IPAddress>] {
    let own = take(given.bind, "\(path).bind") ?? .serverDefault
    var bind = Located(own, given.bind?.span ?? named.span)
    if case .serverDefault = own {
      guard let server = config.server?.value.bind else {
        report(
          .boundToLoopback, given.bind?.span ?? named.span,
          "'\(named.name)' listens on loopback only, because nothing is bound",
          help: "name addresses with server.bind or the service's bind")
        let loopback = [IPAddress(v4: 127 << 24 | 1), IPAddress(v6: 1)]
        return loopback.filter { $0.family == .v4 || facts.hasIPv6 }.map { Located($0, named.span) }
      }
      note(server.span, "server.bind")
      bind = server
    }
    switch bind.value {
    case .serverDefault: return []
    case .all:
      let any = [IPAddress(v4: 0), IPAddress(family: .v6, value: 0)]
      return any.filter { $0.family == .v4 || facts.hasIPv6 }.map { Located($0, bind.span) }
    case .list(let targets):
      return targets.flatMap { resolve($0) }
    }
  }

  private mutating func resolve(_ target: Located<BindTarget>) -> [Located<IPAddress>] {
    switch target.value {
    case .address(let address):
      if address.family == .v6, !facts.hasIPv6 {
        reportOnce(.noLocalAddress, target.span, "this host has no IPv6, so \(address) cannot be bound")
      }
      return [Located(address, target.span)]
    case .host(let name):
      switch facts.hosts[name] {
      case .addresses(let addresses) where !addresses.isEmpty:
        if addresses.allSatisfy({ !facts.localAddresses.contains($0) && !$0.isLoopback }) {
          reportOnce(
            .noLocalAddress, target.span, "\(name) resolves to no address of this host",
            label: addresses.map(\.description).joined(separator: ", "),
            help: "binding it will fail unless the address is added")
        }
        return addresses.map { Located($0, target.span) }
      case .addresses:
        reportOnce(.unresolvedHost, target.span, "\(name) has no address")
      case .failed(let reason):
        reportOnce(
          .unresolvedHost, target.span, "cannot resolve \(name): \(reason)",
          help: "write the address itself to be independent of DNS")
      case .notAsked, nil:
        let line = "\(name) (name not resolved: offline)"
        if !notChecked.contains(line) { notChecked.append(line) }
      }
      return []
    }
  }

  /// For what several services inherit from one place.
  private mutating func reportOnce(
    _ code: DiagnosticCode, _ span: Span, _ message: String, label: String? = nil, help: String? = nil
  ) {
    guard !diagnostics.contains(where: { $0.code == code && $0.span == span }) else { return }
    report(code, span, message, label: label, help: help)
  }

  /// No two enabled services may want the same address and port, and no one an address that the other's
  /// wildcard covers: who gets the client would depend on the kernel.
  mutating func checkListeners(_ services: [LoweredService]) {
    var owners: [Endpoint: (name: String, span: Span)] = [:]
    var reported: Set<String> = []
    for service in services where service.plan.enabled {
      for listener in service.plan.listeners {
        guard let place = service.places[listener] else { continue }
        if let other = owners[listener.endpoint] {
          report(
            .listenerConflict, place, "two services listen on \(listener)",
            label: "'\(service.plan.name)'",
            related: [Diagnostic.Related("'\(other.name)' listens there too", at: other.span)],
            help: "give one of them another address or port")
        } else {
          owners[listener.endpoint] = (service.plan.name, place)
        }
      }
    }
    for service in services where service.plan.enabled {
      for listener in service.plan.listeners where !listener.address.isUnspecified {
        let any = Endpoint(
          address: IPAddress(family: listener.address.family, value: 0), port: listener.port)
        guard let other = owners[any], let place = service.places[listener] else { continue }
        let pair = "\(service.plan.name) \(other.name) \(listener.port)"
        guard reported.insert(pair).inserted else { continue }
        if other.name == service.plan.name {
          report(.repeatedEntry, place, "\(listener) is part of 'all'", help: "remove it")
        } else {
          report(
            .listenerConflict, place, "'\(other.name)' listens on port \(listener.port) of all addresses",
            label: "'\(service.plan.name)' wants \(listener)",
            related: [Diagnostic.Related("'\(other.name)' takes them all", at: other.span)],
            help: "list the addresses of '\(other.name)' instead of all")
        }
      }
    }
  }
}
