extension Plan {
  /// Bounds of values that are not settings of their own. The bounds of settings are in their rows.
  package enum Bounds {
    package static let port = 1...65_535
    /// How many sockets one service may have: its addresses times its ports.
    package static let listeners = 0...1000
    /// How many sockets the monitor may have.
    package static let monitorListeners = 16
    /// How many CIDR blocks one list file may have.
    package static let listBlocks = 4_000_000
  }

  /// The reason why no config compiles to this plan; nil for every plan that a config compiles to. Code that
  /// runs a plan may calculate with its numbers.
  package var flaw: String? {
    let known = Set(accounts.map(\.name))
    let certificates = Set(self.certificates.map(\.name))
    var endpoints: Set<Endpoint> = []
    if let flaw = flawedSetting { return flaw }
    guard known.count == accounts.count else { return "two account sources have the same name" }
    guard certificates.count == self.certificates.count else { return "two certificates have the same name" }
    guard Set(services.map(\.name)).count == services.count else { return "two services have the same name" }
    if let flaw = mail.flaw ?? server.sharedState.flaw { return flaw }
    if let flaw = accounts.lazy.compactMap(\.flaw).first { return flaw }
    for service in services {
      guard known.isSuperset(of: service.accounts) else {
        return "'\(service.name)' names accounts that do not exist"
      }
      if let flaw = service.tlsFlaw(certificates) { return flaw }
      guard service.enabled else { continue }
      for listener in service.listeners where !endpoints.insert(listener.endpoint).inserted {
        return "two services listen on \(listener)"
      }
    }
    return monitor.flaw(beside: endpoints)
  }
}

extension Plan.Service {
  fileprivate func tlsFlaw(_ known: Set<String>) -> String? {
    guard let tls else {
      let isPlain = listeners.allSatisfy { $0.tls == .none }
      return isPlain ? nil : "'\(name)' has a TLS port but no TLS"
    }
    guard !tls.certificates.isEmpty, Set(tls.certificates).count == tls.certificates.count,
      known.isSuperset(of: tls.certificates)
    else { return "'\(name)' names no certificate, one twice, or one that does not exist" }
    return nil
  }
}
