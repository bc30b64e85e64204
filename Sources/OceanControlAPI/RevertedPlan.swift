package import OceanPlan

/// A plan that was reverted. A reload or a restart does not run it, nor another plan with what it brought, until
/// somebody applies that.
package struct RevertedPlan: Sendable, Hashable, Codable {
  /// The plan, and what it brought that was not there before.
  package var mark: PlanIdentity
  /// The policy of the plan, which nodes of a fleet have in common; nil if an earlier version noted it.
  package var policy: Digest?
  /// RFC 3339, UTC.
  package var at: String
  /// The number of the plan that was the last confirmed one then: its place in the history.
  package var after: Int
  /// The place in the history of the plan that was gone back to: what is between the two was reverted as well. Nil for
  /// what was never confirmed and gave way to the plan before it.
  package var returnedTo: Int?
  /// What the plan was made from.
  package var source: String
  /// The author of the apply; nil if an earlier version noted it.
  package var by: ChangeAuthor?
  /// The author of the rollback; nil if an earlier version noted it.
  package var revertedBy: ChangeAuthor?
  /// Whether it had been confirmed.
  package var isConfirmed: Bool
  /// Whether something else has been decided since.
  package var isSettled = false
  /// Whether it has been applied again since: then nothing of it is withheld.
  package var isReturned = false

  private enum CodingKeys: String, CodingKey {
    case mark, policy, at, after, returnedTo, source, by, revertedBy
    case isConfirmed = "confirmed"
    case isSettled = "settled"
    case isReturned = "returned"
  }

  package init(
    mark: PlanIdentity, policy: Digest? = nil, at: String, after: Int, returnedTo: Int? = nil,
    source: String, by: ChangeAuthor? = nil, revertedBy: ChangeAuthor? = nil, isConfirmed: Bool
  ) {
    self.mark = mark
    self.policy = policy
    self.at = at
    self.after = after
    self.returnedTo = returnedTo
    self.source = source
    self.by = by
    self.revertedBy = revertedBy
    self.isConfirmed = isConfirmed
  }

  /// Whether this keeps a plan from running.
  package func withholds(_ plan: PlanIdentity) -> Bool { !isReturned && mark.isFound(in: plan) }

  /// Notes that somebody applies a plan: what is in it is no longer withheld.
  package mutating func bringBack(_ plan: PlanIdentity) {
    if mark.plan == plan.plan { isReturned = true }
    guard !isReturned, mark.isFound(in: plan) else { return }
    if mark.config == plan.config { mark.config = nil }
    mark.lists.removeAll { plan.lists.contains($0) }
    isReturned = mark.config == nil && mark.lists.isEmpty
  }
}

/// The features that identify a plan, besides its digest. The same config is the same decision with any lists
/// and certificates; a list that was wrong is wrong under any config.
package struct PlanIdentity: Sendable, Hashable, Codable {
  package var plan: Digest
  /// The digest of the texts of its config; nil if no config is known.
  package var config: Digest?
  /// Its list files, sorted by path.
  package var lists: [ListFile]

  package struct ListFile: Sendable, Hashable, Codable {
    /// An absolute path.
    package var path: String
    /// The digest of the addresses in it.
    package var addresses: Digest

    package init(path: String, addresses: Digest) {
      self.path = path
      self.addresses = addresses
    }
  }

  package init(plan: Digest, config: Digest?, lists: [ListFile]) {
    self.plan = plan
    self.config = config
    self.lists = lists
  }

  package init(_ file: PlanFile) {
    plan = file.digest
    let texts = file.inputs.filter { $0.role == .config }.map { "\($0.sha256.map { "\($0)" } ?? "-")\n" }
    config = texts.isEmpty ? nil : Digest(of: Array(texts.sorted().joined().utf8))
    lists = file.rules.listFiles.map { ListFile(path: $0.key, addresses: $0.value.digest) }
      .sorted { $0.path < $1.path }
  }

  /// The same plan, reduced to what `other` does not have: its config, unless both are the same decision, and
  /// list files that hold something else in `other`.
  package func changes(from other: PlanIdentity, isSameDecision: Bool) -> PlanIdentity {
    var result = self
    if isSameDecision || config == other.config { result.config = nil }
    result.lists = lists.filter { list in
      other.lists.contains { $0.path == list.path && $0.addresses != list.addresses }
    }
    return result
  }

  /// Whether a plan is this one or shares a part with it: its config, or one of its lists.
  package func isFound(in plan: PlanIdentity) -> Bool {
    self.plan == plan.plan || config != nil && config == plan.config || list(in: plan) != nil
  }

  /// The first of its lists that a plan has as well.
  package func list(in plan: PlanIdentity) -> ListFile? { lists.first { plan.lists.contains($0) } }
}
