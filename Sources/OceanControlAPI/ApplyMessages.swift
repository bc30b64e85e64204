package import OceanPlan

/// What becomes of live sessions that a new plan would not let in.
package enum SessionTreatment: String, Sendable, Hashable, Codable, CaseIterable {
  /// The sessions go on.
  case keep
  /// Sessions that are logged in go on, the others end.
  case drain
  /// The sessions end. No message is removed.
  case end
}

/// The result of applying a plan.
package struct ApplyResult: Sendable {
  package var changes: [Change]
  package var sessions: Sessions

  package init(changes: [Change], sessions: Sessions) {
    self.changes = changes
    self.sessions = sessions
  }

  package struct Sessions: Sendable, Hashable, Codable {
    package var kept: Int
    package var ended: Int

    package init(kept: Int, ended: Int) {
      self.kept = kept
      self.ended = ended
    }
  }
}

/// The parameters of an apply, whose body is a plan file.
package struct ApplyRequest: Sendable, Hashable {
  /// The plan that must be running.
  package var expecting: Digest
  package var sessions: SessionTreatment
  /// Seconds after which the plan before comes back, unless this one is confirmed; nil confirms it at once.
  package var confirmSeconds: Int?
  /// What the plan was made from: an absolute path, for people.
  package var source: String
  package var comment: ChangeComment?

  package init(
    expecting: Digest, sessions: SessionTreatment, confirmSeconds: Int?, source: String,
    comment: ChangeComment? = nil
  ) {
    self.expecting = expecting
    self.sessions = sessions
    self.confirmSeconds = confirmSeconds
    self.source = source
    self.comment = comment
  }
}

extension ApplyRequest {
  /// The parameters as a query, without `?`.
  package var query: String {
    var parts = ["expecting=\(expecting)", "sessions=\(sessions.rawValue)"]
    if let confirmSeconds { parts.append("confirm_seconds=\(confirmSeconds)") }
    parts.append("source=" + Self.encoded(source))
    if let comment { parts.append("comment=" + Self.encoded(comment.text)) }
    return parts.joined(separator: "&")
  }

  private static func encoded(_ text: String) -> String {
    text.utf8.map { "%" + String(Int($0) | 0x100, radix: 16).dropFirst() }.joined()
  }

  /// Reads the parts of a query, which are decoded.
  package init(_ parts: [String: String]) throws(ControlAPI.DecodingFailure) {
    guard let expecting = parts["expecting"].flatMap(Digest.init(text:)) else {
      throw .malformed("expecting must be the digest of the plan that runs")
    }
    guard let sessions = SessionTreatment(rawValue: parts["sessions"] ?? "keep") else {
      throw .malformed("sessions must be keep, drain or end")
    }
    var seconds: Int?
    if let text = parts["confirm_seconds"] {
      guard let number = Int(text), (1...86_400).contains(number) else {
        throw .malformed("confirm_seconds must be a number from 1 to 86400")
      }
      seconds = number
    }
    let comment: ChangeComment?
    do {
      comment = try parts["comment"].map { text throws(ChangeComment.Fault) in try ChangeComment(text) }
    } catch {
      throw .malformed("\(error)")
    }
    self.init(
      expecting: expecting, sessions: sessions, confirmSeconds: seconds, source: parts["source"] ?? "unknown",
      comment: comment)
  }
}

/// The answer to an apply, a rollback or a confirmation.
package struct ApplyReport: Sendable, Hashable, Codable {
  package var formatVersion = ControlAPI.formatVersion
  package var from: Digest
  package var to: Digest
  /// The changes that were done, in order: the same list that the diff of the two plans has.
  package var changes: [Change]
  package var sessions: ApplyResult.Sessions
  /// The time at which the plan before comes back, unless this one is confirmed; RFC 3339, UTC.
  package var revertsAt: String?
  /// The time at which it would have come back, if the plan waited already and this gave it another time.
  package var revertsAtBefore: String?
  /// The plan that a rollback by its digest goes back to, which undoes this change: `from`, or the plan
  /// before certificates were renewed. Nil if no plan that is kept would do so.
  package var undo: Digest?
  /// Absolute paths of list files that differ on disk from the lists of the running plan. Nil if that was not
  /// asked, as for an apply, which has just read them.
  package var otherLists: [String]?

  package struct Change: Sendable, Hashable, Codable {
    package var path: String
    package var before: String?
    package var after: String?
    /// The change in words.
    package var text: String

    package init(_ change: OceanPlan.Change) {
      path = change.path
      before = change.before
      after = change.after
      text = change.description
    }
  }

  package init(
    from: Digest, to: Digest, changes: [OceanPlan.Change], sessions: ApplyResult.Sessions,
    revertsAt: String? = nil, undo: Digest? = nil
  ) {
    self.from = from
    self.to = to
    self.changes = changes.map(Change.init)
    self.sessions = sessions
    self.revertsAt = revertsAt
    self.undo = undo
  }
}

