package import OceanPlan

/// What a rollback would do. Nothing was changed.
package struct RollbackPreview: Sendable, Codable {
  package var formatVersion = ControlAPI.formatVersion
  /// The plan that runs.
  package var from: Digest
  /// The kept plan that it goes back to.
  package var target: Target
  /// The plan that would run then: the kept one with today's certificates and address lists, unless a list is
  /// what is reverted.
  package var plan: PlanFile
  /// The names of certificates that would not be as they were in the kept plan.
  package var otherCertificates: [String]
  /// Absolute paths of list files whose contents would not be as they were in the kept plan.
  package var todaysLists: [String]
  /// Absolute paths of list files that differ on disk from the lists of the plan that would run.
  package var otherLists: [String]
  /// Sentences: which list files cannot be used, so that the lists stay as they are.
  package var warnings: [String]
  /// Half a sentence: why the server would refuse it; nil if nothing speaks against it.
  package var refusal: String?

  package struct Target: Sendable, Hashable, Codable {
    package var digest: Digest
    /// RFC 3339, UTC. Nil if the plan is not kept on disk.
    package var confirmed: String?
    /// What the plan was made from.
    package var source: String
    /// The author of the decision that it runs; nil if that is not known.
    package var by: ChangeAuthor?

    package init(digest: Digest, confirmed: String?, source: String, by: ChangeAuthor?) {
      self.digest = digest
      self.confirmed = confirmed
      self.source = source
      self.by = by
    }
  }

  package init(
    from: Digest, target: Target, plan: PlanFile, otherCertificates: [String], todaysLists: [String],
    otherLists: [String], warnings: [String], refusal: String?
  ) {
    self.from = from
    self.target = target
    self.plan = plan
    self.otherCertificates = otherCertificates
    self.todaysLists = todaysLists
    self.otherLists = otherLists
    self.warnings = warnings
    self.refusal = refusal
  }
}
