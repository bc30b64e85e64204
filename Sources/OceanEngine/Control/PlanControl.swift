package import OceanControlAPI
package import OceanMonitor
package import OceanPlan

/// Carries out what the control API asks about plans: the program around the engine, which can read files.
package protocol PlanControl: Sendable {
  /// - Parameter user: who asks: the number of the user at the other end of the control socket.
  func apply(_ file: PlanFile, _ request: ApplyRequest, by user: UInt32) async throws -> ApplyReport
  func confirm(_ request: ConfirmRequest, by user: UInt32) async throws -> ApplyReport
  func rollback(_ request: RollbackRequest, by user: UInt32) async throws -> ApplyReport
  /// What `rollback` would do.
  func preview(_ request: RollbackRequest) async throws -> RollbackPreview
  func history() async throws -> PlanHistory
  /// When the running plan is reverted; nil if it is confirmed.
  func unconfirmed() async -> UnconfirmedPlan?
  /// The policy of the running plan; nil if none runs.
  func policy() async -> Digest?
  /// The plans that were reverted and are not to run, the newest first.
  func takenBack() async -> [RevertedPlan]
  /// Files of the plans that are kept which could not be used when they were last read.
  func damagedFiles() async -> [DamagedFile]
  /// The list files that could not be used when the running plan was made.
  func heldLists() async -> [ServerStatus.HeldList]
  /// Whether it is known that the running plan's source would give the same plan again. Blocks while its files are looked
  /// at.
  func isFileUnchanged() -> Bool
  /// What the running plan was made from, for people.
  func source() async -> String
  /// What the monitor shows of the plan and its file.
  func monitored() async -> MonitoredPlan
}

/// What the monitor shows of the running plan, and of the file that it comes from.
package struct MonitoredPlan: Sendable {
  package var file: String
  /// The first digits of the policy; nil if that is not known yet.
  package var policy: String?
  package var waiting: MonitorSnapshot.RunningPlan.Waiting?
  /// Nil until the file has been looked at.
  package var config: MonitorSnapshot.ConfigState?

  package init(
    file: String, policy: String? = nil, waiting: MonitorSnapshot.RunningPlan.Waiting? = nil,
    config: MonitorSnapshot.ConfigState? = nil
  ) {
    (self.file, self.policy, self.waiting, self.config) = (file, policy, waiting, config)
  }
}

/// Why a request about plans was not carried out. Nothing was changed.
package struct PlanControlError: Error, CustomStringConvertible {
  package enum Kind: Sendable {
    /// The running plan is not the one that was expected.
    case stale
    case failed
  }

  package let kind: Kind
  /// One sentence.
  package let description: String

  package init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}
