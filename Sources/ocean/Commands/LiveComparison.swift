import Glibc
import OceanCompiler
import OceanPlan

/// What a plan would mean for a server that is running now.
struct LiveComparison {
  let running: PlanFile
  let status: ServerStatus
  /// When the running plan was confirmed; RFC 3339, UTC. Nil if it was not, or certificates were renewed since.
  let confirmed: String?
  private let sessions: [SessionInfo]

  /// - Throws: why the server does not answer.
  init(_ client: ControlClient) throws(CommandError) {
    running = try client.plan()
    status = try client.status()
    sessions = try client.sessions().sessions
    confirmed = try client.history().plans.first { [digest = running.digest] in $0.digest == digest }?
      .confirmed
  }

  /// Files that are not what they were when the running plan was compiled.
  var drift: [String] {
    running.inputs.filter { input in
      guard let expected = input.sha256 else { return false }
      guard let bytes = try? Files.read(input.path, limit: Files.configLimit) else { return true }
      return Digest(of: bytes) != expected
    }.map(\.path)
  }

  /// The sessions that are open, and what would become of their like.
  ///
  /// - Parameter treatment: what becomes of sessions that the new plan would not let in.
  func consequences(of diff: PlanDiff, sessions treatment: SessionTreatment) -> Consequences {
    let plan = diff.new.plan
    let policies = Dictionary(
      plan.services.filter(\.enabled).map {
        ($0.name, AccessPolicy($0, of: plan.server, rules: diff.new.provenance.rules))
      }, uniquingKeysWith: { $1 })
    let closing = Set(
      diff.changes.compactMap { change -> String? in
        if case .closed(let listener, _) = change { listener.description } else { nil }
      })
    var consequences = Consequences(open: sessions.count)
    for session in sessions {
      if closing.contains(session.local) { consequences.onClosingPorts.append(session) }
      guard let peer = try? IPAddress(parsing: session.peer) else { continue }
      guard let policy = policies[session.service], policy.decide(peer, isBlocked: false).isAllowed else {
        consequences.couldNotComeBack.append(session)
        if session.ends(by: treatment) { consequences.ended.append(session) }
        continue
      }
    }
    return consequences
  }

  struct Consequences {
    let open: Int
    /// Its rules would refuse them, or their service is gone.
    var couldNotComeBack: [SessionInfo] = []
    /// Those of them that end.
    var ended: [SessionInfo] = []
    var onClosingPorts: [SessionInfo] = []
  }
}

extension SessionInfo {
  /// Whether it ends, if the new plan would not let it in.
  fileprivate func ends(by treatment: SessionTreatment) -> Bool {
    switch (treatment, state) {
    case (.keep, _), (_, .update), (_, .closing): false
    case (.drain, let state): state == .authorization
    case (.end, _): true
    }
  }
}
