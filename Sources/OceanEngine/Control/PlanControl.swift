package import OceanPlan

/// Who carries out what the control API asks about plans: the program around the engine, which can read files.
package protocol PlanControl: Sendable {
  func apply(_ file: PlanFile, _ request: ApplyRequest) async throws -> ApplyReport
  func confirm(_ request: ConfirmRequest) async throws -> ApplyReport
  func rollback(_ request: RollbackRequest) async throws -> ApplyReport
  func history() async throws -> PlanHistory
  /// When the plan that runs is taken back; nil if it is confirmed.
  func unconfirmed() async -> ServerStatus.Unconfirmed?
  /// Plans that were taken back, the newest first, and are not to run.
  func takenBack() async -> [TakenBackPlan]
  /// What the running plan was made from, for people.
  func source() async -> String
}

/// Why something that was asked about plans was not done. Nothing was changed.
package struct PlanControlError: Error, CustomStringConvertible {
  package enum Kind: Sendable {
    /// Another plan runs than the one that was expected.
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
