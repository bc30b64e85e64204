import OceanAddresses
import OceanPlan
import OceanSyntax

extension Lowering {
  /// The addresses of the server section; nil if it names no address.
  mutating func lowerServerBind() -> [Located<IPAddress>]? {
    guard let server = config.server?.value else { return config.isMistaken("server") ? [] : nil }
    guard let bind = take(server.bind, "server.bind") else { return server.isMistaken("bind") ? [] : nil }
    return resolve(bind, server.bind?.span)
  }

  /// The sockets a service listens on, each with the place that asks for it.
  mutating func lowerListeners(
    _ given: Config.Service, _ named: Named<Config.Service>, _ path: String, enabled: Bool,
    _ serverAddresses: [Located<IPAddress>]?, _ tls: LoweredTLS
  ) -> [Plan.Listener: Span] {
    let addresses = withoutCovered(addresses(given, named, path, serverAddresses))
    let plain = ports(given, named, path, enabled: enabled, isOnly: tls.implicitPorts.isEmpty)
    let ports = plain.map { ($0, Plan.Listener.TLSMode.none) } + tls.implicitPorts.map { ($0, .implicit) }
    // Both lists may be long.
    let (count, overflow) = addresses.count.multipliedReportingOverflow(by: ports.count)
    guard !overflow, Plan.Bounds.listeners.contains(count) else {
      report(
        .tooManyListeners, given.ports?.span ?? named.span,
        "'\(named.name)' would listen on \(addresses.count) addresses times \(ports.count) ports",
        help: "a service may have \(Plan.Bounds.listeners.upperBound) listeners")
      return [:]
    }
    var places: [Plan.Listener: Span] = [:]
    for address in addresses {
      for (port, mode) in ports {
        let listener = Plan.Listener(address: address.value, port: port.value, tls: mode)
        guard places[listener] == nil else { continue }
        // A service's own port names the socket better than an address from the server section.
        let isOwnPort = mode == .implicit ? given.tls?.value.implicit != nil : given.ports != nil
        let span = given.bind != nil ? address.span : (isOwnPort ? port.span : named.span)
        places[listener] = span
        note(span, "\(path).listeners.\(listener)")
      }
    }
    return places
  }

  /// Removes addresses that are named beside "every address" of their family: they could not be bound as
  /// well.
  private mutating func withoutCovered(_ addresses: [Located<IPAddress>]) -> [Located<IPAddress>] {
    addresses.filter { address in
      guard !address.value.isUnspecified,
        let all = addresses.first(where: { $0.value.isUnspecified && $0.value.family == address.value.family }
        )
      else { return true }
      report(
        .repeatedEntry, address.span, "\(address.value) is part of \(all.value), which is every address",
        related: [Diagnostic.Related("covers it", at: all.span)],
        help: "bind either every address, or those that are meant")
      return false
    }
  }

  private mutating func ports(
    _ given: Config.Service, _ named: Named<Config.Service>, _ path: String, enabled: Bool,
    isOnly: Bool
  ) -> [Located<Int>] {
    guard let list = take(given.ports, "\(path).ports") else {
      return given.isMistaken("ports") ? [] : [Located(Defaults.port, named.span)]
    }
    if list.isEmpty, isOnly, enabled, !given.isMistaken("ports") {
      report(
        .noListener, given.ports?.span, "'\(named.name)' listens on no port",
        help: "name one, or write enabled: false")
    }
    var seen: Set<Int> = []
    return list.filter { port in
      if seen.insert(port.value).inserted { return true }
      report(.repeatedEntry, port.span, "port \(port.value) is listed twice")
      return false
    }
  }

  private mutating func addresses(
    _ given: Config.Service, _ named: Named<Config.Service>, _ path: String,
    _ serverAddresses: [Located<IPAddress>]?
  ) -> [Located<IPAddress>] {
    guard let own = take(given.bind, "\(path).bind") ?? (given.isMistaken("bind") ? nil : .serverDefault)
    else { return [] }
    if case .serverDefault = own {} else { return resolve(own, given.bind?.span) }
    if let serverAddresses { return serverAddresses }
    report(
      .boundToLoopback, given.bind?.span ?? named.span,
      "'\(named.name)' listens on loopback only, because nothing is bound",
      help: "name addresses with server.bind or the service's bind")
    return ofThisHost(IPFamily.allCases.map(IPAddress.loopback), named.span)
  }

