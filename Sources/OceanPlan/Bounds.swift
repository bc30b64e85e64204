extension Plan {
  /// What the numbers of a plan may be. The settings table takes its ranges from here, and a saved plan is held to
  /// them: whatever runs a plan may calculate with its numbers.
  package enum Bounds {
    package static let drainSeconds = 0...86_400
    package static let port = 1...65_535
    /// Sockets of one service: its addresses times its ports.
    package static let listeners = 0...1000
    package static let connections = 1...100_000
    package static let idleSeconds = 1...86_400
    package static let loginSeconds = 1...3600
    package static let loginAttempts = 1...100
    package static let badCommands = 1...1000
    package static let connectionsPerIP = 1...100_000
    package static let preloginConnections = 1...100_000
    package static let connectionsPerMinute = 1...100_000
    package static let ipv6Prefix = 16...128
    /// CIDR blocks of one list file.
    package static let listBlocks = 4_000_000
    package static let maxFailures = 1...100
    package static let forgetSeconds = 1...(30 * 86_400)
    package static let blockSeconds = 1...(365 * 86_400)
    static let handshakeSeconds = 1...3600
    static let failureDelayMilliseconds = 0...60_000
    static let lineOctets = 255...65_536
    static let outputOctets = 4096...(16 << 20)
  }

  /// What makes it a plan that no config compiles to; nil for every plan that one does.
  package var flaw: String? {
    let known = Set(accounts.map(\.name))
    let certificates = Set(self.certificates.map(\.name))
    var endpoints: Set<Endpoint> = []
    guard Bounds.drainSeconds.contains(server.drainSeconds) else {
      return "the drain timeout is out of range"
    }
    if let flaw = server.flaw { return flaw }
    guard known.count == accounts.count else { return "two account sources have one name" }
    guard certificates.count == self.certificates.count else { return "two certificates have one name" }
    guard Set(services.map(\.name)).count == services.count else { return "two services have one name" }
    for service in services {
      let limits = service.limits
      let numbers = [
        (Bounds.listeners, service.listeners.count), (Bounds.connections, limits.connections),
        (Bounds.idleSeconds, limits.idleSeconds), (Bounds.loginSeconds, limits.loginSeconds),
        (Bounds.loginAttempts, limits.loginAttempts), (Bounds.badCommands, limits.badCommands),
        (Bounds.handshakeSeconds, limits.handshakeSeconds),
        (Bounds.failureDelayMilliseconds, limits.failureDelayMilliseconds),
        (Bounds.lineOctets, limits.lineOctets), (Bounds.outputOctets, limits.outputOctets),
      ]
      guard numbers.allSatisfy({ $0.contains($1) }),
        service.listeners.allSatisfy({ Bounds.port.contains($0.port) })
      else { return "a limit or port of '\(service.name)' is out of range" }
      guard known.isSuperset(of: service.accounts) else {
        return "'\(service.name)' names accounts that are not there"
      }
      if let flaw = service.tlsFlaw(certificates) { return flaw }
      guard service.enabled else { continue }
      for listener in service.listeners where !endpoints.insert(listener.endpoint).inserted {
        return "two services listen on \(listener)"
      }
    }
    return nil
  }
}

extension Plan.Server {
  fileprivate var flaw: String? {
    typealias Bounds = Plan.Bounds
    let numbers = [
      (Bounds.connectionsPerIP, limits.connectionsPerIP),
      (Bounds.preloginConnections, limits.preloginConnections), (Bounds.ipv6Prefix, limits.ipv6Prefix),
      (Bounds.connectionsPerMinute, limits.connectionsPerMinute ?? 1),
      (Bounds.maxFailures, antiHammering.maxFailures), (Bounds.forgetSeconds, antiHammering.forgetSeconds),
      (Bounds.blockSeconds, antiHammering.blockSeconds),
    ]
    guard numbers.allSatisfy({ $0.contains($1) }),
      limits.exceptions.allSatisfy({ Bounds.connectionsPerIP.contains($0.connectionsPerIP) })
    else { return "a limit of the server is out of range" }
    return nil
  }
}

extension Plan.Service {
  fileprivate func tlsFlaw(_ known: Set<String>) -> String? {
    guard let tls else {
      let isPlain = listeners.allSatisfy { $0.tls == .none }
      return isPlain ? nil : "'\(name)' has a TLS port and no TLS"
    }
    guard !tls.certificates.isEmpty, Set(tls.certificates).count == tls.certificates.count,
      known.isSuperset(of: tls.certificates)
    else { return "'\(name)' names no certificate, one twice, or one that is not there" }
    return nil
  }
}
