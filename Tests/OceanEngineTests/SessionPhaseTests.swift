@testable import OceanEngine
import Testing

/// Every event in every phase of a session.
@Suite struct SessionPhaseTests {
  private typealias Job = SessionPhase.Job

  /// The way to reach a phase, and what may be seen of it.
  private enum Place: CaseIterable {
    case handshaking, open, job, update, answer
    case closing, closingWithJob, closingWithUpdate, closingWithAnswer
    case gone, goneWithJob, goneWithUpdate, goneWithAnswer

    func reach() -> (phase: SessionPhase, job: Job?) {
      var phase = SessionPhase(isTLSImplicit: self == .handshaking)
      var job: Job?
      switch self {
      case .handshaking, .open, .closing, .gone: break
      case .job, .closingWithJob, .goneWithJob: job = phase.jobBegan()
      case .update, .closingWithUpdate, .goneWithUpdate: phase.updateBegan()
      case .answer, .closingWithAnswer, .goneWithAnswer: phase.answerPutOff()
      }
      switch self {
      case .closing, .closingWithJob, .closingWithUpdate, .closingWithAnswer: phase.closed()
      case .gone, .goneWithJob, .goneWithUpdate, .goneWithAnswer: _ = phase.disconnected()
      default: break
      }
      return (phase, job)
    }

    /// The result when the work that is under way here ends.
    var end: SessionPhase.WorkEnd {
      switch self {
      case .job, .update, .answer: .goOn
      case .closingWithJob, .closingWithUpdate, .closingWithAnswer: .tooLate
      case .goneWithJob, .goneWithUpdate, .goneWithAnswer: .leave
      case .handshaking, .open, .closing, .gone: .stale
      }
    }

    /// The place after that work has ended.
    var rest: Place {
      switch self {
      case .job, .update, .answer: .open
      case .closingWithJob, .closingWithUpdate, .closingWithAnswer: .closing
      case .goneWithJob, .goneWithUpdate, .goneWithAnswer: .gone
      case .handshaking, .open, .closing, .gone: self
      }
    }

    var hasJob: Bool { self == .job || self == .closingWithJob || self == .goneWithJob }
    var isUpdating: Bool { self == .update || self == .closingWithUpdate || self == .goneWithUpdate }
    var isAnswerDue: Bool { self == .answer || self == .closingWithAnswer || self == .goneWithAnswer }
    var isClosing: Bool { "\(self)".hasPrefix("closing") }
    var isGone: Bool { "\(self)".hasPrefix("gone") }
  }

  private func expect(
    _ phase: SessionPhase, isAt place: Place, after event: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let seen = [
      phase.isRunnable, phase.isOpen, phase.isHandshaking, phase.isUpdating, phase.isClosing,
      phase.job != nil, phase.isAnswerDue,
    ]
    let expected = [
      [.open, .job, .update, .answer].contains(place), place == .open, place == .handshaking,
      place.isUpdating, place.isClosing, place.hasJob, place.isAnswerDue,
    ]
    #expect(seen == expected, "\(event) at \(place)", sourceLocation: sourceLocation)
  }

  @Test func `every phase can be reached`() {
    for place in Place.allCases { expect(place.reach().phase, isAt: place, after: "nothing") }
  }

  @Test func `handshake is awaited once`() {
    for place in Place.allCases {
      var (phase, _) = place.reach()
      #expect(phase.handshakeCompleted() == (place == .handshaking ? .implicit : nil))
      expect(phase, isAt: place == .handshaking ? .open : place, after: "handshakeCompleted")
      #expect(phase.handshakeCompleted() == nil)
    }
    var phase = SessionPhase(isTLSImplicit: false)
    phase.handshakeBegan()
    expect(phase, isAt: .handshaking, after: "handshakeBegan")
    #expect(phase.handshakeCompleted() == .explicit)
    expect(phase, isAt: .open, after: "handshakeCompleted")
  }

