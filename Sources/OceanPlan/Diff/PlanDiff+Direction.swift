import OceanAddresses

extension PlanDiff {
  /// The direction of everything that changes; nil if it is neither weaker nor stronger.
  package var direction: Direction? {
    Direction(of: changes.map { direction(of: $0) } + effects.map(\.direction) + [expectations?.direction])
  }

  /// The direction of one change; nil if it is neither weaker nor stronger, or has no effect.
  ///
  /// It is worked out here, which takes a while for long lists.
  package func direction(of change: Change) -> Direction? {
    switch change {
    case .opened(let listener, let service), .closed(let listener, let service):
      return direction(of: listener, of: service)
    case .handedOver(let listener, _, _):
      return Direction(of: effects.filter { $0.endpoint == listener.endpoint }.map(\.direction))
    case .setting(let path, _, _):
      let changeClass = Plan.info(of: path)?.changeClass.usual
      if changeClass == .ipControl { return direction(ofRules: change, path) }
      guard let service = path.service else { return settingDirections[path] }
      switch changeClass {
      case .plaintextLogin:
        return direction(of: change, path, by: plaintextLogins.first { $0.service == service })
      case .proxies: return direction(ofProxies: change, path, service)
      case .serviceAdded: return masked(settingDirections[path], by: access(service))
      case .listenerMoved:
        // What a socket speaks; the list of listeners is a setting only of a service that is switched off.
        let listeners = Plan.Service.listeners.path(of: service)
        return Direction(
          of: effects.filter { effect in
            effect.endpoint.map { path == listeners.appending("\($0).tls") } ?? false
          }.map(\.direction))
      default: return settingDirections[path]
      }
    }
  }

  private func access(_ service: String) -> AccessDifference? { access.first { $0.service == service } }

  /// A socket that opens or closes is a way in that more, or fewer, clients have.
  private func direction(of listener: Plan.Listener, of name: String) -> Direction? {
    let plaintext = listener.tls == .none ? plaintextLogins.first { $0.service == name } : nil
    let proxies = [old?.plan, new.plan].compactMap { plan in
      plan?.services.first { $0.name == name }?.proxyFrom
    }.reduce(AddressSet()) { $0.union($1) }
    let reached = Reach(of: [listener.address], by: proxies).clients
    let differences = [access(name), plaintext].compactMap(\.self)
    let isOpened = new.plan.services.contains {
      $0.name == name && $0.enabled && $0.listeners.contains(listener)
    }
    return Direction(
      isWeakened: isOpened && differences.contains { !$0.newlyAllowed.isDisjoint(with: reached) },
      isStrengthened: !isOpened && differences.contains { !$0.newlyRefused.isDisjoint(with: reached) })
  }

  /// A service before and after; nil if one of them is not there.
  private func sides(_ name: String) -> (before: Plan.Service, after: Plan.Service)? {
    guard
      let before = old?.plan.services.first(where: { $0.name == renamed[name] ?? name }),
      let after = new.plan.services.first(where: { $0.name == name })
    else { return nil }
    return (before, after)
  }

  /// The direction of a change of `ip_control`: by the clients that get in otherwise, and because of that setting.
  private func direction(ofRules change: Change, _ path: SettingPath) -> Direction? {
    let name = path.service
    guard let difference = name.map(access) ?? monitorAccess, difference.direction != nil else { return nil }
    guard let (before, after) = name.map(controls) ?? monitorControls else {
      return direction(of: change, path, by: difference)
    }
    let section = name.map(SettingPath.service) ?? Plan.Monitor.path
    func letsIn(_ clients: AddressSet, _ old: Plan.Service.IPControl, _ new: Plan.Service.IPControl) -> Bool {
      !clients.isEmpty && new.letsIn(clients, after: old, by: path, in: section)
    }
    return Direction(
      isWeakened: letsIn(difference.newlyAllowed, before, after),
      isStrengthened: letsIn(difference.newlyRefused, after, before))
  }

  private typealias Controls = (before: Plan.Service.IPControl, after: Plan.Service.IPControl)

  private func controls(_ name: String) -> Controls? {
    sides(name).map { ($0.before.ipControl, $0.after.ipControl) }
  }

  private var monitorControls: Controls? {
    guard let before = old?.plan.monitor, !before.bind.isEmpty, !new.plan.monitor.bind.isEmpty else {
      return nil
    }
    return (before.ipControl, new.plan.monitor.ipControl)
  }

  /// The direction of a change of `proxy_from`: by the proxies on the list that can, or could, connect.
  private func direction(ofProxies change: Change, _ path: SettingPath, _ name: String) -> Direction? {
    guard settingDirections[path] != nil, let (before, after) = sides(name),
      let (added, removed) = change.addresses
    else { return settingDirections[path] }
    return Direction(
      isWeakened: !added.isDisjoint(with: after.reachingProxies(at: after.listeners)),
      isStrengthened: !removed.isDisjoint(with: before.reachingProxies(at: before.listeners)))
  }

  /// The direction of a change of who is on a list, or of what lists are for: by the clients that it is about.
  private func direction(
    of change: Change, _ path: SettingPath, by difference: AccessDifference?
  ) -> Direction? {
    guard let difference, difference.direction != nil else { return nil }
    guard let more = Plan.info(of: path)?.more, let (added, removed) = change.addresses else {
      return masked(settingDirections[path], by: difference)
    }
    let (weaker, stronger) = more == .weakened ? (added, removed) : (removed, added)
    return Direction(
      isWeakened: !weaker.isDisjoint(with: difference.newlyAllowed),
      isStrengthened: !stronger.isDisjoint(with: difference.newlyRefused))
  }

  /// What is left of a direction where clients are treated otherwise in one way alone.
  private func masked(_ direction: Direction?, by difference: AccessDifference?) -> Direction? {
    guard let direction, let difference else { return nil }
    return Direction(
      isWeakened: direction.isWeakened && difference.isWider,
      isStrengthened: direction.isStrengthened && difference.isNarrower)
  }
}

extension ExpectationDifference {
  /// What is no longer required is no longer checked.
  package var direction: Direction? {
    Direction(isWeakened: !removed.isEmpty, isStrengthened: !added.isEmpty)
  }
}

extension Change {
  private static let plaintextLogin = Plan.Service.plaintextLogin.path(of: "NAME").description

  /// The addresses that were added to an address list, and those that were removed.
  var addresses: (added: AddressSet, removed: AddressSet)? {
    guard case .setting(let path, let before, let after) = self else { return nil }
    func set(_ value: Plan.Setting.Value?) -> AddressSet? {
      switch value {
      case .addresses(let addresses): addresses
      case .text(let word) where path.pattern == Self.plaintextLogin: Plan.Service.plaintextLogin(word)
      default: nil
      }
    }
    guard set(before) != nil || set(after) != nil else { return nil }
    let (old, new) = (set(before) ?? AddressSet(), set(after) ?? AddressSet())
    return (new.subtracting(old), old.subtracting(new))
  }
}
