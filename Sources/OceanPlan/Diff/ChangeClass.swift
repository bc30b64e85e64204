/// The classes of changes, which `--fail-on` names.
package enum ChangeClass: String, Sendable, Hashable, CaseIterable, Codable {
  case listenerOpened = "listener-opened"
  case listenerClosed = "listener-closed"
  /// A socket stays open, for another service or speaking something else; or a listener changes that is not
  /// open, because its service is switched off.
  case listenerMoved = "listener-moved"
  case serviceAdded = "service-added"
  case serviceRemoved = "service-removed"
  /// A service gets another name, and nothing else.
  case serviceRenamed = "service-renamed"
  /// The rules of a service, whether or not their addresses change.
  case ipControl = "ip-control"
  /// Rules get another end, or one at all, or lose it.
  case ruleEnds = "rule-ends"
  /// The end of rules has come, and nothing else of their list changes.
  case ruleEnded = "rule-ended"
  /// Some addresses may connect that could not before.
  case accessWidened = "access-widened"
  case accessNarrowed = "access-narrowed"
  /// Something about who may connect has to hold that did not have to before.
  case expectationAdded = "expectation-added"
  case expectationRemoved = "expectation-removed"
  /// A change of who may send a password in clear text, by whatever setting.
  case plaintextLogin = "plaintext-login"
  case tls
  /// A different certificate with the same names, and nothing else.
  case certificateRenewed = "certificate-renewed"
  case certificate
  /// Numbers of connections and attempts, and times.
  case limits
  case antiHammering = "anti-hammering"
  case proxies
  case accounts
  /// The mechanisms of AUTH.
  case sasl
  case mail
  case server
  case log
  /// Where the monitor listens, and who may ask it.
  case monitor
  /// A client is connected to the running server that could not come back.
  case sessionsLockedOut = "sessions-locked-out"
  /// Applying the plan ends sessions of the running server, because it was told to.
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

  /// The whole value before; nil if there was no value.
  package var before: String? {
    switch self {
    case .opened: nil
    case .closed(let listener, _): listener.tls.rawValue
    case .handedOver(_, let service, _): service
    case .setting(_, let before, _): before?.wholeText
    }
  }

  /// The whole value from now on; nil if there is no longer a value.
  package var after: String? {
    switch self {
    case .opened(let listener, _): listener.tls.rawValue
    case .closed: nil
    case .handedOver(_, _, let service): service
    case .setting(_, _, let after): after?.wholeText
    }
  }

  /// - Parameter renewed: the certificates that differ only by what a renewal changes.
  func changeClass(renewed: Set<String>) -> ChangeClass {
    switch self {
    case .opened: return .listenerOpened
    case .closed: return .listenerClosed
    case .handedOver: return .listenerMoved
    case .setting(let path, let before, let after):
      // This is what a socket that stays open speaks; a service's list of listeners has a path without the
      // endpoint.
      guard path.components.count == path.pattern.split(separator: ".").count else { return .listenerMoved }
      let isRenewal = path.certificate.map(renewed.contains) ?? false
      return Plan.info(of: path)?.changeClass.changeClass(before, after, isRenewal: isRenewal) ?? .server
    }
  }

  /// Whether it is a setting that holds for the life of the process.
  package var needsRestart: Bool { settingEffect == .restart }

  /// The meaning for clients that are or will be connected; nil if the values say it all.
  package var effect: String? {
    switch self {
    case .opened: nil
    case .closed: "sessions that came in there continue"
    case .handedOver(let listener, let old, let new):
      "connections to \(listener) go to \(new), no longer to \(old)"
    case .setting: settingEffect?.text
    }
  }

  /// Nil for what comes or goes as a whole: one line says enough about it.
  private var settingEffect: SettingEffect? {
    guard case .setting(let path, let before, let after) = self, before != nil, after != nil else {
      return nil
    }
    return Plan.info(of: path)?.effect
  }
}
