/// One difference between two plans, and so one thing that applying the new one does.
package enum Change: Sendable, Hashable {
  /// A socket is bound and starts to accept.
  case opened(Plan.Listener, service: String)
  /// A socket stops accepting; sessions that it accepted go on.
  case closed(Plan.Listener, service: String)
  /// A socket stays open; connections it accepts from now on belong to another service.
  case handedOver(Plan.Listener, from: String, to: String)
  /// A value differs; nil if one side has no such value. `services.NAME.listeners.ENDPOINT.tls` is the value
  /// of a socket that stays open and changes what it speaks.
  case setting(path: SettingPath, before: Plan.Setting.Value?, after: Plan.Setting.Value?)
}

extension Plan {
  /// The changes of applying `new` while `old` runs (nil if nothing runs), in the order they are done:
  /// sockets are opened before anything else changes, and closed last.
  package static func diff(_ old: Plan?, _ new: Plan) -> [Change] {
    let before = old.map { Sockets($0).byEndpoint } ?? [:]
    let after = Sockets(new).byEndpoint
    func sorted(_ sockets: some Sequence<Sockets.Socket>) -> [Sockets.Socket] {
      sockets.sorted { $0.listener < $1.listener }
    }
    let opened = sorted(after.filter { before[$0.key] == nil }.values)
    let closed = sorted(before.filter { after[$0.key] == nil }.values)
    let kept = sorted(after.values).compactMap { socket in
      before[socket.listener.endpoint].map { (before: $0, after: socket) }
    }

    // If a service is or was switched off, its sockets do not show which listeners it has or would have.
    let off = Set([old, new].compactMap(\.self).flatMap(\.services).filter { !$0.enabled }.map(\.name))
    let oldSettings = old?.settingsByPath(listingListenersOf: off) ?? [:]
    let newSettings = new.settingsByPath(listingListenersOf: off)
    let paths = Set(oldSettings.keys).union(newSettings.keys).sorted()
    let changed = paths.filter { oldSettings[$0] != newSettings[$0] }

    return opened.map { .opened($0.listener, service: $0.service.name) }
      + kept.compactMap { before, after in
        guard before.service.name != after.service.name else { return nil }
        return .handedOver(after.listener, from: before.service.name, to: after.service.name)
      }
      + changed.map { .setting(path: $0, before: oldSettings[$0], after: newSettings[$0]) }
      + kept.compactMap { before, after in
        guard before.listener.tls != after.listener.tls else { return nil }
        return .setting(
          path: Service.listeners.path(of: after.service.name).appending("\(after.listener).tls"),
          before: .text(before.listener.tls.rawValue), after: .text(after.listener.tls.rawValue))
      }
      + closed.map { .closed($0.listener, service: $0.service.name) }
  }

  /// The sockets of the enabled services, each with the name of its service.
  package var activeListeners: [Listener: String] {
    var result: [Listener: String] = [:]
    for service in services where service.enabled {
      for listener in service.listeners { result[listener] = service.name }
    }
    return result
  }

  private func settingsByPath(listingListenersOf names: Set<String>) -> [SettingPath: Setting.Value] {
    Dictionary(
      settings { names.contains($0.name) }.compactMap { setting in setting.value.map { (setting.path, $0) } },
      uniquingKeysWith: { $1 })
  }
}

extension Change: CustomStringConvertible {
  /// The effect of the change, on one line.
  package var description: String {
    switch self {
    case .opened(let listener, let service): "\(service) listens on \(listener)"
    case .closed(let listener, let service): "\(service) no longer listens on \(listener)"
    case .handedOver(let listener, let old, let new): "\(listener) goes from \(old) to \(new)"
    case .setting(let path, let before, let after): "\(path): \(Plan.Setting.Value.text(before, after))"
    }
  }
}
