package import OceanAddresses
package import OceanBase

/// The way in to some listeners of a service: the one decision about who gets how far.
///
/// It is asked about a single client (``obstacle(to:)``) and, symbolically, about all of them
/// (``clients(_:)``); both go through the same steps in the same order: the listener's address, `proxy_from`,
/// `ip_control`, TLS and `plaintext_login`. Blocks and limits belong to single clients alone.
///
/// Loopback addresses are reached from this host only (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). It is not known
/// which other address is routed to whom, so no difference is made between those.
package struct WayIn: Sendable {
  package let service: Plan.Service
  /// The path of what listens: a service, or the monitor, which is taken for a service with nothing but listeners and
  /// rules.
  package let section: SettingPath
  /// Those of the service's listeners that are meant.
  package let listeners: [Plan.Listener]
  /// The address that clients connect to, where it is one of several that the listeners have.
  private let destination: IPAddress?

  /// - Parameters:
  ///   - section: nil means that of the service.
  ///   - listeners: nil means all listeners of the service.
  ///   - destination: the address that clients connect to; nil means all addresses of the listeners.
  package init(
    _ service: Plan.Service, in section: SettingPath? = nil, to listeners: [Plan.Listener]? = nil,
    at destination: IPAddress? = nil
  ) {
    self.service = service
    self.section = section ?? .service(service.name)
    self.listeners = listeners ?? service.listeners
    self.destination = destination
  }

  /// The same listeners and destination, with other settings of the service.
  func at(_ service: Plan.Service) -> WayIn { WayIn(service, to: listeners, at: destination) }

  package var isToMonitor: Bool { section == Plan.Monitor.path }

  /// The path of a listener, for its place.
  func path(of listener: Plan.Listener) -> SettingPath {
    isToMonitor
      ? Plan.Monitor.path(of: listener.endpoint)
      : Plan.Service.listeners.path(in: section).appending("\(listener)")
  }

  /// Whether all decisions are the same, whatever the services are called.
  func isSame(as other: WayIn) -> Bool {
    var twin = other.service
    twin.name = service.name
    return twin == service && listeners == other.listeners && destination == other.destination
  }

  // MARK: - All clients

  /// The addresses of all clients that get so far: by themselves, or through a proxy that can connect.
  ///
  /// The addresses of proxies are not among them: a proxy speaks for others.
  ///
  /// - Parameters:
  ///   - proxy: the proxy that names them; nil means that they come as they can.
  ///   - isNamed: whether to count them too where a proxy may name them: one proxy another, or itself.
  ///   - some: the clients that are asked about; nil means everybody.
  package func clients(
    _ aim: Attempt.Aim, through proxy: IPAddress? = nil, asNamed isNamed: Bool = false,
    among some: AddressSet? = nil
  ) -> AddressSet {
    guard service.enabled else { return AddressSet() }
    if aim == .login {
      return clients(.plaintextLogin, through: proxy, asNamed: isNamed, among: some)
        .union(clients(.tlsLogin(.tls13), through: proxy, asNamed: isNamed, among: some))
    }
    // Lists may be long, and each step walks through them.
    var clients = some.map { service.ipControl.allowed(among: $0) } ?? service.ipControl.allowed
    if let proxy {
      let isThere =
        service.proxyFrom.contains(proxy) && listeners(for: aim).contains { isReached($0, from: proxy) }
      guard isThere else { return AddressSet() }
    } else {
      let reach = reach(aim)
      if reach.clients != .all { clients = clients.intersection(reach.clients) }
      if !service.proxyFrom.isEmpty, !isNamed || !reach.hasProxy {
        clients = clients.subtracting(service.proxyFrom)
      }
    }
    return aim == .plaintextLogin ? clients.intersection(service.plaintextLogin) : clients
  }

  /// From where the listeners can be reached that serve an aim.
  package func reach(_ aim: Attempt.Aim) -> Reach {
    Reach(of: listeners(for: aim).map(address(of:)), by: service.proxyFrom)
  }

  private func listeners(for aim: Attempt.Aim) -> [Plan.Listener] {
    listeners.filter { listener in
      switch aim {
      case .connect, .login: true
      case .plaintextLogin: listener.tls == .none
      case .tlsLogin(let best): service.offersTLS(listener, upTo: best)
      }
    }
  }

  private func address(of listener: Plan.Listener) -> IPAddress { destination ?? listener.address }

  /// The address and port that clients connect to.
  func endpoint(of listener: Plan.Listener) -> Endpoint {
    Endpoint(address: address(of: listener), port: listener.port)
  }

  /// Whether a connection from that address can come to a listener, as far as their addresses tell.
  package func isReached(_ listener: Plan.Listener, from other: IPAddress) -> Bool {
    let address = address(of: listener)
    return address.family == other.family && (!address.isLoopback || other.isLoopback)
  }

  // MARK: - One client

  /// What keeps an attempt from getting as far as it wants; nil if nothing does.
  ///
  /// - Parameters:
  ///   - decision: what blocks, rules and limits say about the client.
  ///   - isReached: whether it is known that the client, or its proxy, reaches the listeners.
  package func obstacle(
    to attempt: Attempt, _ decision: Decision, isReached: Bool = false
  ) -> Obstacle? {
    guard service.enabled else { return .disabled }
    let reached = reached(by: attempt, isReached: isReached)
    if reached.isEmpty { return .unreachable }
    switch attempt.route {
    case .any, .direct: if service.proxyFrom.contains(attempt.client) { return .isProxy }
    case .proxy(let proxy): if !service.proxyFrom.contains(proxy) { return .notAProxy }
    }
    if case .refused(let reason) = decision { return .access(reason) }
    return obstacle(toLogin: attempt, among: reached)
  }

  /// The listeners that an attempt reaches, whatever is decided there.
  package func reached(by attempt: Attempt, isReached: Bool = false) -> [Plan.Listener] {
    guard !isReached else { return listeners }
    switch attempt.route {
    case .direct: return listeners.filter { self.isReached($0, from: attempt.client) }
    case .proxy(let proxy): return listeners.filter { self.isReached($0, from: proxy) }
    case .any:
      return listeners.filter {
        self.isReached($0, from: attempt.client)
          || !service.proxyFrom.isEmpty && Reach(of: [address(of: $0)], by: service.proxyFrom).hasProxy
      }
    }
  }

  private func obstacle(toLogin attempt: Attempt, among listeners: [Plan.Listener]) -> Obstacle? {
    let mayBePlain =
      listeners.contains { $0.tls == .none } && service.plaintextLogin.contains(attempt.client)
    func obstacle(toTLS best: TLSVersion) -> Obstacle? {
      guard listeners.contains(where: { service.offersTLS($0) }) else { return .noTLS }
      return listeners.contains { service.offersTLS($0, upTo: best) }
        ? nil : .oldTLS(lowest: service.tls?.profile.lowest ?? .tls13)
    }
    switch attempt.aim {
    case .connect: return nil
    case .plaintextLogin: return mayBePlain ? nil : .needsTLS
    case .tlsLogin(let best): return obstacle(toTLS: best)
    case .login: return mayBePlain || obstacle(toTLS: .tls13) == nil ? nil : .needsTLS
    }
  }
}

