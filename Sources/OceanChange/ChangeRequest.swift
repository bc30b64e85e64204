import OceanEngine
import OceanControlAPI
import OceanHost
import OceanPlan

/// A request for a change.
enum ChangeRequest: Sendable {
  /// The first plan. It counts as confirmed: nothing ran that could come back.
  case start(PreparedPlan)
  /// The plan that the config compiles to now, for SIGHUP.
  case reload(PreparedPlan, source: String)
  /// The running plan with renewed certificates: nothing has changed for a person who reviewed a plan.
  case renew(PreparedPlan, expecting: Digest)
  /// The running plan without rules whose end has come: it has said so before.
  case end(PreparedPlan, expecting: Digest)
  case apply(PlanFile, ApplyRequest)
  case confirm(ConfirmRequest)
  case rollback(RollbackRequest)
  /// What a rollback would do. It is decided like the rollback itself, and in its turn.
  case preview(RollbackRequest)
  /// The time of a plan that waits to be confirmed has run out.
  case expire(timer: Int)
}

/// A change, who asks for it, and the number of the answer that somebody waits for; nil if nobody waits.
struct ChangeOrder: Sendable {
  let request: ChangeRequest
  /// Nil if the server asks for it by itself.
  var client: ChangeClient?
  var answer: Int?

  /// The author of the change, for the history and the log.
  var author: ChangeAuthor {
    func user(_ event: ChangeAuthor.Event, _ comment: ChangeComment? = nil) -> ChangeAuthor {
      ChangeAuthor(event, uid: client?.uid, user: client?.name, comment: comment?.text)
    }
    switch request {
    case .start: return ChangeAuthor(.start)
    case .reload: return ChangeAuthor(.reload)
    case .renew: return ChangeAuthor(.renewal)
    case .end: return ChangeAuthor(.end)
    case .expire: return ChangeAuthor(.expiry)
    case .apply(_, let request): return user(.apply, request.comment)
    case .confirm: return user(.confirm)
    case .rollback(let request), .preview(let request): return user(.rollback, request.comment)
    }
  }

  /// Whether a client asked. There may be many clients; what the server itself asks for comes one at a time,
  /// and must be done.
  var isFromClient: Bool {
    switch request {
    case .apply, .confirm, .rollback, .preview: true
    case .start, .reload, .renew, .end, .expire: false
    }
  }
}

/// An event for a `ChangeMachine`.
enum ChangeEvent: Sendable {
  case asked(ChangeOrder)
  /// The answer to `read`.
  case read(ChangeReading)
  /// The answers to `prepare`.
  case prepared(PreparedChange)
  case notPrepared(any Error)
  /// The answers to `write`.
  case kept(PlanStore.Entry)
  case noted
  case notWritten(String)
  /// The answers to `apply`.
  case applied(ApplyResult)
  case notApplied(any Error)
}

/// An action that a `ChangeMachine` wants done. `read`, `prepare`, `write` and `apply` come last in their
/// list, and are answered by an event.
enum ChangeAction: Sendable {
  /// Reads what is on disk about earlier changes.
  case read
  /// Reads what a plan needs to run.
  case prepare(ChangePreparation, over: KnownPlan?)
  case write(ChangeWrite)
  /// Makes a plan the running one, whole or not at all.
  case apply(KnownPlan, expecting: Digest?, SessionTreatment)
  /// Ends the timer before, if one runs.
  case startTimer(Int, seconds: Int)
  /// The time has run out already; going back is tried again in a second.
  case tryAgain(timer: Int)
  case stopTimer
  /// - Parameters:
  ///   - isWaiting: whether the report says when the plan is reverted.
  ///   - lists: the plan whose list files are compared with the disk.
  case answer(Int, ApplyReport, isWaiting: Bool, comparing: KnownPlan?)
  /// Tells what a change would do, and does nothing.
  case show(Int, ShownRollback)
  case refuse(Int, any Error)
  case log(ChangeMessage)
  /// Says in the log which list files differ on disk from what this plan holds.
  case logLists(KnownPlan)
}

/// Something written for a server that starts again.
enum ChangeWrite: Sendable {
  /// Keeps a plan as the last one that was confirmed.
  case keep(KnownPlan, from: PlanOrigin, at: String, PlanStore.Occasion)
  /// Notes which plans must not run.
  case note(WithheldPlans)
}

/// The state on disk when a change begins.
struct ChangeReading: Sendable {
  var withheld = WithheldPlans()
  /// The plans that were confirmed.
  var kept = KeptPlans()
  /// The time now. RFC 3339, UTC.
  var time = ""
  /// The time at which the plan that waits is reverted. RFC 3339, UTC.
  var revertTime = ""
}

/// The plan that is made ready to run.
enum ChangePreparation: Sendable {
  case first(PreparedPlan)
  case reloaded(PreparedPlan, source: String)
  case renewed(PreparedPlan)
  case ended(PreparedPlan)
  /// The plan with its certificates. A certificate that was renewed since the plan was made is the new one,
  /// whether or not the server has noticed the renewal.
  case reviewed(PlanFile, ApplyRequest)
  /// The plan before the one that waits, as it ran: with its lists, and its certificates except for renewals.
  case previous(WaitingPlan)
  /// A confirmed plan with today's certificates and list files.
  case kept(PlanStore.Entry, confirmSeconds: Int?, lists: KeptLists)

  /// The sources of list files that are not read from disk.
  struct KeptLists: Sendable {
    /// The confirmed plan that has the contents, by path.
    var sources: [String: PlanStore.Entry]
    /// Reverted contents that must not come in with a list file.
    var withheld: Set<PlanIdentity.ListFile>
  }
}

/// A plan that is ready to run.
struct PreparedChange: Sendable {
  let plan: KnownPlan
  /// The list files whose contents are those of an earlier plan, not those on disk.
  var keptLists: Set<String> = []
  /// The names of certificates that are not those of the earlier plan.
  var otherCertificates: [String] = []
  /// Sentences: which list files cannot be used, so that the lists stay as they were.
  var warnings: [String] = []
}

/// What is known of a rollback that is only shown.
struct ShownRollback: Sendable {
  let target: RollbackPreview.Target
  /// The list files of the target.
  let lists: [PlanIdentity.ListFile]
  let running: KnownPlan
  let prepared: PreparedChange
}

/// A message in the log about a change.
enum ChangeMessage: Sendable, Equatable {
  case applied(ApplyReport, by: ChangeAuthor)
  case renewed(ApplyReport)
  case ended(ApplyReport)
  case rolledBack(ApplyReport, by: ChangeAuthor)
  case waiting(Digest, seconds: Int)
  case confirmed(Digest, by: ChangeAuthor)
  case expired(Digest)
  /// Why the plan before cannot come back.
  case cannotGoBack(String)
  /// Which list file cannot be used.
  case list(String)
  case notKept(String)
  case notNoted(String)
}
