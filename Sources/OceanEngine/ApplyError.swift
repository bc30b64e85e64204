import OceanAccess
import OceanBase
package import OceanPlan

/// Why a plan was not applied. Nothing was changed.
package enum ApplyError: Error, CustomStringConvertible {
  /// The running plan is not the one the change was made for.
  case stale(running: Digest?)
  /// Another apply is under way.
  case busy
  /// The server was told to stop.
  case stopping
  /// The setting holds for the life of the process.
  case needsRestart(String)
  case state(path: String, reason: String)
  case accessLog(path: String, reason: String)
  case accounts(path: String, reason: String)
  /// - Parameter source: where the token should be.
  case monitorToken(source: String, reason: String)
  /// - Parameter source: where the secret should be.
  case ticketSecret(source: String, reason: String)
  case certificate(service: String, name: String, reason: String)
  case randomness(reason: String)
  case inheritedSocket(Int32)
  case strayInheritedSocket(Endpoint)
  /// So few files may be open that nobody would be served.
  case openFiles(limit: Int, open: Int, least: Int)

  package var description: String {
    switch self {
    case .stale(let running):
      "the running plan is \(running?.short ?? "none"), not the one this change was made for"
    case .busy:
      "another change is being applied"
    case .stopping:
      "the server is stopping"
    case .needsRestart(let setting):
      "\(setting) can only change with a restart"
    case .state(let path, let reason):
      "cannot use the state directory \(path): \(reason)"
    case .accessLog(let path, let reason):
      "cannot open the access log \(path): \(reason)"
    case .monitorToken(let source, let reason):
      "cannot use the monitor's token, \(source): \(reason)"
    case .ticketSecret(let source, let reason):
      "cannot use the secret of session tickets, \(source): \(reason)"
    case .certificate(let service, let name, let reason):
      "service '\(service)' cannot use the certificate \(name): \(reason)"
    case .randomness(let reason):
      "cannot make ticket keys: \(reason)"
    case .accounts(let path, let reason):
      "cannot read the accounts in \(path): \(reason)"
    case .inheritedSocket(let fd):
      "descriptor \(fd) from LISTEN_FDS is not a listening TCP socket"
    case .strayInheritedSocket(let endpoint):
      "LISTEN_FDS passes a socket on \(endpoint), where no service of the plan listens"
    case .openFiles(let limit, let open, let least):
      "a process may have \(limit) open files here, and the server has \(open) before anybody connects: no client would be "
        + "served; allow at least \(least) (LimitNOFILE in its systemd unit, ulimit -n)"
    }
  }
}

extension ApplyError {
  /// The first setting that differs and holds for the life of the process; nil if there is none.
  package init?(changing old: Plan.Server, to new: Plan.Server) {
    if new.state != old.state {
      self = .needsRestart("server.state")
    } else if new.user != old.user {
      self = .needsRestart("server.user")
    } else if new.limits.ipv6Prefix != old.limits.ipv6Prefix {
      self = .needsRestart("server.limits.ipv6_prefix")
    } else if new.sharedState.isUsed != old.sharedState.isUsed {
      self = .needsRestart("whether there is a server.shared_state")
    } else {
      return nil
    }
  }
}
