/// What a change is about: what `--fail-on` names.
package enum ChangeClass: String, Sendable, Hashable, CaseIterable, Codable {
  case listenerOpened = "listener-opened"
  case listenerClosed = "listener-closed"
  /// A socket that stays open, for another service or speaking something else; and one that is not open, since its service
  /// is switched off, elsewhere.
  case listenerMoved = "listener-moved"
  case serviceAdded = "service-added"
  case serviceRemoved = "service-removed"
  /// Its rules, whether or not they come to other addresses.
  case ipControl = "ip-control"
  /// Addresses may connect that could not.
  case accessWidened = "access-widened"
  case accessNarrowed = "access-narrowed"
  /// Something that must hold of who may connect, and had not to.
  case expectationAdded = "expectation-added"
  case expectationRemoved = "expectation-removed"
  /// Who may send a password in clear text.
  case plaintextLogin = "plaintext-login"
  case tls
  /// Another certificate of the same names, and nothing else.
  case certificateRenewed = "certificate-renewed"
  case certificate
  /// Connections, attempts, times.
  case limits
  case antiHammering = "anti-hammering"
  case proxies
  case accounts
  case mail
  case server
  case log
  /// Somebody is connected to the running server who could not come back.
  case sessionsLockedOut = "sessions-locked-out"
  /// Applying it ends sessions of the running server, as it was told to.
  case sessionsEnded = "sessions-ended"
}

extension Change {
  package var path: String {
    switch self {
    case .opened(let listener, let service), .closed(let listener, let service):
      "services.\(service).listeners.\(listener)"
    case .handedOver(let listener, _, let service): "services.\(service).listeners.\(listener)"
    case .setting(let path, _, _): path.description
    }
  }

  /// What it was, whole; nil if it was not.
  package var before: String? {
    switch self {
    case .opened: nil
    case .closed(let listener, _): listener.tls.rawValue
    case .handedOver(_, let service, _): service
    case .setting(_, let before, _): before?.wholeText
    }
  }

  /// What it is from now on, whole; nil if it is no more.
  package var after: String? {
    switch self {
    case .opened(let listener, _): listener.tls.rawValue
    case .closed: nil
    case .handedOver(_, _, let service): service
    case .setting(_, _, let after): after?.wholeText
    }
  }

  /// - Parameter renewed: the certificates that differ by what a renewal changes alone.
  func changeClass(renewed: Set<String>) -> ChangeClass {
    switch self {
    case .opened: return .listenerOpened
    case .closed: return .listenerClosed
    case .handedOver: return .listenerMoved
    case .setting(let path, let before, let after):
      // What a socket that stays open speaks, beside the list of those of a service.
      guard path.components.count == path.pattern.split(separator: ".").count else { return .listenerMoved }
      let isRenewal = path.certificate.map(renewed.contains) ?? false
      return Plan.info(of: path)?.changeClass.changeClass(before, after, isRenewal: isRenewal) ?? .server
    }
  }

  /// Whether it is a setting that holds for the life of the process.
  package var needsRestart: Bool { settingEffect == .restart }

  /// What it means for those who are or will be connected; nil where the values say it all.
  package var effect: String? {
    switch self {
    case .opened: nil
    case .closed: "sessions that came in there go on"
    case .handedOver(let listener, let old, let new):
      "what connects to \(listener) is \(new)'s, no longer \(old)'s"
    case .setting: settingEffect?.text
    }
  }

  /// Nil for what comes or goes as a whole, of which one line says enough.
  private var settingEffect: SettingEffect? {
    guard case .setting(let path, let before, let after) = self, before != nil, after != nil else {
      return nil
    }
    return Plan.info(of: path)?.effect
  }
}
