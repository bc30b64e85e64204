import NIOCore
import OceanMonitor
import OceanPlan

/// The monitor of the plan that runs, or is about to.
extension Engine {
  func usableToken(_ given: ReadMonitorToken, _ plan: Plan) throws(ApplyError) -> MonitorToken? {
    guard let source = plan.monitor.token else { return nil }
    switch given {
    case .token(let token): return token
    case .none, .unusable:
      if let token = running?.monitorToken, running?.plan.monitor.token == source { return token }
      let reason = if case .unusable(let reason) = given { reason } else { "it was not read" }
      throw ApplyError.monitorToken(source: source.description, reason: reason)
    }
  }

  /// The rules of a plan's monitor. Tables of long lists are those of services or of the monitor that runs, if they are
  /// the same.
  func monitorRules(
    _ file: PlanFile, beside services: [String: (service: Service, settings: ServiceSettings)]
  ) async -> AccessRules {
    let known =
      services.values.map(\.settings.access.rules) + [monitor?.server.rules].compactMap(\.self)
    return await aside {
      AccessRules(file.plan.monitor.ipControl, in: Plan.Monitor.path, rules: file.rules, reusing: known)
    }
  }

  /// Opens a listener that lets nobody in yet: until the plan is in force, it has no rules.
  func openMonitor(
    at endpoint: Endpoint, _ environment: Environment, beside opened: some Sequence<Endpoint>
  ) async throws -> any Channel {
    let socket: Int32
    if let own = inherited.removeValue(forKey: endpoint) {
      socket = own
    } else {
      let listener = Plan.Listener(address: endpoint.address, port: endpoint.port, tls: .none)
      socket = try Sockets.listen(
        listener, service: nil, count: 1, probe: !isOwn(endpoint, beside: opened)
      )[0]
    }
    let server: MonitorServer
    if let monitor {
      server = monitor.server
    } else {
      let source = MonitorSource(self)
      server = MonitorServer(
        source: source, troubles: environment.troubles, shortage: environment.shortage)
      monitor = (server, source)
      await source.start()
    }
    return try await server.listen(on: socket)
  }

  /// Puts the monitor of a plan in the place of the one that runs.
  ///
  /// - Parameter opened: listeners that the plan has in addition.
  func takeOver(
    _ opened: [Endpoint: any Channel], of plan: Plan, _ token: MonitorToken?, _ rules: AccessRules
  ) -> [Endpoint: any Channel] {
    monitor?.server.update(MonitorGate(token: token, hostname: plan.server.hostname), rules)
    let wanted = Set(plan.monitor.bind)
    let before = running?.monitor ?? [:]
    for (endpoint, channel) in before where !wanted.contains(endpoint) { channel.close(promise: nil) }
    return before.filter { wanted.contains($0.key) }.merging(opened) { _, new in new }
  }
}
