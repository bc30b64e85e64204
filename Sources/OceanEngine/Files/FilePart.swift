import OceanStore

/// A part of a job for the file pool: what is done at one place.
struct FilePart: Sendable {
  enum Place: Sendable {
    /// The file system that an absolute path leads to.
    case path(String)
    /// Threads of its own, whatever it asks: for work that is nobody's mail. The name is for people.
    case own(String)
  }

  enum Verdict: Sendable {
    case go
    /// Nobody waits for it any more, or the pool has stopped.
    case cancelled
    /// The file system does not answer those who are before it.
    case unanswered
  }

  let place: Place
  /// Of several that wait for one file system those with different keys take turns.
  let turn: Int
  var cancellation: Cancellation?
  /// Whether it waits for its file system for as long as that takes.
  var isPatient = false
  /// Called once if it has begun, and its file system does not answer.
  var whenUnanswered: (@Sendable () -> Void)?
  /// Called once. Gives what is to be done next, for which it may be at another place.
  let work: @Sendable (Verdict) -> FilePart?
}
