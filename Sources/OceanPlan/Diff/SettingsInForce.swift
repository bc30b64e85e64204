import OceanAddresses

/// The settings that differ between two plans and have an effect.
extension Plan {
  /// - Returns: settings of what is in both plans. A setting that has no effect in one of them, because a service
  ///   is switched off or another setting leaves it nothing to do, is not among them; nor is a list of who may
  ///   connect, or log in without TLS.
  func settingsInForce(differingIn new: Plan) -> [SettingDifference] {
    var (old, new) = (self, new)
    func running(_ plan: Plan, _ isInForce: (Service) -> Bool) -> Bool {
      plan.services.contains { $0.enabled && isInForce($0) }
    }
    if !running(old, { _ in true }) || !running(new, { _ in true }) { new.server = old.server }
    if !running(old, \.antiHammering) || !running(new, \.antiHammering) {
      new.server.antiHammering = old.server.antiHammering
    }
    (old.certificates, new.certificates) = (old.presented, new.presented)
    let before = Dictionary(old.services.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let pairs = new.services.compactMap { new in
      before[new.name].map { Service.inForce($0, new, at: ($0.listeners, new.listeners)) }
    }
    (old.services, new.services) = (pairs.map(\.0), pairs.map(\.1))
    // What rules mean is found by comparing the clients.
    new.monitor.ipControl = old.monitor.ipControl
    return Plan.rows.flatMap { $0.differences(old, new, .root) }
  }
}

extension Plan.Service {
  /// The settings that differ between two services, each as its clients find it at some of its listeners.
  static func settingsInForce(
    _ old: Plan.Service, _ new: Plan.Service, at listeners: (old: [Plan.Listener], new: [Plan.Listener])
  ) -> [SettingDifference] {
    let (before, after) = inForce(old, new, at: listeners)
    return rows.flatMap { $0.differences(before, after, .service(new.name)) }
  }

  /// The services of which everything that has no effect is the same.
  fileprivate static func inForce(
    _ old: Plan.Service, _ new: Plan.Service, at listeners: (old: [Plan.Listener], new: [Plan.Listener])
  ) -> (Plan.Service, Plan.Service) {
    var (before, after) = (old, new)
    guard old.enabled, new.enabled else {
      after = before
      after.enabled = new.enabled
      return (before, after)
    }
    guard old.admitsSomebody, new.admitsSomebody else {
      after = before
      after.ipControl = new.ipControl
      after.ipControl.blackList.addresses = before.ipControl.blackList.addresses
      after.ipControl.whiteList.addresses = before.ipControl.whiteList.addresses
      return (before, after)
    }
    before.reduce(to: listeners.old)
    after.reduce(to: listeners.new)
    // A port more or less says nothing about what is spoken at the others.
    if [listeners.old, listeners.new].contains(where: { !$0.contains { $0.tls == .none } }),
      let explicit = before.tls?.explicit
    {
      after.tls?.explicit = explicit
    }
    // `required` is what `plaintext_login` comes to: the two differ if other clients may log in without TLS.
    if let explicit = before.tls?.explicit, let next = after.tls?.explicit, explicit != .off, next != .off {
      let (strict, loose) = next == .optional ? (before, after) : (after, before)
      if loose.plaintextLogin.isSubset(of: strict.plaintextLogin) { after.tls?.explicit = explicit }
    }
    // Long lists are compared by what they mean for clients.
    after.plaintextLogin = before.plaintextLogin
    after.ipControl.blackList.addresses = before.ipControl.blackList.addresses
    after.ipControl.whiteList.addresses = before.ipControl.whiteList.addresses
    return (before, after)
  }

  /// Takes away what has no effect at some listeners.
  private mutating func reduce(to listeners: [Plan.Listener]) {
    proxyFrom = reachingProxies(at: listeners)
    if !listeners.contains(where: { offersTLS($0) }) {
      tls = nil
    }
  }

  /// Whether the lists let anybody in; of long lists no set is made.
  var admitsSomebody: Bool {
    ipControl.defaultAction == .allow || !ipControl.whiteList.effective.isEmpty
  }

  /// The proxies that can connect to some listeners.
  func reachingProxies(at listeners: [Plan.Listener]) -> AddressSet {
    proxyFrom.isEmpty ? proxyFrom : proxyFrom.intersection(Reach(of: listeners.map(\.address)).clients)
  }
}
