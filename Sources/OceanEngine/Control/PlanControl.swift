package import OceanControlAPI
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
  /// The plans that were reverted and are not to run, the newest first.
  func takenBack() async -> [RevertedPlan]
  /// Files of the plans that are kept which could not be used when they were last read.
  func damagedFiles() async -> [DamagedFile]
  /// The list files that could not be used when the running plan was made.
  func heldLists() async -> [ServerStatus.HeldList]
  /// What the running plan was made from, for people.
  func source() async -> String
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