  @Test func `handshake begins only where commands are executed`() {
    for place in Place.allCases {
      var (phase, _) = place.reach()
      phase.handshakeBegan()
      expect(phase, isAt: place == .open ? .handshaking : place, after: "handshakeBegan")
    }
  }

  /// A session has one thing under way at a time.
  @Test func `work begins only where none is under way`() {
    for place in Place.allCases {
      var (phase, job) = place.reach()
      let new = phase.jobBegan()
      #expect((new != nil) == (place == .open))
      #expect(phase.job === new ?? job)
      expect(phase, isAt: place == .open ? .job : place, after: "jobBegan")

      (phase, job) = place.reach()
      phase.updateBegan()
      expect(phase, isAt: place == .open ? .update : place, after: "updateBegan")
    }
  }

  /// A guess is answered late whether its client is there or not.
  @Test func `answer may be put off whoever has left`() {
    for place in Place.allCases {
      var (phase, _) = place.reach()
      phase.answerPutOff()
      let next: Place =
        switch place {
        case .open: .answer
        case .closing: .closingWithAnswer
        case .gone: .goneWithAnswer
        default: place
        }
      expect(phase, isAt: next, after: "answerPutOff")
    }
  }

  @Test func `job ends once`() {
    for place in Place.allCases {
      var (phase, job) = place.reach()
      #expect(phase.jobEnded(Job()) == .stale)
      expect(phase, isAt: place, after: "the end of another job")
      guard let job else { continue }
      #expect(phase.jobEnded(job) == place.end)
      expect(phase, isAt: place.rest, after: "jobEnded")
      #expect(phase.jobEnded(job) == .stale)
    }
  }

  @Test func `update ends once`() {
    for place in Place.allCases {
      var (phase, _) = place.reach()
      #expect(phase.updateEnded() == (place.isUpdating ? place.end : .stale))
      expect(phase, isAt: place.isUpdating ? place.rest : place, after: "updateEnded")
      #expect(phase.updateEnded() == .stale)
    }
  }

  @Test func `answer falls due once`() {
    for place in Place.allCases {
      var (phase, _) = place.reach()
      #expect(phase.answerFellDue() == (place.isAnswerDue ? place.end : .stale))
      expect(phase, isAt: place.isAnswerDue ? place.rest : place, after: "answerFellDue")
      #expect(phase.answerFellDue() == .stale)
    }
  }

  /// Work that is under way goes on.
  @Test func `closing keeps what is under way`() {
    let next: [Place: Place] = [
      .handshaking: .closing, .open: .closing, .job: .closingWithJob, .update: .closingWithUpdate,
      .answer: .closingWithAnswer,
    ]
    for place in Place.allCases {
      var (phase, job) = place.reach()
      phase.closed()
      expect(phase, isAt: next[place] ?? place, after: "closed")
      #expect(phase.job === job)
    }
  }

  @Test func `last reply is sent only where a session closes`() {
    for place in Place.allCases {
      var (phase, job) = place.reach()
      phase.lastReplySent()
      #expect(phase.isLastReplySent == place.isClosing)
      expect(phase, isAt: place, after: "lastReplySent")
      // The end of the work does not undo it.
      if let job { _ = phase.jobEnded(job) }
      _ = (phase.updateEnded(), phase.answerFellDue())
      #expect(phase.isLastReplySent == place.isClosing)
    }
  }

  /// A session whose client leaves ends when nothing is under way for it any more; a job is told that nobody
  /// waits.
  @Test func `connection ends in any phase`() {
    for place in Place.allCases {
      var (phase, job) = place.reach()
      switch phase.disconnected() {
      case .leave: #expect(job == nil && !place.isUpdating, "\(place)")
      case .cancel(let cancelled): #expect(cancelled === job, "\(place)")
      case .stay: #expect(place.isUpdating, "\(place)")
      }
      let next: Place =
        place.hasJob
        ? .goneWithJob
        : place.isUpdating ? .goneWithUpdate : place.isAnswerDue ? .goneWithAnswer : .gone
      expect(phase, isAt: next, after: "disconnected")
    }
  }
}
