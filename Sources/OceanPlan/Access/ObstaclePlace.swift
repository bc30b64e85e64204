extension Provenance {
  /// The place of the setting that keeps a client out of a service: `services.pop3.enabled` for a service
  /// that is switched off. Nil for a default that nobody wrote, and for what no setting decides.
  ///
  /// For a rule this is the place of its list; `AccessPolicy.origin(of:)` has the rule's own.
  package func place(of obstacle: Obstacle, at way: WayIn) -> Origin? {
    typealias Service = Plan.Service
    let name = way.service.name
    return switch obstacle {
    case .disabled: self[Service.enabled.path(of: name)]
    // The origin of a listener is where `bind`, `ports` or `implicit` name it.
    case .unreachable:
      way.service.listeners.first.flatMap { origin(around: way.path(of: $0)) }
        ?? origin(around: Service.listeners.path(of: name))
    case .isProxy, .notAProxy: self[Service.proxyFrom.path(of: name)]
    case .needsTLS: self[Service.plaintextLogin.path(of: name)]
    // TLS is off where its section is missing.
    case .noTLS: origin(around: Service.TLS.path(of: name).appending(Service.TLS.explicit.key))
    case .oldTLS: self[Service.TLS.profile.path(in: Service.TLS.path(of: name))]
    case .access(let reason): place(of: reason, at: way)
    }
  }

  private func place(of reason: Decision.Reason, at way: WayIn) -> Origin? {
    typealias Control = Plan.Service.IPControl
    typealias Limits = Plan.Server.Limits
    typealias Hammering = Plan.Server.AntiHammering
    return switch reason {
    case .block: self[Hammering.maxFailures.path(in: Hammering.path)]
    case .whiteList: self[Control.whiteListPath(in: way.section)]
    case .blackList: self[Control.blackListPath(in: way.section)]
    case .defaultAction: self[Control.defaultActionPath(in: way.section)]
    case .connectionRate: self[Limits.connectionsPerMinute.path(in: Limits.path)]
    case .connectionsPerIP: self[Limits.connectionsPerIP.path(in: Limits.path)]
    case .preloginConnections: self[Limits.preloginConnections.path(in: Limits.path)]
    case .maxConnections: self[Plan.Service.maxConnections.path(of: way.service.name)]
    case .descriptors: nil
    }
  }
}
