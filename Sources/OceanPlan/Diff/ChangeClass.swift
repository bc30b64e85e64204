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
    case .setting(let path, _, _): path
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
      let parts = path.split(separator: ".")
      switch parts.first {
      case "certificates":
        return parts.count > 1 && renewed.contains(String(parts[1])) ? .certificateRenewed : .certificate
      case "accounts": return .accounts
      case "mail": return .mail
      case "log": return .log
      case "server":
        if path.hasPrefix("server.limits") { return .limits }
        return path.hasPrefix("server.anti_hammering") ? .antiHammering : .server
      default: return Self.serviceClass(path, parts.dropFirst(2), before, after)
      }
    }
  }

  /// - Parameter key: what follows `services.NAME`.
  private static func serviceClass(
    _ path: String, _ key: ArraySlice<Substring>, _ before: Plan.Setting.Value?, _ after: Plan.Setting.Value?
  ) -> ChangeClass {
    switch key.first {
    case "ip_control": return .ipControl
    case "tls": return .tls
    case "listeners" where key.count > 1: return .listenerMoved
    // Those of a service that is switched off, here or there.
    case "listeners": return before == nil ? .serviceAdded : after == nil ? .serviceRemoved : .listenerMoved
    case "accounts": return .accounts
    case "plaintext_login": return .plaintextLogin
    case "anti_hammering": return .antiHammering
    case "proxy_from": return .proxies
    case "enabled":
      if before == nil || after == nil { return before == nil ? .serviceAdded : .serviceRemoved }
      return after == .text("true") ? .serviceAdded : .serviceRemoved
    case "kind": return before == nil ? .serviceAdded : after == nil ? .serviceRemoved : .server
    default: return .limits
    }
  }

  /// Whether it is a setting that holds for the life of the process.
  package var needsRestart: Bool { effect == Self.restart }

  private static let restart = "needs a restart"

  /// What it means for those who are or will be connected; nil where the values say it all.
  package var effect: String? {
    switch self {
    case .opened: return nil
    case .closed: return "sessions that came in there go on"
    case .handedOver(let listener, let old, let new):
      return "what connects to \(listener) is \(new)'s, no longer \(old)'s"
    case .setting(let path, let before, let after):
      // Of what comes or goes as a whole one line says enough.
      guard before != nil, after != nil else { return nil }
      return Self.effects.first { path.hasSuffix($0.suffix) }?.effect
    }
  }

  /// By the end of the path, the first that fits.
  private static let effects: [(suffix: String, effect: String)] = [
    ("server.state", restart), ("server.user", restart), ("limits.ipv6_prefix", restart),
    ("server.default_domain", "names without a domain mean other accounts from the next login on"),
    ("hostname", "in greetings from now on"), ("max_connections", "counts at once; those connected stay"),
    ("connections_per_ip", "counts at once; those connected stay"),
    ("limits.except", "counts at once; those connected stay"),
    ("idle_timeout", "for sessions that connect from now on"),
    ("login_timeout", "for sessions that connect from now on"),
    ("max_login_attempts", "for sessions that connect from now on"),
    ("max_bad_commands", "for sessions that connect from now on"), ("accounts", "from the next login on"),
    ("passwd_file", "from the next login on"), ("mail.maildir", "from the next login on"),
    ("mail.uidl", "at the next login; clients may fetch again what they know by other ids"),
    ("plaintext_login", "for sessions that connect from now on"), ("block_for", "for blocks to come"),
    ("max_failures", "for failures from now on"), ("never_block", "blocks of these addresses are lifted"),
    ("tls.explicit", "for sessions that connect from now on"),
    ("tls.certificate", "in handshakes from now on"),
    ("tls.profile", "in handshakes from now on"), ("fingerprint", "in handshakes from now on"),
    ("proxy_from", "for connections from now on"),
  ]
}
