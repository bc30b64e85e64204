import OceanAddresses
import OceanPlan
import OceanSyntax

extension Lowering {
  /// Reports limits in the file that are never reached, because another limit always comes first.
  mutating func checkLimits(_ services: [LoweredService]) {
    guard let limits = config.server?.value.limits?.value, let places = placesInAll(services) else { return }
    reportWithoutEffect(limits.connectionsPerIP, "connections_per_ip", places)
    // A proxy's connection counts before login, and has no place at a service until it names its client.
    guard !services.contains(where: { $0.plan.enabled && !$0.plan.proxyFrom.isEmpty }) else { return }
    reportWithoutEffect(limits.preloginConnections, "prelogin_connections", places)
  }

  /// Checks whether a process may open as many files as the services accept connections.
  mutating func checkFileLimit(_ services: [LoweredService]) {
    guard let limit = facts.fileLimit, let places = placesInAll(services) else { return }
    if reportNobodyServed(services, limit) { return }
    let wanted = places + Self.otherFiles
    guard limit < wanted else { return }
    let given = config.services?.value.compactMap { $0.value.maxConnections } ?? []
    let span = given.first?.span ?? config.services?.key
    report(
      .fewOpenFiles, span,
      "\(counted(places, "connection")), but a process may have \(counted(limit, "open file")) here",
      help: "allow the server \(wanted) (LimitNOFILE=\(wanted) in its systemd unit)"
        + (limit > Self.otherFiles ? ", or let in \(limit - Self.otherFiles) at most (max_connections)" : ""))
  }

  /// - Returns: whether so few files may be open that a server does not start.
  private mutating func reportNobodyServed(_ services: [LoweredService], _ limit: Int) -> Bool {
    guard let cores = facts.cores else { return false }
    let listeners = services.filter(\.plan.enabled).reduce(0) { $0 + $1.plan.listeners.count }
    let open = OpenFiles.atStart(
      cores: cores, listeners: listeners, hasAccessLog: config.log?.value.access != nil)
    let least = OpenFiles.least(beside: open)
    guard limit < least else { return false }
    // A server that starts counts for itself.
    report(
      .fewOpenFiles, config.services?.key,
      "a process may have \(counted(limit, "open file")) here, and the server has \(open) before anybody connects",
      help: "allow the server at least \(least) (LimitNOFILE in its systemd unit, ulimit -n)",
      severity: purpose.isChecking ? .error : .warning)
    return true
  }

  /// Listening sockets, logs, mail that is read.
  private static let otherFiles = 64

  /// The connections that the enabled services accept together; nil if one of the numbers is mistaken, or no
  /// service is enabled.
  private func placesInAll(_ services: [LoweredService]) -> Int? {
    let areKnown =
      !config.isMistaken("services") && !config.isMistaken("service_defaults")
      && config.serviceDefaults?.value.isMistaken("max_connections") != true
      && config.services?.value.contains { $0.value.isMistaken("max_connections") } != true
    let enabled = services.filter(\.plan.enabled)
    guard areKnown, !enabled.isEmpty else { return nil }
    return enabled.reduce(0) { $0 + $1.plan.limits.connections }
  }

  private mutating func reportWithoutEffect(_ limit: Located<Int>?, _ name: String, _ places: Int) {
    guard let limit, limit.value >= places else { return }
    report(
      .limitWithoutEffect, limit.span, "\(name): \(limit.value) has no effect",
      label: "max_connections lets in \(places) in all",
      help: places > 1 ? "give a number below \(places), or leave it out" : "leave it out")
  }
}
