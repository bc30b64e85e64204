import OceanStore

/// Where a session stands, from its first octet until nothing is under way for it any more.
///
/// A value without channel, clock or pool. The handler tells it what has happened, one method an event, and
/// does what is returned. An event that comes too late changes nothing.
///
///     handshaking ⇄ open ⇄ waiting
///           └────────┴────────┴──▶ closing ──▶ gone        (any of them may be gone at once)
struct SessionPhase {
  /// A TLS handshake that is under way; nothing can be said until it is done.
  enum Handshake: Equatable {
    /// The greeting follows.
    case implicit
    /// RFC 2595 §4.
    case explicit
  }

  /// A pool's work for the session, which waits for it. Confined to the session's loop.
  final class Job {
    let cancellation = Cancellation(givingWay: FilePool.giveWay)
    /// Work that was put off until the job has ended.
    var atEnd: (() -> Void)?
  }

  /// The work that is under way for a session. There is one thing at a time, and it goes on without its
  /// client.
  private enum Work {
    /// A login, or a piece of a message.
    case job(Job)
    /// RFC 1939 §6: nothing interrupts it.
    case update
    /// A wrong password is still to be answered.
    case answer
  }

  private enum State {
    case handshaking(Handshake)
    /// Commands are executed.
    case open
    case waiting(Work)
    /// Nothing more is executed; what was written may still be on its way.
    case closing(Work?, isLastReplySent: Bool)
    /// The connection is no more.
    case gone(Work?)
  }

  private var state: State

  init(isTLSImplicit: Bool) {
    state = isTLSImplicit ? .handshaking(.implicit) : .open
  }
}

// MARK: - What it allows

extension SessionPhase {
  /// Whether commands may be executed. The session's machine takes no command behind one that is waited for.
  var isRunnable: Bool {
    switch state {
    case .open, .waiting: true
    case .handshaking, .closing, .gone: false
    }
  }

  /// Whether the session waits for nothing but its client, and something may begin for it.
  var isOpen: Bool { if case .open = state { true } else { false } }

  var isHandshaking: Bool { if case .handshaking = state { true } else { false } }

  /// Whether messages are being removed.
  var isUpdating: Bool {
    switch state {
    case .waiting(.update), .closing(.update, _), .gone(.update): true
    default: false
    }
  }

  var isClosing: Bool { if case .closing = state { true } else { false } }

  var isGone: Bool { if case .gone = state { true } else { false } }

  /// Whether everything written has left, and the connection may be closed.
  var isLastReplySent: Bool { if case .closing(_, isLastReplySent: true) = state { true } else { false } }

  /// The job that is under way, whether anybody waits for it or not.
  var job: Job? {
    switch state {
    case .waiting(.job(let job)), .closing(.job(let job), _), .gone(.job(let job)): job
    default: nil
    }
  }

  /// Whether a wrong password is still to be answered. Until then the session's place is not free.
  var isAnswerDue: Bool {
    switch state {
    case .waiting(.answer), .closing(.answer, _), .gone(.answer): true
    default: false
    }
  }
}

// MARK: - Handshake

extension SessionPhase {
  /// Notes that a handshake begins after STLS (RFC 2595 §4).
  mutating func handshakeBegan() {
    if case .open = state { state = .handshaking(.explicit) }
  }

  /// - Returns: the kind of handshake; nil if no handshake was awaited.
  mutating func handshakeCompleted() -> Handshake? {
    guard case .handshaking(let handshake) = state else { return nil }
    state = .open
    return handshake
  }
}

// MARK: - Work

extension SessionPhase {
  /// What follows when work that was under way has ended.
  enum WorkEnd: Equatable {
    case goOn
    /// The session closes: the result of the work is given up.
    case tooLate
    /// The client has left, and now nothing keeps the session any more.
    case leave
    /// It is not, or no longer, the work that the session waits for.
    case stale
  }

  /// - Returns: nil if nothing can begin.
  mutating func jobBegan() -> Job? {
    guard case .open = state else { return nil }
    let job = Job()
    state = .waiting(.job(job))
    return job
  }

  /// Notes that a job has ended, or is no longer waited for.
  mutating func jobEnded(_ job: Job) -> WorkEnd {
    guard self.job === job else { return .stale }
    return workEnded()
  }

  mutating func updateBegan() {
    if case .open = state { state = .waiting(.update) }
  }

  mutating func updateEnded() -> WorkEnd {
    isUpdating ? workEnded() : .stale
  }

  /// Notes that a wrong password is answered late, even if nobody reads the answer.
  mutating func answerPutOff() {
    switch state {
    case .open: state = .waiting(.answer)
    case .closing(nil, let isLastReplySent): state = .closing(.answer, isLastReplySent: isLastReplySent)
    case .gone(nil): state = .gone(.answer)
    case .handshaking, .waiting, .closing, .gone: break
    }
  }

  mutating func answerFellDue() -> WorkEnd {
    isAnswerDue ? workEnded() : .stale
  }

  private mutating func workEnded() -> WorkEnd {
    switch state {
    case .waiting:
      state = .open
      return .goOn
    case .closing(_, let isLastReplySent):
      state = .closing(nil, isLastReplySent: isLastReplySent)
      return .tooLate
    case .gone:
      state = .gone(nil)
      return .leave
    case .handshaking, .open:
      return .stale
    }
  }
}

// MARK: - End

extension SessionPhase {
  /// What remains to be done at the end of a connection.
  enum Departure {
    /// Nothing is under way.
    case leave
    /// The session ends when a pool's work for it does; the work is told to end.
    case cancel(Job)
    /// The session ends when its messages are removed.
    case stay
  }

  /// Nothing is executed from now on.
  mutating func closed() {
    switch state {
    case .handshaking, .open: state = .closing(nil, isLastReplySent: false)
    case .waiting(let work): state = .closing(work, isLastReplySent: false)
    case .closing, .gone: break
    }
  }

  mutating func lastReplySent() {
    if case .closing(let work, _) = state { state = .closing(work, isLastReplySent: true) }
  }

  mutating func disconnected() -> Departure {
    switch state {
    case .handshaking, .open: state = .gone(nil)
    case .waiting(let work): state = .gone(work)
    case .closing(let work, _): state = .gone(work)
    case .gone: break
    }
    guard case .gone(let work) = state else { return .leave }
    switch work {
    case .job(let job): return .cancel(job)
    case .update: return .stay
    case .answer, nil: return .leave
    }
  }
}