/// Confirms the plan with this digest.
package struct ConfirmRequest: Sendable, Hashable, Codable {
  /// The digest, or at least its first six digits.
  package var plan: String

  package init(plan: String) { self.plan = plan }
}

/// Goes back to an earlier plan: with neither `steps` nor `plan` it reverts the last change, once.
package struct RollbackRequest: Sendable, Hashable, Codable {
  /// How many plans to go back, as the history counts them: 1 is the one before the running plan.
  package var steps: Int?
  /// The digest of a plan that was confirmed, or at least its first six digits.
  package var plan: String?
  /// Seconds after which the running plan comes back, unless the earlier one is confirmed; nil confirms it at
  /// once.
  package var confirmSeconds: Int?
  package var comment: ChangeComment?

  package init(
    steps: Int? = nil, plan: String? = nil, confirmSeconds: Int? = nil, comment: ChangeComment? = nil
  ) {
    self.steps = steps
    self.plan = plan
    self.confirmSeconds = confirmSeconds
    self.comment = comment
  }

  /// - Parameter target: how many plans to go back, or a digest: a number with as many digits as a digest has is one. Nil
  ///   reverts the last change.
  package init(to target: String?, confirmSeconds: Int?, comment: ChangeComment?) {
    let steps = target.flatMap { $0.utf8.count < 6 ? Int($0) : nil }
    self.init(
      steps: steps, plan: steps == nil ? target : nil, confirmSeconds: confirmSeconds, comment: comment)
  }
}

/// The plans that were confirmed, the newest first, and what happened to others.
package struct PlanHistory: Sendable, Hashable, Codable {
  package var formatVersion = ControlAPI.formatVersion
  package var plans: [Entry]
  /// The running plan, if it waits to be confirmed; nil if it is confirmed.
  package var waiting: Waiting?
  /// Plans that were reverted, the newest first.
  package var takenBack: [RevertedPlan]
  /// Files of plans, or of what was reverted, that cannot be used; nil if there are none.
  package var damaged: [DamagedFile]?

  package init(
    plans: [Entry], waiting: Waiting?, takenBack: [RevertedPlan], damaged: [DamagedFile]? = nil
  ) {
    self.plans = plans
    self.waiting = waiting
    self.takenBack = takenBack
    self.damaged = damaged
  }

  package struct Entry: Sendable, Hashable, Codable {
    package var digest: Digest
    /// Rises with every decision. A reverted plan says after which one that was.
    package var number: Int
    /// RFC 3339, UTC.
    package var confirmed: String
    /// What the plan was made from.
    package var source: String
    /// The author of the decision that it runs; nil if an earlier version kept it.
    package var by: ChangeAuthor?
    /// How many plans back it is, for a rollback; nil if it can only be reached by its digest.
    package var back: Int?
    /// The time at which a rollback reverted it; nil if no rollback did. RFC 3339, UTC.
    package var takenBack: String?
    /// The author of that rollback; nil if no rollback reverted it, or an earlier version kept it.
    package var takenBackBy: ChangeAuthor?

    package init(
      digest: Digest, number: Int, confirmed: String, source: String, by: ChangeAuthor?, back: Int?,
      takenBack: String?, takenBackBy: ChangeAuthor? = nil
    ) {
      self.digest = digest
      self.number = number
      self.confirmed = confirmed
      self.source = source
      self.by = by
      self.back = back
      self.takenBack = takenBack
      self.takenBackBy = takenBackBy
    }
  }

  package struct Waiting: Sendable, Hashable, Codable {
    package var digest: Digest
    /// What the plan was made from.
    package var source: String
    /// The author of the apply or the rollback.
    package var by: ChangeAuthor?
    /// RFC 3339, UTC.
    package var revertsAt: String

    package init(digest: Digest, source: String, by: ChangeAuthor?, revertsAt: String) {
      self.digest = digest
      self.source = source
      self.by = by
      self.revertsAt = revertsAt
    }
  }
}
