/// Why a source outside of this process gave no answer. None of this says anything about a password.
package enum BackendError: Error, Hashable, Sendable {
  /// A library that is not installed, and Debian's package with it.
  case missingLibrary(String, package: String)
  /// The password of the source itself cannot be read.
  case noPassword
  /// It is there, and does not let the server in; half a sentence.
  case notAdmitted(String)
  /// The connection cannot be made, or broke; half a sentence.
  case unreachable(String)
  /// There was no answer in time.
  case timedOut
  /// The query is refused; half a sentence. The source itself is there.
  case refused(String)
  /// The answer makes no sense; half a sentence. The source itself is there.
  case nonsense(String)
  /// The source says that it cannot tell now; half a sentence. It is there itself.
  case troubled(String)
  /// Too many lookups wait for the source.
  case overloaded
  /// It failed shortly before and is not asked now.
  case resting(String)

  /// Half a sentence, for people.
  package var reason: String {
    switch self {
    case .missingLibrary(let library, let package):
      "\(library) is not installed (Debian's package \(package))"
    case .noPassword: "its password cannot be read"
    case .notAdmitted(let reason), .unreachable(let reason): reason
    case .timedOut: "it does not answer in time"
    case .refused(let reason): "it refuses the query: \(reason)"
    case .nonsense(let reason): reason
    case .troubled(let reason): reason
    case .overloaded: "too many logins wait for it"
    case .resting(let reason): reason
    }
  }

  /// Whether the source is away, and not only this answer wrong.
  package var isAbsence: Bool {
    switch self {
    case .missingLibrary, .noPassword, .notAdmitted, .unreachable, .timedOut: true
    case .refused, .nonsense, .troubled, .overloaded, .resting: false
    }
  }

  /// Whether the connection can be used for the next question.
  var keepsConnection: Bool {
    switch self {
    case .refused, .troubled: true
    default: false
    }
  }
}

/// Listens to what becomes of sources outside of this process.
package struct BackendObserver: Sendable {
  package enum Result: String, Sendable, CaseIterable {
    /// There is an account.
    case found
    case nobody
    /// The source is away, or known to be.
    case unavailable
    case timeout
    /// The query or its answer is wrong.
    case error
  }

  /// A source is away, with half a sentence that says why; or it answers again.
  package let changed: @Sendable (_ source: String, _ trouble: String?) -> Void
  /// A question was answered, so many nanoseconds after it was asked.
  package let answered: @Sendable (_ source: String, Result, _ nanoseconds: Int64) -> Void

  package init(
    changed: @escaping @Sendable (String, String?) -> Void,
    answered: @escaping @Sendable (String, Result, Int64) -> Void
  ) {
    self.changed = changed
    self.answered = answered
  }

  package static let nobody = BackendObserver(changed: { _, _ in }, answered: { _, _, _ in })
}