/// The clients that can come to some listeners, by the listeners' addresses alone.
package struct Reach: Sendable, Hashable {
  /// The addresses of clients: for those behind a proxy, the ones that the proxy names.
  package let clients: AddressSet
  /// The same clients by family alone: a program on this host may connect to loopback from each of its
  /// addresses.
  package let families: AddressSet
  /// Whether some of them come from other hosts, and not through a proxy on this one.
  package let isFromOtherHosts: Bool
  /// Whether a proxy can connect: it may bring clients of any address, of the other family too.
  package let hasProxy: Bool
  package let v4: Extent
  package let v6: Extent

  package enum Extent: String, Sendable, Hashable, Comparable {
    /// No listener has that family.
    case nowhere = "none"
    case host
    case network

    package static func < (a: Extent, b: Extent) -> Bool {
      switch (a, b) {
      case (.nowhere, .host), (.nowhere, .network), (.host, .network): true
      default: false
      }
    }
  }

  /// - Parameter proxies: the addresses that forward clients.
  package init(of listeners: [IPAddress], by proxies: AddressSet = AddressSet()) {
    func extent(_ family: IPFamily) -> Extent {
      let own = listeners.filter { $0.family == family }
      if own.isEmpty { return .nowhere }
      return own.allSatisfy(AddressSet.loopback.contains) ? .host : .network
    }
    v4 = extent(.v4)
    v6 = extent(.v6)
    var reached = AddressSet()
    var families = AddressSet()
    for (family, extent) in [(IPFamily.v4, v4), (.v6, v6)] where extent != .nowhere {
      let all = AddressSet.all(family)
      families = families.union(all)
      reached = reached.union(extent == .host ? all.intersection(.loopback) : all)
    }
    hasProxy = !reached.isDisjoint(with: proxies)
    clients = hasProxy ? .all : reached
    self.families = hasProxy ? .all : families
    isFromOtherHosts = v4 == .network || v6 == .network
  }

  package subscript(_ family: IPFamily) -> Extent { family == .v4 ? v4 : v6 }
}

extension Plan.Service {
  /// Whether a listener offers TLS, at once or by STLS.
  package func offersTLS(_ listener: Plan.Listener) -> Bool {
    Security(listener.tls, explicit: tls?.explicit) != .plain
  }

  /// Whether a client that knows TLS up to a version can come to TLS on a listener.
  package func offersTLS(_ listener: Plan.Listener, upTo best: TLSVersion) -> Bool {
    guard let tls, offersTLS(listener) else { return false }
    return tls.profile.lowest <= best
  }
}

extension Plan.Service.TLS.Profile {
  /// The lowest version that a server with the profile offers. For `legacy` it depends on the linked libssl;
  /// this is the lowest there may be.
  package var lowest: TLSVersion {
    switch self {
    case .modern: .tls13
    case .intermediate: .tls12
    case .legacy: .tls1
    }
  }
}
