import Glibc
import NIOCore
package import OceanPlan

/// What the control API asks of an engine.
extension Engine {
  /// Nil unless a plan is running.
  ///
  /// - Parameter file: where the plan comes from.
  package func status(file: String) -> ServerStatus? {
    guard let running else { return nil }
    let age = NIODeadline.now() - started
    let services = running.services.values.sorted { $0.name < $1.name }.map { service in
      let listeners = running.plan.services.first { $0.name == service.name }?.listeners ?? []
      return ServerStatus.Service(
        name: service.name, listeners: listeners.filter { running.listeners[$0.endpoint] != nil },
        sessions: service.sessionCount, maxSessions: service.settings.plan.limits.connections,
        refused: service.refusalCount)
    }
    return ServerStatus(
      state: isDraining ? .draining : .serving, plan: running.digest, file: file, pid: getpid(),
      since: timestamp(ago: age), uptimeSeconds: Int(age.nanoseconds / 1_000_000_000), services: services,
      lostLogLines: running.accessLog?.lostLines)
  }

  /// The loops only copy values; what is for people is put into words here.
  package nonisolated func sessions() async -> SessionList {
    let snapshots = await onEachLoop { $0.snapshots() }
    return SessionList(sessions: snapshots.joined().map(SessionInfo.init).sorted { $0.id < $1.id })
  }

  /// Ends sessions and removes none of their messages.
  package nonisolated func kick(_ selection: SessionSelection) async -> KickResult {
    KickResult(ended: await onEachLoop { $0.kick(selection) }.flatMap(\.self).sorted())
  }

  /// Not after `shutdown`: loops that have ended give no answer.
  private nonisolated func onEachLoop<Result: Sendable>(
    _ body: @escaping @Sendable (LoopState) -> Result
  ) async -> [Result] {
    var results: [Result] = []
    for answer in loops.map({ bound in bound.eventLoop.submit { body(bound.value) } }) {
      if let result = try? await answer.get() { results.append(result) }
    }
    return results
  }
}

extension SessionInfo {
  fileprivate init(_ snapshot: SessionSnapshot) {
    let record = snapshot.record
    self.init(
      id: snapshot.id, service: record.service, peer: record.peer.description,
      local: record.local.description,
      tls: record.tls, user: record.user, state: snapshot.state, since: timestamp(ago: snapshot.age),
      seconds: Int(snapshot.age.nanoseconds / 1_000_000_000),
      idleSeconds: Int(snapshot.idle.nanoseconds / 1_000_000_000), retrieved: record.retrieved,
      bytes: record.bytes)
  }
}