  private func ofThisHost(_ addresses: [IPAddress], _ span: Span) -> [Located<IPAddress>] {
    addresses.filter { $0.family == .v4 || facts.hasIPv6 }.map { Located($0, span) }
  }

  private mutating func resolve(_ bind: Bind, _ span: Span?) -> [Located<IPAddress>] {
    switch bind {
    case .serverDefault: return []
    case .all:
      return span.map { ofThisHost([IPAddress(v4: 0), IPAddress(family: .v6, value: 0)], $0) } ?? []
    case .list(let targets):
      var places: [IPAddress: Located<BindTarget>] = [:]
      var result: [Located<IPAddress>] = []
      for target in targets {
        for address in resolve(target) {
          if let first = places.updateValue(target, forKey: address) {
            reportRepeated(address, target, first)
            places[address] = first
          } else {
            result.append(Located(address, target.span))
          }
        }
      }
      return result
    }
  }

  private mutating func reportRepeated(
    _ address: IPAddress, _ target: Located<BindTarget>, _ first: Located<BindTarget>
  ) {
    // A name may have several addresses, and different ones tomorrow.
    let name = [target, first].compactMap { if case .host(let name) = $0.value { name } else { nil } }.first
    report(
      .repeatedEntry, target.span, "\(address) is listed twice",
      related: [Diagnostic.Related("first here", at: first.span)],
      help: target.value == first.value
        ? "remove one of the two" : name.map { "\($0) stands for it too, as DNS is now" })
  }

  private mutating func resolve(_ target: Located<BindTarget>) -> [IPAddress] {
    switch target.value {
    case .address(let address):
      checkIsLocal(address, target.span)
      return [address]
    case .host(let name):
      switch facts.hosts[name] {
      case .addresses(let addresses) where !addresses.isEmpty:
        if !addresses.contains(where: isLocal) {
          report(
            .noLocalAddress, target.span, "\(name) resolves to no address of this host",
            label: addresses.map(\.description).joined(separator: ", "),
            help: "binding it will fail unless the address is added")
        }
        return addresses
      case .addresses:
        report(.unresolvedHost, target.span, "\(name) has no address")
      case .failed(let reason):
        report(
          .unresolvedHost, target.span, "cannot resolve \(name): \(reason)",
          help: "write the address itself to be independent of DNS")
      case .notAsked: reportNotChecked("\(name) (name not resolved: offline)")
      case nil: break
      }
      return []
    }
  }

  mutating func checkIsLocal(_ address: IPAddress, _ span: Span) {
    if address.family == .v6, !facts.hasIPv6 {
      report(.noLocalAddress, span, "this host has no IPv6, so \(address) cannot be bound")
    } else if !isLocal(address) {
      report(
        .noLocalAddress, span, "\(address) is not an address of this host",
        help: "binding it will fail unless the address is added")
    }
  }

  private func isLocal(_ address: IPAddress) -> Bool {
    address.isLoopback || address.isUnspecified || facts.localAddresses.contains(address)
  }

  /// Reports two enabled services that want the same address and port, or an address that the other's
  /// wildcard covers: the kernel would decide who gets the client.
  mutating func checkListeners(_ services: [LoweredService]) {
    var owners: [Endpoint: (name: String, span: Span)] = [:]
    for service in services where service.plan.enabled {
      for listener in service.plan.listeners {
        guard let place = service.places[listener] else { continue }
        guard let other = owners[listener.endpoint] else {
          owners[listener.endpoint] = (service.plan.name, place)
          continue
        }
        report(
          .listenerConflict, place, "two services listen on \(listener)", label: "'\(service.plan.name)'",
          related: [Diagnostic.Related("'\(other.name)' listens there too", at: other.span)],
          help: "give one of them another address or port")
      }
    }
    for service in services where service.plan.enabled {
      for listener in service.plan.listeners where !listener.address.isUnspecified {
        guard let other = owners[listener.endpoint.everywhere],
          let place = service.places[listener]
        else { continue }
        report(
          .listenerConflict, place,
          "'\(service.plan.name)' wants \(listener), but '\(other.name)' listens on that port of all addresses",
          related: [Diagnostic.Related("'\(other.name)' takes them all", at: other.span)],
          help: "list the addresses of '\(other.name)' instead of all")
      }
    }
  }
}
