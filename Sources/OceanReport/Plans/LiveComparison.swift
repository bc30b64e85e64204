import Glibc
import OceanCompiler
import OceanHost
import OceanAddresses
package import OceanControlAPI
package import OceanPlan

/// Compares a plan with the server that is running now.
package struct LiveComparison {
  package let running: PlanFile
  package let status: ServerStatus
  /// When the running plan was confirmed; RFC 3339, UTC. Nil if it was not confirmed, or certificates were
  /// renewed since.
  package let confirmed: String?
  package let sessions: [SessionInfo]

  package init(running: PlanFile, status: ServerStatus, sessions: [SessionInfo], confirmed: String?) {
    self.running = running
    self.status = status
    self.sessions = sessions
    self.confirmed = confirmed
  }

  /// Files that have changed since the running plan was compiled.
  var drift: [String] {
    running.inputs.filter { input in
      guard let expected = input.sha256 else { return false }
      guard let bytes = try? Files.read(input.path, limit: Files.configLimit) else { return true }
      return Digest(of: bytes) != expected
    }.map(\.path)
  }

  /// The sockets, what is known of the running plan, and what would happen to the open sessions.
  ///
  /// - Parameter treatment: what happens to sessions that the new plan would not let in.
  func effects(of diff: PlanDiff, sessions treatment: SessionTreatment) -> ServerEffects {
    var effects = ServerEffects(
      confirmed: confirmed, unconfirmed: status.unconfirmed, changedInputs: drift,
      openSessions: sessions.count, listeners: ServerEffects.Listeners(diff))
    // A plan without any effect does not test sessions against its rules, unless that is asked for.
    guard diff.hasEffect || treatment != .keep else { return effects }
    let decisions = PlanDecisions(diff.new, after: diff.old?.plan)
    let closing = Set(
      diff.changes.compactMap { change -> String? in
        if case .closed(let listener, _) = change { listener.description } else { nil }
      })
    for session in sessions {
      let isOnClosingPort = closing.contains(session.local)
      // A proxy that speaks for itself is let in whatever the rules are.
      let isHealthCheck = session.proxy == session.peer && session.user == nil
      let outcome = PastConnection(session).flatMap { decisions.outcome(of: $0, isPortKept: true) }
      let isRefused = !isHealthCheck && outcome?.obstacle != nil
      guard isRefused || isOnClosingPort else { continue }
      effects.sessions.append(
        ServerEffects.Session(
          info: session, couldNotComeBack: isRefused, ends: isRefused && session.ends(by: treatment),
          isOnClosingPort: isOnClosingPort, reason: isRefused ? outcome?.reason : nil))
    }
    return effects
  }
}

extension SessionInfo {
  /// Whether the session ends, if the new plan would not let it in.
  fileprivate func ends(by treatment: SessionTreatment) -> Bool {
    switch (treatment, state) {
    case (.keep, _), (_, .update), (_, .closing): false
    case (.drain, let state): state == .authorization
    case (.end, _): true
    }
  }
}
