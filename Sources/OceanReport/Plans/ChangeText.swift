package import OceanPlan

extension PlanVersion {
  /// A listener of this plan, with its TLS: `192.0.2.1:110 STLS`.
  package func text(of listener: Plan.Listener, _ service: String) -> String {
    plan.services.first { $0.name == service }?.text(of: listener) ?? "\(listener)"
  }
}

extension PlanDiff {
  /// A change on one line, with what is spoken at a listener.
  package func text(of change: Change) -> String {
    switch change {
    case .opened(let listener, let service): "\(service) listens on \(new.text(of: listener, service))"
    case .closed(let listener, let service):
      "\(service) no longer listens on \(old?.text(of: listener, service) ?? "\(listener)")"
    case .setting(let path, _, _): security(path).map { "\(path): \($0) -> \($1)" } ?? "\(change)"
    case .handedOver: "\(change)"
    }
  }

  /// The TLS of a listener that stays open, before and after; nil for any other setting.
  func security(_ path: SettingPath) -> (before: String, after: String)? {
    for (listener, service) in new.plan.activeListeners
    where path == Plan.Service.listeners.path(of: service).appending("\(listener).tls") {
      func word(_ version: PlanVersion?) -> String? {
        for candidate in version?.plan.services ?? [] where candidate.enabled {
          guard let own = candidate.listeners.first(where: { $0.endpoint == listener.endpoint }) else {
            continue
          }
          return Plan.Service.Security(own.tls, explicit: candidate.tls?.explicit).rawValue
        }
        return nil
      }
      guard let before = word(old), let after = word(new) else { return nil }
      return (before, after)
    }
    return nil
  }
}
